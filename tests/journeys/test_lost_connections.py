"""Connections break, sessions are ended, statements cancelled, servers crash: each command says so and goes on; a bug it never is."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.commands import Ended, Launcher, launching
from tests.journeys.random_journey import Journey
from tests.journeys.repeatable import full_case, repeatable
from tests.proxy import Moment, Statement
from tests.servers import Server, Servers

pytestmark = pytest.mark.long
SAMPLE = int(os.environ.get("SAMPLE", "3"))  # statements of each command; EVERY=1 takes them all
CLEAN = (0, 1, 3, 4)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with launching() as launcher:
        yield launcher


def cut(trip: Journey, server: Server) -> None:
    trip.proxy.drop()


def end_sessions(trip: Journey, server: Server) -> None:
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({names(trip)})")


def cancel(trip: Journey, server: Server) -> None:
    server.execute(f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname IN ({names(trip)})")


def crash(trip: Journey, server: Server) -> None:
    server.crash()


def names(trip: Journey) -> str:
    return ", ".join(f"'{conninfo_to_dict(url)['dbname']}'" for url in trip.urls.values())


HARM: dict[str, Callable[[Journey, Server], None]] = {"cut": cut, "end": end_sessions, "cancel": cancel, "crash": crash}


@dataclass(frozen=True)
class Command:
    """What is run, after what was done once."""

    words: Callable[[Journey], tuple[str, ...]]
    before: Callable[[Journey], object]


def nothing(trip: Journey) -> None:
    pass


def archive(trip: Journey) -> str:
    return str(trip.folder / "one.orglift")


def export(trip: Journey) -> None:
    trip.run("exports", "org", trip.case.slug, "--region", "us", "--to", "de", "--out", archive(trip))


def copy_all(trip: Journey) -> None:
    """A move that was killed when all rows had come."""
    assert trip.kill_at(Moment.AFTER, matches=lambda each: "enable_nestloop" in each.text)


COMMANDS = {
    "start": Command(lambda trip: ("relocate", "start", trip.case.slug, "--to", "de"), nothing),
    "import": Command(lambda trip: ("relocate", "import", archive(trip), "--to", "de"), export),
    "export": Command(lambda trip: ("exports", "org", trip.case.slug, "--region", "us", "--out", archive(trip)), nothing),
    "abort": Command(lambda trip: ("relocate", "abort", trip.case.slug), copy_all),
    "purge": Command(lambda trip: ("relocate", "purge", trip.case.slug), lambda trip: trip.move()),
    "verify": Command(lambda trip: ("relocate", "verify", trip.case.slug), lambda trip: trip.move()),
    "scope": Command(lambda trip: ("exports", "scope", trip.case.slug, "--region", "us"), nothing),
    "init": Command(lambda _: ("relocate", "init"), nothing),
}


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_breaks_is_told_and_the_same_command_goes_on(servers: Servers, launcher: Launcher, name: str, harm: str) -> None:
    command, server = COMMANDS[name], servers(15, "harmed")
    with repeatable(full_case(1), server, launcher, command.before) as again:
        trip = again.trip
        trip.proxy.reset()
        wanted = trip.run(*command.words(trip))
        for number in choose(len(trip.proxy.statements)):
            for moment in Moment if os.environ.get("EVERY") else (random.choice(tuple(Moment)),):
                again.restore()
                broken = run_with_harm(trip, command, moment, number, lambda _: HARM[harm](trip, server))
                assert broken.code in CLEAN and "Traceback" not in broken.stderr, f"{moment} {number}: {broken}"
                answer = trip.run(*command.words(trip))
                assert comparable(answer) == comparable(wanted), f"{moment} {number}: {broken}"


def choose(statements: int) -> list[int]:
    every = range(1, statements + 1)
    return list(every) if os.environ.get("EVERY") else sorted(random.sample(every, min(SAMPLE, statements)))


def run_with_harm(trip: Journey, command: Command, moment: Moment, number: int, action: Callable[[Statement], None]) -> Ended:
    trip.proxy.reset()
    trap = trip.proxy.trap(moment, action, number=number, cut=False)
    ended = trip.attempt(*command.words(trip))
    trip.proxy.reset()
    assert not trap.sprung.is_set() or trap.done.wait(60)
    return ended


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what another try may have otherwise."""
    return {name: value for name, value in answer.items() if name in ("organization", "state", "tables", "verified", "undecided")}
