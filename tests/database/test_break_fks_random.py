"""Random schemas: whatever keys cross, they go, a second plan is empty, and they come back as they were."""

from __future__ import annotations

from contextlib import ExitStack

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splitter.apply import apply_plan
from splitter.db import connect
from splitter.schema import TableName
from splitter.silos import Control, Database, Organization, SiloMap
from splitter.undo import undo_plan
from tests.plan_sites import PlanSite
from tests.random_crossings import TYPES, RandomReference, World, quoted, worlds
from tests.servers import Server

FEW = settings(max_examples=8, suppress_health_check=list(HealthCheck), print_blob=True)
MANY = settings(max_examples=60, suppress_health_check=list(HealthCheck), print_blob=True)


def silos_of(world: World) -> SiloMap:
    control = Control(tables=tuple(quoted(table.name) for table in world.tables if table.control))
    return SiloMap(
        organization=Organization(table=TableName("public", "none")),
        control=control,
        regions={"us": Database(name="us", setting="test", raw="x")},
    )


@st.composite
def varied(draw: st.DrawFn, world: World) -> str:
    """The world's script, its keys with more of what a key may have."""
    script = world.create(world.tables)
    for each in world.references:
        script = script.replace(f"{each.add()};", draw(_keys(each)))
    return script


@st.composite
def _keys(draw: st.DrawFn, each: RandomReference) -> str:
    text = each.add().replace(" ON DELETE", f"{draw(st.sampled_from(['', ' MATCH FULL']))} ON DELETE")
    text += draw(st.sampled_from(["", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"]))
    text += "" if each.child.partitioned else draw(st.sampled_from(["", "", " NOT VALID"]))
    comment = draw(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9))
    said = "" if comment is None else psycopg.sql.Literal(comment).as_string()
    return f"{text};" + (f"COMMENT ON CONSTRAINT {quoted(each.name)} ON {each.child.sql} IS {said};" if said else "")


def check(server: Server, data: st.DataObject) -> None:
    world = data.draw(worlds(split=True))
    script = data.draw(varied(world))
    with ExitStack() as stack:
        url = server.create(TYPES)
        stack.callback(server.drop, url)
        conn = stack.enter_context(connect(url, setting="test"))
        try:
            with psycopg.connect(url) as maker:
                maker.execute(script.encode())
        except psycopg.errors.InvalidForeignKey:
            return
        _check(PlanSite(url, conn, server, silos_of(world)))


def _check(site: PlanSite) -> None:
    before, hard, plan = site.dump(), site.hard(), site.plan()
    apply_plan(site.conn, plan)
    assert site.hard() == [] and site.plan().steps == ()
    undo_plan(site.conn, plan)
    assert site.dump() == before
    assert site.hard() == hard and site.plan() == plan


def test_broken_and_taken_back_nothing_is_different(server: Server) -> None:
    FEW(given(data=st.data())(lambda data: check(server, data)))()


@pytest.mark.long
def test_broken_and_taken_back_in_many_worlds_nothing_is_different(server: Server) -> None:
    MANY(given(data=st.data())(lambda data: check(server, data)))()
