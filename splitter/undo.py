"""Take a plan back: what it did, in the reverse order, step by step; the same call goes on after a kill.

What a step's undo has done already its precondition tells, from the catalog. A step that the plan found done is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile

from splitter.apply import alone, check_database, check_quiet
from splitter.attempts import Attempts, Patience, check_audits, is_audit
from splitter.blockers import Watch
from splitter.db import Connection
from splitter.errors import Conflict, FailedError, Problem, RefusedError
from splitter.events import Advanced, Finished, Note, Reporter, Started, silent
from splitter.identity import has_table
from splitter.journal import JournalPlan, PlanState, begin_undo, finish_undo, read_applied_plan, read_journal, read_journal_plan
from splitter.steps import Action, Plan, Step

NO_WAY_BACK = "no-way-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoReport:
    """The numbers of the steps that were taken back, in the order in which they were."""

    plan: str
    undone: tuple[int, ...]


def undo_plan(conn: Connection, plan: Plan, *, report: Reporter = silent, patience: Patience | None = None) -> UndoReport:
    """Take back what ``plan`` did. Doing it again changes nothing.

    Raises Clone or Unprepared where the database is not the plan's; Conflict where the plan was never begun there, where a step that it
    did has no way back, where one of its tables is not in this database any more, where another plan is unfinished or a relocation
    touches the region (all before the first write); FailedError after it.
    """
    check_database(conn, plan)
    if not plan.steps:
        return UndoReport(plan=plan.id, undone=())
    with alone(conn), Watch(conn, report) as watch:
        check_quiet(conn, plan)
        known = read_journal_plan(conn, plan)
        if known is None:
            raise Conflict(f"plan {plan.id} was never applied to this database", hint="`splitter status` tells which ones were")
        if known.state is PlanState.UNDONE:
            return UndoReport(plan=plan.id, undone=())
        attempts = Attempts(conn, watch, patience or Patience(), report)
        _check_last(conn, plan, known)
        numbers = _check_way_back(plan, known)
        _check_places(attempts, plan, numbers)
        _check_first(attempts, plan, numbers)
        begin_undo(conn, plan)
        run = _Undo(conn, plan, attempts, report)
        try:
            return UndoReport(plan=plan.id, undone=tuple(run.steps(numbers)))
        except RefusedError as exc:
            raise FailedError.after_write(exc) from exc


def _check_last(conn: Connection, plan: Plan, known: JournalPlan) -> None:
    """No later plan of its kind stands on what this one made: the way back would take it away beneath that one."""
    later = (each for each in read_journal(conn) if each.begun_at > known.begun_at and each.state is PlanState.FINISHED)
    for each in later:
        other = read_applied_plan(conn, each.plan) if each.kind == plan.kind else None
        if other is not None and set(other.tables) & set(plan.tables):
            told = f"plan {each.plan} ({each.kind}) was applied to the same tables after this one"
            raise Conflict(told, hint=f"undo that one first: `splitter undo {each.plan}`")


def _check_way_back(plan: Plan, known: JournalPlan) -> tuple[int, ...]:
    """The numbers of the steps to take back, the last one first."""
    numbers = [step.number for step in known.steps if step.to_undo]
    lost = [number for number in numbers if plan.steps[number - 1].undo is None]
    if lost:
        problems = [_lost(number, plan.steps[number - 1]) for number in lost]
        told = f"{problems[0].object} cannot be taken back" + (f", and {len(lost) - 1} more" if len(lost) > 1 else "")
        raise Conflict(told, hint="the plan stays as it is: finish it with `splitter apply`", problems=problems)
    return tuple(sorted(numbers, reverse=True))


def _lost(number: int, step: Step) -> Problem:
    found = "was done, and there is no way back from it"
    return Problem(code=NO_WAY_BACK, object=f"step {number}, {step.purpose}", found=found, remedy="plan what you need from here on")


def _check_places(attempts: Attempts, plan: Plan, numbers: tuple[int, ...]) -> None:
    """Everything that is to come back has a place to come back to: no precondition finds its object gone."""
    backs = (back for number in numbers for back in plan.steps[number - 1].undo or ())
    lost = [back for back in backs if attempts.is_lost(back)]
    if lost:
        gone = dict.fromkeys(str(table) for back in lost for table in back.tables if not has_table(attempts.conn, table))
        told = f"{', '.join(gone)}: not in this database any more" if gone else f"{lost[0].purpose}: there is no place for it any more"
        raise Conflict(told, hint="once the silos are apart, what ties their tables together cannot be put back")


def _check_first(attempts: Attempts, plan: Plan, numbers: tuple[int, ...]) -> None:
    """The audits that the way back begins with are a refusal: nothing has been taken back when they find something. So are those that a
    later step's begins with, where their precondition tells that they can be asked by now."""
    found: dict[Step, str] = {}
    backs = [(f"undo of step {number}, {plan.steps[number - 1].purpose}", plan.steps[number - 1].undo or ()) for number in numbers]
    for place, (what, back) in enumerate((what, back) for what, back in backs if back):
        for audit in takewhile(is_audit, back):
            if place == 0 or audit.precondition is not None:
                found.setdefault(audit, what)
    check_audits(attempts, ((what, step) for step, what in found.items()), "the undo stops")


class _Undo:
    def __init__(self, conn: Connection, plan: Plan, attempts: Attempts, report: Reporter) -> None:
        self.conn = conn
        self.plan = plan
        self.attempts = attempts
        self.report = report

    def steps(self, numbers: tuple[int, ...]) -> Iterator[int]:
        task = f"undo {self.plan.kind}"
        self.report(Started(task, total=len(numbers), unit="steps"))
        for number in numbers:
            step = self.plan.steps[number - 1]
            self._take_back(number, step.undo or ())
            finish_undo(self.conn, self.plan, number)
            self.report(Advanced(task))
            if step.undo:
                self.report(Note(f"undone: {step.purpose}"))
                yield number
        finish_undo(self.conn, self.plan)
        self.report(Finished(task))

    def _take_back(self, number: int, back: tuple[Step, ...]) -> None:
        for audits, group in groupby(back, key=is_audit):
            named = [(f"undo of step {number}, {step.purpose}", step) for step in group]
            if audits:
                check_audits(self.attempts, named, "the undo stops")
                continue
            for what, step in named:
                self._run(what, step)

    def _run(self, what: str, step: Step) -> None:
        if step.action is Action.REPEAT:
            self.attempts.repeat(step, what)
        else:
            self.attempts.until_done(step, what, lambda: self._attempt(step))

    def _attempt(self, step: Step) -> None:
        if step.transactional:
            with self.conn.transaction(), self.attempts.timed(step):
                self._do(step)
        else:
            with self.attempts.timed(step):
                self._do(step)

    def _do(self, step: Step) -> None:
        if self.attempts.is_wanted(step):
            self.attempts.execute(step)
