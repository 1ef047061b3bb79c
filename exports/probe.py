"""Which of a table's ways give rows in this snapshot, and which cycles need the recursive query: asked before anything is read."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from psycopg import sql

from exports.key_sql import all_sql, table_sql
from exports.membership import Membership, Selection
from exports.scope import Scope, TableScope
from splitter.schema import TableName


def probe_ways(scope: Scope, root: tuple[str, ...] | None) -> Generator[sql.Composable, bool, Selection]:
    """Find the parts that have rows: yields questions, is sent the answers, returns the selection.

    The first way of a table is taken without asking. A cycle becomes ``closed`` when one of its back ways gives a row that no other has.
    """
    live: dict[TableName, tuple[int, ...]] = {}
    closed: set[int] = set()
    for group in _by_cycle(scope):
        for table in group:
            yield from _probe_table(scope, root, table, live, closed)
        membership = Membership(scope, root, Selection(live=live, closed=frozenset(closed)))
        for question in _back_questions(scope, group, membership):
            if (yield question):
                assert group[0].cycle is not None
                closed.add(group[0].cycle)
                break
    return Selection(live=live, closed=frozenset(closed))


def _probe_table(
    scope: Scope, root: tuple[str, ...] | None, table: TableScope, live: dict[TableName, tuple[int, ...]], closed: set[int]
) -> Generator[sql.Composable, bool, None]:
    live[table.name] = ()
    for number, _ in enumerate(table.ways):
        membership = Membership(scope, root, Selection(live=live, closed=frozenset(closed)))
        if number == 0 or (yield _exists(scope, table, membership.part(table.name, number, "k"))):
            live[table.name] = (*live[table.name], number)


def _by_cycle(scope: Scope) -> Iterable[list[TableScope]]:
    """The tables with ways, in order, those of one cycle together. What is excluded and leads nobody to the organization is not read."""
    group: list[TableScope] = []
    needed = _on_a_way(scope)
    for table in scope.tables.values():
        if table.name not in needed or not (table.ways or table.back_ways):
            continue
        if group and (table.cycle is None or table.cycle != group[0].cycle):
            yield group
            group = []
        group.append(table)
    if group:
        yield group


def _on_a_way(scope: Scope) -> frozenset[TableName]:
    """The exported tables and those that their ways lead through."""
    found = {table.name for table in scope.exported}
    wanted = list(found)
    while wanted:
        table = scope.tables[wanted.pop()]
        above = {way.target for way in (*table.ways, *table.back_ways)} - found
        found |= above
        wanted += above
    return frozenset(found)


def _exists(scope: Scope, table: TableScope, condition: sql.Composable) -> sql.Composable:
    # Not EXISTS: the answer is nearly always no, and for a first row soon the planner would take the way that is slow to the end.
    return sql.SQL("SELECT count(*) > 0 FROM {table} AS k WHERE {condition}").format(
        table=table_sql(scope.table(table.name)), condition=condition
    )


def _back_questions(scope: Scope, group: list[TableScope], membership: Membership) -> Iterable[sql.Composable]:
    """Rows that a back way gives and no way that counts already; none at all means that nothing hangs on the cycle alone."""
    for table in group:
        forward = [membership.not_way(table.ways[number], "k") for number in membership.selection.live.get(table.name, ())]
        for way in table.back_ways:
            yield _exists(scope, table, all_sql([membership.way(way, "k"), *forward, *membership.unshared(table, "k")]))
