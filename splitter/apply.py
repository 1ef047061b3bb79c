"""Run a plan: every step once, journalled in the database that it changes, so that the same call goes on after a kill.

A transactional step and its journal row commit together. Of any other the journal knows that it was begun; its precondition then
tells whether it was done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum

import psycopg

from splitter.catalog import read_schema
from splitter.db import Connection, retrying, translated
from splitter.errors import Busy, Clone, Conflict, FailedError, RefusedError, Unprepared
from splitter.events import Advanced, Finished, Note, Reporter, Started, silent
from splitter.identity import check_identity, has_relation, read_identity
from splitter.journal import begin_plan, begin_step, finish_plan, finish_step, is_finished, read_journal
from splitter.steps import Plan, Step

_MOVES = "SELECT relocation::text, organization FROM orglift.moves WHERE finished_at IS NULL"
PATIENCE_MS = 2000  # the server may need a moment to see that a process was killed
# Held for as long as a plan runs; a mover that enters the region asks for it, shared.
_TAKE_REGION = "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('orglift change of schema', 0))"
_GIVE_BACK = "SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('orglift change of schema', 0))"
_SHARE_REGION = "SELECT pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtextextended('orglift change of schema', 0))"


class Outcome(str, Enum):
    DONE = "done"
    SKIPPED = "skipped"  # it was done already


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyReport:
    """What became of each step of the plan, in order."""

    plan: str
    outcomes: tuple[Outcome, ...]


def apply_plan(conn: Connection, plan: Plan, *, report: Reporter = silent) -> ApplyReport:
    """Run what is left of ``plan``. Doing it again changes nothing.

    Raises Clone or Unprepared where the database is not the plan's, Conflict where its tables are not those that the plan was made
    for, where another plan is unfinished or a relocation touches the region (all before the first write); FailedError after it.
    """
    check_database(conn, plan)
    if not plan.steps:
        return ApplyReport(plan=plan.id, outcomes=())  # no trace of it either: nothing was done
    with _alone(conn):
        _check_quiet(conn, plan)
        if not _is_known(conn, plan):
            _check_fingerprint(conn, plan)
        begin_plan(conn, plan)
        return ApplyReport(plan=plan.id, outcomes=tuple(_run(conn, plan, report)))


def check_database(conn: Connection, plan: Plan) -> None:
    """Raises unless the connection leads to the very database that the plan was made for."""
    found = read_identity(conn)
    if found is None:
        raise Unprepared(f"the database has no identity, and the plan is for {plan.database.silo}, database {plan.database.uuid}")
    check_identity(conn, found.region)
    if found.database != plan.database.uuid:
        told = f"the plan is for {plan.database.silo}, database {plan.database.uuid}, and this is {found.region}, database {found.database}"
        raise Clone(told, hint="give the URL of the plan's database, or make a plan for this one")


@contextmanager
def _alone(conn: Connection) -> Iterator[None]:
    """No second plan runs in this database, and no mover enters it."""
    try:
        with translated("waiting for other plans"), conn.transaction():
            _set_timeouts(conn, PATIENCE_MS, 0, local=True)
            conn.execute(_TAKE_REGION)
    except Busy as exc:
        told = "another plan is being applied to this database, or a mover is entering it"
        raise Busy(told, hint="wait for it, then try again") from exc
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # a session that is gone holds nothing
            conn.execute(_GIVE_BACK)


def _check_quiet(conn: Connection, plan: Plan) -> None:
    for relocation, organization in _unfinished_moves(conn):
        told = f"relocation {relocation} of organization {organization!r} touches this database"
        raise Conflict(told, hint="finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`")
    for other, kind in unfinished_plans(conn):
        if other != plan.id:
            raise Conflict(f"plan {other} ({kind}) is unfinished in this database", hint="apply that one again first")


def unfinished_plans(conn: Connection) -> tuple[tuple[str, str], ...]:
    """(id, kind) of the plans that were begun in this database and have not come to their end."""
    return tuple((known.plan, known.kind) for known in read_journal(conn) if known.finished_at is None)


def keep_plans_out(conn: Connection) -> None:
    """In the transaction by which a mover enters the region: until it ends no plan can begin here, and after it the mover is seen.

    Raises Busy while a plan is being applied, Conflict where one is unfinished.
    """
    with translated("looking for plans"):
        taken = conn.execute(_SHARE_REGION).fetchone()
    if not taken or not taken[0]:
        raise Busy("a plan is being applied to this database", hint="wait for `splitter apply`, then try again")
    for plan, kind in unfinished_plans(conn):
        raise Conflict(f"plan {plan} ({kind}) is unfinished in this database", hint="apply it again first: `splitter apply`")


def _unfinished_moves(conn: Connection) -> list[tuple[str, str]]:
    if not has_relation(conn, "orglift.moves"):
        return []
    with translated("reading orglift.moves"):
        return [(row[0], row[1]) for row in conn.execute(_MOVES).fetchall()]


def _is_known(conn: Connection, plan: Plan) -> bool:
    """Whether the plan was begun here before: then its own steps are what changed the tables."""
    return any(known.plan == plan.id for known in read_journal(conn))


def _check_fingerprint(conn: Connection, plan: Plan) -> None:
    with translated("reading the catalog"):
        found = read_schema(conn).fingerprint(plan.tables)
    if found != plan.fingerprint:
        shown = ", ".join(str(table) for table in plan.tables)
        raise Conflict(f"the plan was made for another state of {shown}", hint="make the plan anew and compare it with this one")


def _run(conn: Connection, plan: Plan, report: Reporter) -> Iterator[Outcome]:
    report(Started(f"apply {plan.kind}", total=len(plan.steps), unit="steps"))
    for number, step in enumerate(plan.steps, start=1):
        outcome = _run_step(conn, plan, number, step)
        report(Note(f"{outcome.value}: {step.purpose}"))
        report(Advanced(f"apply {plan.kind}"))
        yield outcome
    finish_plan(conn, plan)
    report(Finished(f"apply {plan.kind}"))


def _run_step(conn: Connection, plan: Plan, number: int, step: Step) -> Outcome:
    """The step's own refusals are failures: the journal has been written."""
    try:
        return retrying(lambda: _try_step(conn, plan, number, step))
    except RefusedError as exc:
        raise FailedError.after_write(exc) from exc


def _try_step(conn: Connection, plan: Plan, number: int, step: Step) -> Outcome:
    what = f"step {number}, {step.purpose}"
    with translated(what):
        if step.transactional:
            with conn.transaction():
                return _do(conn, plan, number, step)
        try:
            return _do(conn, plan, number, step)
        finally:
            with suppress(psycopg.Error):  # the first error is the one to tell
                _set_timeouts(conn, 0, 0, local=False)


def _do(conn: Connection, plan: Plan, number: int, step: Step) -> Outcome:
    begin_step(conn, plan, number)
    _set_timeouts(conn, step.lock_timeout_ms, step.statement_timeout_ms, local=step.transactional)
    wanted = _is_wanted(conn, plan, number, step)
    if wanted:
        conn.execute(step.sql.encode())
    finish_step(conn, plan, number)
    return Outcome.DONE if wanted else Outcome.SKIPPED


def _set_timeouts(conn: Connection, lock_ms: int, statement_ms: int, *, local: bool) -> None:
    query = "SELECT pg_catalog.set_config('lock_timeout', %s, %s), pg_catalog.set_config('statement_timeout', %s, %s)"
    conn.execute(query, (str(lock_ms), local, str(statement_ms), local))


def _is_wanted(conn: Connection, plan: Plan, number: int, step: Step) -> bool:
    """Whether the step has still to be done; Conflict where its object is not what the plan was made for."""
    if step.precondition is None:
        return not is_finished(conn, plan, number)
    row = conn.execute(step.precondition.encode()).fetchone()
    if row is None or row[0] is None:
        raise Conflict(f"{step.purpose}: what it would change is not what the plan was made for", hint="make the plan anew")
    return bool(row[0])
