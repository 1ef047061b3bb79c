"""Which statements of production need both silos, which transactions write in both, and of which nobody can tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitter.errors import scrub
from splitter.findings_kinds import QUERY_CROSSES, TRANSACTION_CROSSES, UNREAD_QUERY, Finding, make_finding
from splitter.guard.names import NOTHING, Names, Path, Touched
from splitter.guard.statement_ids import mask
from splitter.guard.tally import Key, Query, Tally
from splitter.schema import TableName
from splitter.silos import Silo, SiloMap

DEFAULT_PATH: Path = ("public",)
_SHOWN = 240  # characters of a statement
_SPLIT = "ask each silo for its part and join in the application, or keep a copy of the smaller side in the other silo"
_TWO = "let one transaction write in one silo, and bring the rest over with an outbox of that silo"
_UNREAD = "look at it by hand, and accept it with a reason if it stays in one silo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A query, and what it needs."""

    query: Query
    touched: Touched
    silos: frozenset[Silo]
    written: frozenset[Silo]

    @property
    def crosses(self) -> bool:
        return len(self.silos) > 1

    @property
    def is_unread(self) -> bool:
        return self.query.reading.statement is None or bool(self.touched.unseen)

    def value(self) -> dict[str, Any]:
        """As `splitter queries --json` tells it."""
        return {
            "id": self.query.reading.id,
            "text": shown(self.query.text),
            "reads": sorted(map(str, self.touched.reads)),
            "writes": sorted(map(str, self.touched.writes)),
            "silos": sorted(silo.value for silo in self.silos),
            "through": list(self.touched.through),
            "unseen": [self.query.reading.why] if self.query.reading.statement is None else list(self.touched.unseen),
            "calls": self.query.calls,
            "milliseconds": round(self.query.milliseconds, 3),
            "sources": list(self.query.sources),
        }


def judge(counted: Tally, names: Names, silos: SiloMap, default: Path = DEFAULT_PATH) -> dict[Key, Judged]:
    """Every query, in the order of the time that it took, then of its calls."""
    readable = [query.reading.statement for query in counted.queries.values() if query.reading.statement is not None]
    temporary = frozenset(ref for statement in readable for ref in statement.temporary)
    prepared = frozenset(name for statement in readable for name in statement.prepares)
    judged = {}
    for key, query in sorted(counted.queries.items(), key=lambda item: (-item[1].milliseconds, -item[1].calls, item[0][0])):
        statement = query.reading.statement
        touched = NOTHING
        if statement is not None:
            touched = names.touched(statement, default if query.path is None else query.path, temporary)
            lost = tuple(f"EXECUTE {name}, whose PREPARE was not seen" for name in sorted(statement.executes - prepared))
            touched = touched._replace(unseen=touched.unseen + lost)
        judged[key] = _judged(query, touched, silos)
    return judged


def _judged(query: Query, touched: Touched, silos: SiloMap) -> Judged:
    written = frozenset(map(silos.silo_of, touched.writes))
    return Judged(query=query, touched=touched, silos=written | frozenset(map(silos.silo_of, touched.reads)), written=written)


def find_query_findings(judged: Mapping[Key, Judged], counted: Tally, silos: SiloMap) -> Iterator[Finding]:
    """What is sure first. One that crosses is told once, even where it does more than anybody can tell."""
    yield from (_crossing(each, silos) for each in judged.values() if each.crosses)
    yield from _transactions(judged, counted, silos)
    yield from (_unread(each) for each in judged.values() if each.is_unread and not each.crosses)


def _crossing(each: Judged, silos: SiloMap) -> Finding:
    doing = "writes in both silos" if len(each.written) > 1 else f"writes in {_only(each.written)}" if each.written else "reads both silos"
    sides = ", and ".join(_side(each.touched.tables, silo, silos) for silo in Silo)
    through = f", through {', '.join(each.touched.through)}" if each.touched.through else ""
    found = f"{doing}: {sides}{through}; {_often(each.query)}: {shown(each.query.text)}"
    return make_finding(QUERY_CROSSES, _object(each.query), found, _SPLIT, sorted(each.touched.tables))


def _only(silos: frozenset[Silo]) -> str:
    return next(iter(silos)).value


def _side(tables: Iterable[TableName], silo: Silo, silos: SiloMap) -> str:
    return f"{', '.join(str(table) for table in sorted(tables) if silos.silo_of(table) is silo)} ({silo.value})"


def _unread(each: Judged) -> Finding:
    reading = each.query.reading
    why = reading.why if reading.statement is None else f"what it does cannot all be told: {'; '.join(each.touched.unseen)}"
    found = f"{why}; {_often(each.query)}: {shown(each.query.text)}"
    return make_finding(UNREAD_QUERY, _object(each.query), found, _UNREAD, sorted(each.touched.tables))


def _object(query: Query) -> str:
    statement = query.reading.statement
    verb = statement.verbs[0] if statement is not None and statement.verbs else "statement"
    return f"{verb} {query.reading.id}"


def _often(query: Query) -> str:
    return f"{often(query.calls, query.milliseconds)} in {', '.join(query.sources)}"


def often(calls: int, milliseconds: float = 0.0) -> str:
    """How many times, and for how long in all where somebody knows."""
    times = "once" if calls == 1 else f"{calls:,} times"
    spent = f"{milliseconds / 1000:,.1f} s" if milliseconds >= 1000 else f"{milliseconds:.3g} ms"
    return f"{times}, {spent} in all" if milliseconds else times


def shown(text: str) -> str:
    """On one line, without the values that stand in it: they may be somebody's secret."""
    plain = " ".join(scrub(mask(text)).split())
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 3] + "..."


def _transactions(judged: Mapping[Key, Judged], counted: Tally, silos: SiloMap) -> Iterator[Finding]:
    """Those that write the same tables of both silos are one finding."""
    found: dict[frozenset[TableName], int] = {}
    statements: dict[frozenset[TableName], dict[str, None]] = {}
    for keys, times in counted.transactions.items():
        writing = [judged[key] for key in sorted(keys, key=str) if judged[key].written]
        tables = frozenset(table for each in writing for table in each.touched.writes)
        if len(set(map(silos.silo_of, tables))) > 1:
            found[tables] = found.get(tables, 0) + times
            statements.setdefault(tables, {}).update(dict.fromkeys(_object(each.query) for each in writing))
    for tables, times in sorted(found.items(), key=lambda item: (-item[1], sorted(item[0]))):
        yield _transaction(tables, times, list(statements[tables]), silos)


def _transaction(tables: frozenset[TableName], times: int, statements: list[str], silos: SiloMap) -> Finding:
    name = hashlib.sha256(" ".join(map(str, sorted(tables))).encode()).hexdigest()[:16]
    sides = ", and ".join(_side(tables, silo, silos) for silo in Silo)
    found = f"writes {sides}; {often(times)}, with {', '.join(statements)}"
    return make_finding(TRANSACTION_CROSSES, f"transaction {name}", found, _TWO, sorted(tables))
