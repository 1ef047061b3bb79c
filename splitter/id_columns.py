"""Which columns are ids of rows that may move, and which of them are too narrow for a distributed id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from splitter.errors import Problem
from splitter.graph import ReferenceGraph, build_graph
from splitter.schema import Column, Schema, Table, TableName, split_name
from splitter.silos import Export, Silo, SiloMap, spell_column

Place: TypeAlias = tuple[TableName, str]  # a table, never a partition, and its column

INTEGERS = frozenset({"smallint", "integer", "bigint"})
NARROW_ID = "narrow-id"
_NARROW = frozenset({"smallint", "integer"})
_LEAVES_NO_REGION = frozenset({Export.SHARED, Export.NONE})  # their ids are matched by natural key, or never leave


def find_id_columns(schema: Schema, silos: SiloMap, graph: ReferenceGraph | None = None) -> frozenset[Place]:
    """The integer columns of region tables that are ids in their own right (design §4, Which columns).

    Columns that hold another table's key are not among them, nor those of tables that are shared or never exported. ``graph``: the
    schema's, where the caller has made it.
    """
    references = (graph or build_graph(schema, silos)).references
    held = {(reference.table, column) for reference in references for column in reference.columns}
    fed = {(schema.root_of(table.name), column.name) for table, column in find_fed_columns(schema)}
    movable = (table for table in schema.roots() if _may_move(table, silos))
    places = {(table.name, column.name): (table, column) for table in movable for column in table.columns}
    return frozenset(place for place, (table, column) in places.items() if place not in held and _is_id(table, column, silos, place in fed))


def find_fed_columns(schema: Schema) -> Iterator[tuple[Table, Column]]:
    """The integer columns that a sequence feeds, those of partitions too."""
    for table in schema.tables.values():
        for column in table.columns:
            if column.sequence in schema.sequences and column.base_type in INTEGERS:
                yield table, column


def _may_move(table: Table, silos: SiloMap) -> bool:
    return silos.silo_of(table.name) is Silo.REGION and silos.rules(table.name).export not in _LEAVES_NO_REGION


def _is_id(table: Table, column: Column, silos: SiloMap, fed: bool) -> bool:
    rules = silos.rules(table.name)
    if column.base_type not in INTEGERS or column.name in rules.not_ids:
        return False
    if column.name in rules.ids or table.primary_key == (column.name,):
        return True
    return fed and any(column.name in key.columns for key in table.keys)


def find_narrow(schemas: Mapping[str, Schema], silos: SiloMap, places: Iterable[Place]) -> Iterator[Problem]:
    """Columns that ids of ``places`` reach, directly or along references of references, and that no distributed id fits.

    ``schemas`` goes by the name of the database; references are followed across them, since control refers to regions.
    """
    reached = find_reached_columns([build_graph(schema, silos) for schema in schemas.values()], places)
    yield from find_narrow_among(schemas, reached)


def find_narrow_among(schemas: Mapping[str, Schema], places: Iterable[Place]) -> Iterator[Problem]:
    """The same for columns that are known to hold such ids."""
    for table, name in sorted(places):
        found = {database: column for database, column in _columns(schemas, table, name) if is_narrow(column)}
        if found:
            where = f" (in {', '.join(found)})" if len(schemas) > 1 else ""
            yield Problem(
                code=NARROW_ID,
                object=spell_column(table, name),
                found=f"{next(iter(found.values())).type} cannot hold a distributed id{where}",
                remedy=f"`splitter plan widen-ids --table {table}`",
            )


def _columns(schemas: Mapping[str, Schema], table: TableName, name: str) -> Iterator[tuple[str, Column]]:
    for database, schema in schemas.items():
        if table in schema.tables and name in schema.tables[table].columns_by_name:
            yield database, schema.tables[table].column(name)


def is_narrow(column: Column) -> bool:
    """Whether no distributed id fits the column, or the elements of the array that it is."""
    return column.base_type.removesuffix("[]") in _NARROW


def domain_of(schema: Schema, column: Column) -> TableName | None:
    """The domain that is the column's type, if it is one that no extension brought."""
    return _domain(schema, column.type) if column.type != column.base_type else None


def root_domain(schema: Schema, domain: TableName) -> TableName:
    """The one at the bottom, where a domain is over others."""
    below = _domain(schema, schema.domains[domain].base_type)
    return domain if below is None else root_domain(schema, below)


def _domain(schema: Schema, spelled: str) -> TableName | None:
    if spelled.endswith("]"):
        return None
    parts = split_name(spelled)
    name = TableName(*parts) if len(parts) == 2 else None
    return name if name in schema.domains else None


def find_reached_columns(graphs: Iterable[ReferenceGraph], places: Iterable[Place]) -> set[Place]:
    """``places``, the columns that refer to them, and so on."""
    known = list(graphs)
    reached = set(places)
    work = list(reached)
    while work:
        table, column = work.pop()
        for reference in (reference for graph in known for reference in graph.to(table)):
            pairs = zip(reference.columns, reference.target_columns, strict=True)
            found = {(reference.table, mine) for mine, theirs in pairs if theirs == column}
            work += found - reached
            reached |= found
    return reached
