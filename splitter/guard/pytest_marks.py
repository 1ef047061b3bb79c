"""pytest's objects -> what ``runs`` knows: the marks of a test, the options, its run, its id."""

from __future__ import annotations

import pytest

from splitter.errors import OrgliftError
from splitter.guard.modes import SiloMode
from splitter.guard.runs import MARKS, Mark, Options, SiloRun, plan_runs

RUN_FIXTURE = "silo_run"


def told(error: OrgliftError) -> str:
    """The error in lines: what, each problem, what to do."""
    lines = [error.message, *(f"{each.object}: {each.found}; {each.remedy}" for each in error.problems), error.hint]
    return "\n".join(line for line in lines if line)


def read_options(config: pytest.Config) -> Options:
    return Options(
        single=config.getoption("silo_single"),
        split=config.getoption("silo_databases") == "two",
        unmarked=SiloMode(config.getoption("silo_unmarked").upper()),
    )


def marks_of(item: pytest.Item) -> list[Mark]:
    """The nearest mark of each kind: a function's before its class's before its module's. UsageError of pytest's for a wrong one."""
    found = (item.get_closest_marker(name) for name in MARKS)
    try:
        return [Mark.of(mark.name, mark.args, mark.kwargs) for mark in found if mark is not None]
    except OrgliftError as exc:
        raise pytest.UsageError(f"{item.nodeid}: {told(exc)}") from exc


def run_of(item: pytest.Item) -> SiloRun:
    """As what it runs. A method of a unittest.TestCase can't run twice: with a mark it runs in its silo alone."""
    callspec = getattr(item, "callspec", None)
    if callspec is not None and RUN_FIXTURE in callspec.params:
        run: SiloRun = callspec.params[RUN_FIXTURE]
        return run
    return plan_runs(marks_of(item), read_options(item.config))[-1]


def function_id(item: pytest.Item) -> str:
    """Its id without parameters."""
    callspec = getattr(item, "callspec", None)
    return item.nodeid.removesuffix(f"[{callspec.id}]") if callspec is not None else item.nodeid
