"""The recursive query for rows that hang on a cycle of references, or on rows of their own table: their addresses in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from psycopg import sql

from exports.key_sql import all_sql, label_conditions, points_at, reference_values, set_sql, table_sql
from exports.scope import Scope, TableScope
from splitter.graph import Reference
from splitter.ownership import Standing
from splitter.schema import TableName


class Belonging(Protocol):
    """What is known of the rows outside of the cycle: ``exports.membership``."""

    @property
    def scope(self) -> Scope: ...

    def way(self, way: Reference, alias: str) -> sql.Composable: ...

    def values(self, reference: Reference) -> sql.Composable: ...

    def unshared(self, table: TableScope, alias: str) -> list[sql.Composable]: ...


def closure_sql(belonging: Belonging, table: TableScope) -> sql.Composable:
    """A SELECT of the addresses (tableoid, ctid) of the rows of ``table`` that its cycle's seeds reach.

    Seeds are the rows that references from outside bring in; a search over all tables of the cycle at once finds the rest.
    """
    return _Closure(belonging, table).query()


class _Closure:
    def __init__(self, belonging: Belonging, table: TableScope) -> None:
        self.belonging = belonging
        self.scope = belonging.scope
        self.table = table
        self.members = [each for each in self.scope.tables.values() if each.cycle == table.cycle]
        self.numbers: Mapping[TableName, int] = {each.name: number for number, each in enumerate(self.members)}

    def query(self) -> sql.Composable:
        seeds, steps = [], []
        for each in self.members:
            for reference, inside in self._references(each):
                if inside:
                    steps.append(self._step(reference, each))
                else:
                    seeds.append(self._seed(reference, each))
        return sql.SQL(
            "WITH RECURSIVE reach(node, rel, tid) AS (({seeds}) UNION {steps})"
            " SELECT reach.rel, reach.tid FROM reach WHERE reach.node = {node}"
        ).format(seeds=self._union(seeds), steps=self._steps(steps), node=sql.Literal(self.numbers[self.table.name]))

    def _union(self, selects: Sequence[sql.Composable]) -> sql.Composable:
        nothing = sql.SQL("SELECT 0, 0::oid, NULL::tid WHERE false")
        return sql.SQL(" UNION ALL ").join(selects or [nothing])

    def _steps(self, steps: Sequence[sql.Composable]) -> sql.Composable:
        """The recursive query may be named once only, so that several steps need a lateral one."""
        return sql.SQL("SELECT s.node, s.rel, s.tid FROM reach AS r CROSS JOIN LATERAL ({steps}) AS s").format(steps=self._union(steps))

    def _references(self, table: TableScope) -> Iterable[tuple[Reference, bool]]:
        """The references by which rows of ``table`` come in, and whether the other end is in the same cycle."""
        if table.standing is Standing.REFERENCED:
            for pointer in table.pointers:
                yield pointer, self.scope.tables[pointer.table].cycle == table.cycle
            return
        for way in (*table.ways, *table.back_ways):
            yield way, self.scope.tables[way.target].cycle == table.cycle

    def _seed(self, reference: Reference, table: TableScope) -> sql.Composable:
        source, node = table_sql(self.scope.table(table.name)), sql.Literal(self.numbers[table.name])
        if table.standing is Standing.REFERENCED:
            return sql.SQL("SELECT {node}, p.tableoid, p.ctid FROM ({values}) AS w JOIN {table} AS p ON {on}").format(
                node=node, values=self.belonging.values(reference), table=source, on=points_at(self.scope, reference, "w", "p")
            )
        own = all_sql([self.belonging.way(reference, "k"), *self.belonging.unshared(table, "k")])
        return sql.SQL("SELECT {node}, k.tableoid, k.ctid FROM {table} AS k WHERE {own}").format(node=node, table=source, own=own)

    def _step(self, reference: Reference, table: TableScope) -> sql.Composable:
        """From a row already reached to the rows that it brings: children (owned), or what it points at (referenced)."""
        down = table.standing is Standing.REFERENCED
        start, end = (reference.table, table.name) if down else (reference.target, table.name)
        holder = self.scope.table(reference.table)
        values, source = reference_values(holder, reference, "h", self.scope.schema.server_version)
        named = [sql.SQL("{} AS {}").format(value, sql.Identifier(f"v{number}")) for number, value in enumerate(values)]
        conditions = [points_at(self.scope, reference, "w", "t"), *label_conditions(holder, reference, "h"), *set_sql(reference, values)]
        conditions += [] if down else self.belonging.unshared(table, "h")
        return sql.SQL(
            "SELECT {node} AS node, {end}.tableoid AS rel, {end}.ctid AS tid FROM {holder} AS h{lateral}"
            " CROSS JOIN LATERAL (SELECT {values}) AS w CROSS JOIN {target} AS t"
            " WHERE r.node = {from_node} AND {start}.tableoid = r.rel AND {start}.ctid = r.tid AND {on}"
        ).format(
            node=sql.Literal(self.numbers[end]),
            from_node=sql.Literal(self.numbers[start]),
            start=sql.SQL("h" if down else "t"),
            end=sql.SQL("t" if down else "h"),
            holder=table_sql(holder),
            lateral=sql.SQL(" CROSS JOIN LATERAL {source} AS x(id)").format(source=source) if source else sql.SQL(""),
            values=sql.SQL(", ").join(named),
            target=table_sql(self.scope.table(reference.target)),
            on=all_sql(conditions),
        )
