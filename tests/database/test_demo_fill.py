"""The sample application in a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from relocate.demo import fill
from relocate.demo.data import REGION_COLUMNS
from splitter.db import connect
from tests.demo_databases import DemoDatabases, demo_databases
from tests.servers import Server

Query = Callable[..., list[tuple[Any, ...]]]
FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f'
"""


@pytest.fixture
def demo(server: Server) -> Iterator[DemoDatabases]:
    with demo_databases(server) as made:
        yield made


@pytest.mark.parametrize("region", ["us", "de"])
def test_all_rows_arrive(demo: DemoDatabases, run_sql: Query, region: str) -> None:
    rows = demo.us if region == "us" else demo.de
    for table in REGION_COLUMNS:
        assert run_sql(demo.urls[region], f'SELECT count(*) FROM "{table}"') == [(len(rows.rows[table]),)]


def test_foreign_keys_hold_although_nobody_checked_them(demo: DemoDatabases) -> None:
    with psycopg.connect(demo.urls["us"], autocommit=True) as conn:
        for (statement,) in conn.execute(FOREIGN_KEYS).fetchall():
            conn.execute(statement.encode())


def test_triggers_did_not_fire(demo: DemoDatabases, run_sql: Query) -> None:
    assert run_sql(demo.urls["us"], 'SELECT sum(comment_count) FROM "group"') == run_sql(demo.urls["us"], "SELECT count(*) FROM comment")


def test_new_rows_get_free_ids(demo: DemoDatabases, run_sql: Query) -> None:
    last = run_sql(demo.urls["de"], "SELECT max(id) FROM organization")[0][0]
    made = run_sql(demo.urls["de"], "INSERT INTO organization (slug, name, plan_id) SELECT 'new', 'New', min(id) FROM plan RETURNING id")
    assert made == [(last + 1,)]


def test_control_knows_where_everybody_lives(demo: DemoDatabases, run_sql: Query) -> None:
    mapping = set(run_sql(demo.urls["control"], "SELECT slug, region_name FROM organization_mapping"))
    assert mapping == {("acme", "us"), ("globex", "us"), ("initech", "us"), ("umbrella", "de")}


def test_a_region_is_filled_all_or_nothing(demo: DemoDatabases, run_sql: Query) -> None:
    with closing(connect(demo.urls["de"], setting="de")) as conn:
        conn.execute("TRUNCATE public.plan, public.organization, public.audit_log, public.task_queue CASCADE")
        conn.execute("ALTER TABLE public.audit_log ADD CHECK (target_id < 0)")
        with pytest.raises(psycopg.errors.CheckViolation):
            fill.fill_region(conn, demo.de)
    assert run_sql(demo.urls["de"], "SELECT count(*) FROM event") == [(0,)]
