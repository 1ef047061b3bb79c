"""Unique keys and exclusion constraints of region tables that were one rule for everybody, and are one a region after the split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from splitter.findings_catalog import Catalog
from splitter.findings_kinds import GLOBAL_KEY, Finding, make_finding
from splitter.graph import Reference
from splitter.ownership import EXPORTED
from splitter.schema import Exclusion, Table, UniqueKey
from splitter.silos import spell_column

_QUOTED = re.compile(r'"(?:[^"]|"")*"|\w+')
_IS_NULL = re.compile(r'\(("(?:[^"]|"")*"|\w+) IS NULL\)')
_EQUAL = frozenset({"=", "OPERATOR(pg_catalog.=)"})


def find_global_keys(catalog: Catalog) -> Iterator[Finding]:
    """Keys without a column that differs between organizations: the organization, another id of a region, or a uuid."""
    for table in catalog.of_organizations():
        apart = _columns_apart(catalog, table)
        told: set[tuple[str, ...]] = set()
        for name, parts in _rules(table, catalog.ways.get(table.name, ())):
            if parts not in told and not apart & _named(parts) and not _is_kept_by_control(catalog, table, parts):
                told.add(parts)
                yield _finding(table, name, parts)


def _finding(table: Table, name: str, parts: tuple[str, ...]) -> Finding:
    shown = ", ".join(_bare(part) if _QUOTED.fullmatch(part) else part for part in parts)
    found = f"({shown}) was unique in one database, and is in each region for itself"
    remedy = (
        "add the organization's column to it; or keep the value in control, where one row claims it for all regions; "
        "or accept it where values are random or may repeat"
    )
    return make_finding(GLOBAL_KEY, spell_column(table.name, name), found, remedy, [table.name])


def _rules(table: Table, ways: Sequence[Reference]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and parts as SQL of what has to be unique, the primary key first."""
    for key in table.keys:
        if key.valid and not _is_of_nobody(ways, key):
            yield key.name, (key.columns and tuple(_quoted(column) for column in key.columns)) or key.expressions
    for exclusion in table.exclusions:
        yield exclusion.name, tuple(_compared(exclusion))


def _compared(exclusion: Exclusion) -> Iterator[str]:
    for operator, expression in zip(exclusion.operators, exclusion.expressions, strict=True):
        if operator in _EQUAL:
            yield expression


def _is_of_nobody(ways: Sequence[Reference], key: UniqueKey) -> bool:
    """A partial key over rows that no way ties to anybody: WHERE project_id IS NULL."""
    empty = {_bare(found) for found in _IS_NULL.findall(key.predicate or "")}
    return bool(empty) and all(set(way.columns) & empty for way in ways if way.target != way.table)


def _columns_apart(catalog: Catalog, table: Table) -> set[str]:
    """Columns that hold the same value in two regions only where somebody copied it."""
    named = catalog.ids_by_table.get(table.name, frozenset())
    held = {
        column
        for reference in catalog.graph.of(table.name)
        if catalog.standings.get(reference.target) in EXPORTED
        for column in reference.columns
    }
    foreign = {column for reference in catalog.graph.of(table.name) for column in reference.columns}
    uuids = {column.name for column in table.columns if column.base_type == "uuid" and column.name not in foreign}
    return held | uuids | named | (_identity(catalog, table) - foreign)


def _identity(catalog: Catalog, table: Table) -> set[str]:
    """A primary key of one column that others hold, or that is called id: text ids are made to be unique everywhere."""
    key = table.primary_key
    if len(key) != 1:
        return set()
    is_held = any(reference.target_columns == key for reference in catalog.graph.to(table.name))
    return set(key) if is_held or key[0].lower() in ("id", "uuid", "guid") else set()


def _is_kept_by_control(catalog: Catalog, table: Table, parts: tuple[str, ...]) -> bool:
    """The organization's slug, which control's mapping claims for all regions."""
    organization = catalog.silos.organization
    return table.name == organization.table and {organization.slug} == _named(parts) & table.columns_by_name.keys()


def _named(parts: Iterable[str]) -> set[str]:
    """The names in SQL: columns, and what else looks like one."""
    return {_bare(found) for part in parts for found in _QUOTED.findall(part)}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _bare(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
