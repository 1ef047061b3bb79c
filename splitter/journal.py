"""What became of plans: ``orglift.journal``, kept in the database that they change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from splitter.db import Connection, translated
from splitter.identity import SCHEMA_LOCK, has_relation
from splitter.steps import Plan

_WHOLE = 0  # the plan itself, among its steps
_TABLE = """
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.journal (
    plan text NOT NULL,
    kind text NOT NULL,
    step integer NOT NULL,  -- 0 is the plan as a whole
    purpose text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (plan, step)
);
"""
_BEGIN = "INSERT INTO orglift.journal (plan, kind, step, purpose) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
_FINISH = "UPDATE orglift.journal SET finished_at = pg_catalog.clock_timestamp() WHERE plan = %s AND step = %s"
_REOPEN = "UPDATE orglift.journal SET finished_at = NULL WHERE plan = %s AND step = %s"
_IS_FINISHED = "SELECT finished_at IS NOT NULL FROM orglift.journal WHERE plan = %s AND step = %s"
_READ = """
SELECT j.plan, j.kind, j.step, j.purpose, j.begun_at, j.finished_at
FROM orglift.journal AS j JOIN orglift.journal AS whole ON whole.plan = j.plan AND whole.step = 0
ORDER BY whole.begun_at, j.plan, j.step
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStep:
    """A step that was begun; ``finished_at`` None: it was not finished, or nobody could say so any more."""

    number: int
    purpose: str
    begun_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPlan:
    """A plan that was begun, and those of its steps that were. ``purpose`` says how many it has."""

    plan: str
    kind: str
    purpose: str
    begun_at: datetime
    finished_at: datetime | None
    steps: tuple[JournalStep, ...] = ()


def begin_plan(conn: Connection, plan: Plan) -> None:
    """Make the journal where it isn't there. A plan that came to its end once is open again: its preconditions say what there is to do."""
    with translated("beginning the plan's journal"), conn.transaction():
        conn.execute(SCHEMA_LOCK)
        conn.execute(_TABLE)
        conn.execute(_BEGIN, (plan.id, plan.kind, _WHOLE, f"{len(plan.steps)} steps"))
        conn.execute(_REOPEN, (plan.id, _WHOLE))


def finish_plan(conn: Connection, plan: Plan) -> None:
    with translated("finishing the plan's journal"):
        conn.execute(_FINISH, (plan.id, _WHOLE))


def begin_step(conn: Connection, plan: Plan, number: int) -> None:
    """Steps count from 1. This and the following raise psycopg.Error: they are part of what the step does."""
    conn.execute(_BEGIN, (plan.id, plan.kind, number, plan.steps[number - 1].purpose))


def finish_step(conn: Connection, plan: Plan, number: int) -> None:
    conn.execute(_FINISH, (plan.id, number))


def is_finished(conn: Connection, plan: Plan, number: int) -> bool:
    row = conn.execute(_IS_FINISHED, (plan.id, number)).fetchone()
    return bool(row and row[0])


def read_journal(conn: Connection) -> tuple[JournalPlan, ...]:
    """All plans that were begun in the database, the oldest first; none where nothing was ever applied."""
    if not has_relation(conn, "orglift.journal"):
        return ()
    with translated("reading orglift.journal"):
        rows = conn.execute(_READ).fetchall()
    return tuple(_plans(rows))


def _plans(rows: list[tuple[object, ...]]) -> Iterator[JournalPlan]:
    for (plan, kind), group in groupby(rows, key=lambda row: (str(row[0]), str(row[1]))):
        whole, *steps = (_step(*row[2:]) for row in group)
        yield JournalPlan(
            plan=plan, kind=kind, purpose=whole.purpose, begun_at=whole.begun_at, finished_at=whole.finished_at, steps=tuple(steps)
        )


def _step(number: object, purpose: object, begun_at: object, finished_at: object) -> JournalStep:
    assert isinstance(number, int) and isinstance(begun_at, datetime) and (finished_at is None or isinstance(finished_at, datetime))
    return JournalStep(number=number, purpose=str(purpose), begun_at=begun_at, finished_at=finished_at)
