"""Rendered, a plan does what `splitter apply` does: by psql, Alembic and Django, there and back, also where it was cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from splitter.apply import apply_plan
from splitter.undo import undo_plan
from tests.database.test_break_fks import KINDS
from tests.plan_sites import USERS, MakeSite, PlanSite
from tests.rendered import FORMATS, Tool, dump_all

HOSTILE = (
    'CREATE TABLE org (id int PRIMARY KEY); CREATE SCHEMA "a\\b";'
    'CREATE TABLE "Us%s{0}""\n$orglift$;\\! x" ("i:d" int PRIMARY KEY);'
    'CREATE TABLE "a\\b"."c""""""\r\n-- $step$ \u202e:n" (id int PRIMARY KEY, "x\\""\'%(y)s{z}" int,'
    ' CONSTRAINT "k\n\\if %% $$ """""" \' */" FOREIGN KEY ("x\\""\'%(y)s{z}") REFERENCES "Us%s{0}""\n$orglift$;\\! x" ON DELETE CASCADE);'
)
CASES = {
    "both_ways": KINDS["both_ways"],
    "partitioned_child": KINDS["partitioned_child"],
    "more_hostile": (HOSTILE, ""),
}
PLAIN = USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE);"

pytestmark = pytest.mark.long

MakeTool = Callable[..., Tool]
formats = pytest.mark.parametrize("kind", FORMATS)


@pytest.fixture
def make_tool(make_site: MakeSite, tmp_path: Path) -> MakeTool:
    """``make_tool(kind, script)``: a database, and a project with its rendered plan."""

    def make(kind: str, script: str, more: str = "", **planned: object) -> Tool:
        tool = Tool(kind, tmp_path, make_site(script, more))
        tool.prepare(tool.site.plan(**planned))
        return tool

    return make


def indexes(site: PlanSite) -> list[tuple[object, ...]]:
    return site.rows("SELECT indisvalid FROM pg_index WHERE indrelid = 'public.c'::regclass AND NOT indisprimary")


@formats
@pytest.mark.parametrize("case", CASES)
def test_rendered_and_applied_are_the_same_there_and_back(make_tool: MakeTool, make_site: MakeSite, kind: str, case: str) -> None:
    tool, applied = make_tool(kind, *CASES[case]), make_site(*CASES[case])
    plan = applied.plan()
    assert tool.site.plan().steps == plan.steps
    tool.up()
    apply_plan(applied.conn, plan)
    assert tool.site.hard() == [] and tool.site.plan().steps == ()
    assert dump_all(tool.site) == dump_all(applied)
    tool.down()
    undo_plan(applied.conn, plan)
    assert dump_all(tool.site) == dump_all(applied)
    tool.up()
    assert tool.site.hard() == []


@formats
def test_after_a_failure_in_the_middle_it_goes_on(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    tool.site.run(
        "CREATE FUNCTION public.fail() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$",
        "CREATE EVENT TRIGGER fail ON ddl_command_end WHEN tag IN ('ALTER TABLE') EXECUTE FUNCTION public.fail()",
    )
    assert "not today" in tool.up(1)
    assert tool.site.hard() and indexes(tool.site) == [(True,)]
    tool.site.run("DROP EVENT TRIGGER fail")
    tool.up()
    assert tool.site.hard() == []


@formats
def test_an_index_that_was_begun_is_begun_again(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    step = next(step for step in tool.site.plan().steps if step.sql.startswith("CREATE INDEX"))
    tool.site.run(
        step.sql.replace("CONCURRENTLY", ""),
        "UPDATE pg_index SET indisvalid = false WHERE indrelid = 'public.c'::regclass AND NOT indisprimary",
    )
    tool.up()
    assert indexes(tool.site) == [(True,)]
    tool.down()
    assert indexes(tool.site) == []


@formats
def test_a_lock_that_is_not_had_in_time_is_tried_again(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    with psycopg.connect(tool.site.url) as other:
        other.execute("SELECT FROM u")
        process = tool.start()
        assert process.stdout is not None
        said: list[str] = []
        while not said or "gave way, again in" not in said[-1]:
            said.append(process.stdout.readline())
            assert said[-1], said
        assert tool.site.hard()
    process.communicate()
    assert process.returncode == 0
    assert tool.site.hard() == []


@formats
def test_a_lock_that_never_comes_is_told_and_nothing_is_half_done(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    with psycopg.connect(tool.site.url) as other:
        other.execute("SELECT FROM u")
        assert "other sessions were in the way" in tool.up(1, ORGLIFT_PATIENCE="0")
        assert other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,)
    tool.up()
    assert tool.site.hard() == []


@formats
def test_rows_that_refer_to_nothing_stop_it_before_anything_is_changed(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    tool.site.run("SET session_replication_role = replica", "INSERT INTO public.c VALUES (1, 7)", "RESET session_replication_role")
    said = tool.up(1)
    assert "c.x: 1 rows refer to rows of u that do not exist: (1) refers to (7)" in said and "--orphans apply" in said
    assert tool.site.rows("SELECT to_regclass('orglift.tombstones')") == [(None,)]


@formats
def test_orphans_are_dealt_with_where_the_plan_says_so(make_tool: MakeTool, kind: str) -> None:
    rows = "INSERT INTO u VALUES (1); INSERT INTO c SELECT i, 1 + i / 2 FROM generate_series(1, 12000) i;"
    tool = make_tool(kind, f"{PLAIN} SET session_replication_role = replica; {rows}", repair=True)
    tool.up()
    assert tool.site.rows("SELECT id, x FROM public.c") == [(1, 1)]


@formats
def test_rows_that_refer_to_nothing_stop_the_way_back(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    tool.up()
    tool.site.run("INSERT INTO public.c VALUES (1, 7)")
    assert "(1) refers to (7)" in tool.down(1)
    tool.site.run("DELETE FROM public.c")
    tool.down()
    assert tool.site.rows("SELECT convalidated FROM pg_constraint WHERE contype = 'f'") == [(True,)]


@formats
def test_while_an_organization_moves_nothing_is_changed(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    tool.site.run(
        "CREATE SCHEMA orglift",
        "CREATE TABLE orglift.moves (relocation bigint, organization text, finished_at timestamptz)",
        "INSERT INTO orglift.moves VALUES (3, 'acme')",
    )
    assert "touches this database" in tool.up(1)
    tool.site.run("UPDATE orglift.moves SET finished_at = now()")
    tool.up()


@formats
def test_tables_that_are_gone_are_told(make_tool: MakeTool, kind: str) -> None:
    tool = make_tool(kind, PLAIN)
    tool.site.run("ALTER TABLE public.u RENAME TO v")
    assert "not what the plan was made for" in tool.up(1)


@formats
def test_the_session_has_its_settings_again(make_tool: MakeTool, kind: str) -> None:
    """The tool's own table is found by its search_path."""
    tool = make_tool(kind, PLAIN)
    tool.site.run("CREATE SCHEMA app", f"ALTER DATABASE {tool.site.conn.info.dbname} SET search_path = app")
    tool.up()
    books = tool.site.rows(
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname IN ('alembic_version', 'django_migrations')"
    )
    assert books == ([] if kind == "sql" else [("app",)])
