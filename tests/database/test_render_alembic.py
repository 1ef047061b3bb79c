"""Rendered revisions among others: one history, one head, stamped as far as they were done, and nobody's locks are kept."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from splitter.render.alembic import render_alembic
from tests.plan_sites import USERS, MakeSite
from tests.rendered import Tool

pytestmark = pytest.mark.long

PLAIN = USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE);"
OWN = """
from alembic import op
revision = {revision!r}
down_revision = {before!r}
def upgrade():
    op.execute("{statement}")
def downgrade():
    pass
"""


@pytest.fixture
def project(make_site: MakeSite, tmp_path: Path) -> Tool:
    """An application's history of one revision, which changes the parent, and the plan's after it."""
    tool = Tool("alembic", tmp_path, make_site(PLAIN))
    tool.prepare(tool.site.plan(), ["own1"])
    (tmp_path / "own").mkdir()
    ini = tmp_path / "alembic.ini"
    ini.write_text(ini.read_text().replace("version_locations = out", "version_locations = own:out"))
    add_own(tool, "own1", None, "ALTER TABLE u ADD more int")
    return tool


def add_own(tool: Tool, revision: str, before: str | None, statement: str) -> None:
    (tool.folder / "own" / f"{revision}.py").write_text(OWN.format(revision=revision, before=before, statement=statement))


def alembic(*words: str) -> list[str]:
    return [sys.executable, "-m", "alembic", *words]


@pytest.mark.parametrize("per_migration", ["", "1"])
def test_in_one_history_with_others(project: Tool, per_migration: str) -> None:
    (_, *_, last) = render_alembic(project.site.plan(), "own1")
    revision = last.name[:17]
    add_own(project, "own2", revision, "ALTER TABLE u ADD again int")
    assert project.run(alembic("heads")).split() == ["own2", "(head)"]
    project.up(PER_MIGRATION=per_migration)
    assert project.site.hard() == []
    assert project.site.rows("SELECT version_num FROM public.alembic_version") == [("own2",)]
    project.run(alembic("downgrade", "own1"), PER_MIGRATION=per_migration)
    assert project.site.hard() == ["c.x -> u.id"]
    assert project.site.rows("SELECT version_num FROM public.alembic_version") == [("own1",)]


def test_what_is_done_is_stamped_and_what_failed_is_not(project: Tool) -> None:
    steps = project.site.plan().steps
    project.site.run(
        "CREATE FUNCTION public.fail() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$",
        "CREATE EVENT TRIGGER fail ON ddl_command_end WHEN tag IN ('CREATE TRIGGER') EXECUTE FUNCTION public.fail()",
    )
    assert "not today" in project.up(1)
    failing = next(number for number, step in enumerate(steps, start=1) if "written down" in step.purpose)
    ((stamped,),) = project.site.rows("SELECT version_num FROM public.alembic_version")
    assert stamped.endswith(f"_{failing - 1:04}")


def test_a_name_of_the_file_is_anybodys(project: Tool) -> None:
    """Projects have templates for names."""
    for number, path in enumerate(sorted(project.out.glob("*.py"))):
        path.rename(path.with_name(f"2026_{number}.py"))
    project.up()
    assert project.site.hard() == []


def test_elsewhere_than_on_postgresql_it_is_refused(project: Tool) -> None:
    env = project.folder / "env" / "env.py"
    env.write_text(re.sub(r"create_engine\(.*\)", 'create_engine("sqlite:///x.sqlite3")', env.read_text()))
    add_own(project, "own1", None, "SELECT 1")
    said = project.up(1)
    assert "by psycopg or psycopg2, and this is sqlite+pysqlite" in said and "Traceback" not in said


def test_offline_it_is_refused(project: Tool) -> None:
    said = project.run(alembic("upgrade", "head", "--sql"), 1)
    assert "splitter render --format sql" in said and "Traceback" not in said


def test_a_plan_that_stops_shows_no_traceback(project: Tool) -> None:
    project.site.run("SET session_replication_role = replica", "INSERT INTO public.c VALUES (1, 7)", "RESET session_replication_role")
    said = project.up(1)
    assert "(1) refers to (7)" in said and "Traceback" not in said
