"""A plan runs once, goes on after a kill, and runs on nothing but what it was made for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from splitter import db
from splitter.apply import apply_plan, keep_plans_out, unfinished_plans
from splitter.attempts import Patience
from splitter.catalog import read_schema
from splitter.errors import Busy, Clone, Conflict, FailedError, Unprepared
from splitter.events import Event
from splitter.identity import Identity, physical_identity, write_identity
from splitter.journal import Outcome, read_journal
from splitter.schema import TableName
from splitter.steps import Lock, Plan, PlanDatabase, Step

T = TableName("public", "t")


def step(sql: str, **more: Any) -> Step:
    values: dict[str, Any] = {"purpose": sql, "sql": sql, "lock": Lock.NONE, "undo": ()}
    return Step(**(values | {"lock_timeout_ms": 100, "statement_timeout_ms": 0} | more))


INSERT = step("INSERT INTO public.t VALUES (1)")
INDEX = step(
    "CREATE INDEX CONCURRENTLY i ON public.t (n)",
    transactional=False,
    precondition="SELECT pg_catalog.to_regclass('public.i') IS NULL",
)
FAILS = step("SELECT 1 / 0")


@pytest.fixture
def conn(make_database):
    with db.connect(make_database("CREATE TABLE t (n int)"), setting="--url") as conn:
        physical = physical_identity(conn)
        identity = Identity(
            region="us",
            origin=1,
            database=uuid4(),
            system_identifier=physical.system_identifier,
            database_oid=physical.database_oid,
        )
        write_identity(conn, identity)
        yield conn


def make_plan(conn: db.Connection, *steps: Step) -> Plan:
    row = conn.execute("SELECT database FROM orglift.identity").fetchone()
    assert row is not None
    return Plan(
        kind="test",
        database=PlanDatabase(silo="us", uuid=row[0]),
        fingerprint=read_schema(conn).fingerprint([T]),
        tables=(T,),
        steps=steps,
    )


def count(conn: db.Connection) -> Any:
    row = conn.execute("SELECT count(*) FROM public.t").fetchone()
    assert row is not None
    return row[0]


def test_steps_run_in_order_and_each_is_journalled(conn):
    events: list[Event] = []
    report = apply_plan(conn, make_plan(conn, INSERT, INDEX), report=events.append)
    assert report.outcomes == (Outcome.DONE, Outcome.DONE)
    assert conn.execute("SELECT step, finished_at IS NOT NULL FROM orglift.journal ORDER BY 1").fetchall() == [
        (0, True),
        (1, True),
        (2, True),
    ]
    assert len(events) == 6


def test_a_second_run_changes_nothing(conn):
    plan = make_plan(conn, INSERT, INDEX)
    apply_plan(conn, plan)
    assert apply_plan(conn, plan).outcomes == (Outcome.SKIPPED, Outcome.SKIPPED)
    assert count(conn) == 1


def test_an_empty_plan_leaves_no_trace(conn):
    assert apply_plan(conn, make_plan(conn)).outcomes == ()
    assert conn.execute("SELECT pg_catalog.to_regclass('orglift.journal')").fetchone() == (None,)


def test_the_journal_is_read_as_it_was_written(conn):
    done, failed = make_plan(conn, INSERT, INDEX), make_plan(conn, INSERT, FAILS)
    apply_plan(conn, done)
    with pytest.raises(Conflict, match="another state"):
        apply_plan(conn, failed)
    failed = make_plan(conn, INSERT, FAILS)
    with pytest.raises(FailedError):
        apply_plan(conn, failed)
    first, second = read_journal(conn)
    assert (first.plan, first.purpose, [step.number for step in first.steps]) == (done.id, "2 steps", [1, 2])
    assert first.finished_at is not None and all(step.finished_at for step in first.steps)
    assert (second.plan, second.finished_at, [step.purpose for step in second.steps]) == (failed.id, None, [INSERT.sql])


def test_a_step_that_fails_leaves_nothing_of_itself_and_the_same_call_goes_on(conn):
    plan = make_plan(conn, INSERT, FAILS, INDEX)
    with pytest.raises(FailedError, match="step 2, SELECT 1 / 0: division by zero"):
        apply_plan(conn, plan)
    assert unfinished_plans(conn) == ((plan.id, "test"),)
    with pytest.raises(FailedError):
        apply_plan(conn, plan)
    assert count(conn) == 1


def test_an_unfinished_plan_keeps_others_out(conn):
    with pytest.raises(FailedError):
        apply_plan(conn, make_plan(conn, FAILS))
    with pytest.raises(Conflict, match="is unfinished in this database"):
        apply_plan(conn, make_plan(conn, INSERT))


KILL = step(
    "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())",
    precondition="SELECT pg_catalog.to_regclass('public.killed') IS NULL",
)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_killed_between_any_steps_it_goes_on(conn, at):
    steps = [INSERT, INDEX]
    steps.insert(at, KILL)
    plan = make_plan(conn, *steps)
    with db.connect(conn.info.dsn, setting="--url") as victim, pytest.raises(FailedError):
        apply_plan(victim, plan)
    conn.execute("CREATE TABLE public.killed ()")
    apply_plan(conn, plan)
    assert count(conn) == 1
    assert conn.execute("SELECT pg_catalog.to_regclass('public.i') IS NOT NULL").fetchone() == (True,)


def test_tables_that_changed_since_are_refused(conn):
    plan = make_plan(conn, INSERT)
    conn.execute("ALTER TABLE public.t ADD COLUMN m int")
    with pytest.raises(Conflict, match="made for another state of t"):
        apply_plan(conn, plan)
    assert count(conn) == 0


def test_what_the_plan_itself_changed_is_no_change(conn):
    plan = make_plan(conn, step("ALTER TABLE public.t ADD COLUMN m int"), FAILS)
    with pytest.raises(FailedError):
        apply_plan(conn, plan)
    with pytest.raises(FailedError, match="step 2"):
        apply_plan(conn, plan)


def test_an_object_that_is_not_what_it_was_stops_the_step(conn):
    with pytest.raises(FailedError, match="not what the plan was made for"):
        apply_plan(conn, make_plan(conn, step("SELECT 1", precondition="SELECT NULL::boolean")))


def test_a_lock_that_is_held_is_tried_again_and_told(conn):
    plan = make_plan(conn, step("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE", lock_timeout_ms=10))
    with psycopg.connect(conn.info.dsn) as other:
        other.execute("SELECT * FROM t")
        with pytest.raises(FailedError, match="lock timeout"):
            apply_plan(conn, plan, patience=Patience(seconds=0.3))
    assert apply_plan(conn, plan).outcomes == (Outcome.DONE,)


def test_time_outs_end_with_their_step(conn):
    apply_plan(conn, make_plan(conn, replace(INDEX, statement_timeout_ms=5000)))
    assert conn.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')").fetchone() == ("0", "0")


def test_a_relocation_in_the_region_keeps_plans_out(conn):
    conn.execute("CREATE TABLE orglift.moves (relocation uuid, organization text, finished_at timestamptz)")
    conn.execute("INSERT INTO orglift.moves VALUES (%s, 'acme', NULL)", (uuid4(),))
    with pytest.raises(Conflict, match="of organization 'acme' touches this database"):
        apply_plan(conn, make_plan(conn, INSERT))
    conn.execute("UPDATE orglift.moves SET finished_at = now()")
    apply_plan(conn, make_plan(conn, INSERT))


def test_two_cannot_apply_at_once(conn):
    with db.connect(conn.info.dsn, setting="--url") as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('orglift change of schema', 0))")
        with pytest.raises(Busy, match="another plan is being applied"):
            apply_plan(conn, make_plan(conn, INSERT))
    assert count(conn) == 0


def test_a_mover_keeps_plans_out_and_they_keep_it_out(conn):
    with pytest.raises(FailedError):
        apply_plan(conn, make_plan(conn, FAILS))
    with pytest.raises(Conflict, match="is unfinished"), conn.transaction():
        keep_plans_out(conn)
    conn.execute("DELETE FROM orglift.journal")
    with db.connect(conn.info.dsn, setting="--url") as other:
        with conn.transaction():
            keep_plans_out(conn)
            with pytest.raises(Busy, match="or a mover is entering it"):
                apply_plan(other, make_plan(other, INSERT))
        apply_plan(other, make_plan(other, INSERT))
        other.execute("SELECT pg_advisory_lock(hashtextextended('orglift change of schema', 0))")
        with pytest.raises(Busy, match="a plan is being applied"), conn.transaction():
            keep_plans_out(conn)


def test_another_database_is_refused(conn, make_database):
    plan = make_plan(conn, INSERT)
    with db.connect(make_database(), setting="--url") as other, pytest.raises(Unprepared):
        apply_plan(other, plan)
    with pytest.raises(Clone, match="the plan is for us"):
        apply_plan(conn, replace(plan, database=PlanDatabase(silo="us", uuid=uuid4())))
