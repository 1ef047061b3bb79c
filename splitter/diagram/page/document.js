// What the page knows: the JSON document, with its tables and references linked to each other.

const diagram = JSON.parse(document.getElementById("diagram").textContent);
const tables = diagram.tables;
const references = diagram.references;
const tableNumber = new Map(tables.map((table, number) => [table.name, number]));

for (const table of tables) {
  table.outgoing = [];
  table.incoming = [];
}
references.forEach((reference, number) => {
  reference.number = number;
  reference.child = tableNumber.get(reference.table);
  reference.parent = tableNumber.get(reference.target);
  tables[reference.child].outgoing.push(reference);
  tables[reference.parent].incoming.push(reference);
});

const MANY = 120; // references inside the silos, from which on only those of the chosen table are drawn

const HIDDEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/gu;

// A name as it may be shown: as the picture shows it.
function visible(text) {
  return text.replace(HIDDEN, (found) => {
    const code = found.codePointAt(0);
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : `\\u{${code.toString(16)}}`;
  });
}

function counted(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

// make("li", {class: "x"}, "text", child): an element; its texts are never read as markup.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
