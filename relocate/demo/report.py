"""What the demo showed, as text for a terminal and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from relocate.demo.look import Home

TRY_NEXT = (
    "relocate start acme --to de",
    "exports org globex --region us --to de --out g.orglift && exports verify g.orglift && relocate import g.orglift --to de",
    "relocate purge acme && relocate start acme --to us",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An id before and after the move, as text, and what it is."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the demo shows. ``move`` is what ``relocate start --json`` says; ``config`` the kept demo's silos.toml, or None."""

    slug: str
    before: Home
    after: Home
    samples: tuple[Sample, ...]
    move: Mapping[str, Any]
    config: Path | None = None

    def value(self) -> dict[str, Any]:
        """The move as ``relocate start --json`` tells it, and beside it what the demo saw."""
        return {
            **self.move,
            "home": {"before": asdict(self.before), "after": asdict(self.after)},
            "samples": [asdict(sample) for sample in self.samples],
            "config": None if self.config is None else str(self.config),
            "try_next": list(TRY_NEXT),
        }

    def __str__(self) -> str:
        """For a terminal."""
        return "\n".join([*_homes(self), "", *_samples(self), "", *_proof(self.move), "", *_what_next(self.config)])


def _homes(result: DemoResult) -> Iterator[str]:
    yield f"{result.slug} lived in {result.before.region}, as organization {result.before.organization}"
    yield f"{result.slug} lives in {result.after.region}, as organization {result.after.organization}"


def _samples(result: DemoResult) -> Iterator[str]:
    yield from _table(
        ("its ids", f"before, in {result.before.region}", f"after, in {result.after.region}"),
        [(sample.what, sample.before, sample.after) for sample in result.samples],
    )


def _proof(move: Mapping[str, Any]) -> Iterator[str]:
    tables = move["tables"]
    yield from _table(("table", "rows", "hash"), [(each["name"], f"{each['rows']:,}", str(each["hash"])) for each in tables])
    yield ""
    yield f"{move['state']}: {sum(each['rows'] for each in tables):,} rows in {len(tables)} tables"
    if move["verified"]:
        yield "verified: the hashes are the same on both sides, every reference resolves, and no local id is left"


def _what_next(config: Path | None) -> Iterator[str]:
    if config is None:
        yield "the servers are gone; `relocate demo --keep DIR` leaves them running, for instance for:"
        yield from (f"    {command}" for command in TRY_NEXT)
        return
    folder = shlex.quote(str(config.parent))
    yield "the servers run on; try next:"
    yield from (f"    {command}" for command in (f"cd {folder}", *TRY_NEXT))
    yield f"and in the end: relocate demo --stop {folder}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
