// The filters, and the beginning.

const KINDS = ["hard", "soft", "inside"];
const toggles = Object.fromEntries(KINDS.map((name) => [name, document.getElementById(`show-${name}`)]));
const onlyCrossing = document.getElementById("only-crossing");

function applyLines() {
  for (const [name, box] of Object.entries(toggles)) stage.classList.toggle(`no-${name}`, !box.checked);
}

function setSilo(silo) {
  for (const radio of document.getElementsByName("silo")) radio.checked = radio.value === silo;
  stage.dataset.silo = silo;
  fitAll(true);
}

function setOnlyCrossing(only) {
  onlyCrossing.checked = only;
  showPicture(only ? "c" : "a");
  markChoice();
}

for (const box of Object.values(toggles)) box.addEventListener("change", applyLines);
for (const radio of document.getElementsByName("silo")) radio.addEventListener("change", () => setSilo(radio.value));
onlyCrossing.addEventListener("change", () => setOnlyCrossing(onlyCrossing.checked));
window.addEventListener("hashchange", chooseFromHash);
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input") && event.key !== "Escape") return;
  if (event.key === "/" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    searchField.focus();
  } else if (event.key === "Escape" && chosen !== null) {
    const number = chosen;
    choose(null);
    tableElement(number)?.focus({ preventScroll: true });
  }
});

for (const name of KINDS) document.getElementById(`count-${name}`).textContent = diagram.counts[name].toLocaleString("en");
toggles.inside.checked = diagram.counts.inside <= MANY;
onlyCrossing.disabled = !pictures.c;
stage.classList.toggle("many", diagram.counts.hard + diagram.counts.soft > 60);
prepareTables();
applyLines();
showPicture("a");
showPanel();
chooseFromHash();
document.documentElement.classList.add("ready");
