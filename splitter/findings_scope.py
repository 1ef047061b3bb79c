"""Whose rows are these? Tables that nobody decided about, tables with rival ways, and rows that no key tells apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from splitter.findings_catalog import Catalog
from splitter.findings_kinds import KEYLESS_TABLE, RIVAL_WAYS, Finding, from_problem, make_finding
from splitter.graph import Kind, Reference
from splitter.ownership import Standing, tables_section, undecided_table
from splitter.schema import Table

_ONE_OF = re.compile(r"num_nonnulls\((?P<columns>[^()]*)\) (?:=|<=) 1\b|num_nonnulls\((?P<few>[^()]*)\) < 2\b")
_NAME = r'(\w+|"(?:[^"]|"")+")'
_EITHER = re.compile(rf"\({_NAME} IS (?:NOT )?NULL\) (?:<>|=) \({_NAME} IS (?:NOT )?NULL\)")
_NULL = re.compile(rf"\({_NAME} IS (NOT )?NULL\)")


def find_undecided_tables(catalog: Catalog) -> Iterator[Finding]:
    """Tables of a region that no way ties to the organization and that silos.toml does not name, not even as an open question."""
    asked = {undecided.table for undecided in catalog.silos.undecided if not undecided.columns}
    for name, standing in catalog.standings.items() if catalog.holds_organizations else ():
        if standing is Standing.UNDECIDED and name not in asked:
            yield from_problem(undecided_table(name), [name])


def find_keyless_tables(catalog: Catalog) -> Iterator[Finding]:
    for table in catalog.of_organizations():
        if not table.identifying_key:
            found = "has no primary key, nor a unique key over NOT NULL columns"
            yield make_finding(KEYLESS_TABLE, str(table.name), found, _key_remedy(table), [table.name])


def _key_remedy(table: Table) -> str:
    nullable = next((key for key in table.keys if key.columns and key.predicate is None and key.valid and not key.deferrable), None)
    if nullable is None:
        return "give it a primary key; one that a sequence feeds is enough"
    return f"set {', '.join(nullable.columns)} NOT NULL, which {nullable.name} covers, or give it a primary key"


def find_rival_ways(catalog: Catalog) -> Iterator[Finding]:
    """Ways of equal length that a row may have at once. A shorter way stands for what the longer ones say.

    One that every row has stands for those that some have, unless both lead to the same table: where a fork came from, and where it is.
    """
    for table in catalog.of_organizations():
        if catalog.silos.rules(table.name).owner:
            continue
        rivals = _rivals(catalog, table)
        if rivals:
            found = f"leads to the organization by {' and by '.join(map(str, rivals))}, and a row may have both"
            owners = " or ".join(map(_owner, rivals))
            remedy = f"say which one decides: {tables_section(table.name)} owner = {owners}; or let a CHECK allow one of them alone"
            yield make_finding(RIVAL_WAYS, str(table.name), found, remedy, [table.name])


def _owner(way: Reference) -> str:
    shown = ", ".join(f'"{column}"' for column in way.columns)
    return shown if len(way.columns) == 1 else f"[{shown}]"


def _rivals(catalog: Catalog, table: Table) -> tuple[Reference, ...]:
    ways = [way for way in catalog.ways.get(table.name, ()) if way.target != table.name]
    if not ways:
        return ()
    nearest = min(catalog.distances[way.target] for way in ways)
    near = sorted((way for way in ways if catalog.distances[way.target] == nearest), key=_is_loose)
    pairs = ((one, other) for one, other in combinations(near, 2) if _is_loose(near[0]) or _weighs_as_much(one, other))
    return next((pair for pair in pairs if _may_differ(table, *pair)), ())


def _is_loose(way: Reference) -> bool:
    """Whether a row may be without it."""
    return way.nullable or way.kind is Kind.POLYMORPHIC


def _weighs_as_much(sure: Reference, other: Reference) -> bool:
    if _is_loose(sure) or other.kind is Kind.POLYMORPHIC:
        return False
    return not other.nullable or other.target == sure.target


def _may_differ(table: Table, one: Reference, other: Reference) -> bool:
    """Not where they share a column (the tenant's, or an id with labels), and not where a check allows one of them alone."""
    if set(one.columns) & set(other.columns):
        return False
    return not any(_excludes(check.expression, one.columns[0], other.columns[0]) for check in table.checks)


def _excludes(check: str, one: str, other: str) -> bool:
    wanted = {one, other}
    counted = (_names((found["columns"] or found["few"]).split(",")) for found in _ONE_OF.finditer(check))
    either = (_names(found.groups()) for found in _EITHER.finditer(check))
    if any(wanted <= names for names in (*counted, *either)):
        return True
    return " OR " in check and all({(name, ""), (name, "NOT ")} <= _nulls(check) for name in wanted)


def _nulls(check: str) -> set[tuple[str, str]]:
    """The columns that a check compares with NULL, and how: (a IS NULL AND b IS NOT NULL) OR (a IS NOT NULL AND b IS NULL)."""
    return {(_bare(name), negated) for name, negated in _NULL.findall(check)}


def _names(parts: object) -> set[str]:
    assert isinstance(parts, (list, tuple))
    return {_bare(part) for part in parts}


def _bare(part: str) -> str:
    text = part.strip()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
