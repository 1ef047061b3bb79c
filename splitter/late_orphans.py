"""Looks for children whose parent is gone and whom no clean-up will find any more; within a time, in small queries, and only reading."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from splitter.cascade import Cascade
from splitter.cascade_findings import LateOrphans
from splitter.cleanup import read_table_facts
from splitter.cleanup_sql import Key, TableFacts, holdable, render_existing
from splitter.db import Connection, translated
from splitter.sql import load_queries

_SQL = load_queries("cascades.sql")
KEYS = 1000  # of one query
SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Where one side of a reference is: the database's name, and a session in it."""

    name: str
    conn: Connection


def read_late_orphans(
    cascade: Cascade, child: Side, *parents: Side, seconds: float = 2.0, clock: Callable[[], float] = time.monotonic
) -> LateOrphans:
    """Goes through the child's distinct keys for at most about ``seconds``, and asks for each whether the parent, or a tombstone, is there.

    Control's rows may have their parents in any region: a key that one of ``parents`` has, or waits for, is no orphan. Raises
    RefusedError where a table or column is missing.
    """
    until = clock() + seconds
    columns = (*cascade.columns, cascade.type_column) if cascade.type_column else cascade.columns
    children = read_table_facts(child.conn, cascade.child, columns)
    asked = [(parent.conn, read_table_facts(parent.conn, cascade.parent, cascade.parent_columns)) for parent in parents]
    count, complete = 0, True
    shown: list[Key] = []
    for keys in _distinct_keys(child.conn, children, cascade):
        orphans = keys
        for conn, facts in asked:
            orphans = _orphans(conn, facts, cascade, orphans) if orphans else []
        count += len(orphans)
        shown += orphans[: SHOWN - len(shown)]
        if clock() > until and len(keys) == KEYS:
            complete = False
            break
    return LateOrphans(database=child.name, cascade=cascade, keys=count, shown=tuple(", ".join(key) for key in shown), complete=complete)


def _orphans(conn: Connection, facts: TableFacts, cascade: Cascade, keys: Sequence[Key]) -> list[Key]:
    possible = [(key, held) for key in keys if (held := holdable(facts, cascade.parent_columns, key)) is not None]
    impossible = [key for key in keys if holdable(facts, cascade.parent_columns, key) is None]
    with translated(f"looking for {cascade.parent}"):
        query = render_existing(facts, cascade.parent_columns, [held for _, held in possible])
        there = {row[0] - 1 for row in conn.execute(query).fetchall()} if possible else set()
        missing = [key for number, (key, _) in enumerate(possible) if number not in there] + impossible
        waited_for = _waited_for(conn, cascade, missing) if missing else frozenset()
    return [key for key in missing if key not in waited_for]


def _waited_for(conn: Connection, cascade: Cascade, keys: Sequence[Key]) -> frozenset[Key]:
    """The keys for which there is a tombstone that is not done."""
    named = [dict(zip(cascade.parent_columns, key, strict=True)) for key in keys]
    columns = sql.SQL(", ").join(sql.SQL("t.key ->> {}").format(sql.Literal(name)) for name in cascade.parent_columns)
    wanted = sql.SQL(", ").join(sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, each.values()))) for each in named)
    query = sql.SQL(_SQL["waited_for"]).format(columns=columns, wanted=wanted, parent=sql.Literal(str(cascade.parent)))
    return frozenset(tuple(map(str, row)) for row in conn.execute(query).fetchall())


def _distinct_keys(conn: Connection, facts: TableFacts, cascade: Cascade) -> Iterator[list[Key]]:
    """From one to the next by the index where the type's order is the server's own; else all of them, sorted by the server."""
    by_index = all(facts.columns[name].operator == ("pg_catalog", "=") for name in cascade.columns)
    last: Key | None = None
    while True:
        with translated(f"reading the keys of {cascade.child}"):
            rows = conn.execute(_render_keys(facts, cascade, last, by_index=by_index)).fetchall()
        keys = [tuple(map(str, row)) for row in rows]
        if keys:
            yield keys
        if len(keys) < KEYS or not by_index:
            return
        last = keys[-1]


def _render_keys(facts: TableFacts, cascade: Cascade, last: Key | None, *, by_index: bool) -> sql.Composed:
    def listed(alias: str, names: Sequence[str] = cascade.columns) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(alias, name) for name in names)

    set_ = [sql.SQL("NOT {} IS NULL").format(sql.Identifier("c", name)) for name in cascade.columns]
    if cascade.type_column is not None:
        column = facts.columns[cascade.type_column]
        value = sql.SQL("{}::{}").format(sql.Literal(cascade.type_value), column.cast)
        set_.append(column.compare(sql.Identifier("c", column.name), value))
    after: sql.Composable = sql.SQL("true")
    if last is not None:
        values = (
            sql.SQL("{}::{}").format(sql.Literal(value), facts.columns[name].cast)
            for name, value in zip(cascade.columns, last, strict=True)
        )
        after = sql.SQL("({}) > ({})").format(listed("c"), sql.SQL(", ").join(values))
    slots = {
        "table": facts.as_root(),
        "columns": listed("c"),
        "key": listed("k"),
        "is_set": sql.SQL(" AND ").join(set_),
        "after": after,
        "texts": sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier("k", name)) for name in cascade.columns),
        "limit": sql.Literal(KEYS),
    }
    return sql.SQL(_SQL["next_keys" if by_index else "all_keys"]).format(**slots)
