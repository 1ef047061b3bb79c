"""Rows on their way out: a chunk as a SELECT, with a hash of each row, and as a hash of its content.

The content hash of a set of rows is the sum of the first 64 bits of md5 over ``ROW(columns)::text``, under the session settings that
``splitter.db`` pins. Not XOR, which two equal rows cancel; not hashtext, which a server's version may change (design §5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from exports import snapshot
from exports.chunks import Chunk, Range
from exports.id_sql import find_refused_id
from exports.membership import Membership, column_sql, columns_sql, table_sql
from exports.rewrite import Rewriter, SelectList
from exports.snapshot import Connection, Row
from exports.streams import Content, HashedRows
from splitter.db import translated
from splitter.errors import ServerError, UndecidedScope
from splitter.schema import TableName

HALF_CIRCLE = 1 << 31  # transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One side of a move, ready to be read: whose rows (``membership``), and as what (``rewriter``)."""

    membership: Membership
    rewriter: Rewriter
    types: Mapping[TableName, Mapping[str, str]]  # per table, the columns to take and the base type of each where it goes

    def columns(self, name: TableName) -> tuple[str, ...]:
        return self.select_list(name).columns

    def select_list(self, name: TableName) -> SelectList:
        return self.rewriter.select_list(name, self.types[name])

    def where(self, chunk: Chunk) -> sql.Composable:
        return chunk_where(self.membership, chunk, chunk.source, "k")

    def select(self, chunk: Chunk) -> sql.Composable:
        """The chunk's rows, rewritten. In key order, so that the target's index is filled from one end."""
        chosen = self.select_list(chunk.table)
        return self._select(chunk, chosen, chosen.expressions)

    def _select(self, chunk: Chunk, chosen: SelectList, values: Sequence[sql.Composable]) -> sql.Composed:
        table, order = self.membership.scope.table(chunk.table), chunk.source.column
        parts = {"columns": sql.SQL(", ").join(values), "table": table_sql(table), "joins": chosen.joins, "where": self.where(chunk)}
        if order is None:
            return sql.SQL("SELECT {columns} FROM {table} AS k{joins} WHERE {where}").format(**parts)
        # a row is put in its place before anything is made of it: a large value is sorted as what leads to it, not as itself
        return sql.SQL("SELECT {columns} FROM (SELECT {held} FROM {table} AS k WHERE {where} ORDER BY {order}) AS k{joins}").format(
            held=columns_sql("k", [column.name for column in table.columns]), order=column_sql("k", order), **parts
        )

    def hashed(self, chunk: Chunk, *, binary: bool) -> sql.Composable:
        """As ``select``, with the md5 of each row as a first column; ``binary``: for binary COPY, else for text.

        Behind the fence (OFFSET 0) a value is rewritten, and where it can be made into text, once for both uses.
        """
        chosen = self.select_list(chunk.table)
        types = self.types[chunk.table]
        shared = [_SHARED.get(types[column]) for column in chosen.columns]
        values = [each.made(value) if each else value for each, value in zip(shared, chosen.expressions, strict=True)]
        held = [column_sql("r", f"c{number}") for number in range(len(values))]
        sent = [each.sent(value, binary=binary) if each else value for each, value in zip(shared, held, strict=True)]
        named = [sql.SQL("{} AS {}").format(value, sql.Identifier(f"c{number}")) for number, value in enumerate(values)]
        return sql.SQL("SELECT {columns} FROM ({rows} OFFSET 0) AS r").format(
            columns=sql.SQL(", ").join([row_md5(held), *sent]), rows=self._select(chunk, chosen, named)
        )

    def stream(self, connection: Connection, chunk: Chunk, *, binary: bool) -> HashedRows:
        """The chunk's rows as COPY data, hashed on their way."""
        return HashedRows(connection, self.hashed(chunk, binary=binary), binary=binary, columns=len(self.columns(chunk.table)))

    def content(self, chunk: Chunk) -> sql.Composable:
        """A SELECT of (rows, hash) of the chunk's rewritten rows."""
        chosen = self.select_list(chunk.table)
        table = table_sql(self.membership.scope.table(chunk.table))
        return content_sql(chosen.expressions, sql.SQL("{} AS k{}").format(table, chosen.joins), self.where(chunk))

    def count(self, chunk: Chunk) -> sql.Composable:
        return sql.SQL("SELECT count(*) FROM {table} AS k WHERE {where}").format(
            table=table_sql(self.membership.scope.table(chunk.table)), where=self.where(chunk)
        )

    def newer(self, chunk: Chunk, xmin: int) -> sql.Composable:
        """A SELECT of (rows, whether one of them was written by a transaction that had not ended below ``xmin``)."""
        return sql.SQL("SELECT count(*), COALESCE(bool_or({newer}), false) FROM {table} AS k WHERE {where}").format(
            newer=newer_sql("k", xmin), table=table_sql(self.membership.scope.table(chunk.table)), where=self.where(chunk)
        )


def newer_sql(alias: str, xmin: int) -> sql.Composable:
    """Whether a row version may be younger than a snapshot whose oldest running transaction was ``xmin``.

    A transaction's subtransactions have numbers above its own, so everything that was running has a number from ``xmin`` on. Row
    headers hold 32 bits: compared in the circle, a version frozen long ago may count as newer (it is looked at again), never the reverse
    for as long as fewer than ``HALF_CIRCLE`` transactions have begun since.
    """
    return sql.SQL("(({alias}.xmin::text::bigint - {xmin}) & 4294967295) < {half}").format(
        alias=sql.Identifier(alias), xmin=sql.Literal(xmin), half=sql.Literal(HALF_CIRCLE)
    )


def chunk_where(membership: Membership, chunk: Chunk, bounds: Range, alias: str) -> sql.Composable:
    """The chunk's rows on one side: its part's condition and its range there."""
    table = membership.scope.table(chunk.table)
    return sql.SQL(" AND ").join([membership.part(chunk.table, chunk.part, alias), *bounds.condition(table, alias)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """A type whose values are made into text, or taken from where large ones are stored, once for both the hash and the COPY.

    ``spelling``: how; the text is the type's own, and what COPY sends is that text behind ``version`` (in binary alone).
    """

    spelling: sql.SQL
    version: int | None = None

    def made(self, value: sql.Composable) -> sql.Composable:
        return self.spelling.format(value=value)

    def sent(self, made: sql.Composable, *, binary: bool) -> sql.Composable:
        if not binary or self.version is None:
            return made
        return sql.SQL("pg_catalog.chr({version}) || {made}").format(version=sql.Literal(self.version), made=made)


_SHARED = {
    "jsonb": _Shared(spelling=sql.SQL("({value})::text"), version=1),
    "json": _Shared(spelling=sql.SQL("({value})::text")),
    "text": _Shared(spelling=sql.SQL("({value}) || ''")),
    "character varying": _Shared(spelling=sql.SQL("({value}) || ''")),
}


def row_md5(expressions: Sequence[sql.Composable]) -> sql.Composable:
    """The md5 of one row, as text; never NULL."""
    return sql.SQL("md5(ROW({columns})::text)").format(columns=sql.SQL(", ").join(expressions))


def hash_sql(expressions: Sequence[sql.Composable]) -> sql.Composable:
    """The 64 bits of one row."""
    return sql.SQL("('x' || left({md5}, 16))::bit(64)::bigint").format(md5=row_md5(expressions))


def content_sql(expressions: Sequence[sql.Composable], table: sql.Composable, where: sql.Composable) -> sql.Composable:
    return sql.SQL("SELECT count(*), COALESCE(sum({hash}), 0)::numeric FROM {table} WHERE {where}").format(
        hash=hash_sql(expressions), table=table, where=where
    )


def read_content(connection: Connection, query: sql.Composable) -> Content:
    """Run ``content_sql``."""
    ((rows, hash_),) = snapshot.ask(connection, query)
    return Content(rows=int(str(rows)), hash=int(str(hash_)))


def ask(connection: Connection) -> Callable[[sql.Composable], list[Row]]:
    """A function that runs a query and gives its rows."""
    return lambda query: snapshot.ask(connection, query)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """As ``splitter.db.translated``; an id that the rewriting can't take is told as that."""
    try:
        with translated(what):
            yield
    except ServerError as exc:
        refused = find_refused_id(exc.message)
        if refused is None:
            raise
        problem = refused.problem
        raise UndecidedScope(f"{problem.object}: {problem.found}", hint=problem.remedy, problems=[problem]) from exc
