"""``splitter queries`` as a command: what it prints where, how it ends, and what it says to what it cannot use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from splitter import console
from splitter.cli import cli

ROOT = Path(__file__).parents[2]
DONE, FOUND, WRONG, REFUSED = 0, 1, 2, 3
SCHEMA = """
CREATE TABLE org (id bigint PRIMARY KEY);
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, owner_id bigint);
CREATE TABLE users (id bigint PRIMARY KEY);
"""
CONFIG = '[organization]\ntable = "org"\n[control]\ntables = ["users"]\n[regions.main]\nurl = "${DATABASE_URL}"\n'
SQL = "SELECT FROM project JOIN users ON users.id = owner_id; SELECT FROM project; BEGIN; DELETE FROM users; DELETE FROM project; COMMIT;"

pytestmark = pytest.mark.postgres(18)
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, make_database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``run(*words, exit=)`` -> what it printed, with ``--json`` as a value."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", make_database(SCHEMA))
    (tmp_path / "silos.toml").write_text(CONFIG)
    (tmp_path / "x.sql").write_text(SQL)
    (tmp_path / "schema.sql").write_text(SCHEMA)

    def call(*words: str, exit: int = DONE) -> Any:
        code = console.run(cli, ["queries", *words])
        said = capsys.readouterr()
        assert code == exit, said
        return json.loads(said.out) if "--json" in words else said

    return call


def test_a_report_for_people(run: Run):
    lines = run("--sql", "x.sql", exit=FOUND).out.splitlines()
    assert lines[0].startswith("query-crosses (1): ") and any(line.startswith("transaction-crosses (1): ") for line in lines)
    assert lines[-2] == "6 distinct statements, run 6 times; both silos needed by 1 statement (once); not to be told of none"
    assert lines[-1] == "  users (control) with project (region): 1 statement (once)"


def test_a_report_for_programs(run: Run):
    told = run("--sql", "x.sql", "--json", exit=FOUND)
    assert [each["code"] for each in told["findings"]] == ["query-crosses", "transaction-crosses"]
    assert told["pairs"] == [{"control": "users", "region": "project", "statements": 1, "calls": 1, "milliseconds": 0}]
    crossing = next(each for each in told["statements"] if len(each["silos"]) == 2)
    assert crossing["reads"] == ["project", "users"] and crossing["writes"] == [] and crossing["sources"] == ["x.sql"]


def test_a_dump_needs_no_server(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DATABASE_URL")
    assert run("--sql", "x.sql", "--schema", "schema.sql", "--json", exit=FOUND)["crossing"]["statements"] == 1


def test_all_that_is_accepted_is_exit_0(run: Run):
    for finding in run("--sql", "x.sql", "--json", exit=FOUND)["findings"]:
        with Path("silos.toml").open("a") as file:
            file.write(f'[[accept]]\ncode = "{finding["code"]}"\nobject = "{finding["object"]}"\nwhy = "goes with the split"\n')
    assert run("--sql", "x.sql", "--json")["findings"] == []


def test_only_some_kinds(run: Run):
    told = run("--sql", "x.sql", "--only", "transaction-crosses", "--json", exit=FOUND)
    assert [each["code"] for each in told["findings"]] == ["transaction-crosses"]


WRONG_WORDS = {
    "two databases": (("--url", "postgresql:///x", "--schema", "schema.sql"), "exclude each other"),
    "a dump has no statements": (("--schema", "schema.sql"), "--schema has no statements"),
    "no such kind": (("--only", "query-cross", "--sql", "x.sql"), "there is no finding 'query-cross'"),
    "no such file": (("--sql", "y.sql"), "'y.sql' does not exist"),
    "no log": (("--log", "x.sql"), "x.sql is no log of PostgreSQL's"),
    "an empty log": (("--log", "empty"), "empty is empty"),
    "an empty file": (("--sql", "empty"), "empty has no statement in it"),
    "no extension": ((), "main has no pg_stat_statements"),
}


@pytest.mark.parametrize(("words", "message"), WRONG_WORDS.values(), ids=WRONG_WORDS)
def test_what_cannot_be_used_is_told_with_a_remedy(run: Run, words: tuple[str, ...], message: str):
    Path("empty").touch()
    error = run(*words, "--json", exit=WRONG)["error"]
    assert message in error["message"] and error["hint"]


def test_a_file_that_does_not_fit_the_database_is_told(run: Run):
    Path("silos.toml").write_text(CONFIG.replace("users", "user"))
    error = run("--sql", "x.sql", "--json", exit=WRONG)["error"]
    assert [problem["code"] for problem in error["problems"]] == ["empty-pattern"]


def test_a_server_that_is_not_there_is_a_refusal(run: Run):
    assert run("--url", "postgresql://127.0.0.1:1/x", "--json", exit=REFUSED)["error"]["code"] == "unreachable"


def test_without_the_extra_it_is_named(run: Run, tmp_path: Path):
    script = "import sys; sys.modules['pgparse'] = None; from splitter import cli; sys.exit(cli.main())"
    words = ["queries", "--sql", str(tmp_path / "x.sql"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert done.returncode == WRONG and json.loads(done.stdout)["error"]["hint"] == "pip install 'orglift[guard]'"
