"""Counts of what the guard saw: crossings, escapes, and how often each table was used in which mode."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from splitter.guard.crossing import Crossing, Escape


class Use(NamedTuple):
    """Statements on one table that ran in one mode."""

    table: str
    silo: str  # the table's; empty where it has none
    mode: str


@dataclass
class Ledger:
    """Safe for threads."""

    crossings: Counter[Crossing] = field(default_factory=Counter)
    escapes: Counter[Escape] = field(default_factory=Counter)
    uses: Counter[Use] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def note(self, crossing: Crossing) -> None:
        with self._lock:
            self.crossings[crossing] += 1

    def note_escape(self, escape: Escape) -> None:
        with self._lock:
            self.escapes[escape] += 1

    def note_uses(self, uses: tuple[Use, ...]) -> None:
        with self._lock:
            self.uses.update(uses)

    def __bool__(self) -> bool:
        return bool(self.crossings or self.escapes or self.uses)

    def __len__(self) -> int:
        """Crossings, each as often as it happened."""
        return self.crossings.total()

    def add(self, other: Ledger) -> None:
        self.crossings.update(other.crossings)
        self.escapes.update(other.escapes)
        self.uses.update(other.uses)

    def as_json(self) -> dict[str, Any]:
        return {
            "crossings": [[crossing.as_json(), count] for crossing, count in self.crossings.items()],
            "escapes": [[escape.as_json(), count] for escape, count in self.escapes.items()],
            "uses": [[*use, count] for use, count in self.uses.items()],
        }

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Ledger:
        return cls(
            crossings=Counter({Crossing.of_json(crossing): count for crossing, count in found["crossings"]}),
            escapes=Counter({Escape.of_json(escape): count for escape, count in found["escapes"]}),
            uses=Counter({Use(table, silo, mode): count for table, silo, mode, count in found["uses"]}),
        )


_LEDGERS = [Ledger()]  # the process's own, and those that are open; the innermost one is written to


def ledger() -> Ledger:
    """The one that is written to now. A process's own lasts as long as the process."""
    return _LEDGERS[-1]


def note_escape(escape: Escape) -> None:
    _LEDGERS[-1].note_escape(escape)


@contextmanager
def recording() -> Iterator[Ledger]:
    """A ledger for what happens in the block, in all threads; what it holds goes nowhere else."""
    opened = Ledger()
    _LEDGERS.append(opened)
    try:
        yield opened
    finally:
        _LEDGERS.remove(opened)
