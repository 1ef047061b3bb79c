"""Random applications, moved: equal, complete, no stranger, exactly once; an abort leaves the target, a purge the others as they were."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.commands import Launcher, launching
from tests.journeys.random_journey import Journey, journey
from tests.proxy import Moment
from tests.random_schemas import Case, cases
from tests.servers import Servers

pytestmark = pytest.mark.long
# A whole move takes longer than hypothesis expects of an example, and shrinking one that fails takes minutes: SHRINK=1 asks for that.
PHASES = [phase for phase in Phase if phase is not Phase.shrink or os.environ.get("SHRINK")]
MOVES = settings(deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with launching() as launcher:
        yield launcher


@settings(MOVES, max_examples=15)
@given(case=cases())
def test_a_move_a_purge_and_the_way_back(servers: Servers, launcher: Launcher, case: Case) -> None:
    note(case.script)
    with journey(case, servers(15), launcher) as trip:
        trip.initialise()
        us, de = trip.read("us"), trip.read("de")
        trip.check_answer(trip.move())
        trip.check_arrived(de)
        trip.check_source(us)
        trip.check_control(moved=True)
        trip.move()
        trip.check_arrived(de)
        assert trip.run("relocate", "verify", case.slug)["compared"]
        trip.run("relocate", "purge", case.slug)
        trip.check_purged(us)
        if not case.shape.drifted:
            go_back(trip)


def go_back(trip: Journey) -> None:
    """Ids have changed once and for all: home again, they are what they were abroad."""
    trip.own_range("us")
    purged = trip.read("us")
    trip.move("us")
    trip.check_arrived(purged, region="us", back=True)
    trip.check_control(moved=True, region="us")


@settings(MOVES, max_examples=10)
@given(case=cases())
def test_through_an_archive(servers: Servers, launcher: Launcher, case: Case) -> None:
    note(case.script)
    with journey(case, servers(18), launcher) as trip:
        trip.initialise()
        us, de = trip.read("us"), trip.read("de")
        archive = str(trip.folder / "one.orglift")
        trip.run("exports", "org", case.slug, "--region", "us", "--to", "de", "--out", archive)
        trip.run("exports", "verify", archive)
        assert trip.read("us") == us
        trip.check_answer(trip.run("relocate", "import", archive, "--to", "de"))
        trip.check_arrived(de)
        trip.check_source(us)
        trip.check_control(moved=True)
        assert trip.run("relocate", "verify", case.slug)["compared"]


@settings(MOVES, max_examples=10)
@given(case=cases(tables=(2, 6)), moment=st.sampled_from(Moment), number=st.integers(1, 500))
def test_killed_and_run_again_it_ends_the_same(servers: Servers, launcher: Launcher, case: Case, moment: Moment, number: int) -> None:
    note(case.script)
    with journey(case, servers(18), launcher) as trip:
        trip.initialise()
        us, de = trip.read("us"), trip.read("de")
        trip.kill_at(moment, number)
        trip.check_answer(trip.move())
        trip.check_arrived(de)
        trip.check_source(us)
        trip.check_control(moved=True)


@settings(MOVES, max_examples=10)
@given(case=cases(tables=(2, 6)), moment=st.sampled_from(Moment), number=st.integers(1, 350))
def test_killed_and_aborted_nothing_has_happened(servers: Servers, launcher: Launcher, case: Case, moment: Moment, number: int) -> None:
    note(case.script)
    with journey(case, servers(15), launcher) as trip:
        trip.initialise()
        us, de = trip.read("us"), trip.read("de")
        if trip.kill_at(moment, number) and not has_switched(trip):
            trip.attempt("relocate", "abort", case.slug)
            assert (trip.read("us"), trip.read("de")) == (us, de)
            trip.check_control(moved=False)
        trip.check_answer(trip.move())
        trip.check_arrived(de)


def has_switched(trip: Journey) -> bool:
    ended = trip.attempt("relocate", "status", trip.case.slug)
    return ended.code == 0 and ended.answer.get("state") in ("switched", "purging", "purged")
