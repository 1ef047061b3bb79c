"""Marks and options -> the runs of a test; the baseline's file; the report's page. No pytest is run for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitter.errors import ConfigError, UsageError
from splitter.guard.baseline import Baseline, read_baseline, updated, write_baseline
from splitter.guard.crossing import Crossing, Kind, Place
from splitter.guard.ledger import Ledger
from splitter.guard.modes import SiloMode
from splitter.guard.outcomes import Results, RunOutcome
from splitter.guard.report import make_report
from splitter.guard.report_page import render_page
from splitter.guard.runs import Mark, Options, SiloRun, plan_runs

REGION = Mark.of("region_silo", (), {"regions": ["us", "de"]})
CONTROL = Mark.of("control_silo", (), {"stable": True})


@pytest.mark.parametrize(
    ("marks", "options", "names"),
    [
        ([], Options(), ["monolith"]),
        ([], Options(single=True), ["monolith"]),
        ([], Options(unmarked=SiloMode.CONTROL), ["control"]),
        ([REGION], Options(), ["monolith", "region-us", "region-de"]),
        ([REGION, CONTROL], Options(), ["monolith", "region-us", "region-de", "control"]),
        ([REGION], Options(single=True, unmarked=SiloMode.CONTROL), ["region-us", "region-de"]),
        ([Mark.of("region_silo", (), {})], Options(), ["monolith", "region"]),
    ],
)
def test_a_test_runs_as_its_marks_and_the_options_say(marks, options, names):
    assert [run.name for run in plan_runs(marks, options)] == names


def test_what_was_stable_is_held_to_it():
    assert [run.stable for run in plan_runs([REGION], Options(), was_stable=True)] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "arguments", "options", "found", "hint"),
    [
        ("region_silo", ("us",), {}, "mark region_silo has 'us'", "it takes regions=, stable="),
        ("control_silo", (), {"regions": ["us"]}, "mark control_silo has regions", "it takes stable="),
        ("region_silo", (), {"regions": "us"}, "mark region_silo has regions='us'", "a list of names"),
        ("region_silo", (), {"regions": [""]}, "mark region_silo has regions=['']", "a list of names"),
        ("region_silo", (), {"stable": 1}, "mark region_silo has stable=1", "stable=True, or leave it out"),
    ],
)
def test_a_mark_that_says_something_else_is_refused(name, arguments, options, found, hint):
    with pytest.raises(UsageError) as caught:
        Mark.of(name, arguments, options)
    assert caught.value.message == found and caught.value.hint.startswith(hint)


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path):
    path = tmp_path / "stable.txt"
    write_baseline(path, frozenset({"b.py::test_b", "a.py::test_ä"}))
    assert read_baseline(path, may_be_absent=False) == Baseline(path, frozenset({"b.py::test_b", "a.py::test_ä"}))
    assert path.read_text("utf-8").splitlines()[1:] == ["a.py::test_ä", "b.py::test_b"]


def test_tests_that_did_not_run_keep_their_line_of_the_baseline():
    before = Baseline(Path("x"), frozenset({"gone on", "broke", "elsewhere"}))
    assert updated(before, ran=["gone on", "broke", "new"], stable=["gone on", "new"]) == {"gone on", "new", "elsewhere"}


def test_a_baseline_that_is_not_there_may_only_be_made(tmp_path: Path):
    assert read_baseline(tmp_path / "x", may_be_absent=True).stable == frozenset()
    with pytest.raises(ConfigError, match="there is no baseline") as caught:
        read_baseline(tmp_path / "x", may_be_absent=False)
    assert caught.value.hint == "make it with --silo-baseline-update"


def test_what_goes_from_a_worker_to_the_report_is_what_was_seen():
    place = Place(file="/app/a.py", line=3, function="f")
    crossing = Crossing(
        kind=Kind.STATEMENT,
        operation="select",
        subject="User",
        table="auth_user",
        mode="REGION",
        region="de",
        available=("CONTROL",),
        place=place,
    )
    ledger = Ledger()
    ledger.note(crossing)
    run = SiloRun(mode=SiloMode.REGION, region="de", stable=True)
    outcome = RunOutcome(test="t", run=run, marked=True, outcome="passed", ledger=ledger)
    assert RunOutcome.of_json(outcome.as_json()) == outcome


def test_a_name_of_html_is_shown_and_not_obeyed():
    hostile = "<script>alert(1)</script>\u202e"
    ledger = Ledger()
    place = Place(file=f"/app/{hostile}.py", line=3, function=hostile)
    ledger.note(
        Crossing(
            kind=Kind.STATEMENT,
            operation="text",
            subject=hostile,
            is_model=False,
            table=hostile,
            near=(hostile,),
            mode="REGION",
            available=("MONOLITH", "CONTROL"),
            place=place,
            statement=f"SELECT '{hostile}'",
        )
    )
    outcome = RunOutcome(test=hostile, run=SiloRun(mode=SiloMode.REGION), marked=True, outcome="passed", ledger=ledger)
    page = render_page(make_report(Results([outcome], {hostile: None}), "/app"), hostile)
    assert "<script" not in page and "\u202e" not in page
    assert page.count("&lt;script&gt;") > 8
