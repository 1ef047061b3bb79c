"""Whatever is in the way of a widening is told by name, nothing is lost, and the same call goes on afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from splitter.apply import apply_plan, keep_plans_out
from splitter.attempts import Patience
from splitter.db import connect
from splitter.errors import Conflict, FailedError, RefusedError
from splitter.events import Event, Note, Warned
from splitter.findings_kinds import WIDENING
from splitter.journal import PlanState, read_journal
from splitter.plans.widen_ids import preflight
from splitter.schema import TableName
from splitter.sight import look_at_url
from splitter.steps import Plan
from splitter.undo import undo_plan
from tests.servers import Server
from tests.wide_sites import ALL, MakeWide, WideSite

TABLES = (
    "CREATE TABLE org (id serial PRIMARY KEY, name text); INSERT INTO org (name) SELECT 'n' || g FROM generate_series(1, 50) AS g;"
    "CREATE TABLE c (id serial PRIMARY KEY, org int NOT NULL REFERENCES org);"
    "INSERT INTO c (org) SELECT 1 + g % 50 FROM generate_series(1, 99) AS g;"
)
IMPATIENT = Patience(seconds=0.3)


@pytest.fixture
def site(make_wide: MakeWide) -> WideSite:
    return make_wide(TABLES)


@contextmanager
def open_transaction(site: WideSite, statement: str = "SELECT FROM pg_class") -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(site.url, application_name="report") as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute(statement.encode())
        yield other


def assert_goes_on(site: WideSite, plan: Plan) -> None:
    before = site.content()
    apply_plan(site.conn, plan)
    assert [known.state for known in read_journal(site.conn)] == [PlanState.WATCHED]
    assert site.rows("SELECT FROM pg_catalog.pg_index WHERE NOT indisvalid") == []
    undo_plan(site.conn, plan)
    assert {table: len(rows) for table, rows in site.content().items()} == {table: len(rows) for table, rows in before.items()}


def test_a_lock_that_never_comes_is_told_and_nobody_waits_behind_it(site: WideSite) -> None:
    plan = site.plan()
    with open_transaction(site, "SELECT FROM public.c") as other:
        with pytest.raises(FailedError, match=rf"pid {other.info.backend_pid} \(report, role postgres\)") as caught:
            apply_plan(site.conn, plan, patience=IMPATIENT)
        assert caught.value.problems[0].remedy == f"let it end, or end it: SELECT pg_terminate_backend({other.info.backend_pid})"
        assert site.rows("SELECT FROM pg_catalog.pg_locks WHERE NOT granted") == []
    assert_goes_on(site, plan)


@pytest.mark.parametrize("budget_ms", [0, 10**6])
def test_a_step_says_the_time_outs_that_its_statement_sets(site: WideSite, budget_ms: int) -> None:
    """What was cancelled for its locks is told from what was not by them."""
    steps = [each for step in site.plan(budget_ms).steps for each in (step, *(step.undo or ()))]
    locking = [step for step in steps if "LOCK TABLE" in step.sql]
    assert locking
    for step in locking:
        set_ = (f"SET LOCAL lock_timeout = {step.lock_timeout_ms};", f"SET LOCAL statement_timeout = {step.statement_timeout_ms};")
        assert "\n".join(set_) in step.sql


def test_an_index_build_that_was_cancelled_leaves_nothing_behind(site: WideSite) -> None:
    """The build waits for an older transaction, which is told."""
    plan, told = site.plan(), []

    def report(event: Event) -> None:
        if isinstance(event, Warned) and "index" in event.text:
            told.append(event.text)
            with connect(site.url, setting="--url") as killer:
                killer.execute("SELECT pg_catalog.pg_cancel_backend(%s)", (site.conn.info.backend_pid,))

    with open_transaction(site) as other, pytest.raises(FailedError, match="canceling statement"):
        pid = other.info.backend_pid
        apply_plan(site.conn, plan, report=report)
    assert f"waits for pid {pid} (report, role postgres): idle in transaction" in told[0]
    ((name,),) = site.rows("SELECT indexrelid::regclass::text FROM pg_catalog.pg_index WHERE NOT indisvalid")
    assert "orglift_wide" in name
    assert_goes_on(site, plan)


@pytest.mark.postgres(18)
def test_duplicates_that_an_index_finds_are_told_and_once_they_are_gone_it_goes_on(make_wide: MakeWide) -> None:
    """A unique index that does not hold what it says."""
    site = make_wide("CREATE TABLE org (id int PRIMARY KEY, n int); INSERT INTO org VALUES (1, 1);")
    site.run(
        "UPDATE pg_catalog.pg_index SET indisunique = false WHERE indexrelid = 'public.org_pkey'::regclass",
        "INSERT INTO public.org VALUES (1, 2)",
        "UPDATE pg_catalog.pg_index SET indisunique = true WHERE indexrelid = 'public.org_pkey'::regclass",
    )
    plan = site.plan()
    with pytest.raises(FailedError, match="could not create unique index") as caught:
        apply_plan(site.conn, plan)
    assert "Key (id_orglift_wide)=(1) is duplicated" in caught.value.hint
    site.run("DELETE FROM public.org WHERE n = 2")
    assert_goes_on(site, plan)


@pytest.mark.postgres(15)
def test_what_holds_the_horizon_is_refused_by_name_before_anything_is_written(site: WideSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "LONG_SECONDS", 0)
    plan = site.plan()
    with psycopg.connect(site.url) as prepared:
        prepared.execute("BEGIN; INSERT INTO org (name) VALUES ('x'); PREPARE TRANSACTION 'left over'")
    with open_transaction(site) as other, pytest.raises(RefusedError) as caught:
        session = f"pid {other.info.backend_pid} (report, role postgres)"
        apply_plan(site.conn, plan)
    site.run("ROLLBACK PREPARED 'left over'")
    assert not isinstance(caught.value, FailedError) and read_journal(site.conn) == ()
    found = {problem.object: problem.found for problem in caught.value.problems}
    assert set(found) == {session, "prepared transaction left over"} and "no index can be built" in found[session]
    assert_goes_on(site, plan)


@pytest.mark.postgres(18)
def test_a_slot_that_nobody_reads_would_keep_all_wal(site: WideSite) -> None:
    plan = site.plan()
    site.run("SELECT pg_catalog.pg_create_physical_replication_slot('forgotten', true)")
    try:
        with pytest.raises(RefusedError, match="replication slot forgotten: is read by nobody"):
            apply_plan(site.conn, plan)
    finally:
        site.run("SELECT pg_catalog.pg_drop_replication_slot('forgotten')")
    assert_goes_on(site, plan)


@pytest.mark.postgres(15)
def test_a_vacuum_against_wraparound_that_is_due_comes_first(site: WideSite) -> None:
    plan = site.plan()
    site.run("UPDATE pg_catalog.pg_class SET relfrozenxid = '3900000000' WHERE oid = 'public.c'::regclass")
    with pytest.raises(RefusedError, match=r"c: has row versions that are \d+ transactions old: a vacuum against wraparound is due"):
        apply_plan(site.conn, plan)
    site.run("UPDATE pg_catalog.pg_class SET relfrozenxid = '1000' WHERE oid = 'public.c'::regclass")
    assert_goes_on(site, plan)


def test_a_prepared_statement_of_an_old_session_is_told_once_and_prepared_anew(site: WideSite) -> None:
    with psycopg.connect(site.url, prepare_threshold=0) as old, psycopg.connect(site.url, prepare_threshold=None) as plain:
        for conn in (old, plain):
            conn.execute("SELECT id, name FROM org WHERE id = 1").fetchall()
            conn.execute("UPDATE org SET name = 'y' WHERE id = %s", (2,))
            conn.commit()
        apply_plan(site.conn, site.plan())
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="cached plan must not change result type"):
            old.execute("SELECT id, name FROM org WHERE id = 1")
        old.rollback()
        assert old.execute("SELECT id, name FROM org WHERE id = 1").fetchone() == (1, "n1")
        assert old.execute("UPDATE org SET name = 'z' WHERE id = %s", (2,)).rowcount == 1
        assert plain.execute("SELECT id, name FROM org WHERE id = 1").fetchone() == (1, "n1")


def test_functions_of_an_old_session_go_on(make_wide: MakeWide) -> None:
    site = make_wide(
        TABLES + "CREATE FUNCTION name_it() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN"
        " SELECT count(*) INTO n FROM c WHERE c.org = NEW.id AND NEW.id > 0; NEW.name := NEW.id || ':' || n; RETURN NEW; END $$;"
        "CREATE TRIGGER name_it BEFORE UPDATE ON org FOR EACH ROW EXECUTE FUNCTION name_it();"
    )
    with psycopg.connect(site.url, autocommit=True) as old:
        old.execute("UPDATE org SET name = '' WHERE id = 1")
        plan = site.plan()
        apply_plan(site.conn, plan)
        old.execute("UPDATE org SET name = '' WHERE id = 2")
        undo_plan(site.conn, plan)
        old.execute("UPDATE org SET name = '' WHERE id = 3")
    assert site.rows("SELECT name FROM public.org WHERE id < 4 ORDER BY id") == [("1:1",), ("2:2",), ("3:2",)]


@pytest.mark.postgres(18)
def test_a_second_plan_for_the_same_ids_waits_for_the_first(site: WideSite) -> None:
    first, second = site.plan(), site.plan(budget_ms=10**9)
    apply_plan(site.conn, first)
    with pytest.raises(Conflict, match=rf"plan {first.id} \(widen-ids\) is watched in this database") as caught:
        apply_plan(site.conn, second)
    assert f"`splitter undo {first.id}` takes it back" in caught.value.hint
    assert site.plan().steps == ()
    undo_plan(site.conn, first)
    apply_plan(site.conn, second)


@pytest.mark.postgres(15)
def test_a_plan_that_was_made_while_another_one_is_half_way_is_refused(site: WideSite) -> None:
    plan = site.plan()
    number = next(number for number, step in enumerate(plan.steps) if "wide twin" in step.purpose)

    def stop(event: Event) -> None:
        if isinstance(event, Note) and event.text == f"done: {plan.steps[number].purpose}":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_plan(site.conn, plan, report=stop)
    with pytest.raises(RefusedError) as caught:
        site.plan()
    assert {(problem.object, problem.remedy) for problem in caught.value.problems} >= {
        ("org.id_orglift_wide", "rename it, or undo the plan that made it")
    }
    assert_goes_on(site, plan)


@pytest.mark.postgres(18)
def test_a_table_that_changed_since_the_plan_is_refused(site: WideSite) -> None:
    plan = site.plan()
    site.run("ALTER TABLE public.c ADD COLUMN more int")
    with pytest.raises(Conflict, match="the plan was made for another state of c, org"):
        apply_plan(site.conn, plan)
    assert read_journal(site.conn) == ()
    apply_plan(site.conn, site.plan())


@pytest.mark.postgres(15)
def test_large_ids_of_the_watch_are_kept_and_named_by_an_undo_that_is_refused(site: WideSite) -> None:
    apply_plan(site.conn, plan := site.plan())
    site.run("INSERT INTO public.org (id, name) VALUES (5000000000, 'large')", "INSERT INTO public.c (org) VALUES (5000000000)")
    with pytest.raises(Conflict, match="org: id is 5000000000, which no narrow column holds") as caught:
        undo_plan(site.conn, plan)
    assert {problem.object for problem in caught.value.problems} == {"org", "c"} and "goes forward" in caught.value.hint
    apply_plan(site.conn, plan, stages=ALL)
    assert site.rows("SELECT org.name FROM public.c JOIN public.org ON org.id = c.org WHERE org.id > 2147483647") == [("large",)]


SUBSCRIBED = "CREATE PUBLICATION p FOR TABLE c; CREATE PUBLICATION q FOR ALL TABLES;"


def test_subscribers_and_change_feeds_are_refused_until_they_have_what_they_need(make_wide: MakeWide) -> None:
    site = make_wide(TABLES + "CREATE PUBLICATION p FOR TABLE c;")
    site.run("SELECT pg_catalog.pg_create_logical_replication_slot('feed', 'pgoutput', true)")  # of this session, so it is read
    with pytest.raises(RefusedError, match=r"replication slot feed \(pgoutput\): gets columns from the first step on") as caught:
        apply_plan(site.conn, site.plan())
    assert 'ALTER TABLE "public"."c" ADD COLUMN "id_orglift_wide" bigint' in caught.value.hint and "--followers-ready" in caught.value.hint
    assert read_journal(site.conn) == ()
    apply_plan(site.conn, site.plan(followed=True))
    site.run("SELECT pg_catalog.pg_drop_replication_slot('feed')")


@pytest.mark.postgres(18)
def test_without_a_publication_of_the_tables_a_subscription_to_others_is_no_matter(site: WideSite) -> None:
    site.run("SELECT pg_catalog.pg_create_logical_replication_slot('feed', 'pgoutput', true)")
    apply_plan(site.conn, site.plan())
    site.run("SELECT pg_catalog.pg_drop_replication_slot('feed')")


@pytest.mark.postgres(18)
def test_a_published_table_that_cannot_be_updated_is_told(make_wide: MakeWide) -> None:
    site = make_wide("CREATE TABLE org (id int NOT NULL UNIQUE); INSERT INTO org VALUES (1); CREATE TABLE c (o int REFERENCES org (id));")
    site.run("CREATE PUBLICATION p FOR TABLE public.org, public.c", "ALTER TABLE public.org ADD COLUMN n serial PRIMARY KEY")
    with pytest.raises(RefusedError, match="c: has no replica identity, and its updates are published by p"):
        apply_plan(site.conn, site.plan(tables=[TableName("public", "org")]))
    site.run("ALTER TABLE public.c REPLICA IDENTITY FULL")
    apply_plan(site.conn, site.plan(tables=[TableName("public", "org")]))


@pytest.mark.long
def test_a_subscriber_follows_all_the_way(make_wide: MakeWide, server: Server) -> None:
    site = make_wide(TABLES + SUBSCRIBED)
    target = make_wide("CREATE TABLE org (id bigint PRIMARY KEY, name text); CREATE TABLE c (id bigint PRIMARY KEY, org bigint);")
    plan = site.plan(followed=True)
    for note in plan.notes:
        _, _, statement = note.partition("before the plan begins: ")
        if statement:
            target.run(statement)
    site.run("SELECT pg_catalog.pg_create_logical_replication_slot('sub', 'pgoutput')")
    target.run(f"CREATE SUBSCRIPTION sub CONNECTION '{site.url}' PUBLICATION q WITH (create_slot = false, slot_name = 'sub')")
    try:
        _wait(site, lambda: site.rows("SELECT active FROM pg_catalog.pg_replication_slots WHERE slot_name = 'sub'") == [(True,)])
        _follow(site, target, plan)
    finally:
        target.run("ALTER SUBSCRIPTION sub DISABLE", "ALTER SUBSCRIPTION sub SET (slot_name = NONE)", "DROP SUBSCRIPTION sub")
        site.run(
            "SELECT pg_catalog.pg_terminate_backend(active_pid) FROM pg_catalog.pg_replication_slots WHERE slot_name = 'sub'",
            "SELECT pg_catalog.pg_sleep(0.2)",
            "SELECT pg_catalog.pg_drop_replication_slot('sub')",
        )


def _wait(site: WideSite, done: Callable[[], bool]) -> None:
    """For half a minute at most; what follows says what is missing."""
    for _ in range(600):
        if done():
            return
        site.run("SELECT pg_catalog.pg_sleep(0.05)")


def _follow(site: WideSite, target: WideSite, plan: Plan) -> None:
    for stage in (lambda: apply_plan(site.conn, plan), lambda: undo_plan(site.conn, plan), lambda: site.widen(plan)):
        stage()
        site.run("INSERT INTO public.org (name) VALUES ('later')", "UPDATE public.c SET org = org + 1 WHERE id = 7")
    site.run("INSERT INTO public.org (id, name) VALUES (5000000000, 'large')")
    wanted = "SELECT id, name FROM public.org ORDER BY id"
    _wait(site, lambda: target.rows(wanted) == site.rows(wanted))
    assert target.rows(wanted) == site.rows(wanted)
    assert target.rows("SELECT id, org FROM public.c ORDER BY id") == site.rows("SELECT id, org FROM public.c ORDER BY id")


@pytest.mark.postgres(15)
def test_twins_without_a_journal_are_seen_and_keep_movers_out(site: WideSite) -> None:
    """Rendered migrations keep none."""
    step = next(step for step in site.plan().steps if "wide twin" in step.purpose)
    site.run("CREATE SCHEMA orglift", "CREATE TABLE orglift.backfills (place text)")
    with site.conn.transaction():
        site.run(step.sql)
    found = [problem for one in look_at_url(site.silos, site.url).live for problem in one.problems]
    assert [(problem.code, "made by rendered migrations" in problem.found) for problem in found] == [(WIDENING, True)]
    with pytest.raises(Conflict, match="are being widened by migrations"), site.conn.transaction():
        keep_plans_out(site.conn)
