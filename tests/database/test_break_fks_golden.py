"""One plan a kind of key, to be read: tests/golden/break_fks. ``ORGLIFT_GOLDEN=write`` writes them anew, for a review of what changed.

What the triggers and the registry are made of is left out: tests of their own are about that.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from splitter.steps import Plan, PlanDatabase, Step, plan_to_text
from tests.database.test_break_fks import KINDS
from tests.plan_sites import MakeSite

GOLDEN = Path(__file__).parents[1] / "golden" / "break_fks"
BY_VERSION = {"partitioned_child", "both_partitioned"}  # NOT VALID keys of partitioned tables: since 18
ELSEWHERE = ("the role may do all this", "registry and outbox", "deletes and new keys of", "triggers of")
REGISTERED = (" is cleaned up: ", " is not cleaned up any more")


def shown(plan: Plan) -> str:
    steps = tuple(replace(_short(step), undo=step.undo and tuple(map(_short, step.undo))) for step in plan.steps)
    return plan_to_text(replace(plan, database=PlanDatabase(silo="us", uuid=UUID(int=0)), steps=steps))


def _short(step: Step) -> Step:
    left_out = step.purpose.startswith(ELSEWHERE) or any(words in step.purpose for words in REGISTERED)
    return replace(step, sql="...") if left_out else step


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_reads_as_it_did(make_site: MakeSite, major: int, kind: str) -> None:
    name = f"{kind}.{major}.txt" if kind in BY_VERSION else f"{kind}.txt"
    text = shown(make_site(*KINDS[kind]).plan())
    if os.environ.get("ORGLIFT_GOLDEN") == "write":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_text(text, encoding="utf-8")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")
