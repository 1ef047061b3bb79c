// The panel: an overview, or everything about the chosen table.

const panel = document.getElementById("panel");
const FIRST = 40; // entries of a list that are shown at once

const STANDINGS = {
  owned: "its rows belong to organizations",
  referenced: "its rows travel along with those that refer to them",
  shared: "every region has its rows",
  none: "its rows stay where they are",
  control: "",
  undecided: "nothing ties it to the organization, and silos.toml says nothing of it",
};

function showPanel() {
  panel.replaceChildren(...(chosen === null ? overview() : details(tables[chosen])));
  panel.scrollTop = 0;
}

function tableButton(number, text) {
  const label = visible(text === undefined ? tables[number].name : text);
  return make("button", { type: "button", class: `name ${tables[number].silo}`, onclick: () => choose(number, { bring: true }) }, label);
}

// A heading with a count, and a list of which only the first entries are made at once.
function section(title, entries, build, empty, total = entries.length) {
  const list = make("ul", {}, ...entries.slice(0, FIRST).map(build));
  const rest = entries.slice(FIRST);
  const more = rest.length > 0 ? make("button", { type: "button", class: "more" }, `Show ${rest.length.toLocaleString("en")} more`) : null;
  more?.addEventListener("click", () => {
    list.append(...rest.map(build));
    more.remove();
  });
  const count = entries.length > 0 ? make("span", { class: "number" }, total.toLocaleString("en")) : null;
  const body = entries.length > 0 ? list : make("p", { class: "quiet" }, empty);
  return make("section", {}, make("h3", {}, title, " ", count), body, more);
}

// the overview

function overview() {
  const counts = diagram.counts;
  const crossings = references.filter((reference) => reference.crosses);
  const fact = (label, ...values) => make("div", {}, make("dt", {}, label), make("dd", {}, ...values));
  const facts = make(
    "dl",
    { class: "facts" },
    fact("Control", counted(counts.control, "table")),
    fact("Region", counted(counts.region, "table")),
    fact("Crossings", `${counts.hard.toLocaleString("en")} hard, ${counts.soft.toLocaleString("en")} soft`),
    fact("Direction", `${counts.to_control.toLocaleString("en")} to control, ${counts.to_region.toLocaleString("en")} to the region`),
    fact("Organization", diagram.organization === null ? "unknown" : tableButton(tableNumber.get(diagram.organization))),
  );
  return [
    make("h2", {}, "Overview"),
    facts,
    section("Crossings", byTarget(crossings), targetEntry, "Nothing crosses between the silos.", crossings.length),
    section("Findings", byCode(diagram.findings), codeEntry, "splitter check finds nothing.", diagram.findings.length),
  ];
}

function grouped(items, key) {
  const groups = new Map();
  for (const item of items) {
    const name = key(item);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(item);
  }
  return [...groups].sort((one, other) => other[1].length - one[1].length || (one[0] < other[0] ? -1 : 1));
}

const byTarget = (crossings) => grouped(crossings, (reference) => reference.target);
const byCode = (findings) => grouped(findings, (finding) => finding.code);

// A group that makes its entries when it is opened.
function folded(label, items, build, note = null) {
  const summary = make("summary", {}, make("span", { class: "label" }, ...label), make("span", { class: "number" }, String(items.length)));
  const folder = make("details", {}, summary);
  folder.addEventListener("toggle", () => {
    if (folder.open && folder.childElementCount === 1) folder.append(make("ul", {}, note, ...items.map(build)));
  });
  return make("li", { class: "group" }, folder);
}

function targetEntry([name, held]) {
  const silo = tables[tableNumber.get(name)].silo;
  return folded(["to ", make("b", { class: silo }, visible(name))], held, (reference) => referenceEntry(reference, false));
}

function codeEntry([code, findings]) {
  return folded([make("b", {}, code)], findings, findingEntry, make("li", { class: "quiet why" }, findings[0].why));
}

// one table

function details(table) {
  const held = crossingFirst(table.outgoing, "target");
  const holders = crossingFirst(table.incoming, "table");
  return [
    make("button", { type: "button", class: "back", onclick: () => choose(null) }, "← Overview"),
    make("h2", {}, visible(table.name)),
    make("p", { class: "badges" }, ...badges(table)),
    wayOf(table),
    section("Refers to", held, (reference) => referenceEntry(reference, true), "It holds no other table's key."),
    section("Referred to by", holders, (reference) => referenceEntry(reference, false), "No table holds its key."),
    section("Findings", table.findings.map((number) => diagram.findings[number]), findingEntry, "splitter check says nothing of it."),
  ];
}

function crossingFirst(found, key) {
  const byName = (one, other) => (one[key] < other[key] ? -1 : one[key] > other[key] ? 1 : one.number - other.number);
  return [...found].sort((one, other) => Number(other.crosses) - Number(one.crosses) || byName(one, other));
}

function badges(table) {
  const facts = [visible(diagram.domains[table.domain].name)];
  if (table.standing !== "control") facts.push(table.standing);
  if (table.rows !== null) facts.push(`about ${counted(table.rows, "row")}`);
  if (table.read) facts.push(counted(table.columns, "column"));
  if (table.partitions) facts.push(counted(table.partitions, "partition"));
  if (!table.read) facts.push("not in the databases that were read");
  const shown = facts.filter(Boolean).map((fact) => make("span", { class: "badge" }, fact));
  return [make("span", { class: `badge ${table.silo}` }, table.silo), ...shown];
}

function wayOf(table) {
  const heading = make("h3", {}, "Way to the organization");
  if (table.name === diagram.organization) return make("section", {}, heading, make("p", { class: "quiet" }, "This is the organization."));
  if (!table.way) return make("section", {}, heading, make("p", { class: "quiet" }, noWay(table)));
  const steps = table.way.map((number) => {
    const held = references[number];
    return make("li", {}, make("span", { class: "column" }, `${spelled(held)} →`), " ", tableButton(held.parent));
  });
  const others = table.outgoing.filter((held) => held.owns && held.number !== table.way[0] && tables[held.parent].way);
  const further = others.length > 0 ? make("p", { class: "quiet" }, `Other ways begin with ${others.map(spelled).join(", ")}.`) : null;
  return make("section", { class: "way" }, heading, make("ol", {}, ...steps), further);
}

function noWay(table) {
  if (table.silo === "control") return "None: control's rows belong to no organization.";
  return table.standing && STANDINGS[table.standing] ? `None: ${STANDINGS[table.standing]}.` : "None.";
}

// The columns of a reference, with what tells which rows and where inside them.
function spelled(reference) {
  const path = reference.path ? ` ${reference.path}` : "";
  const label = reference.label === null ? "" : ` [${reference.label}]`;
  return visible(reference.columns.join(", ") + path + label);
}

// One reference, as its holder sees it (outward), or as the table whose key is held.
function referenceEntry(reference, outward) {
  const end = outward ? reference.parent : reference.child;
  const other = outward ? `${reference.target}.${reference.target_columns.join(", ")}` : `${reference.table}.${spelled(reference)}`;
  const text = outward ? [make("span", { class: "column" }, `${spelled(reference)} →`), " "] : [];
  const facts = [kindOf(reference)];
  if (reference.on_delete) facts.push(`on delete ${reference.on_delete}`);
  if (reference.crosses) facts.unshift("crosses");
  const hard = reference.kind === "hard" ? "hard" : "soft";
  const classes = `reference ${hard}${reference.crosses ? " crossing" : ""}`;
  const line = make("div", {}, ...text, tableButton(end, other));
  return make("li", { class: classes }, line, make("div", { class: "quiet" }, facts.join(" · ")));
}

function kindOf(reference) {
  const keys = reference.constraints.length;
  if (reference.kind === "hard") return keys > 1 ? counted(keys, "foreign key") : "foreign key";
  return reference.kind === "soft" ? "no foreign key" : `${reference.kind}, no foreign key`;
}

function findingEntry(finding) {
  const linked = finding.tables.map((name) => tableNumber.get(name)).filter((number) => number !== chosen);
  return make(
    "li",
    { class: "finding" },
    make("div", {}, make("b", {}, finding.code), " ", visible(finding.object)),
    make("div", {}, visible(finding.found), finding.database === null ? "" : ` (${visible(finding.database)})`),
    make("div", { class: "quiet" }, visible(finding.remedy)),
    linked.length > 0 ? make("div", { class: "links" }, ...linked.slice(0, 6).map((number) => tableButton(number))) : null,
  );
}
