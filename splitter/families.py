"""Which columns hold one id: the key, and everything that repeats its values, along foreign keys and the soft references of silos.toml.

A narrow domain is widened as a whole, so whatever has one that a column of the family has belongs to it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from splitter.graph import Kind, Reference, ReferenceGraph, build_graph
from splitter.id_columns import Place, domain_of, find_id_columns, is_narrow, root_domain
from splitter.schema import Column, Schema, TableName
from splitter.silos import SiloMap

_BOTH_WAYS = frozenset({Kind.HARD, Kind.SOFT})  # whoever widens the one has the other's values in it


def find_families(schema: Schema, silos: SiloMap, tables: Iterable[TableName] = ()) -> tuple[frozenset[Place], ...]:
    """Each family with a narrow column in it, with its wide columns; of the key columns of ``tables``, or of all that regions need."""
    graph = build_graph(schema, silos)
    ids = find_id_columns(schema, silos)
    chosen = tuple(tables)
    starts = {place for table in chosen for place in _keys_of(schema, graph, table, ids)} if chosen else set(ids)
    sharing = _sharing(schema)
    families: list[frozenset[Place]] = []
    for start in sorted(starts):
        if not any(start in family for family in families):
            family = _closure(schema, graph, start, sharing)
            families.append(frozenset(place for place in family if place[0] in schema.tables))
    return tuple(family for family in _merged(families) if any(find_narrow_columns(schema, family)))


def find_narrow_columns(schema: Schema, family: Iterable[Place]) -> Iterator[tuple[TableName, Column]]:
    for table, name in sorted(family):
        column = schema.tables[table].columns_by_name.get(name)
        if column is not None and is_narrow(column):
            yield table, column


def with_partitions_of(schema: Schema, family: Iterable[Place]) -> frozenset[Place]:
    """The same with the columns of the partitions of every level, which have the names that their root's have."""
    whole = set(family)
    roots = {table for table, _ in whole}
    for table in schema.tables.values():
        root = schema.root_of(table.name)
        if table.partition_of is not None and root in roots:
            whole |= {(table.name, name) for name in table.columns_by_name if (root, name) in whole}
    return frozenset(whole)


def _keys_of(schema: Schema, graph: ReferenceGraph, table: TableName, ids: Iterable[Place]) -> Iterator[Place]:
    """The ids of a table: those that are known, else the columns of its primary key that are integers, and what others refer to."""
    root = schema.root_of(table)
    yield from (place for place in ids if place[0] == root)
    yield from ((root, name) for name in schema.tables[root].primary_key if is_narrow(schema.tables[root].column(name)))
    yield from ((root, name) for reference in graph.to(root) for name in reference.target_columns)


def _sharing(schema: Schema) -> Mapping[Place, set[Place]]:
    """The columns of narrow domains, each with all that have the same one, or one that is over the same."""
    groups: dict[TableName, set[Place]] = {}
    for table in schema.roots():
        for column in table.columns:
            domain = domain_of(schema, column) if is_narrow(column) else None
            if domain is not None:
                groups.setdefault(root_domain(schema, domain), set()).add((table.name, column.name))
    return {place: group for group in groups.values() for place in group}


def _closure(schema: Schema, graph: ReferenceGraph, start: Place, sharing: Mapping[Place, set[Place]]) -> set[Place]:
    reached = {start}
    work = [start]
    while work:
        table, column = work.pop()
        found = {place for reference in graph.to(table) for place in _across(reference, column, up=False)}
        found |= set(_inherited(schema, table, column)) | sharing.get((table, column), set())
        found |= {place for reference in graph.of(table) if reference.kind in _BOTH_WAYS for place in _across(reference, column, up=True)}
        work += found - reached
        reached |= found
    return reached


def _inherited(schema: Schema, table: TableName, column: str) -> Iterator[Place]:
    """The same column of the tables that inherit it, and of those that it is inherited from."""
    known = schema.tables.get(table)
    for other in (*known.inherits, *known.inherited_by) if known is not None else ():
        if other in schema.tables and column in schema.tables[other].columns_by_name:
            yield other, column


def _across(reference: Reference, column: str, *, up: bool) -> Iterator[Place]:
    if reference.kind is Kind.JSON:
        return
    for mine, theirs in zip(reference.columns, reference.target_columns, strict=True):
        if up and mine == column:
            yield reference.target, theirs
        elif not up and theirs == column:
            yield reference.table, mine


def _merged(families: Iterable[frozenset[Place]]) -> list[frozenset[Place]]:
    """Families that share a column (a polymorphic one) are one."""
    merged: list[frozenset[Place]] = []
    for family in families:
        whole = family.union(*(other for other in merged if other & family))
        merged = [other for other in merged if not other & family]
        merged.append(whole)
    return merged
