"""The application's own commands around a move."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from relocate.finish import run_hook
from splitter.errors import RefusedError
from splitter.silos import Hooks


def test_it_is_told_of_the_move(tmp_path: Path) -> None:
    said = tmp_path / "said"
    run_hook(Hooks(before_copy=f"echo $ORGLIFT_SLUG > {said}"), "before_copy", {"ORGLIFT_SLUG": "acme"})
    assert said.read_text() == "acme\n"


def test_one_that_fails_says_why() -> None:
    with pytest.raises(RefusedError, match="exit code 3: no queue") as failed:
        run_hook(Hooks(before_copy="echo first; echo no queue >&2; exit 3"), "before_copy", {})
    assert "[hooks]" in failed.value.hint


def test_its_password_is_not_told() -> None:
    with pytest.raises(RefusedError) as failed:
        run_hook(Hooks(before_copy="echo postgresql://me:hunter2@there/db; exit 1"), "before_copy", {})
    assert "hunter2" not in failed.value.message


def test_one_that_takes_too_long_ends_with_all_that_it_started(tmp_path: Path) -> None:
    """The shell alone would be ended else, and what it waits for would be waited for."""
    child = tmp_path / "child"
    with pytest.raises(RefusedError, match="longer than"):
        run_hook(Hooks(before_copy=f"sh -c 'echo $$ > {child}; exec tail -f /dev/null'; true", timeout=0.5), "before_copy", {})
    while is_running(int(child.read_text())):  # killed, and for a moment not yet gone
        time.sleep(0.01)


def test_what_it_leaves_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    child = tmp_path / "child"
    run_hook(Hooks(before_copy=f"tail -f /dev/null & echo $! > {child}", timeout=30), "before_copy", {})
    pid = int(child.read_text())
    assert is_running(pid)
    os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
