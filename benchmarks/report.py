"""What was measured, as Markdown for the README and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One round of the curves."""

    moved: Measured
    exported: Measured


@dataclass
class Results:
    rows: int
    scale: float
    server: str
    machine: str
    rounds: dict[str, list[Measured]] = field(default_factory=dict)
    points: dict[tuple[float, float], list[Point]] = field(default_factory=dict)

    def add(self, what: str, measured: Measured) -> None:
        self.rounds.setdefault(what, []).append(measured)

    def add_point(self, big: float, neighbours: float, point: Point) -> None:
        self.points.setdefault((big, neighbours), []).append(point)

    def ratios(self, what: str, of: Of, rival: str | None = None) -> list[float]:
        """Round by round, by what was measured next to it; empty: it is compared with nothing, or the other was not measured."""
        other = rival or RIVALS.get(what, "pipe")
        if what == other or what not in self.rounds or other not in self.rounds:
            return []
        return [of(mine) / of(theirs) for mine, theirs in zip(self.rounds[what], self.rounds[other], strict=True)]

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "scale": self.scale,
            "server": self.server,
            "machine": self.machine,
            "rounds": {what: _plain(measured) for what, measured in self.rounds.items()},
            "ratios": {what: {name: self.ratios(what, of) for name, of in OF.items()} for what in self.rounds},
            "curves": [
                {
                    "organization": size,
                    "neighbours": crowd,
                    "moved": _plain(point.moved for point in points),
                    "exported": _plain(point.exported for point in points),
                }
                for (size, crowd), points in self.points.items()
            ],
        }


Of = Callable[[Measured], float]
OF: dict[str, Of] = {"seconds": lambda measured: measured.seconds, "processor": lambda measured: measured.processor}


def _plain(measured: Iterable[Measured]) -> list[dict[str, float]]:
    return [
        {"seconds": round(each.seconds, 3), "clients": round(each.clients, 2), "servers": round(each.servers, 2), "peak": each.peak}
        for each in measured
    ]


def render(results: Results) -> str:
    rounds = max(map(len, results.rounds.values()), default=0)
    lines = [
        f"{results.rows:,} rows, {results.server}, {results.machine}; medians of {rounds} rounds, ratios round by round",
        "",
        "| | seconds | from – to | ratio | processor seconds of clients + servers | ratio | peak memory of the clients |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_line(results, what) for what in TITLES if what in results.rounds]
    faster = results.ratios("slice + dump + restore", OF["seconds"], "orglift, no hashes")
    if faster:
        lines += ["", f"Without hashes {median(faster):.2f} times as fast as slice, dump and restore."]
    return "\n".join(lines)


def _line(results: Results, what: str) -> str:
    each = results.rounds[what]
    spread = f"{min(one.seconds for one in each):.1f} – {max(one.seconds for one in each):.1f}"
    spent = f"{median(one.clients for one in each):.1f} + {median(one.servers for one in each):.1f}"
    seconds, spending = (_ratio(results.ratios(what, of), RIVALS.get(what, "pipe")) for of in OF.values())
    return f"| {TITLES[what]} | {median(one.seconds for one in each):.1f} | {spread} | {seconds} | {spent} | {spending} | {_memory(each)} |"


def _ratio(ratios: list[float], rival: str) -> str:
    return f"{median(ratios):.2f} × {rival}" if ratios else ""


def _memory(each: Iterable[Measured]) -> str:
    peak = max(one.peak for one in each)
    return f"{peak / 1e6:.0f} MB" if peak else ""


def render_curves(results: Results) -> str:
    """Processor time beside seconds: it shows best what grows with what, and hardly changes on a machine with other work."""
    lines = [
        "| rows that move | of others beside them | move: seconds | processor | µs a row | peak | export: seconds | processor | peak |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    whole = results.rows / results.scale
    for (size, crowd), points in sorted(results.points.items()):
        rows = whole * size
        moved, exported = [point.moved for point in points], [point.exported for point in points]
        spent = median(each.processor for each in moved)
        cells = [f"{rows:,.0f}", f"{whole * crowd:,.0f}", *_cells(moved), f"{spent / rows * 1e6:.1f}", _memory(moved)]
        lines.append(f"| {' | '.join([*cells, *_cells(exported), _memory(exported)])} |")
    return "\n".join(lines)


def _cells(each: list[Measured]) -> list[str]:
    return [f"{median(one.seconds for one in each):.1f}", f"{median(one.processor for one in each):.1f}"]
