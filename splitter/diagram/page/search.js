// Search: every word has to be in the table's name; names that begin with the text come first.

const searchField = document.getElementById("search");
const hitList = document.getElementById("hits");
const MOST_HITS = 60;
const searchable = tables.map((table) => visible(table.name).toLowerCase());
let hits = [];
let active = -1;

function findTables(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const whole = words.join(" ");
  const found = [];
  searchable.forEach((name, number) => {
    if (!words.every((word) => name.includes(word))) return;
    const rank = name === whole ? 0 : name.startsWith(words[0]) ? 1 : name.includes(`_${words[0]}`) ? 2 : 3;
    found.push({ number, rank, name });
  });
  found.sort((one, other) => one.rank - other.rank || one.name.length - other.name.length || (one.name < other.name ? -1 : 1));
  return found.map((each) => each.number);
}

function showHits() {
  const found = findTables(searchField.value);
  hits = found.slice(0, MOST_HITS);
  active = hits.length > 0 ? 0 : -1;
  const asked = searchField.value.trim() !== "";
  const entries = hits.map((number, place) => {
    const table = tables[number];
    const crossing = [...table.outgoing, ...table.incoming].filter((reference) => reference.crosses).length;
    const note = crossing > 0 ? make("span", { class: "quiet" }, counted(crossing, "crossing")) : null;
    const name = make("span", { class: `name ${table.silo}` }, visible(table.name));
    return make("li", { role: "option", id: `hit${place}`, "data-table": String(number), "aria-selected": "false" }, name, note);
  });
  const note = (text) => entries.push(make("li", { class: "quiet", role: "presentation" }, text));
  if (found.length > hits.length) note(`${found.length - hits.length} more`);
  if (asked && found.length === 0) note("No table of that name");
  hitList.replaceChildren(...entries);
  hitList.hidden = !asked;
  searchField.setAttribute("aria-expanded", String(asked && hits.length > 0));
  stage.classList.toggle("searching", asked && found.length > 0);
  markAll("found", asked ? found.map((number) => `t${number}`) : []);
  markActive();
}

function markActive() {
  for (const entry of hitList.querySelectorAll("[role=option]")) entry.setAttribute("aria-selected", String(entry.id === `hit${active}`));
  if (active < 0) searchField.removeAttribute("aria-activedescendant");
  else {
    searchField.setAttribute("aria-activedescendant", `hit${active}`);
    document.getElementById(`hit${active}`).scrollIntoView({ block: "nearest" });
  }
}

function closeHits() {
  hitList.hidden = true;
  searchField.setAttribute("aria-expanded", "false");
  stage.classList.remove("searching");
  markAll("found", []);
}

function takeHit(number) {
  closeHits();
  searchField.blur();
  if (!tableElement(number)) setOnlyCrossing(false);
  if (stage.dataset.silo && stage.dataset.silo !== tables[number].silo) setSilo("");
  choose(number, { bring: true, focus: true });
}

searchField.addEventListener("input", showHits);
searchField.addEventListener("focus", () => searchField.value && showHits());
searchField.addEventListener("blur", closeHits);
searchField.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (hits.length > 0) active = (active + (event.key === "ArrowDown" ? 1 : -1) + hits.length) % hits.length;
    markActive();
  } else if (event.key === "Enter" && active >= 0) {
    event.preventDefault();
    takeHit(hits[active]);
  } else if (event.key === "Escape") {
    event.stopPropagation();
    searchField.value = "";
    closeHits();
    searchField.blur();
  }
});

hitList.addEventListener("pointerdown", (event) => {
  event.preventDefault(); // the field keeps the focus, and the list stays, until the click
});
hitList.addEventListener("click", (event) => {
  const entry = event.target.closest("[role=option]");
  if (entry) takeHit(Number(entry.dataset.table));
});
