"""What the demo showed, as text for a terminal and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relocate.demo.run import DemoResult

TRY_NEXT = (
    "relocate start acme --to de",
    "exports org globex --region us --to de --out g.orglift && exports verify g.orglift && relocate import g.orglift --to de",
    "relocate purge acme && relocate start acme --to us",
)


def render_json(result: DemoResult) -> dict[str, Any]:
    """The move as ``relocate start --json`` tells it, with what the demo saw besides."""
    return {
        **result.move,
        "home": {"before": asdict(result.before), "after": asdict(result.after)},
        "samples": [asdict(sample) for sample in result.samples],
        "config": None if result.config is None else str(result.config),
        "try_next": list(TRY_NEXT),
    }


def render_text(result: DemoResult) -> str:
    return "\n".join([*_homes(result), "", *_samples(result), "", *_proof(result.move), "", *_what_next(result.config)])


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
    yield from _table(
        ("table", "rows", "hash, the same on both sides"), [(each["name"], f"{each['rows']:,}", str(each["hash"])) for each in tables]
    )
    yield ""
    yield f"{move['state']}, verified: {str(move['verified']).lower()}"


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
