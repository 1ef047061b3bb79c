"""What `splitter status` tells: the plans that each database has seen, and what stands half-way in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from splitter.addresses import GIVEN, Address
from splitter.backfill import Progress, read_progress
from splitter.identity import read_identity
from splitter.journal import JournalPlan, JournalStep, PlanState, read_journal

_SHOWN = 20  # steps of a plan, the last ones
_GO_ON = {
    PlanState.UNFINISHED: "`splitter apply {0}` goes on with it, `splitter undo {0}` takes it back",
    PlanState.WATCHED: "`splitter apply {0} --commit --finish` ends it, `splitter undo {0}` takes it back",
    PlanState.BEING_UNDONE: "`splitter undo {0}` goes on with that, `splitter apply {0}` goes forward again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStatus:
    """``name`` as silos.toml has it, or as the database says of itself; its plans, the oldest first."""

    name: str
    plans: tuple[JournalPlan, ...]
    backfills: tuple[Progress, ...] = ()  # of the plan that is open, those that are not at their end

    def lines(self) -> Iterator[str]:
        """For a person: the steps of what is unfinished, of many the last ones, and one line for what came to its end."""
        if not self.plans:
            yield f"{self.name}: no plans"
        for plan in self.plans:
            yield f"{self.name}: plan {plan.plan} ({plan.kind}, {plan.purpose}): {_when(plan)}"
            if plan.is_open:
                yield from _steps(plan.steps)
                yield from (f"     {each}" for each in self.backfills)
                yield f"  {_GO_ON[plan.state].format(plan.plan)}"


def _when(plan: JournalPlan) -> str:
    at = plan.undone_at or plan.undo_begun_at or plan.finished_at or plan.watched_at or plan.begun_at
    begun = ", begun" if plan.is_open else ""
    return f"{plan.state.value}{begun} {at:%Y-%m-%d %H:%M:%S %Z}"


def _steps(steps: Sequence[JournalStep]) -> Iterator[str]:
    """Whatever may be half-done is shown, wherever it stands."""
    early = {step.number for step in steps[:-_SHOWN] if step.finished_at is not None or step.undone_at is not None}
    if early:
        undone = sum(step.undone_at is not None for step in steps if step.number in early)
        yield f"  {len(early)} steps before these: {f'{undone} of them undone' if undone else 'done or skipped'}"
    yield from (f"  {step.number}. {step.purpose}: {_where(step)}" for step in steps if step.number not in early)


def _where(step: JournalStep) -> str:
    if step.undone_at is not None:
        return f"undone {step.undone_at:%Y-%m-%d %H:%M:%S %Z}"
    if step.finished_at is None:
        return f"begun {step.begun_at:%Y-%m-%d %H:%M:%S %Z}, and not finished: it may be half-done"
    return f"{step.outcome} {step.finished_at:%Y-%m-%d %H:%M:%S %Z}"


def read_status(addresses: Iterable[Address]) -> tuple[DatabaseStatus, ...]:
    """Reads only. Raises Unreachable for the first database that does not answer."""
    return tuple(_read(address) for address in addresses)


def _read(address: Address) -> DatabaseStatus:
    with address.open("splitter status") as conn:
        identity = read_identity(conn) if address.name == GIVEN else None
        plans = read_journal(conn)
        backfills = read_progress(conn) if any(plan.is_open for plan in plans) else ()
        return DatabaseStatus(name=identity.region if identity else address.name, plans=plans, backfills=backfills)
