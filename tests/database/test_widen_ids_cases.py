"""Real schemas with int4 ids and their rows: content equal, no narrow id left, and the way back gives the first dump."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.families import find_families
from splitter.silos_file import load_silos
from splitter.steps import Stage
from splitter.undo import undo_plan
from tests.cases_facts import CASES, HOME
from tests.cases_support import CaseDatabases, clone_case, drop_case
from tests.servers import Server
from tests.wide_sites import WideSite, without_order

pytestmark = [pytest.mark.long, pytest.mark.postgres(15)]  # version 18 comes without pgcrypto


BUDGET = {"concourse": 0, "labelstudio": 150}  # milliseconds: enough to rewrite one table, for a column that is generated from an id


@pytest.fixture(params=["concourse", "labelstudio"])
def case(request: pytest.FixtureRequest, server: Server) -> Iterator[CaseDatabases]:
    made = clone_case(server, CASES[request.param])
    yield made
    drop_case(server, made)


def test_a_real_application_is_widened_and_taken_back(case: CaseDatabases, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, url in case.environment.items():
        monkeypatch.setenv(name, url)
    silos = load_silos(case.config)
    with connect(case.urls[HOME], setting="--url") as conn, connect(case.urls["de"], setting="--url") as other:
        site = WideSite(case.urls[HOME], conn, server, silos)
        direct = WideSite(case.urls["de"], other, server, silos)
        before, content = site.dump(), site.content()
        plan = site.plan(BUDGET[case.facts.name])
        apply_plan(conn, plan)
        undo_plan(conn, plan)
        assert site.dump() == before and site.content() == content
        site.widen(plan)
        assert site.content() == content
        assert find_families(read_schema(conn), silos) == ()
        generated = without_generated(direct) if case.facts.name == "labelstudio" else ()
        at_once = direct.plan(budget_ms=10**9)
        assert not any(step.stage is Stage.FINISH for step in at_once.steps)
        direct.widen(at_once)
        direct.run(*generated)
        assert without_order(site.dump()) == without_order(direct.dump())


def without_generated(site: WideSite) -> tuple[str, str]:
    """What brings back the column that was dropped, for no column's type changes under it."""
    ((expression, index),) = site.rows(
        "SELECT pg_get_expr(d.adbin, d.adrelid), pg_get_indexdef('public.project_search_vector_idx'::regclass) FROM pg_attrdef AS d"
        " JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE a.attname = 'search_vector'"
    )
    site.run("ALTER TABLE public.project DROP COLUMN search_vector")
    return f"ALTER TABLE public.project ADD COLUMN search_vector tsvector GENERATED ALWAYS AS ({expression}) STORED", index
