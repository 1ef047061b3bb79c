"""Seconds and peak memory of programs, their children included; servers are not counted."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    peak: int  # bytes resident, of all its processes at the same time
    output: str = ""

    def __add__(self, other: Measured) -> Measured:
        """One after the other."""
        return Measured(self.seconds + other.seconds, max(self.peak, other.peak), other.output)


NOTHING = Measured(0.0, 0)


def run(command: Sequence[str], environ: Mapping[str, str]) -> Measured:
    """One program; what it printed is in ``output``. RuntimeError where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with Watch([process.pid]) as watch:
        output, errors = process.communicate()
    _check(command, process.returncode, errors)
    return Measured(time.perf_counter() - started, watch.peak, output)


def pipe(first: Sequence[str], second: Sequence[str], environ: Mapping[str, str], into: IO[bytes] | None = None) -> Measured:
    """``first | second``, optionally ``> into``."""
    started = time.perf_counter()
    one = subprocess.Popen(first, env=dict(environ), stdout=subprocess.PIPE)
    two = subprocess.Popen(second, env=dict(environ), stdin=one.stdout, stdout=into or subprocess.DEVNULL)
    assert one.stdout is not None
    one.stdout.close()  # so that the first one notices when the second one ends
    with Watch([one.pid, two.pid]) as watch:
        codes = two.wait(), one.wait()
    _check(second, codes[0], "")
    _check(first, codes[1], "")
    return Measured(time.perf_counter() - started, watch.peak)


def _check(command: Sequence[str], code: int, errors: str) -> None:
    if code != 0:
        raise RuntimeError(f"{' '.join(command)[:300]} ended with {code}: {errors[-2000:]}")


class Watch:
    """Adds up the resident memory of processes and all that they start, some fifty times a second, and keeps the largest sum."""

    def __init__(self, pids: Sequence[int]) -> None:
        self.peak = 0
        self._pids = tuple(pids)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._poll)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            self.peak = max(self.peak, sum(_resident(pid) for pid in self._pids))


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    lines = (line.split() for line in status.splitlines() if line.startswith("VmRSS:"))
    return sum(int(line[1]) * 1024 for line in lines) + sum(_resident(int(child)) for child in children)
