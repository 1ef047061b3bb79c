"""Rows on their way out: a chunk as a SELECT, as a COPY stream, and as a hash of its content.

The content hash of a set of rows is the sum of the first 64 bits of md5 over ``ROW(columns)::text``, under the session settings that
``splitter.db`` pins. Not XOR, which two equal rows cancel; not hashtext, which a server's version may change (design §5).
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus

from exports import snapshot
from exports.chunks import Chunk, Range
from exports.id_sql import find_refused_id
from exports.membership import Membership, column_sql, table_sql
from exports.rewrite import Rewriter, SelectList
from exports.snapshot import Connection, Row
from splitter.db import translated
from splitter.errors import ServerError, UndecidedScope
from splitter.schema import TableName

BLOCK = 1 << 18  # bytes handed on at a time: libpq gives one row a message, and a write a row would cost more than the row


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a set of rows is, but for its order."""

    rows: int
    hash: int | None = None  # None: not computed


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
        order = [chunk.source.column] if chunk.source.column else []
        return sql.SQL("SELECT {columns} FROM {table} AS k{joins} WHERE {where}{order}").format(
            columns=sql.SQL(", ").join(chosen.expressions),
            table=table_sql(self.membership.scope.table(chunk.table)),
            joins=chosen.joins,
            where=self.where(chunk),
            order=sql.SQL(" ORDER BY {}").format(column_sql("k", order[0])) if order else sql.SQL(""),
        )

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
    headers hold 32 bits: compared in the circle, a version frozen long ago may count as newer (it is looked at again), never the reverse.
    """
    return sql.SQL("(({alias}.xmin::text::bigint - {xmin}) & 4294967295) < 2147483648").format(
        alias=sql.Identifier(alias), xmin=sql.Literal(xmin)
    )


def chunk_where(membership: Membership, chunk: Chunk, bounds: Range, alias: str) -> sql.Composable:
    """The chunk's rows on one side: its part's condition and its range there."""
    table = membership.scope.table(chunk.table)
    return sql.SQL(" AND ").join([membership.part(chunk.table, chunk.part, alias), *bounds.condition(table, alias)])


def hash_sql(expressions: Sequence[sql.Composable]) -> sql.Composable:
    """The 64 bits of one row."""
    return sql.SQL("('x' || left(md5(ROW({columns})::text), 16))::bit(64)::bigint").format(columns=sql.SQL(", ").join(expressions))


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


def copy_out(connection: Connection, query: sql.Composable, *, binary: bool) -> Iterator[bytes]:
    """The rows of ``query`` as COPY data, in blocks of whole rows, unparsed.

    libpq gives one row a message; read by its own functions a row costs half of what a psycopg ``Copy`` object takes for it, and this
    process is what two servers wait for.
    """
    form = sql.SQL("BINARY" if binary else "TEXT")
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT {})").format(query, form).as_bytes(connection)
    pgconn = connection.pgconn
    pgconn.send_query(statement)
    _expect(connection, ExecStatus.COPY_OUT)
    read = pgconn.get_copy_data
    held: list[bytes | memoryview] = []
    size = 0
    while (length := (found := read(1))[0]) >= 0:
        if length == 0:
            _wait(connection)
            continue
        held.append(found[1])
        size += length
        if size >= BLOCK:
            yield b"".join(held)
            held.clear()
            size = 0
    _expect(connection, ExecStatus.COMMAND_OK)
    while pgconn.get_result() is not None:
        pass
    if held:
        yield b"".join(held)


def _wait(connection: Connection) -> None:
    """Until the server has sent more."""
    select.select([connection.pgconn.socket], [], [])
    connection.pgconn.consume_input()


def _expect(connection: Connection, status: ExecStatus) -> None:
    """The next result must have that status; psycopg's own error for the server's where it has another."""
    pgconn = connection.pgconn
    while pgconn.flush():
        select.select([], [pgconn.socket], [])
    while pgconn.is_busy():
        _wait(connection)
    result = pgconn.get_result()
    if result is None or result.status != status:
        while pgconn.get_result() is not None:
            pass
        if result is None:
            raise psycopg.OperationalError("the server ended the COPY without a result")
        raise psycopg.errors.error_from_result(result)
