"""``splitter render`` as a process: files are written without a database, and what cannot be is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from splitter.plan_files import read_plan
from splitter.steps import plan_to_json
from tests.golden_render import FOLDER

ROOT = Path(__file__).parents[2]
DONE, WRONG, REFUSED = 0, 2, 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """There is a plan in it, and no silos.toml."""
    shutil.copy(FOLDER / "break_fks" / "plan.json", tmp_path)
    return tmp_path


def run(folder: Path, *words: str, exit: int = DONE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "splitter.cli", "render", "plan.json", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == exit, f"{words}: exit {done.returncode}, not {exit}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--format", "sql"), 'run them: sh m/run.sh up -d "$URL"'),
        (("--format", "alembic"), "alembic upgrade head"),
        (("--format", "django", "--app", "split"), "manage.py migrate"),
    ],
)
def test_every_format_is_written_and_said(folder: Path, words: tuple[str, ...], told: str) -> None:
    assert told in run(folder, *words, "--out", "m").stdout
    expected = {path.name: path.read_bytes() for path in (FOLDER / "break_fks" / words[1]).iterdir()}
    made = {path.name: path.read_bytes() for path in (folder / "m").iterdir() if path.name != "orglift-render.json"}
    assert made == expected


def test_as_json_and_again_in_another_format(folder: Path) -> None:
    run(folder, "--format", "sql", "--out", "m")
    answer = json.loads(run(folder, "--format", "alembic", "--out", "m", "--after", "abc", "--json").stdout)
    assert (answer["format"], answer["folder"], answer["kind"]) == ("alembic", "m", "break-fks")
    assert sorted(path.name for path in (folder / "m").iterdir()) == sorted([*answer["files"], "orglift-render.json"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--format", "django"), "--app LABEL"),
        (("--format", "sql", "--app", "x"), "--app is for --format django"),
        (("--format", "sql", "--after", "x"), "--after names 1 for --format sql"),
        (("--format", "alembic", "--after", "x", "--after", "y"), "--after names 2 for --format alembic"),
        (("--format", "alembic", "--after", "head"), "is no revision id"),
        (("--format", "flyway"), "flyway"),
    ],
)
def test_a_wrong_command_line_writes_nothing(folder: Path, words: tuple[str, ...], told: str) -> None:
    assert told in run(folder, *words, "--out", "m", exit=WRONG).stderr
    assert not (folder / "m").exists()


def test_a_folder_of_others_is_refused(folder: Path) -> None:
    assert "holds what was not rendered: plan.json" in run(folder, "--format", "sql", "--out", ".", exit=REFUSED).stderr


def test_an_edited_plan_is_refused(folder: Path) -> None:
    plan = folder / "plan.json"
    plan.write_text(plan.read_text().replace("ON DELETE CASCADE", "ON DELETE SET NULL"))
    assert "was changed after it was made" in run(folder, "--format", "sql", "--out", "m", exit=WRONG).stderr


def test_of_an_empty_plan_nothing_is_written(folder: Path) -> None:
    plan = folder / "plan.json"
    plan.write_bytes(plan_to_json(replace(read_plan(plan), steps=())))
    assert "nothing to do" in run(folder, "--format", "sql", "--out", "m").stdout
    assert not (folder / "m").exists()
