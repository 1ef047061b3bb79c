"""The pytest plugin ``splitter``: a marked test runs as a monolith and in its silo, and every crossing stands in a report.

    @pytest.mark.region_silo(regions=["us", "de"], stable=True)
    def test_shows_a_project(): ...

Only the call of a test is in its silo: what fixtures do before and after is a monolith's work. Where no test has a mark and no option is
given this plugin does nothing, and SQLAlchemy is not loaded.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from splitter.errors import OrgliftError
from splitter.guard.modes import SiloMode
from splitter.guard.pytest_marks import RUN_FIXTURE, marks_of, read_options, told
from splitter.guard.runs import SiloRun, plan_runs

if TYPE_CHECKING:
    from splitter.guard.pytest_run import SiloTests

_NAME = "splitter-silos"  # of the object that does the work, once there is any


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("silos", "the split into control and regions (orglift)")
    add = group.addoption
    add("--silo-report", metavar="FILE", help="write every crossing of this run to FILE: .html or .json")
    add("--silo-single", action="store_true", help="run marked tests in their silo alone, no longer as a monolith too")
    add("--silo-databases", choices=("one", "two"), default="one", help="one database for all silos (logically split), or one for each")
    add("--silo-unmarked", choices=("monolith", "control", "region"), default="monolith", help="as what tests without a mark run")
    add("--silo-config", metavar="FILE", help="silos.toml, for tables that no model speaks for (ini: silo_config)")
    add("--silo-baseline", metavar="FILE", help="the tests that were stable; one that no longer is fails (ini: silo_baseline)")
    add("--silo-baseline-update", action="store_true", help="write the baseline anew for the tests that ran")
    parser.addini("silo_config", "silos.toml, from the root directory")
    parser.addini("silo_models", "module:Base of the application's models; several, one a line", type="linelist")
    parser.addini("silo_baseline", "the file of the tests that were stable, from the root directory")


def pytest_configure(config: pytest.Config) -> None:
    for name, more in (("control_silo", ""), ("region_silo", "regions=[...], ")):
        text = f"{name}({more}stable=False): the test runs as a monolith, and in its silo; with stable=True a crossing fails it"
        config.addinivalue_line("markers", text)
    if _is_asked_for(config):
        _silo_tests(config)


def _is_asked_for(config: pytest.Config) -> bool:
    options = ("silo_report", "silo_config", "silo_baseline", "silo_baseline_update")
    inis = ("silo_config", "silo_models", "silo_baseline")
    return (
        any(config.getoption(name) for name in options)
        or config.getoption("silo_unmarked") != "monolith"
        or any(config.getini(name) for name in inis)
    )


def _silo_tests(config: pytest.Config) -> SiloTests:
    """The object with the hooks for a run that has to do with silos; made when the first thing asks for it."""
    found: SiloTests | None = config.pluginmanager.get_plugin(_NAME)
    if found is None:
        if find_spec("sqlalchemy") is None:
            raise pytest.UsageError("the silo marks and options need SQLAlchemy: pip install 'orglift[guard]'")
        from splitter.guard.pytest_run import SiloTests  # it loads SQLAlchemy, which most runs of pytest have no use for

        try:
            found = SiloTests(config)
        except OrgliftError as exc:
            raise pytest.UsageError(told(exc)) from exc
        config.pluginmanager.register(found, _NAME)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    options = read_options(metafunc.config)
    marks = marks_of(metafunc.definition)
    if not marks and options.unmarked is SiloMode.MONOLITH:
        return
    was_stable = _silo_tests(metafunc.config).was_stable(metafunc.definition.nodeid)
    runs = plan_runs(marks, options, was_stable)
    if RUN_FIXTURE not in metafunc.fixturenames:
        metafunc.fixturenames.append(RUN_FIXTURE)
    metafunc.parametrize(RUN_FIXTURE, runs, indirect=True, ids=[run.name for run in runs])


@pytest.fixture
def silo_run(request: pytest.FixtureRequest) -> SiloRun:
    """As what this test runs: ``mode``, ``region``, ``stable``, and ``split`` where each silo has to be a database of its own."""
    run: SiloRun = getattr(request, "param", SiloRun())
    return run
