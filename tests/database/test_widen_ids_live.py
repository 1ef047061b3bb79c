"""With writers at work nothing is lost; killed anywhere the same call goes on; what cannot be carried is refused by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest

from splitter.apply import apply_plan, keep_plans_out, unfinished_plans
from splitter.db import Connection, connect
from splitter.errors import Conflict, FailedError, OrgliftError, RefusedError
from splitter.findings_kinds import WIDENING
from splitter.journal import PlanState, read_journal
from splitter.sight import look_at_url
from splitter.steps import Action, Plan, Stage
from splitter.undo import undo_plan
from tests.proxy import Moment, Proxy
from tests.wide_sites import ALL, MakeWide, WideSite

FAMILY = (
    "CREATE TABLE org (id serial PRIMARY KEY, name text); INSERT INTO org (name) SELECT 'n' || g FROM generate_series(1, 500) AS g;"
    "CREATE TABLE c (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org int NOT NULL REFERENCES org ON DELETE CASCADE,"
    " up int REFERENCES c ON DELETE SET NULL, n int NOT NULL DEFAULT 0);"
    "INSERT INTO c (org) SELECT 1 + g % 500 FROM generate_series(1, 3000) AS g; CREATE INDEX ON c (org);"
    "CREATE VIEW v AS SELECT c.id, org.name FROM c JOIN org ON org.id = c.org;"
)
DOMAINS = "CREATE DOMAIN ident AS int NOT NULL CHECK (VALUE > 0); CREATE DOMAIN of_org AS ident;" + FAMILY.replace(
    "org (id serial PRIMARY KEY, name text);",
    "org (id ident PRIMARY KEY, name text); CREATE SEQUENCE org_id_seq AS int OWNED BY org.id;"
    "ALTER TABLE org ALTER id SET DEFAULT nextval('org_id_seq');",
).replace("org int NOT NULL", "org of_org")
SMALL = FAMILY.replace("3000", "5").replace("500", "5")


class Writer(threading.Thread):
    """Inserts, updates, deletes, with their cascades, and reads the view; counts what was acknowledged. Gives up on no error of ours."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.stop = threading.Event()
        self.kept: dict[int, int] = {}
        self.errors: list[str] = []
        self.turns = 0

    def run(self) -> None:
        with psycopg.connect(self.url, autocommit=True, prepare_threshold=None) as conn:
            while not self.stop.is_set():
                try:
                    self.turn(conn)
                except psycopg.errors.DeadlockDetected:
                    self.turns += 0  # the application's own business: it tries again
                except psycopg.Error as exc:
                    self.errors.append(str(exc))
                    return

    def turn(self, conn: psycopg.Connection[Any]) -> None:
        with conn.transaction():
            org = self.one(conn, "INSERT INTO org (name) VALUES ('new') RETURNING id")
            first = self.one(conn, "INSERT INTO c (org) VALUES (%s) RETURNING id", org)
            second = self.one(conn, "INSERT INTO c (org, up) VALUES (%s, %s) RETURNING id", org, first)
            conn.execute("UPDATE c SET n = n + 1 WHERE id = %s", (second,))
            gone = self.one(conn, "INSERT INTO org (name) VALUES ('gone') RETURNING id")
            conn.execute("INSERT INTO c (org) VALUES (%s)", (gone,))
            conn.execute("DELETE FROM org WHERE id = %s", (gone,))
        conn.execute("DELETE FROM c WHERE id = %s", (first,))
        conn.execute("SELECT count(*) FROM v WHERE id = %s", (second,))
        self.kept[second] = org
        self.turns += 1

    def one(self, conn: psycopg.Connection[Any], query: str, *values: object) -> int:
        row = conn.execute(query.encode(), values).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def writing(site: WideSite, count: int = 2) -> Iterator[list[Writer]]:
    writers = [Writer(site.url) for _ in range(count)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stop.set()
            writer.join(60)


def assert_nothing_lost(site: WideSite, writers: list[Writer]) -> None:
    assert [error for writer in writers for error in writer.errors] == []
    kept = {child: org for writer in writers for child, org in writer.kept.items()}
    assert len(kept) > 5
    found = site.rows("SELECT id, org, up, n FROM public.c WHERE org > 500")
    assert {(child, org): rest for child, org, *rest in found} == {pair: [None, 1] for pair in kept.items()}
    assert site.rows("SELECT FROM public.org WHERE name = 'gone'") == []


@pytest.mark.parametrize(("script", "budget_ms"), [(FAMILY, 0), (DOMAINS, 1_000)], ids=["family", "domains"])
def test_writers_lose_nothing_on_the_way_there_and_back_and_there_again(make_wide: MakeWide, script: str, budget_ms: int) -> None:
    site = make_wide(script)
    before = site.dump()
    plan = site.plan(budget_ms)
    with writing(site) as writers:
        apply_plan(site.conn, plan)
        undo_plan(site.conn, plan)
        assert site.dump() == before
        apply_plan(site.conn, plan)
        apply_plan(site.conn, plan, stages=ALL)
    assert_nothing_lost(site, writers)
    site.run("SELECT pg_catalog.setval('public.org_id_seq', 3000000000)", "INSERT INTO public.org (name) VALUES ('large')")
    assert site.rows("SELECT id FROM public.org WHERE name = 'large'") == [(3_000_000_001,)]


def test_in_the_watch_period_ids_are_capped_and_it_is_seen_and_kept_apart(make_wide: MakeWide) -> None:
    site = make_wide(FAMILY)
    apply_plan(site.conn, plan := site.plan())
    site.run("SELECT pg_catalog.setval('public.c_id_seq', 2147483647)")
    with pytest.raises(psycopg.errors.SequenceGeneratorLimitExceeded):
        site.run("INSERT INTO public.c (org) VALUES (1)")
    (problem,) = [problem for one in look_at_url(site.silos, site.url).live for problem in one.problems]
    assert problem.code == WIDENING and plan.id in problem.object and "watched" in problem.found
    assert unfinished_plans(site.conn) == ((plan.id, "widen-ids"),)
    with pytest.raises(Conflict, match="is watched in this database"), site.conn.transaction():
        keep_plans_out(site.conn)
    apply_plan(site.conn, plan, stages=ALL)
    site.run("INSERT INTO public.c (org) VALUES (1)")
    assert site.rows("SELECT max(id) FROM public.c") == [(2**31,)]
    with pytest.raises(Conflict, match="cannot be taken back"):
        undo_plan(site.conn, plan)
    assert look_at_url(site.silos, site.url).live[0].problems == ()
    keep_plans_out(site.conn)


def test_a_large_id_is_no_error_in_the_watch_period_but_ends_the_way_back(make_wide: MakeWide) -> None:
    site = make_wide(FAMILY)
    apply_plan(site.conn, plan := site.plan())
    site.run("INSERT INTO public.org (id, name) VALUES (3000000000, 'large')", "INSERT INTO public.c (org) VALUES (3000000000)")
    with pytest.raises(Conflict, match=r"the undo stops: org: id is 3000000000, which no narrow column holds, and 1 more"):
        undo_plan(site.conn, plan)
    assert [known.state for known in read_journal(site.conn)] == [PlanState.WATCHED]
    site.run("DELETE FROM public.org WHERE id = 3000000000")
    undo_plan(site.conn, plan)
    assert [known.state for known in read_journal(site.conn)] == [PlanState.UNDONE]


def test_committed_it_can_be_taken_back_as_long_as_every_id_fits(make_wide: MakeWide) -> None:
    site = make_wide(FAMILY)
    before = site.dump()
    apply_plan(site.conn, plan := site.plan())
    with pytest.raises(Conflict, match="not committed"):
        apply_plan(site.conn, plan, stages=(Stage.APPLY, Stage.FINISH))
    apply_plan(site.conn, plan, stages=(Stage.APPLY, Stage.COMMIT))
    undo_plan(site.conn, plan)
    assert site.dump() == before


def test_it_is_not_committed_before_somebody_could_look(make_wide: MakeWide) -> None:
    site = make_wide(FAMILY)
    with pytest.raises(Conflict, match="not done yet"):
        apply_plan(site.conn, site.plan(), stages=ALL)
    assert read_journal(site.conn) == ()


def test_what_changed_before_the_swap_stops_it(make_wide: MakeWide) -> None:
    site = make_wide(FAMILY)
    plan = site.plan()
    place = max(number for number, step in enumerate(plan.steps) if step.action is Action.AUDIT and "hangs on" in step.purpose)
    assert place > 5
    site.run("CREATE OR REPLACE VIEW public.v AS SELECT c.id, 'x' || org.name AS name FROM public.c JOIN public.org ON org.id = c.org")
    with pytest.raises(Conflict, match=r"views of org and those tied to it: was changed since the plan was made"):
        apply_plan(site.conn, plan)
    assert read_journal(site.conn) == ()


def test_an_undo_that_was_begun_leaves_nothing_behind_when_it_goes_forward(make_wide: MakeWide) -> None:
    site = make_wide(SMALL)
    plan = site.plan()
    apply_plan(site.conn, plan)
    number = 40
    while site.rows("SELECT pg_catalog.count(*) FROM pg_catalog.pg_constraint WHERE conname LIKE 'orglift%'") == [(0,)]:
        assert cut_off(site, plan, undo_plan, number)
        number += 5
    apply_plan(site.conn, plan)
    site.run("INSERT INTO public.org (id, name) VALUES (3000000000, 'large')")
    assert site.rows("SELECT conname FROM pg_catalog.pg_constraint WHERE conname LIKE 'orglift%'") == []
    assert site.rows("SELECT relname FROM pg_catalog.pg_class WHERE relname LIKE 'orglift%'") == []


def cut_off(site: WideSite, plan: Plan, work: Callable[[Connection, Plan], Any], number: int, moment: Moment = Moment.AFTER) -> bool:
    """Whether there was such a statement."""
    with Proxy(site.url) as proxy:
        trap = proxy.trap(moment, lambda _: None, number=number)
        with suppress(OrgliftError), connect(proxy.url(site.url), setting="--url") as victim:
            work(victim, plan)
        return trap.sprung.is_set()


@pytest.mark.long
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_cut_off_anywhere_the_same_call_goes_on(make_wide: MakeWide, moment: Moment) -> None:
    site = make_wide(SMALL)
    before, plan, number = site.dump(), site.plan(), 20
    while cut_off(site, plan, apply_plan, number, moment):
        apply_plan(site.conn, plan)
        assert [known.state for known in read_journal(site.conn)] == [PlanState.WATCHED]
        assert site.rows("SELECT relname FROM pg_catalog.pg_class WHERE relname LIKE 'orglift%'") == []
        cut_off(site, plan, undo_plan, number, moment)  # the way back has fewer statements
        undo_plan(site.conn, plan)
        assert site.dump() == before
        number += 9
    assert number > 100


REFUSED = {
    "exclusion": (
        "CREATE TABLE org (id int PRIMARY KEY, EXCLUDE USING hash (id WITH =));",
        "org_id_excl of org: is an exclusion constraint",
    ),
    "deferrable": ("CREATE TABLE org (id int PRIMARY KEY DEFERRABLE);", "org_pkey of org: is a deferrable unique constraint"),
    "generated": (
        "CREATE TABLE org (id int PRIMARY KEY, n int GENERATED ALWAYS AS (id + 1) STORED);",
        "org.n: is a stored generated column",
    ),
    "domain": (
        "CREATE DOMAIN d AS int CHECK (VALUE > 0) NOT NULL; CREATE TABLE org (id d PRIMARY KEY); INSERT INTO org VALUES (1);",
        "domain d: has constraints, which are proved while writers wait",
    ),
    "partitioned": (
        "CREATE TABLE org (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF org DEFAULT;",
        "column id of public.org: is part of the partition key",
    ),
    "inherited": (
        "CREATE TABLE org (id int PRIMARY KEY); CREATE TABLE o (id int); CREATE TABLE p () INHERITS (org, o);",
        "column id of public.p: is inherited from several tables",
    ),
    "function": (
        "CREATE TABLE org (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM org; END;",
        "function public.f(): reads the columns, and takes or gives integers",
    ),
    "row_type": (
        "CREATE TABLE org (id int PRIMARY KEY); CREATE TABLE x (o org);",
        "column o of table public.x: has the row type of table public.org",
    ),
    "view_function": (
        "CREATE TABLE org (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM org;"
        "CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT 1';",
        "function public.f(): depends on type public.v",
    ),
    "invalid_check": (
        "CREATE TABLE org (id int PRIMARY KEY, n int); INSERT INTO org VALUES (1, 1); ALTER TABLE org ADD CHECK (n > 5) NOT VALID;",
        "org: has a row that its check org_n_check does not allow",
    ),
    "large_matview": (
        "CREATE TABLE org (id int PRIMARY KEY, n int); INSERT INTO org SELECT generate_series(1, 20000);"
        "CREATE MATERIALIZED VIEW m AS SELECT a.id, a.n, count(*) FROM org AS a "
        "JOIN org AS b ON a.id < b.id WHERE a.id < 100 GROUP BY a.id; ANALYZE org",
        "materialized view m: is filled, or read by one that is filled, for too long for the swap, and groups by a key",
    ),
    "last_trigger": (
        "CREATE TABLE org (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        'CREATE TRIGGER "~~" BEFORE INSERT ON org FOR EACH ROW EXECUTE FUNCTION f();',
        "trigger ~~ of org: fires after the one",
    ),
    "always_trigger": (
        "CREATE TABLE org (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER a BEFORE UPDATE ON org FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE org ENABLE ALWAYS TRIGGER a;",
        "org: has trigger a, which the role postgres cannot keep from firing",
    ),
    "replica_trigger": (
        "CREATE TABLE org (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER a BEFORE UPDATE ON org FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE org ENABLE REPLICA TRIGGER a;",
        "org: has trigger a, which the role postgres cannot keep from firing",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_carried_is_refused_by_name_before_the_first_step(make_wide: MakeWide, kind: str) -> None:
    script, told = REFUSED[kind]
    site = make_wide(script)
    before = site.dump()
    with pytest.raises(RefusedError) as caught:
        apply_plan(site.conn, site.plan())
    assert told in "\n".join(f"{problem.object}: {problem.found}" for problem in caught.value.problems)
    assert not isinstance(caught.value, FailedError)
    assert site.dump() == before and read_journal(site.conn) == ()
