"""Random schemas: widened their dump is that of ALTER TYPE, with domains that were wide from the start; taken back it is the first one,
and no row is different.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splitter.apply import apply_plan
from splitter.db import connect
from splitter.silos_file import parse_silos
from splitter.undo import undo_plan
from tests.servers import Server
from tests.wide_sites import WIDE, WideSite, without_order
from tests.wide_worlds import script_of, wide_worlds

FEW = settings(max_examples=2, suppress_health_check=list(HealthCheck), print_blob=True)
MANY = settings(max_examples=8, suppress_health_check=list(HealthCheck), print_blob=True)


def check(server: Server, data: st.DataObject) -> None:
    world = data.draw(wide_worlds())
    with ExitStack() as stack:
        sites = []
        for over in ("int", "bigint"):
            url = server.create()
            stack.callback(server.drop, url)
            server.psql(url, script_of(world, over))
            sites.append(WideSite(url, stack.enter_context(connect(url, setting="test")), server, parse_silos(WIDE)))
        _check(*sites)


def _check(site: WideSite, other: WideSite) -> None:
    before, content, plan = site.dump(), site.content(), site.plan()
    apply_plan(site.conn, plan)
    undo_plan(site.conn, plan)
    assert site.dump() == before and site.content() == content
    site.widen(plan)
    assert site.plan().steps == () and site.content() == content
    other.run("ALTER FUNCTION public.dear COST 1")
    other.widen(other.plan(budget_ms=10**9))
    other.run("ALTER FUNCTION public.dear COST 1000000")
    assert without_order(site.dump()) == without_order(other.dump())


def test_widened_as_by_alter_type_and_taken_back_as_before(server: Server) -> None:
    FEW(given(data=st.data())(lambda data: check(server, data)))()


@pytest.mark.long
def test_many_are_widened_as_by_alter_type_and_taken_back_as_before(server: Server) -> None:
    MANY(given(data=st.data())(lambda data: check(server, data)))()
