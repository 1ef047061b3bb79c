"""Silo modes: the process's, a block's, escapes; tasks, threads, and everything that is wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from splitter.errors import ConfigError
from splitter.guard import modes
from splitter.guard.errors import ModeError
from splitter.guard.ledger import recording
from splitter.guard.modes import SiloMode, assume_control, assume_monolith, assume_region, current, process_mode, silo_mode
from tests.loops import finish


@pytest.fixture(autouse=True)
def monolith(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with process_mode(SiloMode.MONOLITH):
        yield


def test_the_environment_says_what_a_process_is(monkeypatch):
    monkeypatch.setattr(modes, "_process", None)
    monkeypatch.setenv("SILO_MODE", "region")
    monkeypatch.setenv("SILO_REGION", "de")
    assert str(current()) == "REGION mode (de)"


def test_without_a_word_a_process_is_a_monolith(monkeypatch):
    monkeypatch.setattr(modes, "_process", None)
    monkeypatch.delenv("SILO_MODE", raising=False)
    monkeypatch.delenv("SILO_REGION", raising=False)
    assert current().mode is SiloMode.MONOLITH


def test_an_unknown_mode_of_the_environment_is_refused_with_the_nearest(monkeypatch):
    monkeypatch.setattr(modes, "_process", None)
    monkeypatch.setenv("SILO_MODE", "REGOIN")
    with pytest.raises(ConfigError, match="SILO_MODE is 'REGOIN', which is no silo mode") as caught:
        current()
    assert caught.value.hint == "did you mean 'REGION'?"


def test_only_a_region_has_a_region():
    with pytest.raises(ConfigError, match="CONTROL with region 'de'"):
        silo_mode(SiloMode.CONTROL, region="de")


def test_a_block_has_its_mode_and_gives_it_back():
    with silo_mode("region", region="de") as standing:
        assert current() is standing and standing.region == "de"
    assert current().mode is SiloMode.MONOLITH


def test_the_same_mode_may_be_entered_again_and_a_region_narrowed():
    with silo_mode(SiloMode.REGION):
        with silo_mode(SiloMode.REGION, region="de"):
            assert current().region == "de"
            with silo_mode(SiloMode.REGION):
                assert current().region == "de"
        assert current().region is None


@pytest.mark.parametrize(
    ("inner", "region", "hint"),
    [
        (SiloMode.CONTROL, None, "with assume_control()"),
        (SiloMode.MONOLITH, None, "with assume_monolith()"),
        (SiloMode.REGION, "us", "with assume_region('us')"),
    ],
)
def test_another_mode_within_a_block_is_refused_and_the_escape_named(inner, region, hint):
    with silo_mode(SiloMode.REGION, region="de"):
        with pytest.raises(ModeError, match=r"within REGION mode \(de\)") as caught:
            silo_mode(inner, region=region).__enter__()
        assert caught.value.hint.endswith(hint)
        assert current().region == "de"


def test_an_escape_is_in_the_other_silo_and_counted_with_its_line_and_reason():
    with recording() as seen, silo_mode(SiloMode.REGION, region="de"):
        for _ in range(2):
            with assume_control("names"):
                assert current().mode is SiloMode.CONTROL
        with assume_region("us"), assume_monolith():
            assert current().mode is SiloMode.MONOLITH
    counted = {(each.into, each.region, each.out_of, each.why): count for each, count in seen.escapes.items()}
    assert counted == {("CONTROL", None, "REGION", "names"): 2, ("REGION", "us", "REGION", ""): 1, ("MONOLITH", None, "REGION", ""): 1}
    assert {each.place.function for each in seen.escapes if each.place} == {
        "test_an_escape_is_in_the_other_silo_and_counted_with_its_line_and_reason"
    }


def test_an_escape_changes_nothing_where_it_escapes_nothing():
    with recording() as seen:
        with assume_control():
            assert current().mode is SiloMode.MONOLITH
        with silo_mode(SiloMode.CONTROL), assume_control():
            assert current().mode is SiloMode.CONTROL
    assert not seen.escapes


def test_a_task_has_the_mode_of_the_block_that_made_it_and_no_other():
    async def look() -> SiloMode:
        await asyncio.sleep(0)
        return current().mode

    async def both() -> list[SiloMode]:
        with silo_mode(SiloMode.REGION):
            region = asyncio.create_task(look())
        with silo_mode(SiloMode.CONTROL):
            control = asyncio.create_task(look())
        return [await region, await control, await look()]

    assert finish(both()) == [SiloMode.REGION, SiloMode.CONTROL, SiloMode.MONOLITH]


def test_a_thread_has_the_mode_of_the_process_not_that_of_the_block_that_started_it():
    found: list[SiloMode] = []
    with silo_mode(SiloMode.CONTROL), process_mode(SiloMode.REGION):
        thread = threading.Thread(target=lambda: found.append(current().mode))
        thread.start()
        thread.join()
    assert found == [SiloMode.REGION]


def test_a_block_that_is_left_in_another_thread_is_told():
    block, told = silo_mode(SiloMode.REGION), []

    def leave() -> None:
        with pytest.raises(ModeError, match="entered in one thread or task and left in another") as caught:
            block.__exit__(None, None, None)
        told.append(caught.value)

    def enter_and_leave_elsewhere() -> None:  # in a thread too: its context is gone with it
        block.__enter__()
        thread = threading.Thread(target=leave)
        thread.start()
        thread.join()

    outer = threading.Thread(target=enter_and_leave_elsewhere)
    outer.start()
    outer.join()
    assert len(told) == 1


def test_a_block_that_is_entered_twice_is_refused():
    block = silo_mode(SiloMode.REGION)
    with block, pytest.raises(ModeError, match="entered twice"):
        block.__enter__()
    assert current().mode is SiloMode.MONOLITH
