"""The archive's container: what stands at its beginning and its end, and reads in between."""

from __future__ import annotations

import os
import re
import stat

from exports.faults import FILE, DamagedArchive, Fault, FaultCode
from exports.frames import FrameError, decompress
from exports.manifest import LONGEST_MANIFEST, Manifest, find_layout_fault, parse_manifest
from exports.partial import reason

MAGIC = b"ORGLIFT1\n"
OFFSET = 8  # bytes of the manifest's offset, before the digest
DIGEST = 32  # bytes of the SHA-256 at the end


class ArchiveFile:
    """A regular file, read at offsets: threads don't disturb each other."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # else a pipe without a writer would block
        except OSError as exc:
            raise self.error(FaultCode.UNREADABLE, f"cannot be read: {reason(exc)}") from exc
        status = os.fstat(self._descriptor)
        self.size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise self.error(FaultCode.FOREIGN, "is not a regular file")

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes. BadArchive: there are not as many, or the disk fails."""
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as exc:
            raise self.error(FaultCode.UNREADABLE, f"cannot be read: {reason(exc)}", offset) from exc
        if len(data) < length:
            raise self.error(FaultCode.TRUNCATED, f"ends after {len(data)} of {length} bytes", offset)
        return data

    def error(self, code: FaultCode, found: str, offset: int | None = None) -> DamagedArchive:
        return DamagedArchive(self.path, Fault(code=code, object=FILE, found=found, offset=offset))


def read_tail(file: ArchiveFile) -> tuple[Manifest, int]:
    """The manifest, checked against itself and against the file's length, and where it begins."""
    _check_magic(file)
    end = file.size - OFFSET - DIGEST
    begin = int.from_bytes(file.read(end, OFFSET), "big") if end > len(MAGIC) else 0
    if not (len(MAGIC) <= begin < end and end - begin <= LONGEST_MANIFEST):
        raise file.error(FaultCode.TRUNCATED, "its end is not the end of an archive: it was cut off, or something was appended", file.size)
    try:
        text = b"".join(decompress(file.read(begin, end - begin), LONGEST_MANIFEST))
    except FrameError as exc:
        raise file.error(FaultCode.TRUNCATED, f"there is no manifest: {exc}; it was cut off or damaged", begin) from exc
    manifest = parse_manifest(text)
    if isinstance(manifest, Fault):
        raise DamagedArchive(file.path, manifest)
    fault = find_layout_fault(manifest, len(MAGIC), begin)
    if fault:
        raise DamagedArchive(file.path, fault)
    return manifest, begin


def _check_magic(file: ArchiveFile) -> None:
    head = file.read(0, min(len(MAGIC), file.size))
    if head == MAGIC:
        return
    if re.fullmatch(rb"ORGLIFT[2-9]\n", head):
        raise file.error(FaultCode.NEWER, f"newer format {head[7:8].decode()}, this version reads 1")
    if head and MAGIC.startswith(head):
        raise file.error(FaultCode.TRUNCATED, f"ends after {len(head)} bytes")
    found = "does not begin as an archive does" if head else "is empty"
    raise file.error(FaultCode.FOREIGN, found, 0)
