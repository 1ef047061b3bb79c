"""Rows out of an archive: straight into the table where they are as they must be, else through staging, where they are rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from psycopg import sql

from exports.archive import ArchiveReader
from exports.chunks import Chunk, range_from_json
from exports.ids import IdRule, IdRules
from exports.manifest import ArchivedChunk, ArchivedColumn, Section, SectionKind
from exports.rewrite import Rewriter, SelectList, raw
from exports.streams import Content
from exports.types import PlainType
from relocate.feed import Lane, Stream, plain_list
from relocate.type_fit import is_spelled_alike, sent_type
from splitter.errors import BadArchive
from splitter.schema import TableName

Key = tuple[TableName, int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is loaded at once: a chunk of the archive, or all those of a part."""

    chunks: tuple[ArchivedChunk, ...]

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)

    @property
    def hash(self) -> int | None:
        """Of the content; None where the archive was made without."""
        hashes = [chunk.hash for chunk in self.chunks if chunk.hash is not None]
        return sum(hashes) if len(hashes) == len(self.chunks) else None


Pieces = Mapping[Key, tuple[Chunk, Piece]]


@dataclass(frozen=True, slots=True)
class _ArchivedStream:
    archive: ArchiveReader
    table: TableName
    piece: Piece

    def __iter__(self) -> Iterator[bytes]:
        return chain.from_iterable(map(self.archive.read_chunk, self.piece.chunks))

    def content_of(self, rows: int) -> Content:
        if self.piece.rows != rows:
            raise BadArchive(f"{self.table}: {rows} rows were loaded, the archive says {self.piece.rows}")
        return Content(rows=rows, hash=self.piece.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFeed:
    """The chunks of an archive. ``rewriter`` does what the export couldn't: shared rows, and ids of another installation."""

    archive: ArchiveReader
    rewriter: Rewriter
    types: Mapping[TableName, Mapping[str, PlainType]]  # of the target's columns
    pieces: Pieces

    def _section(self, name: TableName) -> Section:
        section = self.archive.manifest.section(SectionKind.ROWS, name)
        assert section is not None
        return section

    def columns(self, name: TableName) -> tuple[str, ...]:
        return tuple(column.name for column in self._section(name).columns)

    def is_binary(self, name: TableName) -> bool:  # noqa: ARG002  as the protocol has it
        return False

    def stream(self, lane: Lane, chunk: Chunk) -> Stream:  # noqa: ARG002
        return _ArchivedStream(self.archive, chunk.table, self.pieces[chunk.table, chunk.part, chunk.number][1])

    def _is_staged(self, name: TableName) -> bool:
        """Whether rows have to be rewritten, or values may be spelled otherwise in the target."""
        alike = all(is_spelled_alike(plain_type(column), self.types[name][column.name]) for column in self._section(name).columns)
        return not alike or needs_staging(self.rewriter, name)

    def stage_columns(self, name: TableName) -> sql.Composable | None:
        if not self._is_staged(name):
            return None
        return sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column.name), raw(column.type)) for column in self._section(name).columns
        )

    def unstaged(self, name: TableName) -> SelectList:
        if not self._is_staged(name):
            return plain_list(self.columns(name))
        columns = self._section(name).columns  # in their order: it is the one that is hashed
        types = {column.name: sent_type(self.types[name][column.name]) for column in columns}
        return self.rewriter.select_list(name, types, held={column.name: column.type for column in columns})


def plain_type(column: ArchivedColumn) -> PlainType:
    """The type that a column of an archive has."""
    return PlainType(type=column.declared or column.type, base=column.type)


def needs_staging(rewriter: Rewriter, name: TableName) -> bool:
    """Whether a column of the table still has to be rewritten."""
    if any(table == name for table, _ in rewriter.constants):
        return True
    return any(
        _changes(rewriter.rules, name, column.name, rewriter.minting.changes) for column in rewriter.scope.table(name).stored_columns
    )


def _changes(rules: IdRules, name: TableName, column: str, shifts: bool) -> bool:
    treatment = rules.of(name, column)
    ruled = [treatment.rule, *(rule for _, rule in treatment.inner)]
    return any(rule.shared is not None or (shifts and rule.rule is IdRule.SHIFT) for rule in ruled)


def archived_pieces(archive: ArchiveReader, *, own: bool) -> Pieces:
    """The archive's chunks of rows, with the ranges that they have in the target.

    Those of another installation get ids that nobody knew when they were cut: there all of a part is one piece.
    """
    found: dict[Key, tuple[Chunk, Piece]] = {}
    for section in archive.manifest.tables:
        for archived in section.chunks:
            bounds = archived.bounds
            if not isinstance(bounds, dict) or not isinstance(bounds.get("source"), dict) or not isinstance(bounds.get("target"), dict):
                raise BadArchive(f"{archive.path}: a chunk of {section.name} says nothing of its bounds", hint="export it again")
            chunk = Chunk(
                table=section.name,
                part=int(str(bounds["part"])),
                number=int(str(bounds["number"])),
                source=range_from_json(bounds["source"]),  # type: ignore[arg-type]
                target=range_from_json(bounds["target"]),  # type: ignore[arg-type]
            )
            if own:
                found[chunk.table, chunk.part, chunk.number] = (chunk, Piece((archived,)))
            else:
                whole = Chunk(table=section.name, part=chunk.part, number=0)
                _, before = found.get((section.name, chunk.part, 0), (whole, Piece(())))
                found[section.name, chunk.part, 0] = (whole, Piece((*before.chunks, archived)))
    return found
