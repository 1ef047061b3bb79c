"""EDGE: samples of rows, and whether ids exist: bounded in rows, bytes and time; it only reads.

What a table costs does not grow with it: a few blocks of it are read, keys are looked up by their index, and every statement has a
time-out. A table that can't be looked at in time, or not with this role's rights, is told, and passed over.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from psycopg import sql

from splitter.catalog_union import kind_of
from splitter.db import Connection, translated
from splitter.errors import ConnectionLost, RefusedError
from splitter.schema import Schema, Table, TableName
from splitter.suggest.values import Key, Profile
from splitter.suggest.ways import Way, table_sql

Rows: TypeAlias = tuple[tuple[Any, ...], ...]

ROWS = 1000
STATEMENT_MS, LOCK_MS = 5_000, 1_000
TOTAL_SECONDS = 300.0  # after which no further table is looked at
_BLOCKS = 100
_COUNTED = 200_000  # rows up to which a key's ids are counted one by one
_SEED = 20  # the same sample every time, as long as the table is the same
_SEPARATOR = "\x1f"
_VALID = {"integer": re.compile(r"-?[0-9]{1,18}"), "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")}

# Of a table and its partitions. It waits for their locks, as reading them would.
_BLOCKS_OF = sql.SQL("""
SELECT COALESCE(
         (SELECT pg_catalog.sum(pg_catalog.pg_relation_size(t.relid)) FROM pg_catalog.pg_partition_tree(c.oid) AS t WHERE t.isleaf),
         pg_catalog.pg_relation_size(c.oid), 0)::pg_catalog.int8 / pg_catalog.current_setting('block_size')::pg_catalog.int8
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = {schema} AND c.relname = {name} AND c.relkind IN ('r', 'p')
""")
# Keys are looked up by their index, never by reading their table.
_BOUNDS = sql.SQL(
    "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {};"
    " SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL max_parallel_workers_per_gather = 0"
).format(sql.Literal(STATEMENT_MS), sql.Literal(LOCK_MS))


@dataclass(slots=True)
class Looker:
    """Looks into one database. ``unseen`` gathers the tables that could not be looked at, and why.

    Values are literals of the query, not parameters: with parameters a ``%`` in a name would be one.
    """

    conn: Connection
    schema: Schema
    clock: Callable[[], float] = time.monotonic
    unseen: dict[TableName, str] = field(default_factory=dict)
    _deadline: float = 0.0
    _blocks: dict[TableName, int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._deadline = self.clock() + TOTAL_SECONDS

    def rows(self, table: Table, columns: Sequence[sql.Composable], *, limit: int = ROWS) -> Rows | None:
        """These expressions over a sample of the table, which they call ``h``; None where it can't be looked at."""
        blocks = self._count_blocks(table.name)
        if blocks is None:
            return None
        found = self._ask(table.name, _sample(table, columns, limit, blocks))
        if found == () and blocks > _BLOCKS:  # rows stand in few of its blocks, and none of those was met
            return self._ask(table.name, _sample(table, columns, limit, None))
        return found

    def _count_blocks(self, table: TableName) -> int | None:
        if table not in self._blocks:
            named = _BLOCKS_OF.format(schema=sql.Literal(table.schema), name=sql.Literal(table.name))
            counted = self._ask(table, named)
            self._blocks[table] = int(counted[0][0]) if counted else None
        return self._blocks[table]

    def existing(self, key: Key, values: Iterable[str], way: Way | None) -> dict[str, str | None] | None:
        """Those of ``values`` (of several columns: ``joined``) that the key has, with the organization that each row's way leads to."""
        table = self.schema.tables[key.table]
        valid = [parts for value in dict.fromkeys(values) if (parts := _valid(key, value))]
        if not valid:
            return None if key.table in self.unseen else {}
        names = [sql.Identifier(f"k{number}") for number in range(len(key.columns))]
        given = [
            sql.SQL("{}::pg_catalog.text[]::{}[]").format(sql.Literal(list(column)), _type_sql(table, name))
            for column, name in zip(zip(*valid, strict=True), key.columns, strict=True)
        ]
        matching = [sql.SQL("t.{} = v.{}").format(sql.Identifier(column), name) for column, name in zip(key.columns, names, strict=True)]
        lists = sql.SQL("), pg_catalog.unnest(").join(given)
        query = sql.SQL(
            "SELECT {shown}, {owner} FROM ROWS FROM (pg_catalog.unnest({lists})) AS v({names}) JOIN {table} AS t ON {matching}"
        ).format(
            shown=sql.SQL(", ").join(sql.SQL("v.{}::pg_catalog.text").format(name) for name in names),
            owner=way.owner("t") if way else sql.SQL("NULL"),
            lists=lists,
            names=sql.SQL(", ").join(names),
            table=table_sql(table),
            matching=sql.SQL(" AND ").join(matching),
        )
        rows = self._ask(key.table, query)
        return None if rows is None else {joined(row[:-1]): row[-1] for row in rows}

    def profile(self, key: Key) -> Profile | None:
        """Of an integer key; None where it has no rows, or can't be looked at."""
        table = self.schema.tables[key.table]
        query = sql.SQL(
            "SELECT pg_catalog.min(t.{column}), pg_catalog.max(t.{column}),"
            " (SELECT pg_catalog.count(*) FROM (SELECT FROM {table} AS t LIMIT {most}) AS few) FROM {table} AS t"
        )
        rows = self._ask(key.table, query.format(column=sql.Identifier(key.columns[0]), table=table_sql(table), most=sql.Literal(_COUNTED)))
        if not rows or rows[0][0] is None:
            return None
        low, high, counted = (int(value) for value in rows[0])
        return Profile(low=low, high=high, rows=counted if counted < _COUNTED else max(counted, table.rows))

    def holders(self, keys: Sequence[Key], value: str) -> tuple[Key, ...]:
        """Those of the keys, all of one column, that have this value."""
        asked = [key for key in keys if key.table not in self.unseen and _valid(key, value)]
        parts = [
            sql.SQL("SELECT {number} WHERE EXISTS (SELECT FROM {table} AS t WHERE t.{column} = {value}::{type})").format(
                number=sql.Literal(number),
                table=table_sql(self.schema.tables[key.table]),
                column=sql.Identifier(key.columns[0]),
                value=sql.Literal(value),
                type=_type_sql(self.schema.tables[key.table], key.columns[0]),
            )
            for number, key in enumerate(asked)
        ]
        rows = self._ask(None, sql.SQL(" UNION ALL ").join(parts)) if parts else ()
        return tuple(asked[number] for (number,) in rows or ())

    def _ask(self, table: TableName | None, query: sql.Composable) -> Rows | None:
        if table in self.unseen:
            return None
        if self.clock() > self._deadline:
            if table is not None:
                self.unseen[table] = f"the {TOTAL_SECONDS:g} seconds for looking at rows were over"
            return None
        try:
            with translated(f"looking into {table}"), _bounded(self.conn):
                return tuple(self.conn.execute(_composed(query)).fetchall())
        except ConnectionLost:
            raise
        except RefusedError as exc:
            if table is not None:
                self.unseen[table] = exc.message
            return None


@contextmanager
def _bounded(conn: Connection) -> Iterator[None]:
    """A read-only transaction of its own, with time-outs."""
    with conn.transaction(force_rollback=True):
        conn.execute(_BOUNDS)
        yield


def _sample(table: Table, columns: Sequence[sql.Composable], limit: int, blocks: int | None) -> sql.Composable:
    """Blocks are drawn where the table has many; which ones, and in which order their rows come, is the same each time.

    ``blocks`` None: the first rows that come.
    """
    drawn = sql.SQL("TABLESAMPLE SYSTEM ({}) REPEATABLE ({})").format(
        sql.Literal(100.0 * _BLOCKS / max(blocks or 1, 1)), sql.Literal(_SEED)
    )
    order = sql.SQL("ORDER BY pg_catalog.md5(s.tableoid::pg_catalog.text || s.ctid::pg_catalog.text)")
    return sql.SQL("SELECT {columns} FROM (SELECT * FROM {table} AS s {drawn} {order} LIMIT {limit}) AS h").format(
        columns=sql.SQL(", ").join(columns),
        table=table_sql(table),
        drawn=drawn if blocks is not None and blocks > _BLOCKS else sql.SQL(""),
        order=order if blocks is not None else sql.SQL(""),
        limit=sql.Literal(limit),
    )


def _type_sql(table: Table, name: str) -> sql.Composable:
    """What values are cast to: integers of all widths to the widest, which every index on integers can be asked for."""
    base = table.column(name).base_type
    return raw("bigint" if kind_of(base) == "integer" else base)


def _valid(key: Key, value: str) -> tuple[str, ...] | None:
    """The value's parts; None where it can't be one of that type."""
    parts = parted(value) if len(key.columns) > 1 else (value,)
    fits = len(parts) == len(key.columns) and all(
        "\x00" not in part and (kind not in _VALID or _VALID[kind].fullmatch(part)) for part, kind in zip(parts, key.kinds, strict=True)
    )
    return parts if fits else None


def _composed(query: sql.Composable) -> sql.Composed:
    return sql.Composed([query])


def raw(text: str) -> sql.SQL:
    """SQL that the catalog spelled: the name of a type, which format_type quotes where it has to be."""
    return sql.SQL(text)


def joined(values: Iterable[object]) -> str:
    """The values of a key of several columns as one text."""
    return _SEPARATOR.join(map(str, values))


def parted(text: str) -> tuple[str, ...]:
    """What ``joined`` has joined."""
    return tuple(text.split(_SEPARATOR))
