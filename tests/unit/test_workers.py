"""Threads that work tasks off: in an order that their needs allow, further tasks included, until the first error."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

import pytest

from exports.workers import Task, Workers


class Lane:
    """What a thread works with; it counts how many are open."""

    opened = 0

    def __init__(self) -> None:
        Lane.opened += 1

    def close(self) -> None:
        Lane.opened -= 1


def workers(jobs: int) -> Workers[Lane]:
    Lane.opened = 0
    return Workers(jobs, Lane)


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_a_task_waits_for_the_groups_that_it_needs(jobs: int):
    done: list[str] = []

    def task(name: str, *after: str) -> Task[Lane]:
        return Task(group=name[0], run=lambda lane: done.append(name), after=frozenset(after))

    with workers(jobs) as pool:
        pool.run([task("c1", "b"), task("b1", "a"), task("a1"), task("b2", "a"), task("a2"), task("d1", "nobody")])
    assert sorted(done) == ["a1", "a2", "b1", "b2", "c1", "d1"]
    assert max(done.index("a1"), done.index("a2")) < min(done.index("b1"), done.index("b2"))
    assert done.index("c1") > max(done.index("b1"), done.index("b2"))


@pytest.mark.parametrize("jobs", [1, 3])
def test_tasks_that_a_task_gives_are_done_too_and_waited_for(jobs: int):
    done: list[int] = []

    def split(number: int, lane: Lane) -> Iterable[Task[Lane]]:
        done.append(number)
        return [Task(group="more", run=partial(split, each)) for each in (2 * number, 2 * number + 1) if each < 64]

    last: Task[Lane] = Task(group="last", run=lambda lane: done.append(0), after=frozenset({"first", "more"}))
    with workers(jobs) as pool:
        pool.run([last, Task(group="first", run=partial(split, 1))])
    assert sorted(done) == [0, *range(1, 64)] and done[-1] == 0


def test_many_threads_work_at_a_time_and_a_lane_is_opened_for_work_alone():
    both = threading.Barrier(2, timeout=30)
    with workers(2) as pool:
        pool.run([Task(group=number, run=lambda lane: [] if both.wait() else None) for number in range(2)])
        assert Lane.opened == 2
    assert Lane.opened == 0
    with workers(5) as pool:
        pool.run([Task(group=1, run=lambda lane: None)])
        assert Lane.opened == 1


def test_the_first_error_ends_it_and_is_raised():
    done: list[int] = []

    def fail(lane: Lane) -> None:
        raise LookupError("the first")

    with pytest.raises(LookupError, match="the first"), workers(1) as pool:
        pool.run([Task(group=1, run=fail), Task(group=2, run=lambda lane: done.append(2))])
    assert done == [] and Lane.opened == 0
