"""Brakes, with a clock that only sleeping moves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from splitter.brakes import Brakes, Pace


@dataclass
class Clock:
    now: float = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def read(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pace(clock: Clock, **brakes: float) -> Pace:
    return Pace(Brakes(**brakes), sleep=clock.sleep, clock=clock.read)  # type: ignore[arg-type]


def test_rows_come_at_the_rate(clock):
    held = pace(clock, max_rate=100.0)
    for _ in range(10):
        held.spent(50)
    assert clock.now == pytest.approx(105.0)


def test_idle_time_is_not_saved_up_for_a_burst(clock):
    held = pace(clock, max_rate=100.0)
    held.spent(10)
    clock.sleep(1000)
    before = clock.now
    held.spent(50)
    assert clock.now - before == pytest.approx(0.5)


def test_a_pause_follows_each_batch_and_no_empty_one(clock):
    held = pace(clock, pause=2.0)
    held.spent(1)
    held.spent(0)
    assert clock.now == 102.0


def test_without_brakes_nothing_waits(clock):
    pace(clock).spent(10**9)
    assert clock.now == 100.0
