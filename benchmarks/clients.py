"""pgbench as the application: clients that work on the tables all the time, and how long each of their transactions took, and when."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    transactions: int
    p99: float  # ms
    slowest: float  # ms


@dataclass
class Clients:
    """``times`` are (end, as seconds since 1970; milliseconds), of every transaction, once they have stopped."""

    times: list[tuple[float, float]] = field(default_factory=list)

    def between(self, begin: float, end: float) -> Latency:
        """Of the transactions that ended then."""
        chosen = sorted(took for at, took in self.times if begin <= at <= end)
        if not chosen:
            return Latency(transactions=0, p99=0.0, slowest=0.0)
        return Latency(transactions=len(chosen), p99=chosen[len(chosen) * 99 // 100], slowest=chosen[-1])

    @property
    def all(self) -> Latency:
        return self.between(float("-inf"), float("inf"))


@contextmanager
def clients(url: str, program: Path, script: str, number: int, rate: int = 0) -> Iterator[Clients]:
    """Until the body has ended. ``rate``: transactions a second of all; what they wait counts from when they were due then. 0: at once."""
    found = Clients()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.sql").write_text(script)
        paced = ["-R", rate] if rate else []
        command = [program, "-n", "-c", number, "-j", 2, "-T", 36000, *paced]
        command += ["-l", "--log-prefix", folder / "log", "-f", folder / "script.sql"]
        process = subprocess.Popen([*map(str, command), url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            yield found
            if process.poll() is not None:
                raise RuntimeError(f"the clients ended: {process.stderr.read() if process.stderr else ''}")
        finally:
            process.terminate()
            process.communicate()
        lines = [line.split() for file in folder.glob("log.*") for line in file.read_text().splitlines()]
    # an unfinished last line has fewer words
    found.times = [(int(words[4]) + int(words[5]) / 1e6, int(words[2]) / 1000) for words in lines if len(words) >= 6 and words[2].isdigit()]
