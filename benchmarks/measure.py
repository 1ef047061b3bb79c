"""Seconds, processor time and peak memory of programs, their children included; of servers the processor time alone.

A machine that does other work as well makes seconds longer and leaves processor time much as it is: so both are kept.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    peak: int  # bytes resident, of all its processes at the same time
    output: str = ""
    clients: float = 0.0  # seconds of processor time, of the programs
    servers: float = 0.0  # the same, of all servers with their processes

    def __add__(self, other: Measured) -> Measured:
        """One after the other."""
        return Measured(
            seconds=self.seconds + other.seconds,
            peak=max(self.peak, other.peak),
            output=other.output,
            clients=self.clients + other.clients,
            servers=self.servers + other.servers,
        )

    @property
    def processor(self) -> float:
        """Seconds of processor time, of everybody."""
        return self.clients + self.servers


NOTHING = Measured(0.0, 0)


@dataclass
class _Reading:
    """What is being measured; ``result`` once it is over."""

    output: str = ""
    peak: int = 0
    result: Measured = NOTHING


@dataclass(frozen=True, slots=True)
class Meter:
    """Runs programs and measures them, and the servers with the process ids ``servers`` as well."""

    servers: tuple[int, ...] = field(default=())

    @contextmanager
    def reading(self) -> Iterator[_Reading]:
        """Measures what happens within the context."""
        reading = _Reading()
        clients, servers, started = _spent_by_children(), self._spent(), time.perf_counter()
        yield reading
        seconds = time.perf_counter() - started
        spent = _spent_by_children() - clients, self._spent() - servers
        reading.result = Measured(seconds, reading.peak, reading.output, *spent)

    def run(self, command: Sequence[str], environ: Mapping[str, str], *, fine: Collection[int] = (0,)) -> Measured:
        """One program; what it printed is in ``output``. RuntimeError where it ends with another code than ``fine`` ones."""
        with self.reading() as reading:
            process = subprocess.Popen(command, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            with Watch([process.pid]) as watch:
                reading.output, errors = process.communicate()
            if process.returncode not in fine:
                _check(command, process.returncode, errors)
            reading.peak = watch.peak
        return reading.result

    def pipe(self, first: Sequence[str], second: Sequence[str], environ: Mapping[str, str], into: IO[bytes] | None = None) -> Measured:
        """``first | second``, optionally ``> into``."""
        with self.reading() as reading:
            one = subprocess.Popen(first, env=dict(environ), stdout=subprocess.PIPE)
            two = subprocess.Popen(second, env=dict(environ), stdin=one.stdout, stdout=into or subprocess.DEVNULL)
            assert one.stdout is not None
            one.stdout.close()  # so that the first one notices when the second one ends
            with Watch([one.pid, two.pid]) as watch:
                codes = two.wait(), one.wait()
            _check(second, codes[0], "")
            _check(first, codes[1], "")
            reading.peak = watch.peak
        return reading.result

    def _spent(self) -> float:
        return sum(_spent_by_server(pid) for pid in self.servers)


def _spent_by_children() -> float:
    """Of our own programs that have ended, with theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _spent_by_server(pid: int) -> float:
    """Of a server, its processes that run and those that have ended."""
    own, ended = _processor(pid)
    return own + ended + sum(_processor(child)[0] for child in _children(pid))


def _processor(pid: int) -> tuple[float, float]:
    """Seconds of a process, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    user, system, user_ended, system_ended = (int(each) / _TICKS for each in fields[11:15])
    return user + system, user_ended + system_ended


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


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
    except (FileNotFoundError, ProcessLookupError):
        return 0
    lines = (line.split() for line in status.splitlines() if line.startswith("VmRSS:"))
    return sum(int(line[1]) * 1024 for line in lines) + sum(_resident(child) for child in _children(pid))
