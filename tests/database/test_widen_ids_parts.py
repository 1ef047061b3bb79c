"""A component that is too large for one swap trades places in parts: meanwhile its foreign keys hold between the twins."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import psycopg
import pytest

from splitter.apply import apply_plan
from splitter.errors import Conflict
from splitter.journal import PlanState, read_journal
from splitter.plans.widen_ids import parts
from splitter.steps import Plan
from splitter.undo import undo_plan
from tests.database.test_widen_ids import KINDS
from tests.database.test_widen_ids_live import FAMILY, assert_nothing_lost, cut_off, writing
from tests.database.test_widen_ids_trees import KINDS as TREES
from tests.wide_sites import MakeWide, WideSite, assert_both_ways

ACTIONS = (
    "CREATE TABLE org (id serial PRIMARY KEY, name text); INSERT INTO org (name) SELECT 'n' || g FROM generate_series(1, 30) AS g;"
    "CREATE TABLE c (id serial PRIMARY KEY, a int REFERENCES org ON DELETE CASCADE, n int REFERENCES org ON DELETE SET NULL,"
    " u int NOT NULL REFERENCES org ON UPDATE CASCADE, d int DEFAULT 7 REFERENCES org ON DELETE SET DEFAULT, e int,"
    " CONSTRAINT late FOREIGN KEY (e) REFERENCES org DEFERRABLE INITIALLY DEFERRED);"
    "INSERT INTO c (a, n, u, d, e) SELECT g, g, g, g, g FROM generate_series(8, 20) AS g; COMMENT ON CONSTRAINT late ON c IS 'l';"
)
DONE = (
    "DELETE FROM c WHERE id <= 1",
    "UPDATE c SET e = NULL, a = NULL, d = NULL WHERE u IN (9, 10, 11)",
    "UPDATE c SET u = 1, n = NULL WHERE u = 11",
    "UPDATE c SET u = 2 WHERE u = 9",
    "DELETE FROM org WHERE id = 9",  # n
    "UPDATE org SET id = 1000 WHERE id = 2",  # u
    "UPDATE c SET a = 12 WHERE u = 1",
    "UPDATE c SET d = NULL, u = 3, n = NULL, e = NULL WHERE a = 12",
    "DELETE FROM org WHERE id = 12",  # a
    "UPDATE c SET a = NULL, n = NULL, u = 4, e = NULL WHERE d = 13",
    "DELETE FROM org WHERE id = 13",  # d
)
TABLES = ("org", "t1", "t2", "t3", "t4")
CHAIN = "CREATE TABLE org (id serial PRIMARY KEY, name text); INSERT INTO org (name) SELECT 'x' FROM generate_series(1, 9);" + "".join(
    f"CREATE TABLE {child} (id serial PRIMARY KEY, up int REFERENCES {parent} ON DELETE SET NULL);"
    f"INSERT INTO {child} (up) SELECT g FROM generate_series(1, 9) AS g;"
    for parent, child in pairwise(TABLES)
)


@pytest.fixture(autouse=True)
def _one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SWAPPED", 1)


def swaps(plan: Plan) -> list[int]:
    return [number for number, step in enumerate(plan.steps) if "have the names" in step.purpose]


@pytest.mark.parametrize("kind", ["keys", "views", "bound", "hostile", "soft"])
def test_one_by_one_it_is_as_after_alter_type_and_taken_back_as_before(make_wide: MakeWide, kind: str) -> None:
    assert_both_ways(make_wide(*KINDS[kind]), make_wide(*KINDS[kind]))


@pytest.mark.parametrize("kind", ["keys", "inherited", "bound"])
def test_trees_stay_whole(make_wide: MakeWide, kind: str) -> None:
    assert_both_ways(make_wide(*TREES[kind]), make_wide(*TREES[kind]))


def test_before_the_swap_the_keys_of_the_twins_do_what_the_others_did(make_wide: MakeWide) -> None:
    site = make_wide(ACTIONS)
    before, plan = site.dump(), site.plan()
    half = replace(plan, steps=plan.steps[: swaps(plan)[0]])
    apply_plan(site.conn, half)
    assert_acts(site, "wide")
    undo_plan(site.conn, half)
    assert site.dump() == before


def assert_acts(site: WideSite, twin: str) -> None:
    with psycopg.connect(site.url, autocommit=True) as conn:
        for statement in DONE:
            conn.execute(statement.encode())
        found = conn.execute("SELECT a, n, u, d, e FROM c WHERE u < 8 OR u = 1000 ORDER BY u").fetchall()
        assert found == [(None, None, 4, 7, None), (None, None, 1000, None, None)]
        unequal = " OR ".join(f"{name} IS DISTINCT FROM {name}_orglift_{twin}" for name in ("a", "n", "u", "d", "e"))
        assert conn.execute(f"SELECT FROM c WHERE {unequal}".encode()).fetchall() == []
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match='"c_a_fkey"'):
            conn.execute("UPDATE c SET a = 9999 WHERE u = 14")
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match='"late"'):
            conn.execute("UPDATE c SET e = 5000 WHERE u = 15")
        with conn.transaction():
            conn.execute("UPDATE c SET e = 5000 WHERE u = 15")
            conn.execute("INSERT INTO org (id, name) VALUES (5000, 'later')")


def test_between_two_swaps_the_keys_hold_and_do_what_they_did(make_wide: MakeWide) -> None:
    """A widened parent of a child that is not yet, and the whole of it back from there."""
    site = make_wide(CHAIN)
    before, plan = site.dump(), site.plan()
    assert len(swaps(plan)) == 5
    for done in (1, 3):
        half = replace(plan, steps=plan.steps[: swaps(plan)[done]])
        apply_plan(site.conn, half)
        with psycopg.connect(site.url, autocommit=True) as conn:
            with pytest.raises(psycopg.errors.ForeignKeyViolation, match='"t2_up_fkey"'):
                conn.execute("INSERT INTO t2 (up) VALUES (4711)")
            for table in TABLES[:-1]:
                conn.execute(f"DELETE FROM {table} WHERE id = {3 + done}".encode())
            for parent, child in pairwise(TABLES):
                orphans = conn.execute(f"SELECT FROM {child} WHERE up NOT IN (SELECT id FROM {parent})".encode()).fetchall()
                assert orphans == []
                assert conn.execute(f"SELECT up FROM {child} WHERE id = {3 + done}".encode()).fetchall() in ([(None,)], [])
            assert conn.execute("SELECT up FROM t4 WHERE id = %s", (3 + done,)).fetchall() == [(None,)]
        undo_plan(site.conn, half)
        assert site.dump() == before


def test_an_id_that_is_too_large_in_any_part_ends_the_way_back_before_its_first_step(make_wide: MakeWide) -> None:
    site = make_wide(CHAIN)
    apply_plan(site.conn, plan := site.plan())
    site.run("INSERT INTO public.org (id, name) VALUES (3000000000, 'large')")
    with pytest.raises(Conflict, match=r"the undo stops: org: id is 3000000000, which no narrow column holds"):
        undo_plan(site.conn, plan)
    assert [known.state for known in read_journal(site.conn)] == [PlanState.WATCHED]


def test_writers_lose_nothing_part_after_part(make_wide: MakeWide) -> None:
    site = make_wide(FAMILY.partition("CREATE VIEW")[0] + "CREATE VIEW v AS SELECT id FROM c;")
    before, plan = site.dump(), site.plan()
    assert len(swaps(plan)) == 2
    with writing(site) as writers:
        apply_plan(site.conn, plan)
        undo_plan(site.conn, plan)
        assert site.dump() == before
        site.widen(plan)
    assert_nothing_lost(site, writers)


@pytest.mark.long
@pytest.mark.postgres(15)
def test_cut_off_between_the_parts_the_same_call_goes_on(make_wide: MakeWide) -> None:
    site = make_wide(CHAIN)
    before, plan, number = site.dump(), site.plan(), 200
    while cut_off(site, plan, apply_plan, number):
        cut_off(site, plan, undo_plan, number // 2)
        apply_plan(site.conn, plan)
        assert [known.state for known in read_journal(site.conn)] == [PlanState.WATCHED]
        assert site.rows("SELECT conname FROM pg_catalog.pg_constraint WHERE conname LIKE 'orglift%'") == []
        cut_off(site, plan, undo_plan, number)
        undo_plan(site.conn, plan)
        assert site.dump() == before
        number += 60
    assert number > 400
