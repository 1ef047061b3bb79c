"""What a run of the tests has shown, test by test: what goes from a worker to whoever writes the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from splitter.guard.crossing import Crossing
from splitter.guard.ledger import Ledger
from splitter.guard.modes import SiloMode
from splitter.guard.runs import SiloRun


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """One test in one run. ``outcome``: passed, failed or skipped."""

    test: str  # without the parameters
    run: SiloRun
    marked: bool
    outcome: str
    ledger: Ledger

    @property
    def in_silo(self) -> bool:
        return self.run.mode is not SiloMode.MONOLITH

    @property
    def is_clean(self) -> bool:
        return self.outcome == "passed" and not self.ledger.crossings

    def as_json(self) -> dict[str, Any]:
        run = {"mode": self.run.mode.value, "region": self.run.region, "stable": self.run.stable, "split": self.run.split}
        return {"test": self.test, "run": run, "marked": self.marked, "outcome": self.outcome, "ledger": self.ledger.as_json()}

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> RunOutcome:
        run = SiloRun(**found["run"] | {"mode": SiloMode(found["run"]["mode"])})
        return cls(**found | {"run": run, "ledger": Ledger.of_json(found["ledger"])})


@dataclass
class Results:
    """Of all tests. ``tables``: the silo of each table that is known (None: of none); ``models``: what of the models themselves crosses."""

    outcomes: list[RunOutcome] = field(default_factory=list)
    tables: dict[str, str | None] = field(default_factory=dict)
    models: dict[Crossing, None] = field(default_factory=dict)

    def add(self, outcome: RunOutcome) -> None:
        self.outcomes.append(outcome)

    def add_facts(self, facts: dict[str, Any]) -> None:
        """``facts_of`` some worker's guard."""
        self.tables.update(facts["tables"])
        self.models.update(dict.fromkeys(Crossing.of_json(each) for each in facts["models"]))

    @property
    def silo_tests(self) -> frozenset[str]:
        """The tests that ran in a silo."""
        return frozenset(each.test for each in self.outcomes if each.in_silo)

    @property
    def stable_tests(self) -> frozenset[str]:
        """Those of them that were clean in every one of their runs in a silo."""
        return self.silo_tests - frozenset(each.test for each in self.outcomes if each.in_silo and not each.is_clean)

    @property
    def crossings(self) -> int:
        return sum(len(each.ledger) for each in self.outcomes)
