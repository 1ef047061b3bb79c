"""What the tests have shown -> the report, as what JSON can hold; the page is made from the same.

Three questions: is a table in the wrong silo, how much has to change, and where.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from os.path import relpath
from typing import Any

from splitter.guard.crossing import Crossing, Place
from splitter.guard.modes import SiloMode
from splitter.guard.outcomes import Results, RunOutcome

_EXAMPLES = 3  # first lines and statements that a place shows


@dataclass
class _Group:
    """Crossings that have something in common."""

    count: int = 0
    crossings: dict[Crossing, None] = field(default_factory=dict)
    tests: dict[str, None] = field(default_factory=dict)

    def add(self, crossing: Crossing, count: int, test: str) -> None:
        self.count += count
        self.crossings[crossing] = None
        self.tests[test] = None

    @property
    def places(self) -> set[Place | None]:
        return {crossing.place for crossing in self.crossings}


def make_report(results: Results, root: str) -> dict[str, Any]:
    """``root``: the directory that files are named from."""
    places, pairs = _by_place(results), _by_pair(results)
    where = [_place_json(place, group, root) for place, group in _most_first(places)]
    return {
        "questions": {
            "assigned_wrongly": _suspects(results),
            "how_much": _amounts(results, places, pairs),
            "where": [{key: each[key] for key in ("file", "line", "function", "count")} for each in where],
        },
        "pairs": [
            {"from": near, "to": far, "count": group.count, "places": len(group.places), "tests": sorted(group.tests)}
            for (near, far), group in _most_first(pairs)
        ],
        "places": where,
        "tests": [_test_json(each) for each in sorted(results.outcomes, key=lambda each: (each.test, each.run.name))],
        "models": [_model_json(each) for each in sorted(results.models, key=lambda each: each.subject)],
        "escapes": _escapes(results, root),
    }


def _all(results: Results) -> Iterator[tuple[Crossing, int, str]]:
    for outcome in results.outcomes:
        for crossing, count in outcome.ledger.crossings.items():
            yield crossing, count, outcome.test


def _by_place(results: Results) -> dict[Place | None, _Group]:
    groups: dict[Place | None, _Group] = defaultdict(_Group)
    for crossing, count, test in _all(results):
        groups[crossing.place].add(crossing, count, test)
    return groups


def _by_pair(results: Results) -> dict[tuple[str, str], _Group]:
    """From the tables of the mode's own silo to the one of the other; from the mode itself, where a statement has no table of its own."""
    groups: dict[tuple[str, str], _Group] = defaultdict(_Group)
    for crossing, count, test in _all(results):
        for near in crossing.near or (f"({crossing.mode})",):
            groups[near, crossing.table or "?"].add(crossing, count, test)
    return groups


def _most_first(groups: dict[Any, _Group]) -> list[tuple[Any, _Group]]:
    return sorted(groups.items(), key=lambda found: (-found[1].count, str(found[0])))


def _place_json(place: Place | None, group: _Group, root: str) -> dict[str, Any]:
    crossings = list(group.crossings)
    return {
        **_spelled(place, root),
        "count": group.count,
        "kinds": sorted({each.kind.value for each in crossings}),
        "tables": sorted({each.table for each in crossings if each.table}),
        "because": sorted({each.because for each in crossings if each.because}),
        "said": sorted({each.first_line for each in crossings})[:_EXAMPLES],
        "statements": sorted({each.statement for each in crossings if each.statement})[:_EXAMPLES],
        "instead": sorted({each.remedy for each in crossings}),
        "tests": sorted(group.tests),
    }


def _spelled(place: Place | None, root: str) -> dict[str, Any]:
    if place is None:
        return {"file": "", "line": 0, "function": ""}
    inside = relpath(place.file, root)
    return {"file": place.file if inside.startswith("..") else inside, "line": place.line, "function": place.function}


def _suspects(results: Results) -> dict[str, Any]:
    """A table that the other silo's runs use more than its own's; what was run in one silo only can't tell."""
    own: Counter[str] = Counter()
    other: Counter[str] = Counter()
    modes = {each.run.mode for each in results.outcomes if each.in_silo}
    for outcome in results.outcomes:
        for use, count in outcome.ledger.uses.items():
            if use.silo and use.mode != SiloMode.MONOLITH.value:
                (own if use.silo.upper() == use.mode else other)[use.table] += count
    asked = len(modes) == 2
    suspected = [table for table in other if asked and other[table] > own[table]]
    return {
        "asked": asked,
        "suspected": [
            {"table": table, "silo": results.tables.get(table), "own_silo": own[table], "other_silo": other[table]}
            for table in sorted(suspected, key=lambda table: (own[table] - other[table], table))
        ],
        "in_no_silo": sorted({table for table, silo in results.tables.items() if silo is None} | _unassigned(results)),
        "never_used": sorted(table for table in results.tables if not own[table] and not other[table]),
    }


def _unassigned(results: Results) -> set[str]:
    return {crossing.table for crossing, _, _ in _all(results) if crossing.kind.value == "unassigned"}


def _amounts(results: Results, places: Iterable[Any], pairs: Iterable[Any]) -> dict[str, int]:
    crossings = [crossing for crossing, _, _ in _all(results)]
    return {
        "crossings": results.crossings,
        "places": len(list(places)),
        "files": len({each.place.file for each in crossings if each.place}),
        "statements": len({each.statement for each in crossings if each.statement}),
        "pairs": len(list(pairs)),
        "models": len(results.models),
        "escapes": sum(each.ledger.escapes.total() for each in results.outcomes),
        "tests": len({each.test for each in results.outcomes}),
        "silo_tests": len(results.silo_tests),
        "stable_tests": len(results.stable_tests),
        "crossing_tests": len({test for _, _, test in _all(results)}),
    }


def _test_json(outcome: RunOutcome) -> dict[str, Any]:
    run, ledger = outcome.run, outcome.ledger
    counts = {"crossings": len(ledger), "escapes": ledger.escapes.total()}
    return {"test": outcome.test, "run": run.name, "stable": run.stable, "outcome": outcome.outcome, **counts}


def _escapes(results: Results, root: str) -> list[dict[str, Any]]:
    counts: Counter[Any] = Counter()
    for outcome in results.outcomes:
        counts.update(outcome.ledger.escapes)
    found = (
        {**_spelled(each.place, root), "into": each.into, "out_of": each.out_of, "why": each.why, "count": count}
        for each, count in counts.items()
    )
    return sorted(found, key=lambda each: (-each["count"], each["file"], each["line"]))


def _model_json(crossing: Crossing) -> dict[str, str]:
    return {"kind": crossing.kind.value, "object": crossing.subject, "instead": crossing.remedy}
