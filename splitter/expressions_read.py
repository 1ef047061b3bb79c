"""Which expressions the server would not understand once the columns are bigint: with a function or an operator that takes integers only.

The server is asked: each expression is read, and never run, over rows that have no table; with wide columns, and where that fails with the
columns as they are, to see whether it can be read like that at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from splitter.db import Connection, find_misunderstanding
from splitter.schema import Schema, TableName

REMEDY = "make the same function for bigint, or write COLUMN::bigint::integer there; or drop it, and make it again after the plan"
_NARROW = {"smallint": "bigint", "integer": "bigint", "smallint[]": "bigint[]", "integer[]": "bigint[]"}
_CONDITION = re.compile(r"(?: WHEN \((.*)\) EXECUTE FUNCTION | WHERE (.*?) DO )", re.DOTALL)
Ask = Callable[[str], list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What a relation is read as: ``queries`` of rows without and with wide columns. ``spelled``: schema and name, ``quoted``: the name."""

    spelled: str
    quoted: str
    queries: tuple[str, str]
    reads: tuple[str, ...] = ()


def find_misunderstood(
    conn: Connection, schema: Schema, ask: Ask, views: Iterable[Any], plain: Callable[[str], str] = str
) -> Iterator[tuple[str, str]]:
    """(object, what was found). ``ask`` reads a block of expressions.sql; ``views``: in the order in which they would be dropped.

    ``plain``: what a text is made again from.
    """
    known = {row.spelled: _rows_of(schema, row) for row in ask("tables")}
    trial = _Trial(conn, known)
    texts: dict[str, list[tuple[str, str]]] = {}
    for row in ask("expressions"):
        texts.setdefault(row.table, []).append((row.object, plain(row.said)))
    for table, said in texts.items():
        if trial.fails(", ".join(text for _, text in said), f"FROM {known[table].quoted}", table) is not None:
            yield from trial.each(said, f"FROM {known[table].quoted}", table)
    for row in ask("conditions"):
        condition, name = _CONDITION.search(row.said), known[row.table].quoted
        said = [(row.object, plain(condition[1] or condition[2]))] if condition else []
        yield from trial.each(said, f"FROM {name} AS old, {name} AS new", row.table)
    for row in reversed(list(views)):
        yield from trial.view(row, plain(row.query.rstrip(";")))


def _rows_of(schema: Schema, row: Any) -> _Rows:
    table = schema.tables[TableName(row.schema, row.name)]
    narrow = [(name, kind) for name, kind in row.columns]
    wide = [(name, _NARROW.get(table.column(name).base_type, kind) if name in row.chosen else kind) for name, kind in narrow]
    return _Rows(spelled=row.spelled, quoted=row.quoted, queries=(_nothing(narrow), _nothing(wide)))


def _nothing(columns: Iterable[tuple[str, str]]) -> str:
    values = [sql.SQL("NULL::{} AS {}").format(sql.SQL(kind), sql.Identifier(name)) for name, kind in columns]
    return sql.SQL("SELECT {}").format(sql.SQL(", ").join(values)).as_string()


class _Trial:
    def __init__(self, conn: Connection, known: Mapping[str, _Rows]) -> None:
        self.conn = conn
        self.known = dict(known)
        self.broken: set[str] = set()

    def each(self, said: Iterable[tuple[str, str]], tail: str, table: str) -> Iterator[tuple[str, str]]:
        for name, text in said:
            found = self.fails(text, tail, table)
            if found is not None and self._understood(f"SELECT {text} {tail}", (table,), wide=False) is None:
                yield name, f"would not be understood once its columns are bigint: {found}"

    def fails(self, text: str, tail: str, table: str) -> str | None:
        return self._understood(f"SELECT {text} {tail}", (table,), wide=True)

    def view(self, row: Any, query: str) -> Iterator[tuple[str, str]]:
        """One whose definition stands on another one that is not understood is not told again."""
        reads = tuple(self._read(query))
        if self.broken.isdisjoint(reads):
            found = self._understood(query, (), wide=True)
            if found is not None and self._understood(query, (), wide=False) is None:
                self.broken.add(row.spelled)
                yield f"view {row.spelled}", f"would not be understood once its columns are bigint: {found}"
        else:
            self.broken.add(row.spelled)
        self.known[row.spelled] = _Rows(spelled=row.spelled, quoted=row.quoted, queries=(query, query), reads=reads)

    def _read(self, text: str) -> Iterator[str]:
        return (spelled for spelled in self.known if spelled in text and _mentions(spelled).search(text))

    def _understood(self, query: str, tables: Iterable[str], *, wide: bool) -> str | None:
        """The query over rows that have no table; under their names alone, for so expressions refer to their columns."""
        needed = self._needed((*tables, *self._read(query)))
        parts = [f"{each.quoted} AS ({self._without_schemas(each.queries[wide], needed)})" for each in needed]
        head = f"WITH {', '.join(parts)} " if parts else ""
        return find_misunderstanding(self.conn, f"{head}SELECT FROM ({self._without_schemas(query, needed)}) AS orglift")

    def _needed(self, names: Iterable[str]) -> list[_Rows]:
        """With what they read, each after that; of two with one name only the first."""
        found: dict[str, _Rows] = {}
        work = set(names)
        while more := {read for name in work for read in self.known[name].reads} - work:
            work |= more
        for each in self.known.values():
            if each.spelled in work:
                found.setdefault(each.quoted, each)
        return list(found.values())

    def _without_schemas(self, text: str, needed: Iterable[_Rows]) -> str:
        for each in needed:
            text = _mentions(each.spelled).sub(each.quoted.replace("\\", r"\\"), text)
        return text


def _mentions(spelled: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$\".']){re.escape(spelled)}(?![\w$\".'(])")
