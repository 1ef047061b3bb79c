"""What is written beside rendered migrations: cut off at any statement, it goes on, and the session is as it was before."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from splitter.render.python_text import step_list
from splitter.render.shipped.steps import Step, StepError, run_steps
from splitter.render.units import find_units
from splitter.steps import Lock, Plan
from splitter.steps import Step as PlanStep
from tests.plan_sites import USERS, MakeSite, PlanSite
from tests.proxy import Moment, Proxy

PLAIN = USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE);"
FAILING = PlanStep(
    purpose="fails",
    sql="SELECT FROM nothing",
    lock=Lock.NONE,
    lock_timeout_ms=300,
    statement_timeout_ms=500,
    undo=(),
    precondition="SELECT true",
)


class Bare:
    """Any driver's connection."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn

    def execute(self, text: str) -> int:
        return self.conn.execute(text.encode()).rowcount

    def fetch(self, text: str) -> Sequence[Sequence[Any]]:
        return self.conn.execute(text.encode()).fetchall()


def rendered(steps: Sequence[PlanStep]) -> list[Step]:
    """As they stand in a migration."""
    (assigned,) = ast.parse(step_list("STEPS", steps)).body
    assert isinstance(assigned, ast.Assign)
    found: list[Step] = ast.literal_eval(assigned.value)
    return found


def up(conn: psycopg.Connection[Any], plan: Plan) -> None:
    for unit in find_units(plan):
        run_steps(Bare(conn), rendered(unit.steps))


def down(conn: psycopg.Connection[Any], plan: Plan) -> None:
    for unit in reversed(find_units(plan)):
        run_steps(Bare(conn), rendered(unit.step.undo or ()))


def cut_off(site: PlanSite, plan: Plan, work: Any, moment: Moment, number: int) -> bool:
    """Whether there was such a statement."""
    with Proxy(site.url) as proxy:
        trap = proxy.trap(moment, lambda _: None, number=number)
        with suppress(psycopg.Error), psycopg.connect(proxy.url(site.url), autocommit=True) as victim:
            work(victim, plan)
        return trap.sprung.is_set()


@pytest.mark.long
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_cut_off_at_any_statement_it_goes_on(make_site: MakeSite, moment: Moment) -> None:
    site = make_site(PLAIN)
    plan, before, number = site.plan(), site.dump(), 1
    while cut_off(site, plan, up, moment, number):
        up(site.conn, plan)
        assert site.hard() == [] and site.plan().steps == ()
        down(site.conn, plan)
        assert site.dump() == before
        number += 3
    assert number > 60


@pytest.mark.long
def test_cut_off_at_any_statement_of_the_way_back_it_goes_on(make_site: MakeSite) -> None:
    site = make_site(PLAIN)
    plan, before, number = site.plan(), site.dump(), 1
    up(site.conn, plan)
    while cut_off(site, plan, down, Moment.AFTER, number):
        down(site.conn, plan)
        assert site.dump() == before
        up(site.conn, plan)
        number += 3
    assert number > 40


def test_settings_are_as_they_were_also_after_a_failure(make_site: MakeSite) -> None:
    site = make_site(PLAIN)
    shown = "SELECT current_setting('search_path'), current_setting('lock_timeout'), current_setting('statement_timeout')"
    with psycopg.connect(site.url, autocommit=True) as conn:
        conn.execute("""SET search_path = "it's", public; SET lock_timeout = '7s'; SET statement_timeout = '70s'""")
        before = conn.execute(shown).fetchone()
        up(conn, site.plan())
        assert conn.execute(shown).fetchone() == before
        for transactional in (True, False):
            with pytest.raises(psycopg.errors.UndefinedTable):
                run_steps(Bare(conn), rendered([replace(FAILING, transactional=transactional)]))
        assert conn.execute(shown).fetchone() == before
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_beside_another_plan_that_runs_it_waits_and_gives_up(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splitter.render.shipped.steps.PATIENCE_SECONDS", 0)
    site = make_site(PLAIN)
    plan = site.plan()
    site.run("SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('orglift change of schema', 0))")
    with psycopg.connect(site.url, autocommit=True) as conn:
        with pytest.raises(StepError, match="another plan is being applied"):
            up(conn, plan)
        assert site.hard()
