"""What was measured, as Markdown for the README and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.measure import Measured

TITLES = {
    "pipe": "`psql` COPY binary into `psql`, table after table (no rewriting, no proof)",
    "orglift": "**`relocate start`**",
    "orglift, no hashes": "**`relocate start --no-hashes`**",
    "slice + dump + restore": "slice, `pg_dump -Fd -j2`, `pg_restore -j2` into an empty database",
    "slice": "– of it the slice",
    "dump": "– the dump",
    "restore": "– the restore",
    "indexes": "– keys and indexes",
    "zstd": "`COPY … \\| zstd -1`, table after table",
    "exports": "**`exports org`**",
}
RIVALS = {"exports": "zstd", "zstd": "zstd"}  # what a line is compared with, all others with the pipe; itself: with nothing


@dataclass
class Results:
    rows: int
    scale: float
    server: str
    machine: str
    rounds: dict[str, list[Measured]] = field(default_factory=dict)
    points: dict[tuple[float, float], list[Measured]] = field(default_factory=dict)

    def add(self, what: str, measured: Measured) -> None:
        self.rounds.setdefault(what, []).append(measured)

    def add_point(self, big: float, neighbours: float, measured: Measured) -> None:
        self.points.setdefault((big, neighbours), []).append(measured)

    def seconds(self, what: str) -> float | None:
        return median(each.seconds for each in self.rounds[what]) if what in self.rounds else None

    def ratio(self, what: str) -> float | None:
        mine, other = self.seconds(what), self.seconds(RIVALS.get(what, "pipe"))
        return mine / other if mine is not None and other else None

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "scale": self.scale,
            "server": self.server,
            "machine": self.machine,
            "rounds": {what: _plain(measured) for what, measured in self.rounds.items()},
            "medians": {what: self.seconds(what) for what in self.rounds},
            "ratios": {what: self.ratio(what) for what in self.rounds},
            "curves": [{"organization": size, "neighbours": crowd, "rounds": _plain(each)} for (size, crowd), each in self.points.items()],
        }


def _plain(measured: Iterable[Measured]) -> list[dict[str, float]]:
    return [{"seconds": round(each.seconds, 3), "peak": each.peak} for each in measured]


def render(results: Results) -> str:
    rounds = max(map(len, results.rounds.values()), default=0)
    lines = [
        f"{results.rows:,} rows, {results.server}, {results.machine}; medians of {rounds} rounds",
        "",
        "| | seconds | from – to | ratio | peak memory of the clients |",
        "|---|---|---|---|---|",
    ]
    lines += [_line(results, what) for what in TITLES if what in results.rounds]
    today, fast = results.seconds("slice + dump + restore"), results.seconds("orglift, no hashes")
    if today and fast:
        lines += ["", f"Without hashes {today / fast:.2f} times as fast as slice, dump and restore."]
    return "\n".join(lines)


def _line(results: Results, what: str) -> str:
    each = results.rounds[what]
    ratio = results.ratio(what)
    compared = "" if ratio is None or RIVALS.get(what, "pipe") == what else f"{ratio:.2f} × {RIVALS.get(what, 'pipe')}"
    spread = f"{min(one.seconds for one in each):.1f} – {max(one.seconds for one in each):.1f}"
    return f"| {TITLES[what]} | {median(one.seconds for one in each):.1f} | {spread} | {compared} | {_memory(each)} |"


def _memory(each: Iterable[Measured]) -> str:
    peak = max(one.peak for one in each)
    return f"{peak / 1e6:.0f} MB" if peak else ""


def render_curves(results: Results) -> str:
    lines = ["| rows of the organization | rows of others beside it | seconds | rows/s | peak memory |", "|---|---|---|---|---|"]
    whole = results.rows / results.scale
    for (size, crowd), each in sorted(results.points.items()):
        seconds = median(one.seconds for one in each)
        lines.append(f"| {whole * size:,.0f} | {whole * crowd:,.0f} | {seconds:.1f} | {whole * size / seconds:,.0f} | {_memory(each)} |")
    return "\n".join(lines)
