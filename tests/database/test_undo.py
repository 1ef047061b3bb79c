"""What a plan did is taken back, the last step first; what it found done is left; killed anywhere, the same call goes on."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from splitter import db
from splitter.apply import apply_plan, keep_plans_out, unfinished_plans
from splitter.catalog import read_schema
from splitter.errors import Conflict, FailedError, OrgliftError
from splitter.identity import derive_uuid, physical_identity
from splitter.journal import PlanState, read_journal
from splitter.schema import TableName
from splitter.steps import Action, Lock, Plan, PlanDatabase, Step
from splitter.undo import undo_plan
from tests.proxy import Moment, Proxy

T = TableName("public", "t")


def step(sql: str, **more: Any) -> Step:
    values: dict[str, Any] = {"purpose": sql, "sql": sql, "lock": Lock.NONE, "undo": None}
    return Step(**(values | {"lock_timeout_ms": 100, "statement_timeout_ms": 0} | more))


def column(name: str) -> Step:
    """A column, which goes again."""
    there = f"EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.t') AND attname = '{name}' AND NOT attisdropped)"
    known = "SELECT CASE WHEN to_regclass('public.t') IS NOT NULL THEN"
    drop = step(f"ALTER TABLE public.t DROP COLUMN {name}", tables=(T,), precondition=f"{known} {there} END")
    return step(f"ALTER TABLE public.t ADD COLUMN {name} int", precondition=f"{known} NOT {there} END", undo=(drop,))


INDEX = step(
    "CREATE INDEX CONCURRENTLY i ON public.t (n)",
    transactional=False,
    precondition="SELECT pg_catalog.to_regclass('public.i') IS NULL",
    undo=(
        step(
            "DROP INDEX CONCURRENTLY public.i",
            transactional=False,
            precondition="SELECT pg_catalog.to_regclass('public.i') IS NOT NULL",
        ),
    ),
)
NO_ROWS = step("SELECT 't', 'has rows' FROM public.t", action=Action.AUDIT, remedy="delete them")


@pytest.fixture
def conn(make_database):
    with db.connect(make_database("CREATE TABLE t (n int)"), setting="--url") as conn:
        yield conn


def make_plan(conn: db.Connection, *steps: Step) -> Plan:
    return Plan(
        kind="test",
        database=PlanDatabase(silo="us", uuid=derive_uuid(physical_identity(conn))),
        fingerprint=read_schema(conn).fingerprint([T]),
        tables=(T,),
        steps=steps,
    )


def columns(conn: db.Connection) -> list[str]:
    return [column.name for column in read_schema(conn).tables[T].columns]


def test_the_last_step_goes_first(conn):
    plan = make_plan(conn, column("a"), INDEX, column("b"))
    apply_plan(conn, plan)
    assert columns(conn) == ["n", "a", "b"]
    assert undo_plan(conn, plan).undone == (3, 2, 1)
    assert columns(conn) == ["n"] and not read_schema(conn).tables[T].indexes
    assert undo_plan(conn, plan).undone == ()
    assert unfinished_plans(conn) == ()


def test_what_the_plan_found_done_is_left_alone(conn):
    plan = make_plan(conn, column("a"), INDEX)
    conn.execute("CREATE INDEX i ON public.t (n)")
    plan = make_plan(conn, column("a"), INDEX)
    apply_plan(conn, plan)
    apply_plan(conn, plan)
    assert undo_plan(conn, plan).undone == (1,)
    assert len(read_schema(conn).tables[T].indexes) == 1


def test_what_was_done_stays_done_when_it_is_found_done_later(conn):
    plan = make_plan(conn, column("a"), INDEX)
    apply_plan(conn, plan)
    apply_plan(conn, plan)
    assert undo_plan(conn, plan).undone == (2, 1)


def test_undone_it_can_be_done_again(conn):
    plan = make_plan(conn, column("a"), INDEX)
    for _ in range(2):
        apply_plan(conn, plan)
        undo_plan(conn, plan)
    assert [known.state for known in read_journal(conn)] == [PlanState.UNDONE]
    conn.execute("ALTER TABLE public.t ADD z int")
    with pytest.raises(Conflict, match="another state"):
        apply_plan(conn, plan)


def test_an_unfinished_plan_is_taken_back_as_far_as_it_came(conn):
    plan = make_plan(conn, column("a"), step("SELECT 1 / 0", undo=()), INDEX)
    with pytest.raises(FailedError):
        apply_plan(conn, plan)
    assert undo_plan(conn, plan).undone == (1,)
    assert columns(conn) == ["n"]
    apply_plan(conn, make_plan(conn, INDEX))


def test_a_step_without_a_way_back_refuses_before_anything_is_taken_back(conn):
    plan = make_plan(conn, column("a"), step("DELETE FROM public.t"), column("b"))
    apply_plan(conn, plan)
    with pytest.raises(Conflict, match=r"step 2, DELETE FROM public.t cannot be taken back") as caught:
        undo_plan(conn, plan)
    assert [problem.code for problem in caught.value.problems] == ["no-way-back"]
    assert columns(conn) == ["n", "a", "b"]
    assert [known.state for known in read_journal(conn)] == [PlanState.FINISHED]


def test_a_step_without_a_way_back_that_was_not_reached_is_no_obstacle(conn):
    plan = make_plan(conn, column("a"), step("SELECT 1 / 0"), step("DELETE FROM public.t"))
    with pytest.raises(FailedError):
        apply_plan(conn, plan)
    assert undo_plan(conn, plan).undone == (1,)


def test_a_plan_that_was_never_applied_cannot_be_taken_back(conn):
    with pytest.raises(Conflict, match="was never applied to this database"):
        undo_plan(conn, make_plan(conn, INDEX))
    assert undo_plan(conn, make_plan(conn)).undone == ()


def test_tables_that_are_elsewhere_by_now_refuse(conn):
    plan = make_plan(conn, column("a"))
    apply_plan(conn, plan)
    conn.execute("DROP TABLE public.t")
    with pytest.raises(Conflict, match="t: not in this database any more"):
        undo_plan(conn, plan)


def test_an_audit_stops_the_undo_until_it_finds_nothing(conn):
    first = column("a")
    plan = make_plan(conn, step(first.sql, precondition=first.precondition, undo=(NO_ROWS, *(first.undo or ()))), column("b"))
    apply_plan(conn, plan)
    conn.execute("INSERT INTO public.t VALUES (1), (2)")
    with pytest.raises(FailedError, match="the undo stops: t: has rows, and 1 more") as caught:
        undo_plan(conn, plan)
    assert caught.value.problems[0].remedy == "delete them"
    assert columns(conn) == ["n", "a"]
    (known,) = read_journal(conn)
    assert (known.state, [each.undone_at is None for each in known.steps]) == (PlanState.BEING_UNDONE, [True, False])
    with pytest.raises(Conflict, match="is being undone"):
        apply_plan(conn, make_plan(conn, INDEX))
    with pytest.raises(Conflict, match="is being undone"), conn.transaction():
        keep_plans_out(conn)
    conn.execute("DELETE FROM public.t")
    assert undo_plan(conn, plan).undone == (1,)
    assert columns(conn) == ["n"]


def test_half_undone_it_can_go_forward_again(conn):
    first = column("a")
    plan = make_plan(conn, step(first.sql, precondition=first.precondition, undo=(NO_ROWS, *(first.undo or ()))), column("b"))
    apply_plan(conn, plan)
    conn.execute("INSERT INTO public.t VALUES (1)")
    with pytest.raises(FailedError):
        undo_plan(conn, plan)
    apply_plan(conn, plan)
    assert columns(conn) == ["n", "a", "b"]
    assert [known.state for known in read_journal(conn)] == [PlanState.FINISHED]


@pytest.mark.long
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_cut_off_at_any_statement_it_goes_on(make_database, moment):
    number, cut = 0, True
    while cut:
        number += 1
        with db.connect(make_database("CREATE TABLE t (n int)"), setting="--url") as conn:
            plan = make_plan(conn, column("a"), INDEX, column("b"))
            apply_plan(conn, plan)
            with Proxy(conn.info.dsn) as proxy:
                trap = proxy.trap(moment, lambda _: None, number=number)
                with suppress(OrgliftError), db.connect(proxy.url(conn.info.dsn), setting="--url") as victim:
                    undo_plan(victim, plan)
                cut = trap.sprung.is_set()
            undo_plan(conn, plan)
            assert columns(conn) == ["n"] and not read_schema(conn).tables[T].indexes
            assert unfinished_plans(conn) == ()
    assert number > 20
