"""A plan prints, travels as JSON unchanged, and nothing else is taken for one."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from splitter.errors import UsageError
from splitter.schema import TableName
from splitter.steps import Lock, Plan, PlanDatabase, Step, plan_from_json, plan_to_json, plan_to_text

BACK = Step(
    purpose='no index "we.ird"',
    sql='DROP INDEX CONCURRENTLY "we.ird"',
    lock=Lock.SHARE_UPDATE_EXCLUSIVE,
    lock_timeout_ms=300,
    statement_timeout_ms=0,
    transactional=False,
    undo=None,
)
STEP = Step(
    purpose='index "we.ird" on project',
    sql='CREATE INDEX CONCURRENTLY "we.ird" ON project (id)\n  WHERE name <> $$ü$$',
    lock=Lock.SHARE_UPDATE_EXCLUSIVE,
    tables=(TableName("public", "project"),),
    lock_timeout_ms=300,
    statement_timeout_ms=0,
    transactional=False,
    hazard="waits for old transactions",
    undo=(BACK,),
    precondition="SELECT true",
)
PLAN = Plan(
    kind="break-fks",
    database=PlanDatabase(silo="us", uuid=UUID(int=7)),
    fingerprint="ab" * 32,
    tables=(TableName("public", "project"), TableName("we.ird", "t")),
    steps=(STEP, replace(STEP, transactional=True, undo=None, hazard="")),
    notes=("be careful",),
)


def test_a_plan_survives_json():
    again = plan_from_json(plan_to_json(PLAN))
    assert again == PLAN
    assert again.id == PLAN.id
    assert isinstance(again.tables[0], TableName)


def test_another_plan_has_another_id():
    assert replace(PLAN, notes=()).id != PLAN.id
    assert replace(PLAN, steps=PLAN.steps[:1]).id != PLAN.id


def test_the_id_says_nothing_of_what_a_step_does_not_say():
    """A field of a later orglift, at its default, changes no id: a journal's plan is found again after an upgrade."""
    bare = replace(STEP, tables=(), transactional=True, hazard="", undo=None, precondition=None)
    assert replace(PLAN, steps=(bare,)).id == "ef65ff75b3c704e3d5968a5ba3dde384"


def test_the_text_shows_what_each_step_costs():
    text = plan_to_text(PLAN)
    assert "plan break-fks for us, database 00000000-0000-0000-0000-000000000007" in text
    assert "note: be careful" in text
    assert "lock: SHARE UPDATE EXCLUSIVE on project, waits at most 300 ms, runs without a limit, outside a transaction" in text
    assert "hazard: waits for old transactions" in text
    assert text.count("undo: none: there is no way back") == 1
    assert 'undo: no index "we.ird"' in text
    assert '           DROP INDEX CONCURRENTLY "we.ird"' in text
    assert "         WHERE name <> $$ü$$" in text


def test_an_empty_plan_says_so():
    assert "nothing to do" in plan_to_text(replace(PLAN, steps=()))


def changed(**plan: object) -> bytes:
    file = orjson.loads(plan_to_json(PLAN))
    file["plan"].update(plan)
    return orjson.dumps(file)


def without(key: str) -> bytes:
    steps = orjson.loads(plan_to_json(PLAN))["plan"]["steps"]
    del steps[0][key]
    return changed(steps=steps)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "invalid json"),
        (b"[1]", "this is not a plan"),
        (b"\xff\xfe", "this is not a plan"),
        (b"{}", "orglift_plan: field required"),
        (b'{"orglift_plan": 2, "id": "", "plan": {}}', "format 2"),
        (b'{"orglift_plan": 1, "id": "", "plan": {}, "more": 1}', "more"),
        (changed(notes=["another"]), "changed after it was made"),
        (changed(kind=None), "kind"),
        (changed(surprise=1), "surprise"),
        (changed(steps=[{"sql": "DROP TABLE x"}]), "steps.0.purpose"),
        (without("undo"), "steps.0.undo"),
        (without("lock"), "steps.0.lock"),
    ],
)
def test_anything_else_is_refused(content, told):
    with pytest.raises(UsageError, match=told) as caught:
        plan_from_json(content)
    assert "splitter plan" in caught.value.hint
