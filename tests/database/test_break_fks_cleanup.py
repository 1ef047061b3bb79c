"""The plan and the worker agree: after deletes and new keys, and the clean-up, the rows are those of a copy that kept its keys."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from splitter.addresses import Address
from splitter.apply import apply_plan
from splitter.cascades import RunOptions, run_cascades
from splitter.undo import undo_plan
from tests.database.test_break_fks import KINDS
from tests.plan_sites import MakeSite, PlanSite

USERS = "INSERT INTO u SELECT g, 'n' || g, g, 'b' || g FROM generate_series(1, 9) AS g;"
PLAIN = USERS + "INSERT INTO c SELECT g, 1 + g % 9 FROM generate_series(1, 30) AS g;"
PAIRS = USERS + "INSERT INTO c (id, x, y) SELECT g, 1 + g % 9, 'b' || 1 + g % 9 FROM generate_series(1, 30) AS g;"
PARTS = USERS + "INSERT INTO c SELECT g, 1 + g % 9, g % 9 FROM generate_series(1, 30) AS g;"
KEYED_PARTS = "INSERT INTO u SELECT g, r FROM generate_series(1, 9) AS g, generate_series(1, 2) AS r;"
DELETE = "DELETE FROM u WHERE id IN (2, 3, 5)"
ROWS = {  # kind: rows, and what is done to the parents
    "cascade": (PLAIN, DELETE),
    "set_null": (PLAIN, DELETE + "; UPDATE u SET id = id + 100 WHERE id > 7"),
    "set_default": (PLAIN, DELETE),
    "set_null_columns": (PAIRS, DELETE),
    "composite": (PAIRS, DELETE),
    "restrict": (PLAIN, ""),
    "unique": (USERS + "INSERT INTO c SELECT g, 'n' || 1 + g % 9 FROM generate_series(1, 30) AS g;", DELETE),
    "deferred": (PLAIN + "INSERT INTO d SELECT g, 1 + g % 9 FROM generate_series(1, 30) AS g;", DELETE),
    "match_full": (PAIRS, DELETE),
    "twice": (USERS + "INSERT INTO c SELECT g, 1 + g % 9, 1 + g % 4 FROM generate_series(1, 30) AS g;", DELETE),
    "partitioned_child": (PARTS, DELETE),
    "partition_of_its_own": (PARTS, DELETE),
    "partitioned_parent": (
        KEYED_PARTS + "INSERT INTO c SELECT g, 1 + g % 9, 1 + g % 2 FROM generate_series(1, 30) AS g;",
        "DELETE FROM u WHERE id = 2; DELETE FROM u_2 WHERE id = 4; TRUNCATE_u_1",
    ),
    "inherited": (
        "INSERT INTO u (id) SELECT generate_series(1, 9); INSERT INTO u_special (id) SELECT generate_series(21, 29);"
        "INSERT INTO c SELECT g, g FROM generate_series(1, 9) AS g; INSERT INTO c_special SELECT g, g FROM generate_series(21, 29) AS g;",
        "DELETE FROM ONLY u WHERE id = 3; DELETE FROM u_special WHERE id = 22",
    ),
    "both_ways": (
        "INSERT INTO org VALUES (1), (2); INSERT INTO u SELECT g, 1 + g % 2 FROM generate_series(1, 9) AS g;"
        "INSERT INTO c SELECT g, 1 + g % 2, 1 + g % 9 FROM generate_series(1, 30) AS g; UPDATE u SET c = id;",
        "DELETE FROM c WHERE id = 4; DELETE FROM u WHERE id = 3; DELETE FROM org WHERE id = 2",
    ),
}


def rows(site: PlanSite) -> dict[str, list[Any]]:
    """Of every table."""
    tables = site.rows(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return {name: sorted(map(str, site.rows(f"SELECT * FROM {name}"))) for (name,) in tables}


def change(site: PlanSite, statements: str) -> None:
    with psycopg.connect(site.url, autocommit=True) as conn:
        for statement in filter(None, statements.split("; ")):
            conn.execute(statement.replace("TRUNCATE_", "DELETE FROM ").encode())


def clean(site: PlanSite) -> None:
    run_cascades([Address(name="us", setting="regions.us.url", url=site.url)], site.silos, RunOptions(grace=0))


@pytest.mark.parametrize("kind", ROWS)
def test_with_the_keys_and_without_the_end_is_the_same(make_site: MakeSite, kind: str) -> None:
    filled, done = ROWS[kind]
    script, more = KINDS[kind]
    kept, broken = make_site(script + filled, more), make_site(script + filled, more)
    plan = broken.plan()
    apply_plan(broken.conn, plan)
    for site in (kept, broken):
        change(site, done)
    clean(broken)
    assert rows(broken) == rows(kept)
    undo_plan(broken.conn, plan)
    assert broken.hard() == kept.hard()


def test_what_restricted_becomes_what_silos_toml_says(make_site: MakeSite) -> None:
    site = make_site(KINDS["restrict"][0] + PLAIN, KINDS["restrict"][1])
    apply_plan(site.conn, site.plan())
    change(site, DELETE)
    clean(site)
    assert site.rows("SELECT count(*) FROM public.c WHERE x IN (2, 3, 5)") == [(0,)]
