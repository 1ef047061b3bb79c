"""The mover is killed after its n-th statement, for every n, and woken after an abort; a proxy counts, the code picks no points."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.commands import Ended, Launcher, launching
from tests.journeys.random_journey import Journey
from tests.journeys.repeatable import LEASE, full_case, repeatable
from tests.proxy import Moment, Statement
from tests.servers import Servers

pytestmark = pytest.mark.long
PARTS = 4  # so that several workers share the work


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with launching() as launcher:
        yield launcher


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_after_every_statement(servers: Servers, launcher: Launcher, part: int) -> None:
    with repeatable(full_case(1), servers(15), launcher) as again:
        wanted, statements = again.rehearse()
        for number in range(1 + part, 2 * len(statements), PARTS):  # until one gets through: a run may have some more or fewer
            killed = again.trip.kill_at(Moment.AFTER, number)
            again.check_moved(again.trip.move(), wanted)
            again.restore()
            if not killed:
                return
        pytest.fail("every run was killed")


def test_killed_while_statements_are_on_their_way(servers: Servers, launcher: Launcher) -> None:
    """What was sent may take effect when the next mover is at work already."""
    with repeatable(full_case(1), servers(15), launcher) as again:
        wanted, statements = again.rehearse()
        for number in sorted(random.sample(range(1, len(statements)), 25)):
            again.trip.kill_at(Moment.DURING, number)
            again.check_moved(again.trip.move(), wanted)
            again.restore()


def test_killed_again_and_again(servers: Servers, launcher: Launcher) -> None:
    """A larger organization; every run is killed somewhere further on until one gets through."""
    with repeatable(full_case(40), servers(18), launcher) as again:
        wanted, statements = again.rehearse()
        for _ in range(6):
            for _ in range(random.randint(1, 4)):
                again.trip.kill_at(random.choice(tuple(Moment)), random.randint(1, len(statements)))
            again.check_moved(again.trip.move(), wanted)
            again.restore()


def test_a_mover_that_wakes_after_an_abort_writes_nothing(servers: Servers, launcher: Launcher) -> None:
    with repeatable(full_case(1), servers(15), launcher) as again:
        _, statements = again.rehearse()
        for number in choose_stops(statements):
            woken, aborted = stop_and_wake(again.trip, number, "abort", again.trip.case.slug)
            if aborted.code == 0:
                assert woken.code in (3, 4), f"statement {number}: {woken}"
                again.check_nothing_happened()
            else:  # no move had been begun, or the switch had been made: nothing but forward is left
                assert (aborted.code, woken.code) == (3, 0), f"statement {number}: {aborted} {woken}"
                again.trip.check_answer(again.trip.move())
                again.trip.check_arrived(again.de)
            again.restore()


def test_a_mover_that_wakes_after_another_has_moved_writes_nothing(servers: Servers, launcher: Launcher) -> None:
    with repeatable(full_case(1), servers(18), launcher) as again:
        wanted, statements = again.rehearse()
        for number in choose_stops(statements):
            woken, moved = stop_and_wake(again.trip, number, "start", again.trip.case.slug, "--to", "de")
            assert moved.code == 0, f"statement {number}: {moved}"
            again.check_moved(moved.answer, wanted)
            assert woken.code in (0, 3, 4), f"statement {number}: {woken}"
            again.restore()


def choose_stops(statements: list[Statement]) -> list[int]:
    """The ends of its transactions and what it copies: where a sleeper could still do harm; the last ones are around the switch.

    EVERY=1 takes all statements there are.
    """
    writes = [
        each.number for each in statements if each.kind == "copy done" or each.text.upper().startswith(("COMMIT", "UPDATE", "INSERT"))
    ]
    if os.environ.get("EVERY"):
        return [each.number for each in statements]
    return sorted({*random.sample(writes, min(8, len(writes))), *writes[-8:]})


def stop_and_wake(trip: Journey, number: int, *other: str) -> tuple[Ended, Ended]:
    """SIGSTOP at the n-th statement, which hangs in the network; another process does its work; both come back to life.

    A run with fewer statements is not stopped: it shows fewer signs of life than the one that was counted.
    """
    go_on = threading.Event()
    trip.proxy.reset()
    mover = trip.start("relocate", "start", trip.case.slug, "--to", "de", "--json")

    def stop(_: Statement) -> None:
        os.kill(mover.pid, signal.SIGSTOP)
        go_on.wait()

    trap = trip.proxy.trap(Moment.BEFORE, stop, number=number, cut=False)
    while not trap.sprung.wait(0.1) and not mover.ended():
        pass
    trip.proxy.reset()  # the other one's statements are counted too
    try:
        done = run_when_allowed(trip, *other)
    finally:
        if trap.sprung.is_set():
            os.kill(mover.pid, signal.SIGCONT)
        go_on.set()
        woken = mover.wait()
        trip.proxy.reset()
    return woken, done


def run_when_allowed(trip: Journey, *command: str) -> Ended:
    """After the lease: before that, the sleeper counts as alive."""
    until = time.monotonic() + 20 * LEASE
    while True:
        ended = trip.attempt("relocate", *command)
        if ended.error != "other-mover":
            return ended
        assert time.monotonic() < until, str(ended)
        time.sleep(LEASE / 5)
