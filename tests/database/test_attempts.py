"""A step waits no longer than it says, tells who is in its way, gives way, and is tried again as long as there is patience."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from splitter import db
from splitter.apply import apply_plan
from splitter.attempts import Patience
from splitter.blockers import Blocker, read_blockers
from splitter.catalog import read_schema
from splitter.errors import Conflict, FailedError
from splitter.events import Event, Note, Warned
from splitter.identity import derive_uuid, has_relation, physical_identity
from splitter.journal import Outcome, read_journal
from splitter.schema import TableName
from splitter.steps import Action, Lock, Plan, PlanDatabase, Step

T, OTHER = TableName("public", "t"), TableName("public", "o")
SCRIPT = "CREATE TABLE t (n int); CREATE TABLE o (n int); INSERT INTO t SELECT generate_series(1, 25);"


def step(sql: str, **more: Any) -> Step:
    values: dict[str, Any] = {"purpose": sql, "sql": sql, "lock": Lock.NONE, "undo": ()}
    return Step(**(values | {"lock_timeout_ms": 100, "statement_timeout_ms": 0} | more))


EXCLUSIVE = step("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE", lock=Lock.ACCESS_EXCLUSIVE, tables=(T,), lock_timeout_ms=300)


@pytest.fixture
def conn(make_database):
    with db.connect(make_database(SCRIPT), setting="--url", application="splitter apply") as conn:
        yield conn


@pytest.fixture
def other(conn):
    with psycopg.connect(conn.info.dsn, application_name="billing") as other:
        yield other


def make_plan(conn: db.Connection, *steps: Step) -> Plan:
    return Plan(
        kind="test",
        database=PlanDatabase(silo="us", uuid=derive_uuid(physical_identity(conn))),
        fingerprint=read_schema(conn).fingerprint([T]),
        tables=(T,),
        steps=steps,
    )


def count(conn: db.Connection) -> Any:
    row = conn.execute("SELECT count(*) FROM public.t").fetchone()
    assert row is not None
    return row[0]


def texts(events: list[Event], kind: type[Note] | type[Warned]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, kind))


# audits


def test_an_audit_that_finds_something_stops_before_anything_is_written(conn):
    found = step("SELECT 't', n::text FROM public.t WHERE n < 3 ORDER BY n", action=Action.AUDIT, remedy="mend them")
    also = step("SELECT 'o', 'odd'", action=Action.AUDIT)
    with pytest.raises(Conflict, match="the plan stops: t: 1, and 2 more") as caught:
        apply_plan(conn, make_plan(conn, found, also, step("DELETE FROM public.t")))
    assert [(each.object, each.found, each.remedy) for each in caught.value.problems] == [
        ("t", "1", "mend them"),
        ("t", "2", "mend them"),
        ("o", "odd", "SELECT 'o', 'odd'"),
    ]
    assert count(conn) == 25 and not has_relation(conn, "orglift.journal")


def test_an_audit_after_a_step_is_a_failure_and_nothing_follows(conn):
    audit = step("SELECT 't', n::text FROM public.t", action=Action.AUDIT)
    plan = make_plan(conn, step("DELETE FROM public.t WHERE n > 1"), audit, step("DELETE FROM public.t"))
    with pytest.raises(FailedError, match="the plan stops: t: 1"):
        apply_plan(conn, plan)
    assert count(conn) == 1
    conn.execute("DELETE FROM public.t")
    assert apply_plan(conn, plan).outcomes == (Outcome.SKIPPED, Outcome.DONE, Outcome.DONE)


def test_an_audit_cannot_write(conn):
    audit = step("DELETE FROM public.t RETURNING 't', n::text", action=Action.AUDIT)
    with pytest.raises(Exception, match="read-only transaction"):
        apply_plan(conn, make_plan(conn, audit))
    assert count(conn) == 25


def test_an_audit_that_found_nothing_is_not_asked_again(conn):
    plan = make_plan(conn, step("SELECT 't', n::text FROM public.t WHERE n > 99", action=Action.AUDIT), step("SELECT 1 / 0"))
    with pytest.raises(FailedError):
        apply_plan(conn, plan)
    conn.execute("INSERT INTO public.t VALUES (100)")
    with pytest.raises(FailedError, match="step 2"):
        apply_plan(conn, plan)


def test_what_an_audit_is_about_may_be_gone(conn):
    audit = step("SELECT 't', 'x'", action=Action.AUDIT, precondition="SELECT false")
    assert apply_plan(conn, make_plan(conn, audit)).outcomes == (Outcome.DONE,)


# batches


def test_a_repeated_step_goes_on_until_nothing_is_left(conn):
    events: list[Event] = []
    batch = step("DELETE FROM public.t WHERE ctid IN (SELECT ctid FROM public.t LIMIT 10)", action=Action.REPEAT)
    plan = make_plan(conn, batch)
    assert apply_plan(conn, plan, report=events.append).outcomes == (Outcome.DONE,)
    assert count(conn) == 0
    assert texts(events, Note).count(" rows") == 3
    conn.execute("INSERT INTO public.t VALUES (1)")
    assert apply_plan(conn, plan).outcomes == (Outcome.SKIPPED,)


def test_a_batch_that_fails_leaves_the_earlier_ones_done(conn):
    conn.execute("ALTER TABLE public.t ADD CHECK (n <= 25)")
    batch = step("UPDATE public.t SET n = n + 10 WHERE n = (SELECT min(n) FROM public.t)", action=Action.REPEAT)
    plan = make_plan(conn, batch)
    with pytest.raises(FailedError, match="check constraint"):
        apply_plan(conn, plan)
    assert conn.execute("SELECT min(n) FROM public.t").fetchone() == (16,)
    assert read_journal(conn)[0].steps[0].finished_at is None


# locks


def test_who_is_in_the_way_is_told_while_it_waits_and_when_it_gives_up(conn, other):
    other.execute("SELECT n AS sought FROM t")
    events: list[Event] = []
    with pytest.raises(FailedError, match="lock timeout") as caught:
        apply_plan(conn, make_plan(conn, EXCLUSIVE), report=events.append, patience=Patience(seconds=0.5))
    (problem,) = caught.value.problems
    assert problem.code == "blocker" and problem.object.startswith(f"pid {other.info.backend_pid} (billing, role ")
    assert "SELECT n AS sought FROM t" in problem.found and f"pg_terminate_backend({other.info.backend_pid})" in problem.remedy
    assert f"waits for pid {other.info.backend_pid} (billing" in texts(events, Warned)
    assert f"gave way to pid {other.info.backend_pid}" in texts(events, Note)
    assert "nothing waits behind it now" in caught.value.hint


def test_it_is_had_as_soon_as_it_is_free(conn, other):
    other.execute("SELECT n FROM t")
    release = threading.Timer(0.4, other.rollback)
    release.start()
    assert apply_plan(conn, make_plan(conn, EXCLUSIVE), patience=Patience(seconds=30)).outcomes == (Outcome.DONE,)
    release.join()


def test_between_its_attempts_nobody_waits(conn, other):
    """The application reads the table as soon as the step has given way, although the lock that it wants is still held."""
    other.execute("SELECT n FROM t")
    paused, go_on, done = threading.Event(), threading.Event(), list[tuple[Outcome, ...]]()

    def sleep(_: float) -> None:
        paused.set()
        assert go_on.wait(30)

    def run() -> None:
        done.append(apply_plan(conn, make_plan(conn, EXCLUSIVE), patience=Patience(seconds=30, sleep=sleep)).outcomes)

    thread = threading.Thread(target=run)
    thread.start()
    assert paused.wait(30)
    with psycopg.connect(conn.info.dsn) as reader:
        reader.execute("SET lock_timeout = 1")
        reader.execute("SELECT n FROM t")
        reader.execute("INSERT INTO t VALUES (1)")
    other.rollback()
    go_on.set()
    thread.join()
    assert done == [(Outcome.DONE,)]


def test_several_locks_have_one_budget(conn, other):
    """lock_timeout counts each of them alone: it would never end this wait."""
    both = step(
        "LOCK TABLE public.t, public.o IN ACCESS EXCLUSIVE MODE",
        tables=(T, OTHER),
        lock_timeout_ms=60_000,
        statement_timeout_ms=200,
    )
    other.execute("SELECT n FROM o")
    events: list[Event] = []
    with pytest.raises(FailedError, match="statement timeout") as caught:
        apply_plan(conn, make_plan(conn, both), report=events.append, patience=Patience(seconds=0.5))
    assert "gave way to pid" in texts(events, Note)
    assert [problem.code for problem in caught.value.problems] == ["blocker"]
    other.rollback()
    assert apply_plan(conn, make_plan(conn, both)).outcomes == (Outcome.DONE,)


def test_a_statement_that_is_only_slow_is_not_tried_again(conn):
    slow = step("SELECT pg_sleep(10)", tables=(T,), statement_timeout_ms=50)
    events: list[Event] = []
    with pytest.raises(FailedError, match="statement timeout"):
        apply_plan(conn, make_plan(conn, slow), report=events.append)
    assert "gave way" not in texts(events, Note)


CLEAR = step(
    "DROP INDEX CONCURRENTLY IF EXISTS public.i",
    transactional=False,
    precondition="SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('public.i') AND NOT indisvalid)",
)
INDEX = step(
    "CREATE INDEX CONCURRENTLY i ON public.t (n)",
    transactional=False,
    precondition="SELECT NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('public.i') AND indisvalid)",
)


def test_what_a_step_outside_a_transaction_left_is_cleared_before_it_is_tried_again(conn, other):
    other.execute("INSERT INTO t VALUES (0)")
    release = threading.Timer(0.6, other.rollback)
    release.start()
    assert apply_plan(conn, make_plan(conn, CLEAR, INDEX)).outcomes == (Outcome.SKIPPED, Outcome.DONE)
    release.join()
    assert conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.i'::regclass").fetchall() == [(True,)]


def test_what_it_left_when_patience_ended_is_cleared_by_the_next_run(conn, other):
    other.execute("INSERT INTO t VALUES (0)")
    plan = make_plan(conn, CLEAR, INDEX)
    with pytest.raises(FailedError):
        apply_plan(conn, plan, patience=Patience(seconds=0))
    assert conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.i'::regclass").fetchall() == [(False,)]
    other.rollback()
    assert apply_plan(conn, plan).outcomes == (Outcome.DONE, Outcome.DONE)
    assert read_journal(conn)[0].steps[1].outcome == "done"


# blockers


def test_nobody_blocks_who_does_not_wait(conn, other):
    assert read_blockers(conn, other.info.backend_pid) == ()


def test_without_a_second_connection_it_works_and_says_that_it_sees_nobody(make_database, server):
    url = make_database(SCRIPT)
    server.execute("CREATE ROLE lonely LOGIN SUPERUSER")
    name = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
    with db.connect(server.url(name, "lonely"), setting="--url") as conn, psycopg.connect(url) as other:
        server.execute("ALTER ROLE lonely NOLOGIN")
        other.execute("SELECT n FROM t")
        events: list[Event] = []
        with pytest.raises(FailedError, match="lock timeout"):
            apply_plan(conn, make_plan(conn, EXCLUSIVE), report=events.append, patience=Patience(seconds=0.5))
        assert texts(events, Warned).count("who blocks this cannot be seen") == 1
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DROP OWNED BY lonely CASCADE")
    server.execute("DROP ROLE lonely")


def test_a_prepared_transaction_is_named(conn, other):
    other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    other.execute("PREPARE TRANSACTION 'parked'")
    try:
        with pytest.raises(FailedError) as caught:
            apply_plan(conn, make_plan(conn, EXCLUSIVE), patience=Patience(seconds=0.5))
    finally:
        other.rollback()
        other.autocommit = True
        other.execute("ROLLBACK PREPARED 'parked'")
    assert [problem.object for problem in caught.value.problems] == ["a prepared transaction"]


def test_a_query_is_shown_in_one_short_line_without_passwords():
    query = "ALTER ROLE x\n  PASSWORD 'hunter2' " + "y" * 500
    shown = str(Blocker(pid=7, application="", role="", state="active", backend="client backend", query=query, age=2.25))
    assert shown.startswith("pid 7 (client backend): active, its transaction is 2.2 s old: ALTER ROLE x PASSWORD ***")
    assert "hunter2" not in shown and "\n" not in shown and len(shown) < 250
