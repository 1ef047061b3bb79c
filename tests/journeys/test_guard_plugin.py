"""The pytest plugin, in runs of pytest of their own: an application with two tables, and tests of every kind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

APP = '''
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from splitter.guard import control_silo_model, region_silo_model, assume_control

class Base(DeclarativeBase):
    pass

@control_silo_model
class User(Base):
    __tablename__ = "auth_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

@region_silo_model
class Project(Base):
    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("auth_user.id"))

def users(session):
    return session.scalars(select(User)).all()

def projects(session):
    return session.scalars(select(Project)).all()

def both(session):
    return session.scalars(select(Project).join(User, User.id == Project.owner_id)).all()

def swallowing(session):
    try:
        return users(session)
    except Exception:
        return []

def escaping(session):
    with assume_control("names are shown"):
        return users(session)
'''

FIXTURES = '''
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from app import Base, Project, User

@pytest.fixture
def session():
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([User(id=1, name="ann"), Project(id=1, owner_id=1)])
        session.commit()
        yield session
    engine.dispose()
'''

TESTS = '''
import threading, unittest
import pytest
import app
from splitter.guard import SiloMode, current

def test_unmarked(session):
    assert current().mode is SiloMode.MONOLITH and len(app.both(session)) == 1

@pytest.mark.region_silo(regions=["us", "de"], stable=True)
def test_stable(session, silo_run):
    assert len(app.projects(session)) == 1
    assert (current().mode, current().region) == (silo_run.mode, silo_run.region)

@pytest.mark.region_silo
@pytest.mark.parametrize("number", [1, 2])
def test_crossing(session, number):
    assert len(app.users(session)) == 1

@pytest.mark.region_silo(stable=True)
def test_stable_but_crossing(session):
    app.users(session)

@pytest.mark.region_silo(stable=True)
def test_stable_but_swallowing(session):
    app.swallowing(session)

@pytest.mark.region_silo(stable=True)
def test_escape(session):
    assert len(app.escaping(session)) == 1

@pytest.mark.control_silo(stable=True)
class TestControl:
    def test_users(self, session):
        assert len(app.users(session)) == 1

    @pytest.mark.region_silo(stable=True)
    def test_both_silos(self):
        assert current().mode in SiloMode

@pytest.mark.region_silo
def test_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(current().mode))
    thread.start(); thread.join()
    assert found == [current().mode]

@pytest.mark.region_silo
class TestOld(unittest.TestCase):
    def test_runs_in_its_silo_alone(self):
        self.assertIs(current().mode, SiloMode.REGION)
'''


def make_project(folder: Path, tests: str = TESTS) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in (("app.py", APP), ("conftest.py", FIXTURES), ("test_app.py", tests), ("pytest.ini", "[pytest]\npythonpath = .\n")):
        (folder / name).write_text(text)
    return folder


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def outcomes_of(output: str) -> dict[str, str]:
    return dict(re.findall(r"^test_app\.py::(\S+) (\w+)", output, re.MULTILINE))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("silos") / "app")


@pytest.fixture(scope="module")
def done(project: Path) -> subprocess.CompletedProcess[str]:
    return run_pytest(project, "-v", "-p", "no:randomly", "--silo-report", "report.json")


@pytest.fixture(scope="module")
def report(project: Path, done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "report.json").read_text())
    return found


def test_each_test_runs_as_its_mark_says(done):
    assert outcomes_of(done.stdout) == {
        "test_unmarked": "PASSED",
        "test_stable[monolith]": "PASSED",
        "test_stable[region-us]": "PASSED",
        "test_stable[region-de]": "PASSED",
        **{f"test_crossing[{run}-{number}]": "PASSED" for number in (1, 2) for run in ("monolith", "region")},
        "test_stable_but_crossing[monolith]": "PASSED",
        "test_stable_but_crossing[region]": "FAILED",
        "test_stable_but_swallowing[monolith]": "PASSED",
        "test_stable_but_swallowing[region]": "FAILED",
        "test_escape[monolith]": "PASSED",
        "test_escape[region]": "PASSED",
        "TestControl::test_users[monolith]": "PASSED",
        "TestControl::test_users[control]": "PASSED",
        "TestControl::test_both_silos[monolith]": "PASSED",
        "TestControl::test_both_silos[control]": "PASSED",
        "TestControl::test_both_silos[region]": "PASSED",
        "test_thread[monolith]": "PASSED",
        "test_thread[region]": "PASSED",
        "TestOld::test_runs_in_its_silo_alone": "PASSED",
    }
    assert done.returncode == 1


def test_a_failure_shows_the_first_line_and_none_of_the_librarys_code(done):
    assert "Called `select` on `User` in REGION mode. The model is available only in: MONOLITH, CONTROL" in done.stdout
    assert "site-packages" not in done.stdout and "splitter/guard/" not in done.stdout


def test_a_swallowed_crossing_is_told_with_its_line(done):
    line = APP.splitlines().index("    return session.scalars(select(User)).all()") + 1
    assert re.search(rf"app\.py:{line} in users\)\n(E +)?\(raised, and caught by the application\)", done.stdout)


def test_the_report_has_crossings_by_place_by_pair_and_by_test(report):
    line = APP.splitlines().index("    return session.scalars(select(User)).all()") + 1
    first = report["places"][0]
    assert (first["file"], first["line"], first["function"], first["count"]) == ("app.py", line, "users", 4)
    names = ["test_crossing", "test_stable_but_crossing", "test_stable_but_swallowing"]
    assert first["tests"] == [f"test_app.py::{name}" for name in names]
    pairs = {(each["from"], each["to"], each["count"]) for each in report["pairs"]}
    assert pairs == {("(REGION)", "auth_user", 4), ("project", "auth_user", 1)}
    counts = {(each["test"].partition("::")[2], each["run"]): each["crossings"] for each in report["tests"]}
    assert counts["test_unmarked", "monolith"] == 1
    assert counts["test_stable", "region-de"] == 0
    assert [each["object"] for each in report["models"]] == ["project.owner_id -> auth_user.id"]


def test_the_report_answers_the_three_questions_and_lists_escapes(report):
    questions = report["questions"]
    assert questions["assigned_wrongly"]["suspected"] == [{"table": "auth_user", "silo": "control", "own_silo": 1, "other_silo": 5}]
    assert (questions["how_much"]["crossings"], questions["how_much"]["places"], questions["how_much"]["models"]) == (5, 2, 1)
    assert [each["function"] for each in questions["where"]] == ["users", "both"]
    assert [(each["into"], each["why"], each["count"]) for each in report["escapes"]] == [("CONTROL", "names are shown", 1)]


def test_several_processes_and_any_order_give_the_same_report(project, report):
    run_pytest(project, "-n", "2", "-p", "randomly", "--silo-report", "again.json")
    assert json.loads((project / "again.json").read_text()) == report


def test_the_monolith_run_can_be_dropped(project):
    done = run_pytest(project, "-v", "--silo-single", "-k", "test_thread or test_unmarked")
    assert set(outcomes_of(done.stdout)) == {"test_thread[region]", "test_unmarked"}


def test_unmarked_tests_can_be_run_as_a_silo_for_a_first_look(project):
    done = run_pytest(project, "-v", "-k", "test_unmarked", "--silo-unmarked", "region", "--silo-report", "first.html")
    assert list(outcomes_of(done.stdout)) == ["test_unmarked[region]"]
    page = (project / "first.html").read_text()
    for title in ("Is a table in the wrong silo?", "How much has to change?", "Where?", "By pair of tables", "By test"):
        assert f"<h2>{title}</h2>" in page


def test_a_test_that_was_stable_and_no_longer_is_fails(tmp_path):
    mark = "@pytest.mark.region_silo"
    was = f"import app, pytest\n{mark}\ndef test_a(session): app.{{}}(session)\n{mark}\ndef test_b(): pass\n"
    project = make_project(tmp_path / "app", was.format("projects"))
    assert run_pytest(project, "--silo-baseline", "stable.txt", "--silo-baseline-update").returncode == 0
    assert (project / "stable.txt").read_text().splitlines()[1:] == ["test_app.py::test_a", "test_app.py::test_b"]

    now = was.format("users").replace(f"{mark}\ndef test_b", "def test_b")
    (project / "test_app.py").write_text(now)
    done = run_pytest(project, "-v", "--silo-baseline", "stable.txt")
    assert outcomes_of(done.stdout) == {"test_a[monolith]": "PASSED", "test_a[region]": "FAILED", "test_b": "FAILED"}
    assert "was stable in its silo" in done.stdout and "Called `select` on `User` in REGION mode" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "mark", "told"),
    [
        (["--silo-report", "report.pdf"], "region_silo", "in no known format"),
        (["--silo-config", "absent.toml"], "region_silo", "there is no file"),
        (["-o", "silo_models=nothing:Base"], "region_silo", "silo_models names 'nothing:Base'"),
        ([], "region_silo('us')", "it takes regions=, stable="),
    ],
)
def test_what_is_wrong_is_told_before_a_test_runs(tmp_path, arguments, mark, told):
    project = make_project(tmp_path / "app", f"import pytest\n@pytest.mark.{mark}\ndef test_a(): pass\n")
    done = run_pytest(project, *arguments)
    assert told in done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in done.stdout + done.stderr and "passed" not in done.stdout


def test_without_marks_and_options_nothing_is_loaded(tmp_path):
    project = make_project(tmp_path / "app", "import sys\ndef test_a(): assert 'sqlalchemy.orm' not in sys.modules\n")
    (project / "conftest.py").unlink()
    done = run_pytest(project)
    assert done.returncode == 0, done.stdout
