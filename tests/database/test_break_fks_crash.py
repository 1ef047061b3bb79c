"""Cut off before or after any statement of the plan, or of its way back, the same call goes on, and the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from splitter.apply import apply_plan, unfinished_plans
from splitter.db import Connection, connect
from splitter.errors import OrgliftError
from splitter.steps import Plan
from splitter.undo import undo_plan
from tests.plan_sites import USERS, MakeSite, PlanSite
from tests.proxy import Moment, Proxy

pytestmark = pytest.mark.long

PLAIN = USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE);"
PARTED = (
    USERS + "CREATE TABLE c (id int, x int, r int) PARTITION BY LIST (r); CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1);"
    "ALTER TABLE c ADD FOREIGN KEY (x) REFERENCES u ON DELETE SET NULL;"
)
Work = Callable[[Connection, Plan], Any]


def cut_off(site: PlanSite, plan: Plan, work: Work, moment: Moment, number: int) -> bool:
    """Whether there was such a statement."""
    with Proxy(site.url) as proxy:
        trap = proxy.trap(moment, lambda _: None, number=number)
        with suppress(OrgliftError), connect(proxy.url(site.url), setting="--url") as victim:
            work(victim, plan)
        return trap.sprung.is_set()


def forward(site: PlanSite, moment: Moment, stride: int) -> None:
    number, before, plan = 1, site.dump(), site.plan()
    while cut_off(site, plan, apply_plan, moment, number):
        apply_plan(site.conn, plan)
        assert site.hard() == [] and site.plan().steps == () and unfinished_plans(site.conn) == ()
        undo_plan(site.conn, plan)
        assert site.rows("SELECT FROM pg_index WHERE NOT indisvalid") == []
        number += stride
    assert number > 60
    undo_plan(site.conn, plan)
    assert site.dump() == before


def back(site: PlanSite, moment: Moment) -> None:
    number, before, plan = 1, site.dump(), site.plan()
    apply_plan(site.conn, plan)
    while cut_off(site, plan, undo_plan, moment, number):
        undo_plan(site.conn, plan)
        assert site.hard() and unfinished_plans(site.conn) == ()
        apply_plan(site.conn, plan)
        number += 1
    assert number > 30
    undo_plan(site.conn, plan)
    assert site.dump() == before


moments = pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])


@pytest.mark.postgres(18)
@moments
def test_forward(make_site: MakeSite, moment: Moment) -> None:
    forward(make_site(PLAIN), moment, 1)


@pytest.mark.postgres(15)
@moments
def test_forward_with_partitions(make_site: MakeSite, moment: Moment) -> None:
    forward(make_site(PARTED), moment, 3)


@pytest.mark.postgres(18)
@moments
def test_back(make_site: MakeSite, moment: Moment) -> None:
    back(make_site(PLAIN), moment)


@pytest.mark.postgres(15)
@moments
def test_back_with_partitions(make_site: MakeSite, moment: Moment) -> None:
    back(make_site(PARTED), moment)
