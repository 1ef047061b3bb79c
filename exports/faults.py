"""What may be wrong with an archive, as values: each fault names the place, what was found there, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from splitter.errors import BadArchive, Problem

FILE = "file"  # the object of a fault that isn't in the manifest or a chunk
_REMAKE = "copy the file again from where it was made, or make it again with `exports org`"


class FaultCode(str, Enum):
    """Stable: they stand in the JSON of `exports verify`."""

    UNREADABLE = "unreadable"  # the file system refuses
    FOREIGN = "not-an-archive"
    NEWER = "newer-format"
    TRUNCATED = "truncated"  # the end of the file isn't the end of an archive
    MANIFEST = "manifest"  # it doesn't decompress, parse, or agree with itself
    LAYOUT = "layout"  # bytes that no chunk covers, or that two cover
    DAMAGED = "damaged"  # bytes of a chunk aren't those that were written
    FRAME = "frame"  # a chunk's bytes are as they were written, yet don't decompress to what the manifest says
    LENGTH = "length"
    ROWS = "rows"
    CHECKSUM = "checksum"  # of the whole file


_REMEDIES = {
    FaultCode.UNREADABLE: "check the path and the file's rights",
    FaultCode.FOREIGN: "give a file that `exports org` wrote",
    FaultCode.NEWER: "use the version of orglift that wrote it, or a newer one",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: where (the object, and the first byte in question where there is one) and what was found."""

    code: FaultCode
    object: str
    found: str
    offset: int | None = None

    @property
    def remedy(self) -> str:
        return _REMEDIES.get(self.code, _REMAKE)

    @property
    def problem(self) -> Problem:
        """The same in the shape of every report of problems."""
        return Problem(code=self.code.value, object=self.object, found=str(self), remedy=self.remedy)

    def __str__(self) -> str:
        place = [self.object] * (self.object != FILE) + [f"byte {self.offset}"] * (self.offset is not None)
        return f"{', '.join(place)}: {self.found}" if place else self.found


class DamagedArchive(BadArchive):
    """the archive cannot be used"""

    def __init__(self, archive: str, *faults: Fault) -> None:
        """``archive`` is the file's path; the first of ``faults`` is what the message tells."""
        first, more = faults[0], len(faults) - 1
        others = f" (and {more} more faults: `exports verify` lists them)" if more else ""
        super().__init__(f"archive {archive!r}: {first}{others}", hint=first.remedy, problems=[fault.problem for fault in faults])
        self.faults = faults
