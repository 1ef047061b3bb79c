"""`relocate demo` and the commands that it tells people to try next."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.journeys.demo_commands import Shell, kept_demo, new_shell

pytestmark = pytest.mark.long


@pytest.fixture
def shell() -> Iterator[Shell]:
    with new_shell() as made:
        yield made


@pytest.fixture
def demo() -> Iterator[Shell]:
    with kept_demo() as made:
        yield made


def test_the_demo_moves_an_organization_and_proves_it(shell: Shell) -> None:
    told = shell.expect("relocate demo", cwd=shell.folder)
    assert "initech" in told
    assert "verified" in told
    assert shell.servers() == []
    assert [path.name for path in shell.folder.iterdir()] == ["programs"]


def test_the_kept_demo_answers_the_commands_it_tells_to_try_until_it_is_stopped(demo: Shell) -> None:
    moved = demo.read("relocate start acme --to de --json")
    assert moved["state"] == "switched"
    assert moved["verified"] is True
    assert {table["name"]: table["rows"] for table in moved["tables"]}["event"] == 30_000
    demo.expect("exports org globex --region us --to de --out g.orglift && exports verify g.orglift && relocate import g.orglift --to de")
    demo.expect("relocate purge acme && relocate start acme --to us")
    assert demo.read("relocate status acme --json")["to"] == "us"
    demo.expect("relocate demo --stop demo", cwd=demo.folder)
    assert demo.servers() == []
    assert [path.name for path in demo.demo.iterdir()] == ["g.orglift"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_demo_leaves_nothing_running(shell: Shell, number: signal.Signals) -> None:
    with shell.start("relocate demo", cwd=shell.folder) as process:
        wait_until_servers_run(shell)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (-9 if number is signal.SIGKILL else 128 + number)
    # after kill -9 the watchdogs clear up
    wait_until(lambda: not shell.servers() and not list(shell.folder.glob("orglift-*")))


def test_an_interrupted_demo_keeps_nothing(shell: Shell) -> None:
    with shell.start("relocate demo --keep demo", cwd=shell.folder) as process:
        wait_until_servers_run(shell)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert shell.servers() == []
    assert not shell.demo.exists()


def test_stop_without_a_demo_is_a_mistake_of_the_command_line(shell: Shell) -> None:
    shell.expect("relocate demo --stop nowhere", cwd=shell.folder, exit=2)


def wait_until_servers_run(shell: Shell) -> None:
    wait_until(lambda: len(list(shell.folder.glob("**/socket/.s.PGSQL.5432"))) == 3)


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)
