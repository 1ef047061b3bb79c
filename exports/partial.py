"""A file that takes its place whole or not at all: written beside it as FILE.partial, synced, renamed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat

from splitter.errors import FailedError, RefusedError, UsageError


class PartialFile:
    """Only its owner may read it. What another process left behind is overwritten; one that still runs is not."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._place = os.path.realpath(path)  # a symbolic link stays one
        self._partial = f"{self._place}.partial"
        self._descriptor = -1

    def open(self) -> None:
        """UsageError: it can't be made there. RefusedError: another process is writing it."""
        try:
            if os.path.lexists(self._place) and not stat.S_ISREG(os.stat(self._place).st_mode):
                raise UsageError(f"cannot write {self.path!r}: it exists and is not a regular file", hint="give another path")
            self._descriptor = self._open_alone()
        except OSError as exc:
            hint = "give a path in a folder that exists and that you may write to"
            raise UsageError(f"cannot write {self.path!r}: {reason(exc)}", hint=hint) from exc

    def write(self, data: bytes) -> None:
        """FailedError where the disk is full or fails; what was written before it counts for nothing then."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as exc:
            raise self._failed(exc) from exc

    def commit(self) -> None:
        """Put it in its place, for good once this returns: synced before the rename, and the folder after it."""
        try:
            os.fsync(self._descriptor)
            os.replace(self._partial, self._place)
            _sync_folder(os.path.dirname(self._place))
        except OSError as exc:
            raise self._failed(exc) from exc
        self._close()

    def discard(self) -> None:
        """Leave nothing behind; does nothing after ``commit``."""
        if self._descriptor >= 0:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._partial)
            self._close()

    def _open_alone(self) -> int:
        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._partial, flags, 0o600)
            try:
                if self._lock(descriptor):
                    os.fchmod(descriptor, 0o600)
                    os.ftruncate(descriptor, 0)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _lock(self, descriptor: int) -> bool:
        """False where the one who had the lock before us has renamed or deleted what we opened: truncating it would destroy his file."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise RefusedError(f"another process is writing {self.path!r}", hint="wait for it, or give another path") from exc
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._partial, follow_symlinks=False))
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def _failed(self, exc: OSError) -> FailedError:
        hint = "nothing is left of it; make room or give another path, then run the same command again"
        return FailedError(f"cannot write {self.path!r}: {reason(exc)}", hint=hint)


def reason(exc: OSError) -> str:
    """What the operating system says, as a part of a message."""
    return (exc.strerror or str(exc)).lower()


def _sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
