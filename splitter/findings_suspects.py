"""Columns that look like another table's key. A light rule, by name and type alone; `splitter suggest` looks closer, and into the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from splitter.catalog_union import kind_of
from splitter.findings_catalog import Catalog
from splitter.findings_kinds import SUSPECTED_REFERENCE, Finding, make_finding
from splitter.ownership import Standing, tables_section
from splitter.schema import Column, Table, TableName
from splitter.silos import Silo, spell_column

_ID = re.compile(r"(?P<stem>.+?)(?:_(?:id|uuid|guid)|(?<=[a-z0-9])(?:Id|ID|Uuid|UUID|Guid))$")
_UNLIKELY = frozenset({Standing.NONE, Standing.SHARED, Standing.CONTROL})  # rows that stay where they are


def find_suspects(catalog: Catalog) -> Iterator[Finding]:
    """``x_id`` of the type of the only key column of ``x`` or ``xs``, which no reference holds and no rule calls a number of its own."""
    targets = _targets(catalog)
    for table in catalog.schema.roots():
        known = _known(catalog, table)
        for column in table.columns:
            target = None if column.name in known else _target(catalog, table, column, targets)
            if target is not None:
                yield _finding(table, column, target)


def _finding(table: Table, column: Column, target: Table) -> Finding:
    place, key = spell_column(table.name, column.name), spell_column(target.name, target.identifying_key[0])
    section = tables_section(table.name)
    found = f"is named and typed ({column.type}) like {key}, and is no reference"
    remedy = f"declare it: [[references]] from = {_toml(place)} to = {_toml(key)}; one that is none stands in not_ids of {section}"
    return make_finding(SUSPECTED_REFERENCE, place, found, remedy, [table.name, target.name])


def _toml(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


def _known(catalog: Catalog, table: Table) -> set[str]:
    """Columns that are references already, the table's own id, open questions of the file, or numbers because it says so."""
    held = {column for reference in catalog.graph.of(table.name) for column in reference.columns}
    labels = {reference.type_column for reference in catalog.graph.of(table.name) if reference.type_column}
    rules = catalog.silos.rules(table.name)
    own = set(table.primary_key) if len(table.primary_key) == 1 else set()
    asked = {column for undecided in catalog.silos.undecided if undecided.table == table.name for column in undecided.columns}
    broken = catalog.broken_by_table.get(table.name, frozenset())
    return held | labels | own | asked | broken | set(rules.not_ids) | set(rules.ids)


def _targets(catalog: Catalog) -> Mapping[str, tuple[Table, ...]]:
    """Tables with a key of one column, by the stems that name a row of theirs."""
    found: dict[str, tuple[Table, ...]] = {}
    for table in catalog.schema.roots():
        if len(table.identifying_key) == 1:
            for stem in _singulars(_plain(table.name.name)):
                found[stem] = (*found.get(stem, ()), table)
    return found


def _singulars(name: str) -> Iterable[str]:
    yield name
    for plural, singular in (("ies", "y"), ("ses", "s"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if name.endswith(plural):
            yield name.removesuffix(plural) + singular


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _target(catalog: Catalog, table: Table, column: Column, targets: Mapping[str, tuple[Table, ...]]) -> Table | None:
    """The one table that the column may point at; of several, that of its own schema."""
    match = _ID.fullmatch(column.name)
    if match is None:
        return None
    fitting = [target for target in targets.get(_plain(match["stem"]), ()) if _fits(column, target) and _matters(catalog, table, target)]
    near = [target for target in fitting if target.name.schema == table.name.schema] or fitting
    return near[0] if len(near) == 1 else None


def _fits(column: Column, target: Table) -> bool:
    key = target.column(target.identifying_key[0])
    return kind_of(column.base_type) == kind_of(key.base_type) and not column.base_type.endswith("[]")


def _matters(catalog: Catalog, table: Table, target: Table) -> bool:
    """Whether it would cross, or be rewritten: a row that travels and holds another's id."""
    silos = {catalog.silo(table.name), catalog.silo(target.name)}
    if len(silos) > 1:
        return catalog.standings[table.name] is not Standing.NONE and catalog.standings[target.name] is not Standing.NONE
    return silos == {Silo.REGION} and catalog.standings[table.name] not in _UNLIKELY and _is_kept(catalog, target.name)


def _is_kept(catalog: Catalog, target: TableName) -> bool:
    return catalog.standings[target] is not Standing.NONE
