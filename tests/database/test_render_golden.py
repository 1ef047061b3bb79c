"""The golden files are what the planner and the renderer make of the golden schemas, and the tools run them as they stand there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from splitter.apply import apply_plan
from splitter.db import connect
from splitter.silos_file import parse_silos
from splitter.steps import plan_from_json
from splitter.undo import undo_plan
from tests.golden_render import CASES, FOLDER, make_plan
from tests.plan_sites import SILOS, MakeSite, PlanSite
from tests.rendered import FORMATS, Tool, dump_all
from tests.servers import Server

KEYS = [case for case in CASES if case not in ("region_ids", "widen_ids")]


@pytest.mark.postgres(18)
@pytest.mark.parametrize("case", CASES)
def test_the_plan_is_the_one_for_the_schema(server: Server, case: str) -> None:
    told = "if that is meant: python -m tests.golden_render, and read the diff"
    assert make_plan(case, server) == plan_from_json((FOLDER / case / "plan.json").read_bytes()), told


def golden(kind: str, case: str, site: PlanSite, folder: Path) -> Tool:
    tool = Tool(kind, folder, site)
    tool.set_up()
    shutil.copytree(FOLDER / case / kind, tool.out)
    return tool


@pytest.mark.long
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("case", KEYS)
def test_the_tools_run_them_there_and_back(make_site: MakeSite, tmp_path: Path, kind: str, case: str) -> None:
    script = (FOLDER / case / "schema.sql").read_text()
    tool, applied = golden(kind, case, make_site(script), tmp_path), make_site(script)
    plan = applied.plan(repair=case == "break_fks")
    tool.up()
    apply_plan(applied.conn, plan)
    assert dump_all(tool.site) == dump_all(applied)
    tool.down()
    undo_plan(applied.conn, plan)
    assert dump_all(tool.site) == dump_all(applied)


@pytest.mark.long
@pytest.mark.parametrize("kind", FORMATS)
def test_what_has_no_way_back_says_so(make_database: Callable[..., str], server: Server, tmp_path: Path, kind: str) -> None:
    url = make_database((FOLDER / "region_ids" / "schema.sql").read_text())
    with connect(url, setting="--url") as conn:
        site = PlanSite(url, conn, server, parse_silos(SILOS))
        site.run("CREATE SCHEMA orglift", "CREATE TABLE orglift.identity AS SELECT 3 AS origin")
        tool = golden(kind, "region_ids", site, tmp_path)
        tool.up()
        first = 3 << 36
        assert site.rows("SELECT nextval('public.org_id_seq'), nextval('public.org_note_id_seq')") == [(first + 1, first + 1)]
        assert "step 2 cannot be taken back" in tool.down(1)
        assert site.rows("SELECT nextval('public.org_id_seq')") == [(first + 2,)]
