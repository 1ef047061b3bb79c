"""Real schemas with their rows: after deletes in control, and the clean-up, every table is as in a copy that kept its keys."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from splitter.addresses import Address
from splitter.apply import apply_plan
from splitter.cascades import RunOptions, run_cascades
from splitter.db import connect
from splitter.silos_file import parse_silos
from splitter.undo import undo_plan
from tests.cases_support import OURS, find_cases
from tests.plan_sites import PlanSite
from tests.servers import Server

pytestmark = pytest.mark.long

CHANGES = {
    "langfuse": [
        "DELETE FROM users WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users) AS u WHERE n % 2 = 0)",
        "UPDATE users SET id = id || ' moved' WHERE id = (SELECT min(id) FROM users)",
    ],
    "hatchet": [
        'DELETE FROM "User" WHERE id IN (SELECT id FROM (SELECT id, rank() OVER (ORDER BY id) AS n FROM "User") AS u WHERE n % 2 = 0)',
        """UPDATE "User" SET id = '00000000-0000-0000-0000-000000000007' WHERE id = (SELECT id FROM "User" ORDER BY id LIMIT 1)""",
    ],
}


def load(server: Server, case: str, stack: ExitStack) -> PlanSite:
    folder = find_cases() / case
    url = server.create(folder / "schema.sql")
    stack.callback(server.drop, url)
    server.psql(url, gzip.decompress((folder / "data.sql.gz").read_bytes()).decode())
    silos = parse_silos((OURS / case / "silos.toml").read_text(encoding="utf-8"))
    return PlanSite(url, stack.enter_context(connect(url, setting="--url")), server, silos)


def tables(site: PlanSite) -> Iterator[tuple[str, list[str]]]:
    kinds = "relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    for (name,) in site.rows(f"SELECT oid::regclass::text FROM pg_class WHERE {kinds}"):
        yield name, sorted(text for (text,) in site.rows(f"SELECT t::text FROM {name} AS t"))


@pytest.mark.parametrize("case", CHANGES)
def test_with_the_keys_and_without_the_end_is_the_same(server: Server, case: str) -> None:
    with ExitStack() as stack:
        kept, broken = load(server, case, stack), load(server, case, stack)
        before, plan = broken.dump(), broken.plan()
        assert plan.steps
        apply_plan(broken.conn, plan)
        assert broken.hard() == []
        for site in (kept, broken):
            with psycopg.connect(site.url) as conn:
                changed = [conn.execute(statement.encode()).rowcount for statement in CHANGES[case]]
            assert changed[0] > 0
        assert dict(tables(broken)) != dict(tables(kept))
        run_cascades([Address(name="us", setting="regions.us.url", url=broken.url)], broken.silos, RunOptions(grace=0))
        assert dict(tables(broken)) == dict(tables(kept))
        undo_plan(broken.conn, plan)
        assert broken.dump() == before
