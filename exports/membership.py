"""The SQL of belonging: which rows of a table are one organization's.

Everything is a query over plain tables, so that it runs on a standby too, where nothing can be created. Several ways give disjoint
parts (the second way's rows without the first's, and so on): each part can use its own index, and most parts turn out to be empty; which
ones are is probed in the snapshot that will be read (``exports.probe``). Rows that hang on a cycle or on their own kind alone are found
by a recursive query over row addresses, which a snapshot keeps still (``exports.closure``).

Sets of rows are only ever joined as a whole condition, with EXISTS, IN or NOT EXISTS: under OR they become subplans that are read again
for every row once they outgrow work_mem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from exports.closure import closure_sql
from exports.key_sql import (
    KeyType,
    all_sql,
    column_sql,
    columns_sql,
    holds_sql,
    is_key_sql,
    label_condition,
    label_conditions,
    label_of,
    points_at,
    reference_values,
    same_sql,
    set_sql,
    shared_sql,
    table_sql,
    type_family,
    value_sql,
)
from exports.scope import Scope, TableScope
from splitter.graph import Reference
from splitter.ownership import Standing
from splitter.schema import TableName

__all__ = [
    "CLOSURE",
    "Membership",
    "Selection",
    "column_sql",
    "columns_sql",
    "label_condition",
    "label_of",
    "points_at",
    "reference_values",
    "table_sql",
    "type_family",
]
CLOSURE = -1  # the number of the part that holds what only a cycle reaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What probing found in one snapshot: the live parts of each table, and the cycles whose rows need the recursive query."""

    live: Mapping[TableName, tuple[int, ...]] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Membership:
    """Queries for the rows of one organization: ``root`` is its key, as texts; None stands for the rows of any organization at all."""

    scope: Scope
    root: tuple[str, ...] | None
    selection: Selection

    @property
    def anybody(self) -> Membership:
        """The rows of every organization, by all ways there are; ``rows`` may then give a row several times."""
        tables = self.scope.tables.values()
        closed = frozenset(table.cycle for table in tables if table.cycle is not None and table.back_ways)
        live = {table.name: tuple(range(len(table.ways))) for table in tables}
        return Membership(self.scope, None, Selection(live=live, closed=closed))

    def part(self, name: TableName, number: int, alias: str) -> sql.Composable:
        """A condition on ``alias`` (a row of ``name``) that holds for part ``number``: that way's rows without those of earlier parts."""
        table = self.scope.tables[name]
        if table.standing is Standing.REFERENCED:
            return self._referenced(table, alias)
        if name == self.scope.root:
            return all_sql([self._is_root(alias), *self.unshared(table, alias)])
        live = self.selection.live.get(name, ())
        own = self._in_closure(table, alias) if number == CLOSURE else self.way(table.ways[number], alias)
        earlier = [table.ways[each] for each in live if number == CLOSURE or each < number]
        here = None if number == CLOSURE else table.ways[number]
        excluded = [self.not_way(way, alias) for way in earlier if not _exclude_each_other(way, here)]
        return all_sql([own, *(excluded if self.root is not None else []), *self.unshared(table, alias)])

    def parts(self, name: TableName) -> tuple[int, ...]:
        """The parts that have rows in this snapshot."""
        table = self.scope.tables[name]
        if table.standing is Standing.REFERENCED or name == self.scope.root:
            return (0,)
        live = self.selection.live.get(name, ())
        return (*live, CLOSURE) if self.is_closed(table) else live

    def rows(
        self,
        name: TableName,
        columns: Sequence[sql.Composable],
        alias: str = "k",
        *,
        lateral: sql.Composable | None = None,
        where: Sequence[sql.Composable] = (),
    ) -> sql.Composable:
        """A SELECT of ``columns`` (of ``alias``) over the organization's rows of ``name``, each row once.

        ``lateral``: a set that each row is joined with, as ``x(id)``; ``where``: further conditions.
        """
        table = self.scope.tables[name]
        whole = self.is_closed(table) and table.standing is not Standing.REFERENCED
        parts = [self._in_closure(table, alias)] if whole else [self.part(name, number, alias) for number in self.parts(name)]
        own = self.unshared(table, alias) if whole else []
        select = sql.SQL("SELECT {columns} FROM {table} AS {alias}{lateral} WHERE {condition}")
        selects = [
            select.format(
                columns=sql.SQL(", ").join(columns),
                table=table_sql(self.scope.table(name)),
                alias=sql.Identifier(alias),
                lateral=sql.SQL(" CROSS JOIN LATERAL {} AS x(id)").format(lateral) if lateral else sql.SQL(""),
                condition=all_sql([part, *own, *where]),
            )
            for part in parts or [sql.SQL("false")]
        ]
        return sql.SQL(" UNION ALL ").join(selects)

    def values(self, reference: Reference) -> sql.Composable:
        """A SELECT of the values (v0, v1 ...) that the organization's rows hold in a reference; NULLs may be among them, nobody's not."""
        held = self.scope.table(reference.table)
        values, source = reference_values(held, reference, "k", self.scope.schema.server_version)
        names = [sql.SQL("{} AS {}").format(value, sql.Identifier(f"v{number}")) for number, value in enumerate(values)]
        where = [*label_conditions(held, reference, "k"), *set_sql(reference, values)]
        return self.rows(reference.table, names, lateral=source, where=where)

    def way(self, way: Reference, alias: str) -> sql.Composable:
        """A condition on ``alias``: the row's reference leads to a row of the organization."""
        holder = self.scope.table(way.table)
        held = [*label_conditions(holder, way, alias), *set_sql(way, [column_sql(alias, column) for column in way.columns])]
        if self.root is not None and way.target == self.scope.root and set(way.target_columns) == set(self.scope.root_key):
            return all_sql([*self._holds_root(way, alias), *held])
        found = sql.SQL("EXISTS (SELECT FROM ({keys}) AS q({names}) WHERE {same})")
        return all_sql([found.format(keys=self._keys(way), names=_names(way), same=self._same(way, alias)), *held])

    def not_way(self, way: Reference, alias: str) -> sql.Composable:
        """The opposite of ``way`` (also for NULL), as an anti-join."""
        holder = self.scope.table(way.table)
        held = [*label_conditions(holder, way, alias), *set_sql(way, [column_sql(alias, column) for column in way.columns])]
        return sql.SQL("NOT EXISTS (SELECT FROM ({keys}) AS q({names}) WHERE {same})").format(
            keys=self._keys(way), names=_names(way), same=all_sql([self._same(way, alias), *held])
        )

    def unshared(self, table: TableScope, alias: str) -> list[sql.Composable]:
        """Rows of an owned table that are shared by ``shared_where`` are nobody's."""
        if not table.shared_where:
            return []
        return [sql.SQL("NOT {}").format(shared_sql(table.name, table.shared_where, alias))]

    def is_closed(self, table: TableScope) -> bool:
        """Whether its rows need the recursive query."""
        return table.cycle is not None and (table.standing is Standing.REFERENCED or table.cycle in self.selection.closed)

    def _holds_root(self, way: Reference, alias: str) -> list[sql.Composable]:
        holder, root = self.scope.table(way.table), self.scope.table(way.target)
        key = dict(zip(self.scope.root_key, self.root or (), strict=True))
        return [
            value_sql(holder.column(mine), root.column(theirs), column_sql(alias, mine), key[theirs])
            for mine, theirs in zip(way.columns, way.target_columns, strict=True)
        ]

    def _keys(self, way: Reference) -> sql.Composable:
        return self.rows(way.target, [column_sql("k", column) for column in way.target_columns])

    def _same(self, way: Reference, alias: str) -> sql.Composable:
        """The columns of ``alias`` hold the key q(c0, c1 ...)."""
        holder, target = self.scope.table(way.table), self.scope.table(way.target)
        return all_sql(
            [
                holds_sql(
                    KeyType.of(holder.column(mine)),
                    column_sql(alias, mine),
                    KeyType.of(target.column(theirs)),
                    column_sql("q", f"c{number}"),
                )
                for number, (mine, theirs) in enumerate(zip(way.columns, way.target_columns, strict=True))
            ]
        )

    def _is_root(self, alias: str) -> sql.Composable:
        if self.root is None:
            return sql.SQL("true")
        return is_key_sql(self.scope.table(self.scope.root), self.scope.root_key, self.root, alias)

    def _referenced(self, table: TableScope, alias: str) -> sql.Composable:
        """The rows that exported rows point at: by their key, or where they have none by their address."""
        if not table.pointers:
            return sql.SQL("false")
        if self.is_closed(table):
            return self._in_closure(table, alias)
        key = self.scope.table(table.name).identifying_key
        if not key:
            pointed = self._pointed(table, [sql.SQL("p.tableoid"), sql.SQL("p.ctid")])
            return sql.SQL("({alias}.tableoid, {alias}.ctid) IN ({pointed})").format(alias=sql.Identifier(alias), pointed=pointed)
        return sql.SQL("EXISTS (SELECT FROM ({pointed}) AS q WHERE {same})").format(
            pointed=self._pointed(table, [column_sql("p", column) for column in key]),
            same=same_sql(self.scope.table(table.name), key, ("q", key), (alias, key)),
        )

    def _pointed(self, table: TableScope, columns: Sequence[sql.Composable]) -> sql.Composable:
        """What ``columns`` (of p) are in the rows that references of exported rows point at."""
        select = sql.SQL("SELECT {columns} FROM ({values}) AS r JOIN {target} AS p ON {same}")
        return sql.SQL(" UNION ").join(
            select.format(
                columns=sql.SQL(", ").join(columns),
                values=self.values(pointer),
                target=table_sql(self.scope.table(table.name)),
                same=points_at(self.scope, pointer, "r", "p"),
            )
            for pointer in table.pointers
        )

    def _in_closure(self, table: TableScope, alias: str) -> sql.Composable:
        return sql.SQL("({alias}.tableoid, {alias}.ctid) IN ({closure})").format(
            alias=sql.Identifier(alias), closure=closure_sql(self, table)
        )


def _names(way: Reference) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(f"c{number}") for number in range(len(way.columns)))


def _exclude_each_other(one: Reference, other: Reference | None) -> bool:
    """Whether no row can go both ways, since its type column can't hold both labels."""
    if other is None or one.label is None or other.label is None:
        return False
    return one.label != other.label and one.type_column == other.type_column and one.type_column is not None
