"""What ``splitter status`` shows of a plan with many steps."""

from __future__ import annotations

from datetime import UTC, datetime

from splitter.journal import JournalPlan, JournalStep, Outcome
from splitter.status import DatabaseStatus

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def told(number: int, *half_done: int) -> list[str]:
    steps = tuple(
        JournalStep(
            number=each,
            purpose=f"step of table {each}",
            begun_at=NOON,
            finished_at=None if each in half_done else NOON,
            outcome=None if each in half_done else Outcome.DONE.value,
            undone_at=None,
        )
        for each in range(1, number + 1)
    )
    plan = JournalPlan(plan="p", kind="widen-ids", purpose="1,672 steps", begun_at=NOON, finished_at=None, steps=steps)
    return list(DatabaseStatus(name="us", plans=(plan,)).lines())


def test_of_a_few_steps_all_are_shown():
    assert len(told(20)) == 22


def test_of_many_the_last_ones_are_shown_and_whatever_may_be_half_done():
    lines = told(1000, 7, 1000)
    assert len(lines) == 24
    assert lines[1] == "  979 steps before these: done or skipped"
    assert "step of table 7: begun" in lines[2] and "step of table 981" in lines[3] and "half-done" in lines[-2]
