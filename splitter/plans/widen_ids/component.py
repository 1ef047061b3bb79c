"""The tables that swap together: whatever a foreign key, a family or a view ties to each other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from splitter.dependents import Bound, Dependents, WideColumn
from splitter.id_columns import Place
from splitter.plans.widen_ids.names import Side, twins
from splitter.schema import ForeignKey, Schema, TableName

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """``tables`` have columns that are widened, ``locked`` are those and the other ends of ``keys``; parents first."""

    schema: Schema
    tables: tuple[TableName, ...]
    locked: tuple[TableName, ...]
    keys: tuple[ForeignKey, ...]
    found: Dependents

    @property
    def columns(self) -> tuple[WideColumn, ...]:
        return self.found.columns

    def of(self, table: TableName) -> tuple[WideColumn, ...]:
        return tuple(column for column in self.columns if column.table == table)

    def twins(self, table: TableName, side: Side) -> Mapping[str, str]:
        return twins(self.columns, table, side)

    @property
    def bound(self) -> tuple[Bound, ...]:
        return tuple(dict.fromkeys(bound for _, bound in self.found.bound))

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
    groups = [{key.table, key.target} for key in keys]
    groups += [{table for table, name in family if (table, name) in places} for family in families]
    groups += [{table for table, other in found.bound if other == bound} for bound in dict.fromkeys(bound for _, bound in found.bound)]
    groups += [{column.table} for column in found.columns]
    groups += _sharing_sequences(found)
    return tuple(_make(schema, group, keys, found) for group in merge(groups))


def _touches(key: ForeignKey, places: set[Place]) -> bool:
    return any((key.table, name) in places for name in key.columns) or any((key.target, name) in places for name in key.target_columns)


def _sharing_sequences(found: Dependents) -> list[set[TableName]]:
    fed: dict[TableName, set[TableName]] = {}
    for column in found.columns:
        if column.sequence is not None:
            fed.setdefault(column.sequence.name, set()).add(column.table)
    return list(fed.values())


def merge(groups: Iterable[set[T]]) -> list[set[T]]:
    """Sets that share a member become one."""
    merged: list[set[T]] = []
    for group in groups:
        apart = [other for other in merged if not other & group]
        merged = [*apart, group.union(*(other for other in merged if other & group))]
    return [group for group in merged if group]


def _make(schema: Schema, group: set[TableName], keys: Iterable[ForeignKey], found: Dependents) -> Component:
    mine = tuple(key for key in keys if key.table in group)
    order = _parents_first(group, mine)
    tables = {column.table for column in found.columns if column.table in group}
    return Component(
        schema=schema,
        tables=tuple(table for table in order if table in tables),
        locked=order,
        keys=mine,
        found=replace(
            found,
            columns=tuple(column for column in found.columns if column.table in tables),
            indexes=tuple(index for index in found.indexes if index.table in tables),
            checks=tuple(check for check in found.checks if check.table in tables),
            statistics=tuple(one for one in found.statistics if one.table in tables),
            bound=tuple((table, bound) for table, bound in found.bound if table in tables),
            touched=tuple((table, statement) for table, statement in found.touched if table in tables),
        ),
    )


def _parents_first(group: set[TableName], keys: Iterable[ForeignKey]) -> tuple[TableName, ...]:
    """As far as there is such an order; within a circle by name."""
    parents = {table: {key.target for key in keys if key.table == table and key.target != table} for table in group}
    order: list[TableName] = []
    left = sorted(group)
    while left:
        free = [table for table in left if not parents[table] - set(order)] or left[:1]
        order += free
        left = [table for table in left if table not in free]
    return tuple(order)
