"""Where rows come from on their way into the target: a region in a snapshot (here), or an archive (``relocate.archive_feed``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from psycopg import sql

from exports.chunks import Chunk
from exports.rewrite import SelectList
from exports.rows import Source
from exports.snapshot import Connection
from exports.streams import Content, HashedRows, copy_out
from splitter.errors import DiffersError
from splitter.schema import TableName


@dataclass(frozen=True, slots=True)
class Lane:
    """One thread's connections: into the source's snapshot (an archive needs none), and to the target."""

    source: Connection | None
    target: Connection

    def close(self) -> None:
        if self.source is not None:
            self.source.close()
        self.target.close()


class Stream(Protocol):
    """One chunk on its way: iterate it once, to its end, then ask what it was."""

    def __iter__(self) -> Iterator[bytes]:
        """The chunk's rows as COPY data."""

    def content_of(self, rows: int) -> Content:
        """What the chunk is where it came from, once ``rows`` of it were copied. DiffersError, BadArchive where that can't be."""


class Feed(Protocol):
    """Where rows come from: a region in a snapshot, or an archive."""

    def columns(self, name: TableName) -> tuple[str, ...]:
        """The columns that the rows have, in order."""

    def is_binary(self, name: TableName) -> bool:
        """Whether they come as binary COPY data, else as text."""

    def stream(self, lane: Lane, chunk: Chunk) -> Stream:
        """The chunk's rows."""

    def stage_columns(self, name: TableName) -> sql.Composable | None:
        """The columns of a staging table that rows have to go through first, with types; None: straight into the table."""

    def unstaged(self, name: TableName) -> SelectList:
        """What becomes of staged rows on their way into the table, as a SELECT list over ``k``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionFeed:
    """Rows that the source rewrites itself, in its snapshot."""

    source: Source
    binary: frozenset[TableName]
    hashes: bool

    def columns(self, name: TableName) -> tuple[str, ...]:
        return self.source.columns(name)

    def is_binary(self, name: TableName) -> bool:
        return name in self.binary

    def stream(self, lane: Lane, chunk: Chunk) -> Stream:
        """Hashed on its way. The organization's own row always is: its hidden column changes later."""
        assert lane.source is not None
        binary = self.is_binary(chunk.table)
        if self.hashes or chunk.table == self.source.membership.scope.root:
            return _HashedStream(self.source.stream(lane.source, chunk, binary=binary), chunk.table)
        return _PlainStream(copy_out(lane.source, self.source.select(chunk), binary=binary))

    def stage_columns(self, name: TableName) -> sql.Composable | None:  # noqa: ARG002  as the protocol has it
        return None

    def unstaged(self, name: TableName) -> SelectList:
        return plain_list(self.columns(name))


@dataclass(frozen=True, slots=True)
class _HashedStream:
    rows: HashedRows
    table: TableName

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.rows)

    def content_of(self, rows: int) -> Content:
        content = self.rows.content
        if content.rows != rows:
            raise DiffersError(f"{self.table}: {rows} rows were copied, {content.rows} were read")
        return content


@dataclass(frozen=True, slots=True)
class _PlainStream:
    blocks: Iterable[bytes]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.blocks)

    def content_of(self, rows: int) -> Content:
        return Content(rows=rows)


def plain_list(columns: Sequence[str]) -> SelectList:
    """The columns as they are."""
    return SelectList(columns=tuple(columns), expressions=tuple(sql.Identifier("k", column) for column in columns), joins=sql.SQL(""))
