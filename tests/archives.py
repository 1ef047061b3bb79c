"""Small archives to test with, whole ones and ones that lie."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from exports.archive import ArchiveReader, ArchiveWriter
from exports.copy_text import format_line
from exports.frames import compress
from exports.manifest import ArchivedColumn, ArchivedOrganization, ArchivedSource, Manifest, Section, SectionKind, render_manifest
from splitter.schema import TableName

PROJECT = TableName("public", "project")
EVENT = TableName("we.ird", 'e"vent')
PLAN = TableName("public", "plan")
COLUMNS = (ArchivedColumn(name="id", type="bigint", id=True), ArchivedColumn(name="name", type="text"))

Row = tuple[str | None, ...]


def draft(tables: Sequence[Section] = (), natural: Sequence[Section] = ()) -> Manifest:
    return Manifest(
        orglift="0.1.0",
        created_at=datetime(2026, 11, 21, 2, 30, tzinfo=UTC),
        organization=ArchivedOrganization(before="5", after="68719476741", slug="acme"),
        source=ArchivedSource(region="us", origin=1, database="0b0e", server_version=150018, snapshot_lsn="0/19F2A68"),
        to="de",
        relocation="7",
        generation=1,
        tables=tuple(tables),
        natural=tuple(natural),
    )


def section(name: TableName, columns: Sequence[ArchivedColumn] = COLUMNS, keys: Sequence[Sequence[str]] = ()) -> Section:
    return Section(name=name, columns=tuple(columns), rule="owned", keys=tuple(tuple(key) for key in keys))


def write_archive(path: Path, rows: Mapping[TableName, Sequence[Row]], columns: Sequence[ArchivedColumn] = COLUMNS) -> Path:
    """An archive with one chunk of these rows a table."""
    with ArchiveWriter(path, draft([section(name, columns) for name in rows])) as writer:
        for name, lines in rows.items():
            with writer.chunk(name, 0) as chunk:
                for line in lines:
                    chunk.write(format_line(line))
    return path


def write_small(path: Path) -> Path:
    """Two chunks of a table, none of another, one of natural keys."""
    with ArchiveWriter(path, draft([section(PROJECT), section(EVENT)], [section(PLAN, keys=[["name"]])])) as writer:
        with writer.chunk(PROJECT, 1, bounds={"low": 3}) as chunk:
            chunk.write(b"3\tthird\n")
        with writer.chunk(PROJECT, 0) as chunk:
            chunk.write(b"1\tfirst\n2\t\\N\n")
            chunk.hash = -(2**70)
        with writer.chunk(PLAN, 0, kind=SectionKind.NATURAL) as chunk:
            chunk.write(b"9\tfree\n")
        writer.note("dangling", {"event.project_id": 2})
    return path


def rows_of(archive: ArchiveReader, section: Section) -> bytes:
    return b"".join(archive.read_section(section))


def seal(body: bytes, manifest: bytes) -> bytes:
    """A container that is whole, whatever its manifest says."""
    head = body + compress(manifest, 1) + len(body).to_bytes(8, "big")
    return head + hashlib.sha256(head).digest()


def forge(path: Path, **changes: object) -> Path:
    """The archive with a manifest that says otherwise, its tail made anew."""
    whole = path.read_bytes()
    with ArchiveReader.open(path) as archive:
        manifest = replace(archive.manifest, **changes)  # type: ignore[arg-type]
    path.write_bytes(seal(whole[: int.from_bytes(whole[-40:-32], "big")], render_manifest(manifest)))
    return path


def peak(action: Callable[[], object]) -> int:
    """The most bytes that Python held while ``action`` ran."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
