"""Run a plan: every step once, journalled in the database that it changes, so that the same call goes on after a kill.

A transactional step and its journal row commit together. Of any other the journal knows that it was begun; its precondition then
tells whether it was done. What the audits that a plan begins with find stops it before anything is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby

import psycopg

from splitter.attempts import Attempts, Patience, check_audits, is_audit
from splitter.backfill import Backfill
from splitter.blockers import Watch
from splitter.catalog import read_schema
from splitter.db import Connection, translated
from splitter.errors import Busy, Clone, Conflict, FailedError, RefusedError, Unprepared
from splitter.events import Advanced, Finished, Note, Reporter, Started, silent
from splitter.identity import check_identity, derive_uuid, has_relation, physical_identity, read_identity
from splitter.journal import (
    JournalPlan,
    JournalStep,
    Outcome,
    PlanState,
    begin_plan,
    begin_step,
    finish_plan,
    finish_step,
    read_journal,
    read_journal_plan,
    read_step,
)
from splitter.steps import Action, Plan, Stage, Step
from splitter.throttle import Limits
from splitter.widening import read_twinned

_MOVES = "SELECT relocation::text, organization FROM orglift.moves WHERE finished_at IS NULL"
PATIENCE_MS = 2000  # the server may need a moment to see that a process was killed
# Held for as long as a plan runs; a mover that enters the region asks for it, shared.
_TAKE_REGION = "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('orglift change of schema', 0))"
_GIVE_BACK = "SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('orglift change of schema', 0))"
_SHARE_REGION = "SELECT pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtextextended('orglift change of schema', 0))"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyReport:
    """What became of each step of the plan's stages, by its number, in order. ``watched``: a later stage waits."""

    plan: str
    numbered: tuple[tuple[int, Outcome], ...] = ()
    watched: bool = False

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(outcome for _, outcome in self.numbered)


def apply_plan(
    conn: Connection,
    plan: Plan,
    *,
    report: Reporter = silent,
    patience: Patience | None = None,
    stages: Collection[Stage] = (Stage.APPLY,),
    limits: Limits | None = None,
) -> ApplyReport:
    """Run what is left of ``plan`` in ``stages``. Doing it again changes nothing; one that was being undone goes forward again.

    ``limits`` hold its backfills back. A plan with later stages is watched from the end of the first one on, and unfinished until the
    last one is done.

    Raises Clone or Unprepared where the database is not the plan's, Conflict where its tables are not those that the plan was made
    for, where another plan is unfinished, a relocation touches the region, or the plan's first audits find something (all before the
    first write); FailedError after it.
    """
    check_database(conn, plan)
    if not plan.steps:
        return ApplyReport(plan=plan.id)  # no trace of it either: nothing was done
    with alone(conn), Watch(conn, report) as watch:
        check_quiet(conn, plan)
        attempts = Attempts(conn, watch, patience or Patience(), report)
        run = _Run(plan, attempts, Backfill(conn, attempts, report, limits or Limits()), report, stages)
        known = read_journal_plan(conn, plan)
        if known is None or known.state is PlanState.UNDONE:
            _check_fingerprint(conn, plan)
        _check_stages(plan, known, stages)
        begun = known is not None and known.state in (PlanState.UNFINISHED, PlanState.WATCHED, PlanState.FINISHED)
        audited = () if begun else run.audit_first()
        begin_plan(conn, plan)
        numbered = tuple(run.steps(audited))
        return ApplyReport(plan=plan.id, numbered=numbered, watched=run.is_watched())


def _check_stages(plan: Plan, known: JournalPlan | None, stages: Collection[Stage]) -> None:
    """A later stage begins when every step before it is done: somebody has had the time to look."""
    order = list(Stage)
    last = max(order.index(stage) for stage in stages)
    steps = known.steps if known is not None and known.state not in (PlanState.UNDONE, PlanState.BEING_UNDONE) else ()
    done = {step.number for step in steps if step.finished_at is not None}
    for number, step in enumerate(plan.steps, start=1):
        if number not in done and last and step.stage is Stage.APPLY:
            told = f"step {number}, {step.purpose}: not done yet"
            raise Conflict(told, hint="`splitter apply` without --commit and --finish comes first, and then a look at the application")
        if number not in done and step.stage not in stages and order.index(step.stage) < last:
            raise Conflict("the plan was not committed yet", hint="`splitter apply --commit --finish` does both, `--commit` the first")


def check_database(conn: Connection, plan: Plan) -> None:
    """Raises unless the connection leads to the very database that the plan was made for, with or without an identity of its own."""
    found, physical = read_identity(conn), physical_identity(conn)
    if found is not None:
        check_identity(conn, found.region)
    if plan.database.uuid == derive_uuid(physical) or (found is not None and plan.database.uuid == found.database):
        return
    wanted = f"the plan is for {plan.database.silo}, database {plan.database.uuid}"
    hint = "give the URL of the plan's database, or make a plan for this one"
    if found is None:
        raise Unprepared(f"the database has no identity, and {wanted}", hint=f"{hint}; regions get their identity from `relocate init`")
    raise Clone(f"{wanted}, and this is {found.region}, database {found.database}", hint=hint)


@contextmanager
def alone(conn: Connection) -> Iterator[None]:
    """No second plan runs in this database, and no mover enters it."""
    try:
        with translated("waiting for other plans"), conn.transaction():
            conn.execute("SELECT pg_catalog.set_config('lock_timeout', %s, true)", (str(PATIENCE_MS),))
            conn.execute(_TAKE_REGION)
    except Busy as exc:
        told = "another plan is being applied to this database, or a mover is entering it"
        raise Busy(told, hint="wait for it, then try again") from exc
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # a session that is gone holds nothing
            conn.execute(_GIVE_BACK)


def check_quiet(conn: Connection, plan: Plan) -> None:
    """Conflict where a relocation touches the database, or another plan stands half-way in it."""
    for relocation, organization in _unfinished_moves(conn):
        told = f"relocation {relocation} of organization {organization!r} touches this database"
        raise Conflict(told, hint="finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`")
    for other in _open_plans(conn):
        if other.plan != plan.id:
            told = f"plan {other.plan} ({other.kind}) is {_half_way(other)} in this database"
            raise Conflict(told, hint=_way_on(other))


def _open_plans(conn: Connection) -> Iterator[JournalPlan]:
    return (known for known in read_journal(conn) if known.is_open)


def _half_way(known: JournalPlan) -> str:
    return "unfinished" if known.state is PlanState.UNFINISHED else known.state.value


def _way_on(known: JournalPlan) -> str:
    if known.state is PlanState.WATCHED:
        return f"`splitter apply {known.plan} --commit --finish` ends it, `splitter undo {known.plan}` takes it back"
    return f"`splitter apply {known.plan}` goes on with it, `splitter undo {known.plan}` takes it back"


def unfinished_plans(conn: Connection) -> tuple[tuple[str, str], ...]:
    """(id, kind) of the plans that were begun in this database and have come to no end, neither done nor undone."""
    return tuple((known.plan, known.kind) for known in _open_plans(conn))


def keep_plans_out(conn: Connection) -> None:
    """In the transaction by which a mover enters the region: until it ends no plan can begin here, and after it the mover is seen.

    Raises Busy while a plan is being applied, Conflict where one is unfinished.
    """
    with translated("looking for plans"):
        taken = conn.execute(_SHARE_REGION).fetchone()
    if not taken or not taken[0]:
        raise Busy("a plan is being applied to this database", hint="wait for `splitter apply`, then try again")
    for known in _open_plans(conn):
        told = f"plan {known.plan} ({known.kind}) is {_half_way(known)} in this database"
        raise Conflict(told, hint=_way_on(known))
    for table in read_twinned(conn):
        raise Conflict(f"the ids of {table} are being widened by migrations", hint="run them to their end, those of --stage finish too")


def _unfinished_moves(conn: Connection) -> list[tuple[str, str]]:
    if not has_relation(conn, "orglift.moves"):
        return []
    with translated("reading orglift.moves"):
        return [(row[0], row[1]) for row in conn.execute(_MOVES).fetchall()]


def _check_fingerprint(conn: Connection, plan: Plan) -> None:
    with translated("reading the catalog"):
        found = read_schema(conn).fingerprint(plan.tables)
    if found != plan.fingerprint:
        shown = ", ".join(str(table) for table in plan.tables)
        raise Conflict(f"the plan was made for another state of {shown}", hint="make the plan anew and compare it with this one")


class _Run:
    """The steps of one plan on one connection."""

    def __init__(self, plan: Plan, attempts: Attempts, backfill: Backfill, report: Reporter, stages: Collection[Stage]) -> None:
        self.conn = attempts.conn
        self.plan = plan
        self.attempts = attempts
        self.backfill = backfill
        self.report = report
        self.stages = stages

    def audit_first(self) -> tuple[int, ...]:
        """Ask the audits that the plan begins with; their numbers. A refusal, for nothing has been written."""
        first = next((group for audits, group in self._groups() if audits), [])
        if first[:1] != [1]:
            return ()
        self._audit(first)
        return tuple(first)

    def steps(self, audited: tuple[int, ...] = ()) -> Iterator[tuple[int, Outcome]]:
        task = f"apply {self.plan.kind}"
        chosen = sum(step.stage in self.stages for step in self.plan.steps)
        self.report(Started(task, total=chosen, unit="steps"))
        for audits, numbers in self._groups():
            for number, outcome in self._audits(numbers, audited) if audits else self._changes(numbers):
                self.report(Note(f"{outcome.value}: {self._step(number).purpose}"))
                self.report(Advanced(task))
                yield number, outcome
        finish_plan(self.conn, self.plan, watched=self.is_watched())
        self.report(Finished(task))

    def is_watched(self) -> bool:
        """Whether a later stage is still to come."""
        return any(step.stage not in self.stages and not self._is_finished(number) for number, step in enumerate(self.plan.steps, start=1))

    def _groups(self) -> Iterator[tuple[bool, list[int]]]:
        """The steps' numbers, audits that follow each other together."""
        numbers = [number for number, step in enumerate(self.plan.steps, start=1) if step.stage in self.stages]
        return ((audits, list(group)) for audits, group in groupby(numbers, key=lambda number: is_audit(self._step(number))))

    def _step(self, number: int) -> Step:
        return self.plan.steps[number - 1]

    def _what(self, number: int) -> str:
        return f"step {number}, {self._step(number).purpose}"

    def _audit(self, numbers: list[int]) -> None:
        check_audits(self.attempts, ((self._what(number), self._step(number)) for number in numbers), "the plan stops")

    def _audits(self, numbers: list[int], audited: tuple[int, ...]) -> Iterator[tuple[int, Outcome]]:
        """One that found nothing once is not asked again: from then on the key itself let nothing in."""
        with _after_write():
            outcomes = {number: Outcome.SKIPPED if self._is_finished(number) else Outcome.DONE for number in numbers}
            self._audit([number for number in numbers if outcomes[number] is Outcome.DONE and number not in audited])
            with translated("writing the plan's journal"), self.conn.transaction():
                for number in numbers:
                    begin_step(self.conn, self.plan, number)
                    finish_step(self.conn, self.plan, number, Outcome.DONE)
        yield from outcomes.items()

    def _changes(self, numbers: list[int]) -> Iterator[tuple[int, Outcome]]:
        """A step's own refusals are failures: the journal has been written."""
        for number in numbers:
            with _after_write():
                outcome = self._run(number)
            yield number, outcome

    def _run(self, number: int) -> Outcome:
        step, what = self._step(number), self._what(number)
        if step.action in (Action.REPEAT, Action.BACKFILL):
            return self._repeat(number)
        attempt = self._in_transaction if step.transactional else self._outside
        clears = not step.transactional and number > 1 and not self._step(number - 1).transactional
        clear = (lambda: self._run(number - 1)) if clears else None
        return self.attempts.until_done(step, what, lambda: attempt(number), clear)

    def _repeat(self, number: int) -> Outcome:
        step, what = self._step(number), self._what(number)
        if self._is_finished(number):
            return Outcome.SKIPPED
        with translated(what):
            begin_step(self.conn, self.plan, number)
        if step.action is Action.BACKFILL:
            self.backfill.run(step, what)
        else:
            self.attempts.repeat(step, what)
        with translated(what):
            finish_step(self.conn, self.plan, number, Outcome.DONE)
        return Outcome.DONE

    def _in_transaction(self, number: int) -> Outcome:
        step = self._step(number)
        with self.conn.transaction():
            known = read_step(self.conn, self.plan, number)
            begin_step(self.conn, self.plan, number)
            with self.attempts.timed(step):
                wanted = self._is_wanted(step, known)
                if wanted:
                    self.attempts.execute(step)
            outcome = Outcome.DONE if wanted else Outcome.SKIPPED
            finish_step(self.conn, self.plan, number, outcome)
        return outcome

    def _outside(self, number: int) -> Outcome:
        """Begun before and found done means that this plan did it, and was killed before it could say so."""
        step = self._step(number)
        known = read_step(self.conn, self.plan, number)
        unsure = known is not None and known.outcome is None
        with self.attempts.timed(step):
            wanted = self._is_wanted(step, known)
            begin_step(self.conn, self.plan, number)
            if wanted:
                self.attempts.execute(step)
        finish_step(self.conn, self.plan, number, Outcome.DONE if wanted or unsure else Outcome.SKIPPED)
        return Outcome.DONE if wanted else Outcome.SKIPPED

    def _is_wanted(self, step: Step, known: JournalStep | None) -> bool:
        if step.precondition is None:
            return known is None or known.finished_at is None
        return self.attempts.is_wanted(step)

    def _is_finished(self, number: int) -> bool:
        with translated(self._what(number)):
            known = read_step(self.conn, self.plan, number)
        return known is not None and known.finished_at is not None


@contextmanager
def _after_write() -> Iterator[None]:
    try:
        yield
    except RefusedError as exc:
        raise FailedError.after_write(exc) from exc
