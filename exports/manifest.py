"""What an archive says of itself: frozen values, their JSON, and the checks that the values agree with each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Annotated, Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, Field, JsonValue, PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from exports.faults import FILE, Fault, FaultCode
from exports.frames import LONGEST_FRAME
from splitter.errors import BugError, scrub
from splitter.layout import IdLayout
from splitter.schema import TableName, split_name

_Name = TypeVar("_Name")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,40}")

FORMAT: Final = 1
LONGEST_MANIFEST = 64 << 20  # bytes of JSON: the places of some 400,000 frames, terabytes of rows


def _parse_table(value: object) -> TableName:
    if not isinstance(value, str):
        raise ValueError("is not a text")
    parts = split_name(value)
    if len(parts) > 2:
        raise ValueError("has more than two parts")
    return TableName(*parts) if len(parts) == 2 else TableName("public", *parts)


def _parse_sum(value: object) -> int:
    if not isinstance(value, str) or not _WHOLE_NUMBER.fullmatch(value):
        raise ValueError("is not a text of at most 40 digits")
    return int(value)


_Count = Annotated[int, Field(ge=0, lt=1 << 63)]
_Table = Annotated[TableName, PlainValidator(_parse_table), PlainSerializer(str, return_type=str)]
_Sum = Annotated[int, PlainValidator(_parse_sum), PlainSerializer(str, return_type=str)]  # beyond what JSON numbers hold exactly
_Length = Annotated[int, Field(gt=0, le=LONGEST_FRAME)]
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class SectionKind(str, Enum):
    """What a section's lines are."""

    ROWS = "rows"  # the organization's rows
    NATURAL = "natural"  # ids and natural keys of rows that the archive refers to and doesn't carry


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of the file's bytes: one zstd frame. ``sha256`` is of the bytes as they stand in the file."""

    offset: _Count
    length: _Length
    sha256: _Sha256

    @property
    def end(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedChunk:
    """Some rows of a table, whole rows, in one or more segments."""

    kind: SectionKind = SectionKind.ROWS
    table: _Table
    index: _Count
    rows: _Count
    bytes: _Count  # of COPY text, before compression
    hash: _Sum | None = None  # content hash as the source computed it; None where it was asked not to
    bounds: JsonValue = None  # what the exporter needs to find the same rows again at the source
    segments: tuple[Segment, ...] = ()

    def __str__(self) -> str:
        return f"{describe(self.kind, self.table)}, chunk {self.index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedColumn:
    """A column of a section's lines, in their order. ``id``: its values hold ids, which another archive may have otherwise."""

    name: str
    type: str  # without modifiers and domains, as ``splitter.schema.Column.base_type``
    declared: str | None = None  # with its modifiers, where it has some: what its values are known to keep to
    id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table of the archive. ``keys``, of a natural section: its natural keys; the first one without NULL counts."""

    name: _Table
    columns: tuple[ArchivedColumn, ...]
    rule: str | None = None  # why its rows are here: owned, referenced, ...
    keys: tuple[tuple[str, ...], ...] = ()
    rows: _Count = 0
    chunks: tuple[ArchivedChunk, ...] = ()

    @property
    def hash(self) -> int | None:
        """The sum of its chunks' content hashes; None where one has none."""
        hashes = [chunk.hash for chunk in self.chunks if chunk.hash is not None]
        return sum(hashes) if len(hashes) == len(self.chunks) else None

    @property
    def bytes(self) -> int:
        return sum(chunk.bytes for chunk in self.chunks)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedOrganization:
    """Keys as text. ``after`` is None where only the import can say."""

    before: str
    after: str | None
    slug: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedSource:
    """The database that the rows came from, and when in its life."""

    region: str
    origin: _Count | None  # None: a database that no control issued an origin to; ids are as they were there
    database: str  # the uuid of its identity, or the physical identity where it has none
    installation: str | None = None  # the uuid of the control that numbered its origins; None: there is none, or it was not asked
    server_version: _Count
    snapshot_lsn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All that ``inspect`` shows. ``tables`` stand in load order; the writer fills in the rows and chunks of sections."""

    format: Literal[1] = FORMAT
    orglift: str  # the version that wrote it
    created_at: AwareDatetime
    organization: ArchivedOrganization
    source: ArchivedSource
    to: str | None = None  # the region that it was made for
    relocation: str | None = None
    generation: _Count | None = None
    ids: IdLayout = field(default_factory=IdLayout)
    tables: tuple[Section, ...]
    natural: tuple[Section, ...] = ()
    notes: dict[str, JsonValue] = field(default_factory=dict)  # never anything secret

    def sections(self) -> Iterator[tuple[SectionKind, Section]]:
        yield from ((SectionKind.ROWS, section) for section in self.tables)
        yield from ((SectionKind.NATURAL, section) for section in self.natural)

    def section(self, kind: SectionKind, name: TableName) -> Section | None:
        return next((section for each, section in self.sections() if (each, section.name) == (kind, name)), None)

    def chunks(self) -> Iterator[ArchivedChunk]:
        """All chunks, table after table in load order, each table's by index."""
        for _, section in self.sections():
            yield from section.chunks

    def segments(self) -> list[tuple[Segment, ArchivedChunk]]:
        """All segments as they follow each other in the file."""
        return sorted(((segment, chunk) for chunk in self.chunks() for segment in chunk.segments), key=lambda each: each[0].offset)


class _Head(BaseModel):
    """What every format has, for the message about a newer one."""

    format: int
    orglift: str = "unknown"


_MANIFEST = TypeAdapter(Manifest)
_NOTES = TypeAdapter(dict[str, JsonValue])


def describe(kind: SectionKind, table: TableName) -> str:
    """The name of a section in messages."""
    return f"table {table}" if kind is SectionKind.ROWS else f"natural keys of {table}"


def render_manifest(manifest: Manifest) -> bytes:
    """Its JSON. BugError: it holds a password, or is larger than a reader accepts."""
    text = _MANIFEST.dump_json(manifest)
    notes = _NOTES.dump_json(manifest.notes).decode()
    if scrub(notes) != notes:
        raise BugError("the archive's notes hold a password")
    if len(text) > LONGEST_MANIFEST:
        raise BugError(f"the archive's manifest has {len(text)} bytes, its limit is {LONGEST_MANIFEST}", hint="make larger chunks")
    return text


def parse_manifest(text: bytes) -> Manifest | Fault:
    """The manifest, or what is wrong with it; nothing in ``text`` raises."""
    try:
        manifest = _MANIFEST.validate_json(text, strict=True, extra="forbid")
    except ValidationError as exc:
        return _newer(text) or _manifest_fault(_first_error(exc))
    complaint = next(_complaints(manifest), None)
    return _manifest_fault(complaint) if complaint else manifest


def find_layout_fault(manifest: Manifest, begin: int, end: int) -> Fault | None:
    """The first byte of ``begin``..``end`` that no segment covers, or that two do; None: each byte belongs to exactly one."""
    position, last = begin, "the file's beginning"
    for segment, chunk in manifest.segments():
        if segment.offset != position:
            relation = "a gap of" if segment.offset > position else "an overlap of"
            found = f"{relation} {abs(segment.offset - position)} bytes between {last} and {chunk}"
            return Fault(code=FaultCode.LAYOUT, object=FILE, offset=min(position, segment.offset), found=found)
        position, last = segment.end, str(chunk)
    if position == end:
        return None
    relation = "a gap of" if position < end else "an overlap of"
    found = f"{relation} {abs(end - position)} bytes between {last} and the manifest"
    return Fault(code=FaultCode.LAYOUT, object=FILE, offset=min(position, end), found=found)


def _manifest_fault(found: str) -> Fault:
    return Fault(code=FaultCode.MANIFEST, object="manifest", found=found)


def _newer(text: bytes) -> Fault | None:
    try:
        head = _Head.model_validate_json(text)
    except ValidationError:
        return None
    if head.format <= FORMAT:
        return None
    found = f"newer format {head.format}, this version reads {FORMAT}; it was written by orglift {head.orglift[:40]}"
    return Fault(code=FaultCode.NEWER, object="manifest", found=found)


def _first_error(exc: ValidationError) -> str:
    error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"{place}: {message}"[:300] if place else message[:300]


def _complaints(manifest: Manifest) -> Iterator[str]:
    if not 0 < manifest.ids.serial_bits < manifest.ids.bits <= 63:
        yield f"ids: {manifest.ids.serial_bits} of {manifest.ids.bits} bits is not a layout"
    names = Counter((kind, section.name) for kind, section in manifest.sections())
    yield from (f"{describe(*name)} occurs twice" for name in _repeated(names))
    for kind, section in manifest.sections():
        yield from (f"{describe(kind, section.name)}: {complaint}" for complaint in _section_complaints(kind, section))


def _section_complaints(kind: SectionKind, section: Section) -> Iterator[str]:
    columns = Counter(column.name for column in section.columns)
    yield from (f"column {name!r} occurs twice" for name in _repeated(columns))
    yield from (f"key column {name!r} is not one of its columns" for key in section.keys for name in key if name not in columns)
    indexes = [chunk.index for chunk in section.chunks]
    if any(after <= before for before, after in pairwise(indexes)):
        yield "its chunks are not in order"
    if section.rows != sum(chunk.rows for chunk in section.chunks):
        yield f"it has {section.rows} rows, its chunks have {sum(chunk.rows for chunk in section.chunks)}"
    for chunk in section.chunks:
        yield from (f"chunk {chunk.index}: {complaint}" for complaint in _chunk_complaints(kind, section, chunk))


def _chunk_complaints(kind: SectionKind, section: Section, chunk: ArchivedChunk) -> Iterator[str]:
    if (chunk.kind, chunk.table) != (kind, section.name):
        yield f"it says that it belongs to {describe(chunk.kind, chunk.table)}"
    if chunk.rows > chunk.bytes or bool(chunk.rows) != bool(chunk.bytes) or bool(chunk.rows) != bool(chunk.segments):
        yield f"{chunk.rows} rows in {chunk.bytes} bytes and {len(chunk.segments)} segments"
    if any(after.offset < before.end for before, after in pairwise(chunk.segments)):
        yield "its segments are not in order"


def _repeated(names: Counter[_Name]) -> Iterable[_Name]:
    return (name for name, count in names.items() if count > 1)
