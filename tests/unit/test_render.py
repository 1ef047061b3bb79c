"""A plan as files: the golden cases, and what hostile text, odd steps and options become."""

from __future__ import annotations

import ast
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitter.errors import RefusedError, UsageError
from splitter.render.alembic import render_alembic
from splitter.render.django import render_django
from splitter.render.python_text import docstring, literal, text_literal
from splitter.render.shipped import steps as shipped
from splitter.render.sql import render_sql
from splitter.render.units import Unit, find_units, shown
from splitter.schema import TableName
from splitter.steps import Action, DroppedKey, Lock, Plan, PlanDatabase, Stage, Step, plan_from_json
from tests.golden_render import CASES, FOLDER, render_all

STEP = Step(
    purpose="no table t",
    sql="DROP TABLE t",
    lock=Lock.ACCESS_EXCLUSIVE,
    tables=(TableName("public", "t"),),
    lock_timeout_ms=300,
    statement_timeout_ms=500,
    undo=(),
    precondition="SELECT true",
)
OUTSIDE = replace(STEP, purpose="an index", transactional=False, undo=None)
CLEARS = replace(STEP, purpose="no index", transactional=False)
PLAN = Plan(kind="test", database=PlanDatabase(silo="us", uuid=UUID(int=7)), fingerprint="ab", tables=(), steps=(STEP,))
# What a name may hold and a terminal, a comment or a literal may take for something else.
hostile = st.text(
    st.one_of(
        st.sampled_from("'\"\\\n\r$%{}:;-/*#\u202e\u2028\x85\x0b\x1b"), st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    )
)


def plan_of(*steps: Step) -> Plan:
    return replace(PLAN, steps=steps)


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str):
    folder = FOLDER / case
    plan = plan_from_json((folder / "plan.json").read_bytes())
    made = {f"{kind}/{file.name}": file.text for kind, file in render_all(plan)}
    expected = {f"{path.parent.name}/{path.name}": path.read_bytes().decode() for path in folder.glob("*/*")}
    assert made == expected, "if that is meant: python -m tests.golden_render, and read the diff"


@pytest.mark.parametrize("case", CASES)
def test_every_python_file_is_one_and_holds_the_plans_own_statements(case: str):
    plan = plan_from_json((FOLDER / case / "plan.json").read_bytes())
    for files in (render_alembic(plan, last=Stage.FINISH), render_django(plan, "split", last=Stage.FINISH)):
        trees = [ast.parse(file.text) for file in files]
        lists = [
            node.value for tree in trees for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "UP"
        ]
        found = [step["sql"].strip() for up in lists for step in ast.literal_eval(up)]
        assert len(found) == len(plan.steps)
        for text, step in zip(found, plan.steps, strict=True):
            assert step.sql.strip() in text if step.action is Action.BACKFILL else step.sql.strip() == text


@given(hostile)
def test_any_text_survives_as_a_literal(text: str):
    assert ast.literal_eval(text_literal(text)).strip("\n") == text.strip("\n")
    assert ast.literal_eval(literal(text)) == text


@given(hostile)
def test_any_text_stays_on_its_comment_line(text: str):
    line = shown(text)
    assert len(line.splitlines()) <= 1 and line.isprintable()
    assert ast.get_docstring(ast.parse(docstring(line)), clean=False) == line


@given(hostile)
def test_any_purpose_gives_a_plain_file_name(text: str):
    slug = Unit(number=1, steps=(replace(STEP, purpose=text),)).slug
    assert slug.isascii() and slug.replace("_", "").isalnum() and len(slug) <= 40


def test_an_empty_plan_gives_no_files():
    assert render_sql(plan_of()) == render_alembic(plan_of()) == render_django(plan_of(), "split") == ()


def test_what_clears_a_failed_attempt_is_in_the_file_of_the_step():
    units = find_units(plan_of(STEP, CLEARS, OUTSIDE, CLEARS, STEP))
    assert [(unit.number, [step.purpose for step in unit.steps]) for unit in units] == [
        (1, ["no table t"]),
        (3, ["no index", "an index"]),
        (4, ["no index"]),
        (5, ["no table t"]),
    ]


def test_a_step_that_may_not_run_twice_is_refused():
    with pytest.raises(RefusedError, match="step 2, no table t, has no precondition") as caught:
        render_sql(plan_of(STEP, replace(STEP, precondition=None)))
    assert "splitter apply" in caught.value.hint


def test_revisions_follow_each_other_and_the_one_before():
    files = render_alembic(plan_of(STEP, CLEARS, OUTSIDE), "abc")
    ids = [file.text.partition("revision = ")[2].splitlines()[:2] for file in files]
    start = plan_of(STEP, CLEARS, OUTSIDE).id[:12]
    assert ids == [
        [f'"{start}_0000"', 'down_revision = "abc"'],
        [f'"{start}_0001"', f'down_revision = "{start}_0000"'],
        [f'"{start}_0003"', f'down_revision = "{start}_0001"'],
    ]


def test_migrations_go_on_counting_after_their_apps_own():
    files = render_django(plan_of(STEP, STEP), "split", ["0041_more", "shop.0099_orders"])
    names = [file.name for file in files]
    start = plan_of(STEP, STEP).id[:8]
    assert names == ["__init__.py", f"_orglift_{start}.py", f"0042_orglift_{start}_no_table_t.py", f"0043_orglift_{start}_no_table_t.py"]
    assert 'dependencies = [("split", "0041_more"), ("shop", "0099_orders")]' in files[2].text
    assert f'dependencies = [("split", "0042_orglift_{start}_no_table_t")]' in files[3].text


def test_a_key_of_several_columns_is_nothing_that_django_knows():
    dropped = DroppedKey(table=TableName("public", "t"), name="k", columns=("a", "b"))
    (*_, file) = render_django(plan_of(replace(STEP, dropped=dropped)), "split")
    assert "state_operations=[]" in file.text and "Django knows no foreign key of several columns" in file.text
    (*_, file) = render_django(plan_of(replace(STEP, dropped=replace(dropped, columns=("a",)))), "split")
    assert '.WithoutConstraint(("public", "t"), "a")]' in file.text


@pytest.mark.parametrize("after", ["head", "a b", "x@head", "-1", ""])
def test_what_is_no_revision_is_refused(after: str):
    with pytest.raises(UsageError, match="is no revision id"):
        render_alembic(PLAN, after)


@pytest.mark.parametrize(("app", "after"), [("a-b", "x"), ("", "x"), ("shop", ""), ("shop", "a b"), ("shop", "x.y.0001_z"), ("shop", "'")])
def test_what_is_no_app_or_migration_is_refused(app: str, after: str):
    with pytest.raises(UsageError, match=r"is no app label|is no migration"):
        render_django(PLAN, app, [after])


def test_a_loop_of_psql_says_that_its_statements_have_no_limit():
    repeated = replace(STEP, action=Action.REPEAT)
    up, *_ = render_sql(plan_of(repeated))
    assert "-- psql has no loops" in up.text and "SET statement_timeout = 0;" in up.text


@pytest.mark.parametrize(("sql", "ended"), [("A", "A;"), ("A;\n", "A;"), ("A -- b", "A -- b\n;"), ("-- a\nB", "-- a\nB;")])
def test_every_statement_ends(sql: str, ended: str):
    up, *_ = render_sql(plan_of(replace(STEP, sql=sql)))
    assert f"\\elif :orglift_wanted\n{ended}\n\\endif\n" in up.text


def test_what_is_shipped_waits_for_what_apply_waits_for():
    from splitter import attempts, backfill_turn, db

    assert (shipped.IN_THE_WAY, shipped.CANCELLED) == (db.RETRYABLE, db.CANCELLED)
    assert shipped.PATIENCE_SECONDS == attempts.PATIENCE_SECONDS
    assert (shipped.PARTS, shipped.MAX_LAG) == (backfill_turn.PARTS, backfill_turn.MAX_LAG)
    assert (shipped.FIRST_PAUSE, shipped.LONGEST_PAUSE) == (attempts._FIRST_PAUSE, attempts._LONGEST_PAUSE)
