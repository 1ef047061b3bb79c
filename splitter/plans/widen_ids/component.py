"""The tables that swap together: whatever a foreign key, a family or a view ties to each other."""

from __future__ import annotations

from collections.abc import Collection, Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from psycopg import sql

from splitter.dependents import Bound, Dependents, DomainFacts, Replaced, WideColumn, rename_columns
from splitter.domain_texts import rename_types
from splitter.id_columns import Place
from splitter.plans.foreign_keys import name_of, with_partitions
from splitter.plans.widen_ids.names import Side, domain_temporary, twins
from splitter.schema import ForeignKey, Schema, TableKind, TableName

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """``tables`` have columns that are widened, with their partitions; parents first, a table before what inherits from it.

    ``locked`` are those and the other ends of ``keys``, but for partitions that are locked with their root. ``keys``: in the order in which
    their actions fire. ``elsewhere``: of a part, the columns that are widened with other parts.
    """

    schema: Schema
    tables: tuple[TableName, ...]
    locked: tuple[TableName, ...]
    keys: tuple[ForeignKey, ...]
    found: Dependents
    elsewhere: frozenset[Place] = frozenset()

    @property
    def columns(self) -> tuple[WideColumn, ...]:
        return self.found.columns

    def not_nulls_above(self, column: WideColumn) -> frozenset[str]:
        """PostgreSQL 18: what the NOT NULL of the same column is called where it is inherited from."""
        above = _above(self.schema, column.table, self.tables)
        found = (one.not_null_name for one in self.columns if one.table in above and one.name == column.name)
        return frozenset(name for name in found if name is not None)

    @property
    def trees(self) -> tuple[tuple[TableName, ...], ...]:
        """Each table that inherits its columns from none, with what inherits them from it."""
        tops = {table: _top(self.schema, table, self.tables) for table in self.tables}
        return tuple(tuple(table for table in self.tables if tops[table] == top) for top in dict.fromkeys(tops.values()))

    @property
    def holders(self) -> tuple[TableName, ...]:
        """Those that have rows of their own."""
        return tuple(table for table in self.tables if self.schema.tables[table].kind is not TableKind.PARTITIONED)

    @property
    def triggered(self) -> tuple[TableName, ...]:
        """Those with a trigger of their own: partitions have their root's."""
        return tuple(table for table in self.tables if self.schema.tables[table].partition_of is None)

    def below(self, table: TableName) -> tuple[TableName, ...]:
        """The table, and what inherits from it, a parent before its children."""
        return tuple(each for each in self.tables if each == table or table in _line(self.schema, each, self.tables))

    def in_tree(self, table: TableName) -> bool:
        known = self.schema.tables[table]
        return self.is_partitioned(table) or bool(known.partition_of or known.inherits or known.inherited_by)

    def is_partitioned(self, table: TableName) -> bool:
        return table in self.schema.tables and self.schema.tables[table].kind is TableKind.PARTITIONED

    def parts(self, table: TableName) -> sql.Composable:
        """The table in an ALTER TABLE that has to reach its partitions, and leaves children by inheritance alone."""
        return name_of(table) if self.is_partitioned(table) else sql.SQL("ONLY {}").format(name_of(table))

    def whole(self, table: TableName) -> sql.Composable:
        """The table in an ALTER TABLE that has to reach all that inherit from it."""
        known = self.schema.tables.get(table)
        return name_of(table) if known is not None and known.inherited_by else self.parts(table)

    def reached(self, tables: Iterable[TableName]) -> tuple[TableName, ...]:
        """The tables that a lock on ``tables`` reaches, in its order."""
        return tuple(dict.fromkeys(each for table in tables for each in with_partitions(self.schema, table)))

    @property
    def first(self) -> WideColumn:
        """The one whose type tells on which side of the swap all of them are."""
        return next(column for column in self.columns if column.generated is None)

    def of(self, table: TableName) -> tuple[WideColumn, ...]:
        """Those that hold ids of their own: generated ones follow by themselves."""
        return tuple(column for column in self.columns if column.table == table and column.generated is None)

    def generated(self, table: TableName) -> tuple[WideColumn, ...]:
        return tuple(column for column in self.columns if column.table == table and column.generated is not None)

    def twins(self, table: TableName, side: Side) -> Mapping[str, str]:
        return twins(self.columns, table, side)

    def twin_text(self, table: TableName, text: str, side: Side) -> sql.SQL:
        """An expression of the table's, over the twins of that side: their columns, and domains, before they get the names."""
        types = {domain.name: domain_temporary(domain.name, side).name for domain in self.domains}
        return sql.SQL(rename_columns(rename_types(text, types) if types else text, self.twins(table, side)))

    @property
    def domains(self) -> tuple[DomainFacts, ...]:
        return self.found.domains

    def having(self, domain: DomainFacts) -> tuple[TableName, ...]:
        """The tables with columns of the domain, or of one that is over it."""
        names = {domain.name}
        for other in self.domains:
            names |= {other.name} if other.base in names else set()
        tables = {column.table for column in self.columns if column.domain in names}
        return tuple(table for table in self.tables if table in tables)

    @property
    def bound(self) -> tuple[Bound, ...]:
        """What is dropped in the swap and made again, in the order in which it is dropped."""
        return tuple(dict.fromkeys(bound for _, bound in self.found.bound if bound.replaced is None))

    @property
    def replaced(self) -> tuple[Replaced, ...]:
        """Views that others take the place of; one before those that it reads."""
        return tuple(dict.fromkeys(bound.replaced for _, bound in self.found.bound if bound.replaced is not None))

    @property
    def views(self) -> tuple[TableName, ...]:
        """All that are dropped or replaced, in the order in which who reads them locks them: one before those that it reads."""
        return tuple(dict.fromkeys(bound.view for _, bound in self.found.bound if bound.view is not None))

    def part(self, group: Collection[TableName]) -> Component:
        """What of it belongs to the tables of ``group``, which also has those that are only locked; trees stay whole."""
        tables = tuple(table for table in self.tables if table in group)
        return replace(
            self,
            tables=tables,
            locked=tuple(table for table in self.locked if table in group),
            keys=tuple(key for key in self.keys if key.table in group or key.target in group),
            found=_within(self.found, tables),
            elsewhere=frozenset((column.table, column.name) for column in self.columns if column.table not in group),
        )

    def twin_key(self, key: ForeignKey, side: Side, name: str) -> ForeignKey:
        """The same foreign key between the twins."""
        mine, theirs = self.twins(key.table, side), self.twins(key.target, side)
        return replace(
            key,
            name=name,
            columns=tuple(mine.get(column, column) for column in key.columns),
            target_columns=tuple(theirs.get(column, column) for column in key.target_columns),
            delete_columns=tuple(mine.get(column, column) for column in key.delete_columns),
        )


def find_components(schema: Schema, families: Iterable[frozenset[Place]], found: Dependents) -> tuple[Component, ...]:
    """Every column of ``found`` in exactly one of them; in the order of their first tables."""
    places = {(column.table, column.name) for column in found.columns}
    keys = [key for table in schema.tables.values() for key in table.foreign_keys if _touches(key, places)]
    keys.sort(key=lambda key: found.fires.get((key.table, key.name), ""))
    groups = [{key.table, key.target} for key in keys]
    groups += [{table for table, name in family if (table, name) in places} for family in families]
    groups += [{table for table, other in found.bound if other == bound} for bound in dict.fromkeys(bound for _, bound in found.bound)]
    tables = {column.table for column in found.columns}
    groups += [{table, *_above(schema, table, tables)} for table in sorted(tables)]
    groups += [*sharing_sequences(found), *sharing_domains(found)]
    return tuple(_make(schema, group, keys, found) for group in merge(groups))


def _touches(key: ForeignKey, places: set[Place]) -> bool:
    return any((key.table, name) in places for name in key.columns) or any((key.target, name) in places for name in key.target_columns)


def sharing_sequences(found: Dependents) -> list[set[TableName]]:
    fed: dict[TableName, set[TableName]] = {}
    for column in found.columns:
        if column.sequence is not None:
            fed.setdefault(column.sequence.name, set()).add(column.table)
    return list(fed.values())


def sharing_domains(found: Dependents) -> list[set[TableName]]:
    """Those whose columns have domains over the same one, and those of whatever names one."""
    shared: dict[TableName, set[TableName]] = {}
    texts = tuple(_texts(found)) if found.domains else ()
    for domain in found.domains:
        tables = shared.setdefault(domain.root, set())
        tables |= {column.table for column in found.columns if column.domain == domain.name}
        tables |= {table for table, text in texts if rename_types(text, {domain.name: ""}) != text}
    return list(shared.values())


def _texts(found: Dependents) -> Iterator[tuple[TableName, str]]:
    yield from ((one.table, text) for one in found.columns for text in (one.default, one.generated) if text)
    yield from ((one.table, text) for one in found.indexes for text in (one.tail, one.predicate) if text)
    yield from ((one.table, one.expression) for one in found.checks)
    yield from ((one.table, one.tail) for one in found.statistics)
    yield from ((table, text) for table, bound in found.bound for text in bound.create)


def merge(groups: Iterable[set[T]]) -> list[set[T]]:
    """Sets that share a member become one."""
    merged: list[set[T]] = []
    for group in groups:
        apart = [other for other in merged if not other & group]
        merged = [*apart, group.union(*(other for other in merged if other & group))]
    return [group for group in merged if group]


def _make(schema: Schema, group: set[TableName], keys: Iterable[ForeignKey], found: Dependents) -> Component:
    mine = tuple(key for key in keys if key.table in group)
    order = _in_order(schema, group, mine)
    having = {column.table for column in found.columns if column.table in group}
    tables = tuple(table for table in order if table in having)
    return Component(
        schema=schema,
        tables=tables,
        locked=tuple(table for table in order if not _goes_with_root(schema, table, group)),
        keys=mine,
        found=_within(found, tables),
    )


def _within(found: Dependents, tables: tuple[TableName, ...]) -> Dependents:
    place = {table: number for number, table in enumerate(tables)}
    used = {column.domain for column in found.columns if column.table in place}
    roots = {domain.root for domain in found.domains if domain.name in used}
    return replace(
        found,
        domains=tuple(domain for domain in found.domains if domain.root in roots),
        columns=tuple(column for column in found.columns if column.table in place),
        indexes=tuple(index for index in found.indexes if index.table in place),
        checks=tuple(sorted((check for check in found.checks if check.table in place), key=lambda check: place[check.table])),
        statistics=tuple(one for one in found.statistics if one.table in place),
        bound=tuple((table, bound) for table, bound in found.bound if table in place),
        touched=tuple((table, statement) for table, statement in found.touched if table in place),
    )


def _in_order(schema: Schema, group: set[TableName], keys: Iterable[ForeignKey]) -> tuple[TableName, ...]:
    """Parents first as far as there is such an order, within a circle by name; a table right before its partitions and children."""
    tops = {table: _top(schema, table, group) for table in group}
    order = _parents_first(set(tops.values()), [(tops[key.table], tops[key.target]) for key in keys])
    depth = {table: len(list(_line(schema, table, group))) for table in group}
    return tuple(
        table for top in order for table in sorted((each for each in group if tops[each] == top), key=lambda each: (depth[each], each))
    )


def _parents_first(group: set[TableName], pairs: Iterable[tuple[TableName, TableName]]) -> tuple[TableName, ...]:
    parents: dict[TableName, set[TableName]] = {table: set() for table in group}
    for child, parent in pairs:
        parents[child] |= {parent} - {child}
    order: list[TableName] = []
    left = sorted(group)
    while left:
        free = [table for table in left if not parents[table] - set(order)] or left[:1]
        order += free
        left = [table for table in left if table not in free]
    return tuple(order)


def _above(schema: Schema, table: TableName, group: Container[TableName]) -> tuple[TableName, ...]:
    known = schema.tables.get(table)
    if known is None:
        return ()
    parents = known.inherits if known.partition_of is None else (known.partition_of,)
    return tuple(parent for parent in parents if parent in group)


def _line(schema: Schema, table: TableName, group: Container[TableName]) -> Iterator[TableName]:
    while above := _above(schema, table, group):
        table = above[0]
        yield table


def _goes_with_root(schema: Schema, table: TableName, group: set[TableName]) -> bool:
    return table in schema.tables and schema.root_of(table) != table and schema.root_of(table) in group


def _top(schema: Schema, table: TableName, group: Container[TableName]) -> TableName:
    return next(reversed([table, *_line(schema, table, group)]))
