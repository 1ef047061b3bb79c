"""What all formats share: which steps make one file, what its head says, and how hostile text becomes a comment or a file's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from splitter.errors import RefusedError
from splitter.steps import Action, Plan, Stage, Step

_SLUG = 40  # characters


class RenderedFile(NamedTuple):
    """``name`` without a folder. ``text`` is written as it is, in UTF-8."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One file: a step and, before it, the one that clears what a failed attempt of it leaves. ``number`` is the step's in the plan."""

    number: int
    steps: tuple[Step, ...]

    @property
    def step(self) -> Step:
        return self.steps[-1]

    @property
    def slug(self) -> str:
        """Letters, digits and underscores of the purpose."""
        words = re.sub(r"[^a-z0-9]+", "_", self.step.purpose.lower()).strip("_")
        return words[:_SLUG].strip("_") or "step"

    @property
    def no_way_back(self) -> str:
        return f"step {self.number} cannot be taken back: {shown(self.step.purpose)}"


def find_units(plan: Plan, last: Stage = Stage.APPLY) -> tuple[Unit, ...]:
    """In order, those of all stages up to ``last``. RefusedError for a step that nothing but a journal could keep from running twice."""
    _check_repeatable(plan)
    order = list(Stage)
    return tuple(unit for unit in _units(plan.steps) if order.index(unit.step.stage) <= order.index(last))


def _units(steps: tuple[Step, ...]) -> Iterator[Unit]:
    """A step that leaves something to be taken back clears nothing."""
    clears: tuple[Step, ...] = ()
    for number, step in enumerate(steps, start=1):
        if not step.transactional and step.undo == () and _is_outside(steps, number):
            clears = (step,)
            continue
        yield Unit(number=number, steps=(*clears, step))
        clears = ()


def _is_outside(steps: tuple[Step, ...], number: int) -> bool:
    """Whether there is such a step, counted from 0, and it runs outside a transaction."""
    return number < len(steps) and not steps[number].transactional


def _check_repeatable(plan: Plan) -> None:
    for number, step in enumerate(plan.steps, start=1):
        if step.action is Action.RUN and step.precondition is None:
            told = f"step {number}, {step.purpose}, has no precondition, and a migration that failed runs again"
            raise RefusedError(told, hint="apply the plan with `splitter apply`, which keeps a journal")


def shown(text: str) -> str:
    """On one line; what does not print is spelled as Python does."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def head(plan: Plan, unit: Unit, way: str) -> Iterator[str]:
    """Lines for a comment. ``way``: ``up``, ``down`` or empty for both."""
    yield f"plan {plan.kind} {plan.id} for {shown(plan.database.silo)}, step {unit.number} of {len(plan.steps)}{way and f': {way}'}"
    if way != "down":
        for step in unit.steps:
            yield from told(step)
    if way != "up":
        yield from _told_back(unit)


_STAGES = {
    Stage.COMMIT: "the point of no return: only after somebody has watched the application run on what the steps before have made",
    Stage.FINISH: "after it there is no way back at all",
}


def told(step: Step) -> Iterator[str]:
    """What a step does and costs."""
    yield shown(step.purpose)
    if step.stage is not Stage.APPLY:
        yield f"  {_STAGES[step.stage]}"
    on = f" on {', '.join(shown(str(table)) for table in step.tables)}" if step.tables else ""
    limit = f"runs at most {step.statement_timeout_ms} ms" if step.statement_timeout_ms else "runs without a limit"
    where = "in a transaction" if step.transactional else "outside a transaction"
    yield f"  lock: {step.lock.value}{on}, waits at most {step.lock_timeout_ms} ms, {limit}, {where}"
    if step.hazard:
        yield f"  hazard: {shown(step.hazard)}"


def _told_back(unit: Unit) -> Iterator[str]:
    undo = unit.step.undo
    if undo is None:
        yield unit.no_way_back
    elif not undo:
        yield "nothing to take back"
    for back in undo or ():
        yield from (f"back: {line.strip()}" for line in told(back))


def after_key(step: Step) -> str | None:
    """What the application's models have to learn; None where it drops no key."""
    if step.dropped is None:
        return None
    columns = ", ".join(map(shown, step.dropped.columns))
    return f"no foreign key {shown(step.dropped.name)} of {shown(str(step.dropped.table))} ({columns})"
