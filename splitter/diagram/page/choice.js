// The chosen table: its lines and neighbours in the picture, and moving about with the keyboard.

let chosen = null; // the number of a table

function markAll(className, ids) {
  for (const element of world.querySelectorAll(`.${className}`)) element.classList.remove(className);
  for (const id of ids) {
    const element = document.getElementById(view.picture + id);
    if (element) element.classList.add(className);
  }
}

function markChoice() {
  const table = chosen === null ? null : tables[chosen];
  const own = table ? [...table.outgoing, ...table.incoming] : [];
  const way = table && table.way ? table.way.map((number) => references[number]) : [];
  const near = new Set([...own, ...way].flatMap((reference) => [reference.child, reference.parent]));
  stage.classList.toggle("choosing", table !== null);
  markAll("chosen", table ? [`t${chosen}`] : []);
  markAll("near", table ? [...near, chosen].map((number) => `t${number}`) : []);
  markAll("on", own.map((reference) => `r${reference.number}`));
  markAll("into", table ? table.incoming.map((reference) => `r${reference.number}`) : []);
  markAll("way", way.map((reference) => `r${reference.number}`));
}

// number null: nothing is chosen. bring: move the picture to the table.
function choose(number, { bring = false, focus = false } = {}) {
  chosen = number;
  markChoice();
  if (number !== null) {
    setStop(number);
    if (bring) bringIntoView(number);
  }
  showPanel();
  if (focus) document.getElementById("panel").focus({ preventScroll: true });
  const hash = number === null ? "" : `#${encodeURIComponent(tables[number].name)}`;
  if (location.hash !== hash) history.replaceState(null, "", hash || location.pathname + location.search);
}

function chooseFromHash() {
  let name = "";
  try {
    name = decodeURIComponent(location.hash.slice(1));
  } catch {
    return; // somebody else's fragment
  }
  if (tableNumber.has(name)) choose(tableNumber.get(name), { bring: true });
}

// keyboard: one table of each picture can be reached with Tab, arrows go on from it

const stops = { a: null, c: null };

function setStop(number) {
  const element = tableElement(number);
  if (!element) return;
  if (stops[view.picture]) stops[view.picture].setAttribute("tabindex", "-1");
  element.setAttribute("tabindex", "0");
  stops[view.picture] = element;
}

function numberOf(element) {
  return Number(element.id.slice(2));
}

const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

// The nearest table in that direction; what is off to the side counts for more.
function neighbour(element, [dx, dy]) {
  const from = tableBox(element);
  const silo = stage.dataset.silo;
  let best = null;
  let least = Infinity;
  for (const other of shownPicture().querySelectorAll(".table")) {
    if (silo && !other.classList.contains(silo)) continue;
    const box = tableBox(other);
    const [x, y] = [box.x - from.x, box.y - from.y];
    const [along, aside] = dx ? [x * dx, Math.abs(y)] : [y * dy, Math.abs(x)];
    if (along > 0 && along + aside * 3 < least) [best, least] = [other, along + aside * 3];
  }
  return best;
}

function prepareTables() {
  for (const element of world.querySelectorAll(".table")) {
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
  }
  for (const [key, picture] of Object.entries(pictures)) {
    const first = picture && (picture.querySelector(".table.organization") || picture.querySelector(".table"));
    if (!first) continue;
    first.setAttribute("tabindex", "0");
    stops[key] = first;
  }
}

world.addEventListener("click", (event) => {
  const element = event.target.closest(".table");
  if (element && dragged < 4) choose(numberOf(element));
});

stage.addEventListener("click", (event) => {
  if (!event.target.closest(".table") && dragged < 4 && chosen !== null) choose(null);
});

stage.addEventListener("keydown", (event) => {
  const element = event.target.closest(".table");
  if (element && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    choose(numberOf(element), { focus: event.key === "Enter" });
  } else if (element && event.key in DIRECTIONS) {
    event.preventDefault();
    const next = neighbour(element, DIRECTIONS[event.key]);
    if (!next) return;
    setStop(numberOf(next));
    next.focus({ preventScroll: true });
    bringIntoView(numberOf(next));
  } else if (event.key === "+" || event.key === "=") zoomBy(1.25);
  else if (event.key === "-") zoomBy(0.8);
  else if (event.key === "0") fitAll(true);
});
