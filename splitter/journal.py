"""What became of plans: ``orglift.journal``, kept in the database that they change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import groupby
from typing import Any

from psycopg.rows import class_row

from splitter.db import Connection, translated
from splitter.identity import SCHEMA_LOCK, has_relation
from splitter.sql import load_queries
from splitter.steps import Plan, plan_from_json, plan_to_json

_WHOLE = 0  # the plan itself, among its steps
_TABLE = load_queries("books.sql")["journal"]
_BEGIN = """
INSERT INTO orglift.journal (plan, kind, step, purpose, content) VALUES (%s, %s, 0, %s, %s)
ON CONFLICT (plan, step) DO UPDATE SET finished_at = NULL, undo_begun_at = NULL, undone_at = NULL, watched_at = NULL
"""
_FORGET_UNDONE = "DELETE FROM orglift.journal WHERE plan = %s AND step > 0 AND undone_at IS NOT NULL"
_FINISH = "UPDATE orglift.journal SET finished_at = pg_catalog.clock_timestamp() WHERE plan = %s AND step = 0"
_WATCH = "UPDATE orglift.journal SET watched_at = pg_catalog.clock_timestamp() WHERE plan = %s AND step = 0"
_BEGIN_STEP = "INSERT INTO orglift.journal (plan, kind, step, purpose) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
_FINISH_STEP = """
UPDATE orglift.journal SET finished_at = pg_catalog.clock_timestamp(),
    outcome = CASE WHEN outcome = 'done' THEN outcome ELSE %s END
WHERE plan = %s AND step = %s
"""
_BEGIN_UNDO = """
UPDATE orglift.journal SET undo_begun_at = coalesce(undo_begun_at, pg_catalog.clock_timestamp()), undone_at = NULL
WHERE plan = %s AND step = 0
"""
_FINISH_UNDO = "UPDATE orglift.journal SET undone_at = pg_catalog.clock_timestamp() WHERE plan = %s AND step = %s"
_READ_STEP = """
SELECT step AS number, purpose, begun_at, finished_at, outcome, undone_at FROM orglift.journal WHERE plan = %s AND step = %s
"""
_READ = """
SELECT j.plan, j.kind, j.undo_begun_at, j.watched_at, j.step, j.purpose, j.begun_at, j.finished_at, j.outcome, j.undone_at
FROM orglift.journal AS j JOIN orglift.journal AS whole ON whole.plan = j.plan AND whole.step = 0
ORDER BY whole.begun_at, j.plan, j.step
"""


class Outcome(str, Enum):
    DONE = "done"
    SKIPPED = "skipped"  # it was done already, by somebody else


class PlanState(str, Enum):
    """Where a plan that was begun stands."""

    UNFINISHED = "unfinished"
    FINISHED = "finished"
    BEING_UNDONE = "being undone"
    UNDONE = "undone"
    WATCHED = "watched"  # a later stage waits for somebody to say so


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStep:
    """A step that was begun; ``finished_at`` None: it was not finished, or nobody could say so any more."""

    number: int
    purpose: str
    begun_at: datetime
    finished_at: datetime | None
    outcome: str | None = None
    undone_at: datetime | None = None

    @property
    def to_undo(self) -> bool:
        """Whether it was this plan that did it, perhaps half, and nobody took it back."""
        return self.outcome != Outcome.SKIPPED.value and self.undone_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPlan:
    """A plan that was begun, and those of its steps that were. ``purpose`` says how many it has."""

    plan: str
    kind: str
    purpose: str
    begun_at: datetime
    finished_at: datetime | None
    undo_begun_at: datetime | None = None
    undone_at: datetime | None = None
    watched_at: datetime | None = None
    steps: tuple[JournalStep, ...] = ()

    @property
    def state(self) -> PlanState:
        if self.undone_at is not None:
            return PlanState.UNDONE
        if self.undo_begun_at is not None:
            return PlanState.BEING_UNDONE
        if self.finished_at is not None:
            return PlanState.FINISHED
        return PlanState.UNFINISHED if self.watched_at is None else PlanState.WATCHED

    @property
    def is_open(self) -> bool:
        """Whether it stands between two states of the schema: no other plan may begin, and no organization may move."""
        return self.state in (PlanState.UNFINISHED, PlanState.WATCHED, PlanState.BEING_UNDONE)


def begin_plan(conn: Connection, plan: Plan) -> None:
    """Make the journal where it isn't there. A plan that came to its end once is open again: its preconditions say what there is to do."""
    with translated("beginning the plan's journal"), conn.transaction():
        conn.execute(SCHEMA_LOCK)
        conn.execute(_TABLE)
        conn.execute(_BEGIN, (plan.id, plan.kind, f"{len(plan.steps)} steps", plan_to_json(plan).decode()))
        conn.execute(_FORGET_UNDONE, (plan.id,))


def finish_plan(conn: Connection, plan: Plan, *, watched: bool = False) -> None:
    """``watched``: the stage is done, and a later one is still to come."""
    with translated("finishing the plan's journal"):
        conn.execute(_WATCH if watched else _FINISH, (plan.id,))


def begin_undo(conn: Connection, plan: Plan) -> None:
    with translated("beginning to undo the plan"):
        conn.execute(_BEGIN_UNDO, (plan.id,))


def finish_undo(conn: Connection, plan: Plan, number: int = _WHOLE) -> None:
    """Of a step, or of the whole plan."""
    with translated("writing the plan's journal"):
        conn.execute(_FINISH_UNDO, (plan.id, number))


def begin_step(conn: Connection, plan: Plan, number: int) -> None:
    """Steps count from 1. This and the following raise psycopg.Error: they are part of what the step does."""
    conn.execute(_BEGIN_STEP, (plan.id, plan.kind, number, plan.steps[number - 1].purpose))


def finish_step(conn: Connection, plan: Plan, number: int, outcome: Outcome) -> None:
    """What is known already stays: a step that was done is not skipped because it is found done."""
    conn.execute(_FINISH_STEP, (outcome.value, plan.id, number))


def read_step(conn: Connection, plan: Plan, number: int) -> JournalStep | None:
    """None: it was never begun."""
    with conn.cursor(row_factory=class_row(JournalStep)) as cursor:
        return cursor.execute(_READ_STEP, (plan.id, number)).fetchone()


def read_journal(conn: Connection) -> tuple[JournalPlan, ...]:
    """All plans that were begun in the database, the oldest first; none where nothing was ever applied."""
    if not has_relation(conn, "orglift.journal"):
        return ()
    with translated("reading orglift.journal"):
        rows = conn.execute(_READ).fetchall()
    return tuple(_plans(rows))


def read_journal_plan(conn: Connection, plan: Plan) -> JournalPlan | None:
    """What became of that one; None: it was never begun here."""
    return next((known for known in read_journal(conn) if known.plan == plan.id), None)


def read_applied_plan(conn: Connection, id_: str) -> Plan | None:
    """The plan of that id, as it was applied here; None: it never was."""
    if not has_relation(conn, "orglift.journal"):
        return None
    with translated("reading orglift.journal"):
        row = conn.execute("SELECT content FROM orglift.journal WHERE plan = %s AND step = 0", (id_,)).fetchone()
    return None if row is None else plan_from_json(row[0].encode())


def _plans(rows: list[tuple[Any, ...]]) -> Iterator[JournalPlan]:
    for (plan, kind), group in groupby(rows, key=lambda row: (row[0], row[1])):
        (whole, undo_begun_at, watched_at), *steps = ((_step(row[4:]), row[2], row[3]) for row in group)
        yield JournalPlan(
            plan=plan,
            kind=kind,
            purpose=whole.purpose,
            begun_at=whole.begun_at,
            finished_at=whole.finished_at,
            undo_begun_at=undo_begun_at,
            undone_at=whole.undone_at,
            watched_at=watched_at,
            steps=tuple(step for step, *_ in steps),
        )


def _step(row: tuple[Any, ...]) -> JournalStep:
    number, purpose, begun_at, finished_at, outcome, undone_at = row
    return JournalStep(number=number, purpose=purpose, begun_at=begun_at, finished_at=finished_at, outcome=outcome, undone_at=undone_at)
