"""Rendered SQL without its runner: psql alone, a file at a time or all in one session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan_sites import USERS, MakeSite
from tests.rendered import Tool

PLAIN = USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE);"


def psql(tool: Tool, way: str, *, at_once: bool) -> None:
    files = sorted(tool.out.glob(f"*.{way}.sql"), reverse=way == "down")
    words = [["-f", str(file)] for file in files]
    for given in [[word for pair in words for word in pair]] if at_once else words:
        tool.run(["psql", "-X", "-v", "ON_ERROR_STOP=1", *given, "-d", tool.site.url])


@pytest.mark.parametrize("at_once", [True, False])
def test_up_in_order_and_down_in_reverse(make_site: MakeSite, tmp_path: Path, at_once: bool) -> None:
    tool = Tool("sql", tmp_path, make_site(PLAIN))
    before = tool.site.dump()
    tool.prepare(tool.site.plan())
    psql(tool, "up", at_once=at_once)
    assert tool.site.hard() == []
    psql(tool, "up", at_once=at_once)
    psql(tool, "down", at_once=at_once)
    assert tool.site.dump() == before


def test_without_on_error_stop_a_file_stops_all_the_same(make_site: MakeSite, tmp_path: Path) -> None:
    tool = Tool("sql", tmp_path, make_site(PLAIN))
    tool.prepare(tool.site.plan())
    tool.site.run("ALTER TABLE public.u RENAME TO v")
    (file,) = tool.out.glob("*_no_foreign_key_*.up.sql")
    said = tool.run(["psql", "-X", "-f", str(file), "-d", tool.site.url], 1)
    assert "not what the plan was made for" in said and "COMMIT" not in said


def test_the_runner_tells_how_it_is_used(make_site: MakeSite, tmp_path: Path) -> None:
    tool = Tool("sql", tmp_path, make_site(PLAIN))
    tool.prepare(tool.site.plan())
    assert "usage: sh run.sh up|down" in tool.run(["sh", str(tool.out / "run.sh")], 1)
