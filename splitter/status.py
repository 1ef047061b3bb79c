"""What `splitter status` tells: the plans that each database has seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from splitter.addresses import GIVEN, Address
from splitter.identity import read_identity
from splitter.journal import JournalPlan, read_journal


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStatus:
    """``name`` as silos.toml has it, or as the database says of itself; its plans, the oldest first."""

    name: str
    plans: tuple[JournalPlan, ...]

    def lines(self) -> Iterator[str]:
        """For a person: the steps of what is unfinished, and one line for what came to its end."""
        if not self.plans:
            yield f"{self.name}: no plans"
        for plan in self.plans:
            yield f"{self.name}: plan {plan.plan} ({plan.kind}, {plan.purpose}): {_when(plan.begun_at, plan.finished_at)}"
            if plan.finished_at is None:
                yield from (f"  {step.number}. {step.purpose}: {_when(step.begun_at, step.finished_at)}" for step in plan.steps)


def _when(begun_at: datetime, finished_at: datetime | None) -> str:
    at = f"{finished_at or begun_at:%Y-%m-%d %H:%M:%S %Z}"
    return f"unfinished, begun {at}" if finished_at is None else f"finished {at}"


def read_status(addresses: Iterable[Address]) -> tuple[DatabaseStatus, ...]:
    """Reads only. Raises Unreachable for the first database that does not answer."""
    return tuple(_read(address) for address in addresses)


def _read(address: Address) -> DatabaseStatus:
    with address.open("splitter status") as conn:
        identity = read_identity(conn) if address.name == GIVEN else None
        return DatabaseStatus(name=identity.region if identity else address.name, plans=read_journal(conn))
