"""Rows as COPY data, in blocks of whole rows, unparsed; where it is asked for, with the hash of their content from the same pass.

libpq gives one row a message; read by its own functions a row costs half of what a psycopg ``Copy`` object takes for it, and this process
is what two servers wait for. For the hash the statement (``Source.hashed``) gives md5 as a first column of fixed width, which is sliced
off each message; sums are made block by block.
"""

from __future__ import annotations

import select
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus

from exports.snapshot import Connection
from splitter.errors import BugError

BLOCK = 1 << 18  # bytes handed on at a time: a write a row would cost more than the row
DIGEST = 32  # characters of md5
_WORD = 16  # of them, those of the first 64 bits
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER = len(_SIGNATURE) + 8  # of binary COPY: flags and the length of an extension that there isn't; it comes with the first row
_COUNT = struct.Struct(">h")  # a binary row begins with how many fields it has
_FIRST_FIELD = 6  # where the content of its first field begins: behind that count and the field's own length
_TRAILER = b"\xff\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a set of rows is, but for its order."""

    rows: int
    hash: int | None = None  # None: not computed


def copy_out(connection: Connection, query: sql.Composable, *, binary: bool) -> Iterator[bytes]:
    """The rows of ``query`` as COPY data, in blocks of whole rows."""
    for messages in _read(connection, query, binary=binary):
        yield b"".join(messages)


class HashedRows:
    """The rows of a query whose first column is md5 as text, as COPY data without that column; to be iterated once.

    ``columns``: how many there are besides it. ``content``: of the rows that were given out.
    """

    def __init__(self, connection: Connection, query: sql.Composable, *, binary: bool, columns: int) -> None:
        self.content = Content(rows=0, hash=0)
        self._connection = connection
        self._query = query
        self._binary = binary
        self._columns = columns

    def __iter__(self) -> Iterator[bytes]:
        lists = _read(self._connection, self._query, binary=self._binary)
        return self._binary_blocks(lists) if self._binary else self._text_blocks(lists)

    def _text_blocks(self, lists: Iterator[list[bytes]]) -> Iterator[bytes]:
        rest = DIGEST + 1 if self._columns else DIGEST  # a tab follows, but before no column
        for messages in lists:
            self._count([message[:_WORD] for message in messages])
            yield b"".join([message[rest:] for message in messages])

    def _binary_blocks(self, lists: Iterator[list[bytes]]) -> Iterator[bytes]:
        count = _COUNT.pack(self._columns)
        begun = False
        for messages in lists:
            head = tail = b""
            if not begun:
                head, messages[0] = _split_header(messages[0])
                begun = True
            if messages[-1] == _TRAILER:
                tail = messages.pop()
            self._count([message[_FIRST_FIELD : _FIRST_FIELD + _WORD] for message in messages])
            rows = [message[_FIRST_FIELD + DIGEST :] for message in messages]
            yield b"".join((head, count if rows else b"", count.join(rows), tail))

    def _count(self, words: Sequence[bytes]) -> None:
        """Add the hashes of some rows, each as hexadecimal digits."""
        numbers = struct.unpack(f">{len(words)}q", bytes.fromhex(b"".join(words).decode()))
        before = self.content
        self.content = Content(rows=before.rows + len(words), hash=(before.hash or 0) + sum(numbers))


def _split_header(message: bytes) -> tuple[bytes, bytes]:
    head = message[:_HEADER]
    if not head.startswith(_SIGNATURE):
        raise BugError(f"binary COPY data begins with {head!r}")
    return head, message[_HEADER:]


def _read(connection: Connection, query: sql.Composable, *, binary: bool) -> Iterator[list[bytes]]:
    """The messages of a COPY, in lists of about BLOCK bytes, none of them empty."""
    form = sql.SQL("BINARY" if binary else "TEXT")
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT {})").format(query, form).as_bytes(connection)
    pgconn = connection.pgconn
    pgconn.send_query(statement)
    _expect(connection, ExecStatus.COPY_OUT)
    read = pgconn.get_copy_data
    held: list[bytes] = []
    size = 0
    while (length := (found := read(1))[0]) >= 0:
        if length == 0:
            _wait(connection)
            continue
        held.append(bytes(found[1]))  # a copy costs less than what the garbage collector spends on views
        size += length
        if size >= BLOCK:
            yield held
            held = []
            size = 0
    _expect(connection, ExecStatus.COMMAND_OK)
    while pgconn.get_result() is not None:
        pass
    if held:
        yield held


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
