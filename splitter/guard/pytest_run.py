"""What happens to each test of a run that has to do with silos: its mode, what its crossings mean for it, and what is told at the end."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import orjson
import pytest

from splitter.errors import ConfigError, OrgliftError, UsageError
from splitter.guard import installation
from splitter.guard.assignments import Models
from splitter.guard.baseline import read_baseline, updated, write_baseline
from splitter.guard.boundary import Action, Guard
from splitter.guard.errors import shorten
from splitter.guard.ledger import Ledger, recording
from splitter.guard.modes import SiloMode, process_mode
from splitter.guard.outcomes import Results, RunOutcome
from splitter.guard.pytest_marks import function_id, marks_of, run_of, told
from splitter.guard.report import make_report
from splitter.guard.report_page import render_page
from splitter.guard.runs import SiloRun

_LEDGER = pytest.StashKey[Ledger]()
_SENT = "orglift_silos"  # the attribute of a report, which xdist carries from worker to controller
_FACTS = "orglift_silo_facts"  # what a worker knows of the models
_FORMATS = (".html", ".json")
_LISTED = 5  # crossings in the failure of one test


class SiloTests:
    """Registered as a plugin of its own, by the one that has the options."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._report = _report_path(config)
        update = config.getoption("silo_baseline_update")
        self._baseline = read_baseline(_path(config, "silo_baseline"), may_be_absent=update)
        if update and self._baseline.path is None:
            raise UsageError("--silo-baseline-update has no file to write", hint="name it: --silo-baseline FILE")
        self._guard = self._install(config)
        self._results = Results()

    def _install(self, config: pytest.Config) -> Guard:
        guard = installation.install(silos=_path(config, "silo_config"), action=Action.RECORD)
        installation.hold()
        return guard

    def was_stable(self, nodeid: str) -> bool:
        """Whether the baseline has it. The id is that of the function, without parameters."""
        return nodeid in self._baseline.stable

    @pytest.hookimpl
    def pytest_collection_finish(self) -> None:
        for spec in self._config.getini("silo_models"):
            try:
                self._guard.learn(_load(spec))
            except OrgliftError as exc:
                raise pytest.UsageError(told(exc)) from exc

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        run = run_of(item)
        if self._lost_its_mark(item):
            pytest.fail(f"was stable in its silo ({self._baseline.path}), and has no silo mark any more", pytrace=False)
        guard = self._guard
        guard.action = Action.RAISE if run.stable else Action.RECORD
        guard.in_monolith, guard.count_uses = not marks_of(item), run.mode is not SiloMode.MONOLITH
        with recording() as ledger, process_mode(run.mode, region=run.region):
            item.stash[_LEDGER] = ledger
            try:
                return (yield)
            except BaseException as exc:
                shorten(exc)
                raise
            finally:
                guard.action, guard.in_monolith, guard.count_uses = Action.RECORD, False, False

    def _lost_its_mark(self, item: pytest.Item) -> bool:
        return self.was_stable(function_id(item)) and not (marks_of(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        ledger = item.stash.get(_LEDGER, None)
        if call.when == "call" and ledger is not None:
            run = run_of(item)
            _judge(report, run, ledger)
            done = RunOutcome(test=function_id(item), run=run, marked=bool(marks_of(item)), outcome=report.outcome, ledger=ledger)
            setattr(report, _SENT, orjson.dumps(done.as_json()).decode())
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In xdist's controller as in a run without it: a worker that dies takes only its last test along."""
        sent = getattr(report, _SENT, None)
        if sent is not None:
            self._results.add(RunOutcome.of_json(orjson.loads(sent)))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        sent = getattr(node, "workeroutput", {}).get(_FACTS)
        if sent is not None:
            self._results.add_facts(orjson.loads(sent))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        facts = self._facts()
        worker_output = getattr(self._config, "workeroutput", None)
        if worker_output is not None:
            worker_output[_FACTS] = orjson.dumps(facts).decode()
            return
        self._results.add_facts(facts)
        if self._config.getoption("silo_baseline_update") and self._baseline.path is not None:
            write_baseline(self._baseline.path, updated(self._baseline, self._results.silo_tests, self._results.stable_tests))
        if self._report is not None:
            self._report.write_text(self._rendered(self._report.suffix), "utf-8")

    def _facts(self) -> dict[str, Any]:
        tables = {str(each.table): each.silo.value if each.silo else None for each in self._guard.assignments.all()}
        return {"tables": tables, "models": [each.as_json() for each in self._guard.model_crossings()]}

    def _rendered(self, suffix: str) -> str:
        report = make_report(self._results, str(self._config.rootpath))
        if suffix == ".json":
            return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n"
        return render_page(report, f"The silos of {self._config.rootpath.name}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        results = self._results
        if not results.outcomes:
            return
        clean, all_of_them = len(results.stable_tests), len(results.silo_tests)
        written = f" ({self._report})" if self._report else ""
        terminalreporter.write_line(f"silos: {results.crossings} crossings; {clean} of {all_of_them} tests in a silo are clean{written}")

    def pytest_unconfigure(self) -> None:
        installation.uninstall()


def _judge(report: pytest.TestReport, run: SiloRun, ledger: Ledger) -> None:
    """A stable test fails by a crossing even where the application has swallowed the error; one that isn't stable yet may fail by it, once
    the silos are two databases.
    """
    if not ledger.crossings:
        return
    if run.stable and report.outcome == "passed":
        report.outcome = "failed"
        report.longrepr = f"{_spelled(ledger)}\n(raised, and caught by the application)"
    elif report.outcome == "failed" and run.split and not run.stable:
        report.outcome = "skipped"
        report.wasxfail = f"not stable yet: {_spelled(ledger)}"


def _spelled(ledger: Ledger) -> str:
    said = [f"{each.first_line} ({each.place})" for each in ledger.crossings]
    more = [f"and {len(said) - _LISTED} more"] if len(said) > _LISTED else []
    return "\n".join(said[:_LISTED] + more)


def _path(config: pytest.Config, name: str) -> Path | None:
    """A file of an option, from where the command was given, or of the ini file, from the root."""
    given, written = config.getoption(name), config.getini(name)
    if given:
        return Path(config.invocation_params.dir, given)
    return config.rootpath / written if written else None


def _report_path(config: pytest.Config) -> Path | None:
    """Looked at before the tests run, not after an hour of them."""
    given = config.getoption("silo_report")
    if given is None:
        return None
    path = Path(config.invocation_params.dir, given)
    if path.suffix not in _FORMATS:
        raise UsageError(f"--silo-report {given} is in no known format", hint=f"a name that ends in {' or '.join(_FORMATS)}")
    if not path.parent.is_dir():
        raise UsageError(f"--silo-report {given}: there is no directory {path.parent}", hint="make it, or name another")
    return path


def _load(spec: str) -> Models:
    """``module:Base``"""
    module, _, name = spec.partition(":")
    try:
        found: Models = attrgetter(name)(import_module(module))
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"silo_models names {spec!r}: {exc}", hint="write module:Base") from exc
    return found
