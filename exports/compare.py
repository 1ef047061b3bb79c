"""Two archives compared, down to the rows that differ, in bounded memory.

Every table is read once on either side, its rows counted and summed in 65,536 buckets by their hash. Equal sums are equal rows, in
whatever order. Of a table that differs, only the rows of differing buckets are looked at again, and no more of them than fit a budget.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

from exports.archive import ArchiveReader
from exports.copy_text import parse_line, project, split_lines
from exports.faults import DamagedArchive, Fault, FaultCode
from exports.manifest import Section, SectionKind, describe
from splitter.events import Advanced, Finished, Reporter, Started, silent
from splitter.schema import TableName

_BUCKETS = 1 << 16
_BUDGET = 200_000  # rows whose hashes are held at once
_LONGEST = 200  # characters that a difference shows of a value
_64_BITS = (1 << 64) - 1


class DifferenceKind(str, Enum):
    """In what two archives may differ; ``a`` is the first, ``b`` the second."""

    ONLY_IN_A = "only-in-a"  # a table
    ONLY_IN_B = "only-in-b"
    COLUMNS = "columns"  # names or types; the rows are compared by the columns that both have
    ROWS = "rows"  # how many; some of the rows themselves follow
    ROW_ONLY_IN_A = "row-only-in-a"
    ROW_ONLY_IN_B = "row-only-in-b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. Of a row: the values of the compared columns, long ones cut, and how many more of it this side has."""

    kind: DifferenceKind
    object: str
    found: str
    columns: tuple[str, ...] = ()
    row: tuple[str | None, ...] = ()
    count: int = 0


def compare(
    a: ArchiveReader, b: ArchiveReader, *, ignore_ids: bool = False, limit: int = 20, report: Reporter = silent
) -> tuple[Difference, ...]:
    """How the tables and natural keys of two archives differ; rows count as multisets.

    ``ignore_ids`` leaves out the columns that either manifest marks as ids; ``limit`` is the number of rows shown per table and side.
    Reports rows of the task ``compare``. BadArchive: one of them is damaged.
    """
    pairs = _pairs(a, b)
    report(Started("compare", sum(section.rows for pair in pairs.values() for section in pair if section)))
    found: list[Difference] = []
    for (kind, name), (in_a, in_b) in pairs.items():
        what = describe(kind, name)
        if in_a and in_b:
            found.extend(_SectionPair(what, (a, in_a), (b, in_b), ignore_ids).differences(limit, report))
        else:
            found.append(_only_in_one(what, in_a, in_b))
    report(Finished("compare"))
    return tuple(found)


def _pairs(a: ArchiveReader, b: ArchiveReader) -> dict[tuple[SectionKind, TableName], tuple[Section | None, Section | None]]:
    of_a = {(kind, section.name): section for kind, section in a.manifest.sections()}
    of_b = {(kind, section.name): section for kind, section in b.manifest.sections()}
    return {key: (of_a.get(key), of_b.get(key)) for key in dict.fromkeys([*of_a, *of_b])}


def _only_in_one(what: str, in_a: Section | None, in_b: Section | None) -> Difference:
    kind, side = (DifferenceKind.ONLY_IN_A, "first") if in_a else (DifferenceKind.ONLY_IN_B, "second")
    section = in_a or in_b
    rows = section.rows if section else 0
    return Difference(kind=kind, object=what, found=f"only the {side} archive has it, with {rows} rows", count=rows)


class _SectionPair:
    """A table that both archives have."""

    def __init__(self, what: str, a: tuple[ArchiveReader, Section], b: tuple[ArchiveReader, Section], ignore_ids: bool) -> None:
        self._what = what
        ignored = _ids(a[1]) | _ids(b[1]) if ignore_ids else frozenset()
        self._types = tuple({c.name: c.type for c in section.columns if c.name not in ignored} for _, section in (a, b))
        self._columns = tuple(name for name in self._types[0] if name in self._types[1])
        self._a, self._b = (_Side(what, archive, section, self._columns) for archive, section in (a, b))

    def differences(self, limit: int, report: Reporter) -> Iterator[Difference]:
        complaints = "; ".join(self._column_complaints())
        if complaints:
            yield Difference(kind=DifferenceKind.COLUMNS, object=self._what, found=complaints)
        a, b = _Tally(self._a, report), _Tally(self._b, report)
        differing = a.differing(b)
        if differing:
            looked_at = _affordable(differing, a, b)
            yield from self._rows(_surplus(self._a, self._b, looked_at), len(looked_at) == len(differing), limit)

    def _column_complaints(self) -> Iterator[str]:
        in_a, in_b = self._types
        yield from (f"column {name!r} is only in the first" for name in in_a if name not in in_b)
        yield from (f"column {name!r} is only in the second" for name in in_b if name not in in_a)
        for name in self._columns:
            if in_a[name] != in_b[name]:
                yield f"column {name!r} is {in_a[name]} in the first, {in_b[name]} in the second"

    def _rows(self, surplus: dict[int, int], complete: bool, limit: int) -> Iterator[Difference]:
        more_in_a = {value: count for value, count in surplus.items() if count > 0}
        more_in_b = {value: -count for value, count in surplus.items() if count < 0}
        only = f"{sum(more_in_a.values())} only in the first, {sum(more_in_b.values())} only in the second"
        sizes = f"{self._a.section.rows} rows in the first, {self._b.section.rows} in the second"
        yield Difference(kind=DifferenceKind.ROWS, object=self._what, found=f"{sizes}; {'' if complete else 'at least '}{only}")
        yield from self._shown(DifferenceKind.ROW_ONLY_IN_A, self._a, more_in_a, limit)
        yield from self._shown(DifferenceKind.ROW_ONLY_IN_B, self._b, more_in_b, limit)

    def _shown(self, kind: DifferenceKind, side: _Side, more: dict[int, int], limit: int) -> list[Difference]:
        wanted = {value: more[value] for value in sorted(more)[:limit]}
        rows = sorted(((_values(line) if self._columns else (), wanted[value]) for value, line in side.find(set(wanted))), key=str)
        where = "first" if kind is DifferenceKind.ROW_ONLY_IN_A else "second"
        found = f"only in the {where}"
        return [Difference(kind=kind, object=self._what, found=found, columns=self._columns, row=row, count=count) for row, count in rows]


class _Side:
    """A section of one archive, seen through the columns that are compared."""

    def __init__(self, what: str, archive: ArchiveReader, section: Section, columns: tuple[str, ...]) -> None:
        self.section = section
        self._what = what
        self._archive = archive
        names = [column.name for column in section.columns]
        positions = tuple(names.index(name) for name in columns)
        self._positions = None if positions == tuple(range(len(names))) else positions

    def lines(self, report: Reporter = silent) -> Iterator[bytes]:
        for chunk in self.section.chunks:
            yield from self._projected(split_lines(self._archive.read_chunk(chunk)))
            report(Advanced("compare", chunk.rows))

    def find(self, wanted: set[int]) -> Iterator[tuple[int, bytes]]:
        """One line of each hash in ``wanted``, which it empties."""
        for line in self.lines() if wanted else ():
            value = _hash(line)
            if value in wanted:
                wanted.remove(value)
                yield value, line
                if not wanted:
                    return

    def _projected(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        if self._positions is None:
            return lines
        return self._project(lines, self._positions)

    def _project(self, lines: Iterator[bytes], positions: tuple[int, ...]) -> Iterator[bytes]:
        try:
            for line in lines:
                yield project(line, positions)
        except IndexError as exc:
            found = f"a row has fewer fields than the {len(self.section.columns)} columns"
            raise DamagedArchive(self._archive.path, Fault(code=FaultCode.ROWS, object=self._what, found=found)) from exc


class _Tally:
    """How many rows of a side fall into each bucket, and the sum of their hashes."""

    def __init__(self, side: _Side, report: Reporter) -> None:
        self._sums = array("Q", bytes(8 * _BUCKETS))
        self._counts = array("Q", bytes(8 * _BUCKETS))
        for line in side.lines(report):
            value = _hash(line)
            bucket = value >> 48
            self._sums[bucket] = (self._sums[bucket] + value) & _64_BITS
            self._counts[bucket] += 1

    def differing(self, other: _Tally) -> list[int]:
        """The buckets that don't hold the same rows."""
        if (self._sums, self._counts) == (other._sums, other._counts):
            return []  # the usual case, without a look at every bucket
        return [bucket for bucket in range(_BUCKETS) if self._bucket(bucket) != other._bucket(bucket)]

    def rows(self, bucket: int) -> int:
        return self._counts[bucket]

    def _bucket(self, number: int) -> tuple[int, int]:
        return self._counts[number], self._sums[number]


def _affordable(buckets: list[int], a: _Tally, b: _Tally) -> frozenset[int]:
    """As many of ``buckets`` as have few enough rows; at least one."""
    chosen: set[int] = set()
    rows = 0
    for bucket in buckets:
        rows += a.rows(bucket) + b.rows(bucket)
        if chosen and rows > _BUDGET:
            break
        chosen.add(bucket)
    return frozenset(chosen)


def _surplus(a: _Side, b: _Side, buckets: Collection[int]) -> dict[int, int]:
    """Of the rows in ``buckets``, by hash: how many more ``a`` has than ``b``."""
    counts: Counter[int] = Counter()
    for side, sign in ((a, 1), (b, -1)):
        for line in side.lines():
            value = _hash(line)
            if value >> 48 in buckets:
                counts[value] += sign
    return counts


def _ids(section: Section) -> frozenset[str]:
    return frozenset(column.name for column in section.columns if column.id)


def _hash(line: bytes) -> int:
    return int.from_bytes(hashlib.md5(line, usedforsecurity=False).digest()[:8], "big")


def _values(line: bytes) -> tuple[str | None, ...]:
    try:
        values = parse_line(line)
    except ValueError:  # not COPY text: shown as it is
        values = tuple(line.decode(errors="backslashreplace").split("\t"))
    return tuple(value if value is None or len(value) <= _LONGEST else f"{value[:_LONGEST]}…" for value in values)
