r"""The archive: one organization's rows in one file, written by several threads, read by several threads.

    ORGLIFT1\n | segment | segment | ... | manifest | offset of the manifest, 8 bytes big endian | SHA-256 of all before

A segment is one zstd frame of COPY text; the manifest, a zstd frame too, says which segments make up which chunk of which table. Every
byte is covered by the SHA-256 at the end, every segment by one of its own, so that a damage is both found and located.

Why segments: chunks come from several connections at once and may be larger than memory. Each thread compresses its own chunk and
hands over a segment whenever some 4 MB of it are ready. So a byte is written once, never spooled to another file and copied from
there; and memory is one segment a thread, whatever the size of a chunk. A chunk that compresses to less, as most do, is one segment.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from exports.container import DIGEST, MAGIC, OFFSET, ArchiveFile, read_tail
from exports.faults import FILE, DamagedArchive, Fault, FaultCode
from exports.frames import PIECE, FrameError, FrameMaker, compress, decompress
from exports.manifest import (
    ArchivedChunk,
    Manifest,
    Section,
    SectionKind,
    Segment,
    describe,
    render_manifest,
)
from exports.partial import PartialFile
from splitter.errors import FailedError
from splitter.events import Advanced, Finished, Reporter, Started, silent
from splitter.schema import TableName

_MANIFEST_LEVEL = 6
_CHECKSUM_DIFFERS = Fault(
    code=FaultCode.CHECKSUM, object=FILE, found="its SHA-256 differs; all chunks are whole, so the manifest or the checksum is damaged"
)

_Key = tuple[SectionKind, TableName, int]
_Bytes = bytes | bytearray | memoryview


class ArchiveWriter:
    """Writes an archive; as a context manager, which puts the file in its place at the end, or leaves nothing after an error.

    ``draft`` is the manifest without rows and chunks: the writer adds them. Safe for threads: each writes its own chunks; all must
    have ended theirs before the context ends. UsageError, RefusedError: as ``PartialFile.open``. FailedError: disk full.
    """

    def __init__(self, path: str | os.PathLike[str], draft: Manifest, *, level: int = 1) -> None:
        """``level``: of zstd, 1 to 19."""
        self._file = PartialFile(os.fspath(path))
        self._draft = draft
        self._level = level
        self._lock = threading.Lock()
        self._digest = hashlib.sha256()
        self._offset = 0
        self._chunks: dict[_Key, ArchivedChunk | None] = {}  # None: begun, not ended
        self._notes = dict(draft.notes)
        self.manifest: Manifest | None = None  # the final one, once the file is in its place

    def __enter__(self) -> Self:
        self._file.open()
        try:
            self._append(MAGIC)
        except BaseException:
            self._file.discard()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._file.discard()

    def chunk(self, table: TableName, index: int, *, kind: SectionKind = SectionKind.ROWS, bounds: JsonValue = None) -> ChunkWriter:
        """A chunk of a section of the draft, to write whole rows to, as a context manager. An index counts once, in any order."""
        if self._draft.section(kind, table) is None:
            raise ValueError(f"the draft has no {describe(kind, table)}")
        with self._lock:
            if (kind, table, index) in self._chunks:
                raise ValueError(f"{describe(kind, table)} has a chunk {index} already")
            self._chunks[kind, table, index] = None
        return ChunkWriter(self, ArchivedChunk(kind=kind, table=table, index=index, rows=0, bytes=0, bounds=bounds), self._level)

    def note(self, name: str, value: JsonValue) -> None:
        """Add to the manifest's notes."""
        with self._lock:
            self._notes[name] = value

    def append_segment(self, frame: bytes) -> Segment:
        """For ``ChunkWriter``: put a frame into the file."""
        digest = hashlib.sha256(frame).hexdigest()  # before the lock: it is as dear as the write
        with self._lock:
            offset = self._offset
            self._append(frame)
        return Segment(offset=offset, length=len(frame), sha256=digest)

    def record(self, chunk: ArchivedChunk) -> None:
        """For ``ChunkWriter``: a chunk has ended."""
        with self._lock:
            self._chunks[chunk.kind, chunk.table, chunk.index] = chunk

    def forget(self, chunk: ArchivedChunk) -> None:
        """For ``ChunkWriter``: a chunk was given up before anything of it came into the file; it may be begun again."""
        with self._lock:
            del self._chunks[chunk.kind, chunk.table, chunk.index]

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._offset += len(data)

    def _finish(self) -> None:
        begun = next((key for key, chunk in self._chunks.items() if chunk is None), None)
        if begun:
            kind, table, index = begun
            raise FailedError(f"cannot finish the archive: chunk {index} of {describe(kind, table)} was not written to its end")
        manifest = self._complete()
        offset = self._offset
        self._append(compress(render_manifest(manifest), _MANIFEST_LEVEL))
        self._append(offset.to_bytes(OFFSET, "big"))
        self._append(self._digest.digest())
        self._file.commit()
        self.manifest = manifest

    def _complete(self) -> Manifest:
        done = sorted((chunk for chunk in self._chunks.values() if chunk), key=lambda chunk: chunk.index)
        by_section: dict[tuple[SectionKind, TableName], list[ArchivedChunk]] = {}
        for chunk in done:
            by_section.setdefault((chunk.kind, chunk.table), []).append(chunk)

        def complete(kind: SectionKind, section: Section) -> Section:
            chunks = by_section.get((kind, section.name), [])
            return replace(section, rows=sum(chunk.rows for chunk in chunks), chunks=tuple(chunks))

        tables = tuple(complete(SectionKind.ROWS, section) for section in self._draft.tables)
        natural = tuple(complete(SectionKind.NATURAL, section) for section in self._draft.natural)
        return replace(self._draft, tables=tables, natural=natural, notes=self._notes)


class ChunkWriter:
    """Takes the rows of one chunk, for one thread. Set ``hash`` before the context ends. Left with an error, the chunk is given up."""

    def __init__(self, archive: ArchiveWriter, chunk: ArchivedChunk, level: int) -> None:
        self.hash: int | None = None
        self.rows = 0  # of what was compressed so far; all of them once the context has ended
        self._archive = archive
        self._chunk = chunk
        self._frames = FrameMaker(level)
        self._pending = bytearray()  # rows come one by one: too small for calls to zstd
        self._bytes = 0
        self._ends_row = True
        self._segments: list[Segment] = []

    def write(self, data: _Bytes) -> None:
        """COPY text, cut anywhere, of any length."""
        if len(data) < PIECE:
            self._pending += data
            if len(self._pending) >= PIECE:
                self._flush()
            return
        self._flush()
        if isinstance(data, bytes) and len(data) <= 4 * PIECE:
            self._compress(data)
            return
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            self._compress(bytes(view[start : start + PIECE]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self._end()
        elif not self._segments:
            self._archive.forget(self._chunk)

    def _end(self) -> None:
        self._flush()
        if not self._ends_row:
            raise ValueError(f"{self._chunk} ends within a row")
        self._keep(self._frames.end())
        self._archive.record(
            replace(self._chunk, rows=self.rows, bytes=self._bytes, hash=self.hash, segments=tuple(self._segments)),
        )

    def _flush(self) -> None:
        if self._pending:
            self._compress(self._pending)
            self._pending.clear()

    def _compress(self, piece: bytes | bytearray) -> None:
        self.rows += piece.count(b"\n")
        self._bytes += len(piece)
        self._ends_row = piece.endswith(b"\n")
        self._keep(self._frames.feed(piece))

    def _keep(self, frame: bytes | None) -> None:
        if frame:
            self._segments.append(self._archive.append_segment(frame))


class ArchiveReader:
    """An archive whose tail was read; its rows are read on demand. Safe for threads. A context manager, or ``close`` it.

    Whatever the bytes, the only error of its methods is BadArchive, and memory is bounded by the size of a segment.
    """

    def __init__(self, file: ArchiveFile, manifest: Manifest, manifest_offset: int) -> None:
        """Use ``ArchiveReader.open``."""
        self.path = file.path
        self.size = file.size
        self.manifest = manifest
        self._file = file
        self._manifest_offset = manifest_offset

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Reads the first bytes and the tail alone. BadArchive: not an archive, newer, truncated, or with a damaged manifest."""
        file = ArchiveFile(os.fspath(path))
        try:
            return cls(file, *read_tail(file))
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def read_chunk(self, chunk: ArchivedChunk) -> Iterator[bytes]:
        """Its COPY text in pieces that are cut anywhere.

        Each segment is checked before any of it is given out. A wrong number of rows shows at the end only: load in a transaction.
        """
        tally = _Tally(self.path, chunk)
        for segment in chunk.segments:
            yield from tally.pieces(segment, self._file.read(segment.offset, segment.length))
        tally.end()

    def read_section(self, section: Section) -> Iterator[bytes]:
        """The COPY text of all its chunks."""
        for chunk in section.chunks:
            yield from self.read_chunk(chunk)

    def verify(self, report: Reporter = silent) -> tuple[Fault, ...]:
        """Read the whole file, once, and find everything that is wrong with it. Reports bytes of the task ``verify``."""
        report(Started("verify", self.size, "bytes"))
        faults: list[Fault] = []
        digest = hashlib.sha256()
        try:
            digest.update(self._file.read(0, len(MAGIC)))
            for fault in self._segment_faults(digest, report):
                faults.append(fault)
            for offset in range(self._manifest_offset, self.size - DIGEST, PIECE):
                digest.update(self._file.read(offset, min(PIECE, self.size - DIGEST - offset)))
            if not faults and digest.digest() != self._file.read(self.size - DIGEST, DIGEST):
                faults.append(_CHECKSUM_DIFFERS)
        except DamagedArchive as exc:
            faults.extend(exc.faults)
        report(Finished("verify"))
        return tuple(faults)

    def _segment_faults(self, digest: hashlib._Hash, report: Reporter) -> Iterator[Fault]:
        tallies: dict[_Key, _Tally] = {}  # of the chunks that are begun at this place of the file: as many as there were writers
        for segment, chunk in self.manifest.segments():
            key = chunk.kind, chunk.table, chunk.index
            frame = self._file.read(segment.offset, segment.length)
            digest.update(frame)
            try:
                tally = tallies.setdefault(key, _Tally(self.path, chunk))
                for _ in tally.pieces(segment, frame):
                    pass
                if segment == chunk.segments[-1]:
                    tallies.pop(key).end()
            except DamagedArchive as exc:
                yield from exc.faults
            report(Advanced("verify", segment.length))


def verify_archive(path: str | os.PathLike[str], report: Reporter = silent) -> tuple[Fault, ...]:
    """Everything that is wrong with a file, also where it can't even be opened as an archive. Raises nothing."""
    try:
        with ArchiveReader.open(path) as archive:
            return archive.verify(report)
    except DamagedArchive as exc:
        return exc.faults


def open_verified(path: str | os.PathLike[str], report: Reporter = silent) -> ArchiveReader:
    """An archive that was read as a whole and is whole: for whoever is about to write what it holds. BadArchive where it isn't."""
    archive = ArchiveReader.open(path)
    try:
        faults = archive.verify(report)
        if faults:
            raise DamagedArchive(archive.path, *faults)
    except BaseException:
        archive.close()
        raise
    return archive


class _Tally:
    """Checks the segments of one chunk as they are read, one after another, and counts what is in them."""

    def __init__(self, path: str, chunk: ArchivedChunk) -> None:
        self._path = path
        self._chunk = chunk
        self._rows = 0
        self._bytes = 0
        self._last = b"\n"
        self._damaged = False

    def pieces(self, segment: Segment, frame: bytes) -> Iterator[bytes]:
        """The content of one segment's frame. BadArchive: it is damaged."""
        if hashlib.sha256(frame).hexdigest() != segment.sha256:
            raise self._error(FaultCode.DAMAGED, f"the {segment.length} bytes are not those that were written", segment.offset)
        try:
            for piece in decompress(frame, self._chunk.bytes - self._bytes):
                self._rows += piece.count(b"\n")
                self._bytes += len(piece)
                self._last = piece[-1:]
                yield piece
        except FrameError as exc:
            raise self._error(FaultCode.FRAME, str(exc), segment.offset) from exc

    def end(self) -> None:
        """After the last segment. BadArchive: not what the manifest says."""
        chunk = self._chunk
        if self._damaged:
            return  # said already; the counts can't be right
        if self._bytes != chunk.bytes:
            raise self._error(FaultCode.LENGTH, f"it has {self._bytes} bytes, the manifest says {chunk.bytes}")
        if self._rows != chunk.rows or self._last != b"\n":
            cut = "" if self._last == b"\n" else " and a part of one"
            raise self._error(FaultCode.ROWS, f"it has {self._rows} rows{cut}, the manifest says {chunk.rows}")

    def _error(self, code: FaultCode, found: str, offset: int | None = None) -> DamagedArchive:
        self._damaged = True
        return DamagedArchive(self._path, Fault(code=code, object=str(self._chunk), found=found, offset=offset))
