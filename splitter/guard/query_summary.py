"""How much of what production runs needs both silos: in numbers, and by the pairs of tables that meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from splitter.guard.query_findings import Judged, often
from splitter.schema import TableName
from splitter.silos import Silo, SiloMap

_PAIRS = 20  # that are printed; JSON has all


def summarize(queries: Iterable[Judged], silos: SiloMap, transactions: int | None) -> dict[str, Any]:
    """Of all statements, accepted ones too; times in milliseconds. A statement counts for every pair of tables that meet in it.

    ``transactions``: of several statements; None: nobody tells.
    """
    known = list(queries)
    return {
        "distinct": len(known),
        "calls": sum(each.query.calls for each in known),
        "milliseconds": round(sum(each.query.milliseconds for each in known), 3),
        "crossing": _sum(each for each in known if each.crosses),
        "unread": _sum(each for each in known if each.is_unread),
        "transactions": transactions,
        "pairs": _pairs(known, silos),
    }


def _sum(queries: Iterable[Judged]) -> dict[str, Any]:
    known = list(queries)
    return {
        "statements": len(known),
        "calls": sum(each.query.calls for each in known),
        "milliseconds": round(sum(each.query.milliseconds for each in known), 3),
    }


def _pairs(queries: Iterable[Judged], silos: SiloMap) -> list[dict[str, Any]]:
    """Those that take most time first."""
    meeting: dict[tuple[TableName, TableName], list[Judged]] = {}
    for each in queries:
        sides = [[table for table in sorted(each.touched.tables) if silos.silo_of(table) is silo] for silo in Silo]
        for control, region in product(*sides):
            meeting.setdefault((control, region), []).append(each)
    counted = [{"control": str(control), "region": str(region), **_sum(known)} for (control, region), known in meeting.items()]
    return sorted(counted, key=lambda pair: (-pair["milliseconds"], -pair["calls"], pair["control"], pair["region"]))


def summary_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """For people, below the findings."""
    crossing, unread = summary["crossing"], summary["unread"]
    yield (
        f"{summary['distinct']:,} distinct statements, run {often(summary['calls'], summary['milliseconds'])}; "
        f"both silos needed by {_told(crossing)}; not to be told of {_told(unread)}"
    )
    if summary["transactions"] is None:
        yield "which of them share a transaction is seen in a log alone: --log FILE"
    for pair in summary["pairs"][:_PAIRS]:
        yield f"  {pair['control']} (control) with {pair['region']} (region): {_told(pair)}"
    if len(summary["pairs"]) > _PAIRS:
        yield f"  and {len(summary['pairs']) - _PAIRS:,} more pairs, with --json"


def _told(counted: Mapping[str, Any]) -> str:
    if not counted["statements"]:
        return "none"
    word = "statement" if counted["statements"] == 1 else "statements"
    return f"{counted['statements']:,} {word} ({often(counted['calls'], counted['milliseconds'])})"
