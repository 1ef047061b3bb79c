"""``splitter suggest`` as a process: what is printed where, and how each call ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from splitter.silos_file import parse_silos
from tests.cases_support import find_cases

ROOT = Path(__file__).parents[2]
DONE, FOUND, WRONG, REFUSED = 0, 1, 2, 3
SCRIPT = """
CREATE TABLE organization (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE member (
    id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization, user_id bigint NOT NULL REFERENCES users
);
CREATE TABLE plan (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE project (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization, plan_id bigint REFERENCES plan);
CREATE TABLE note (id bigint PRIMARY KEY, project_id bigint, meta_project_id bigint, body text);
CREATE TABLE wall (id bigint PRIMARY KEY);
INSERT INTO organization VALUES (1, 'acme');
INSERT INTO project SELECT n, 1 FROM generate_series(1, 9) n;
INSERT INTO note SELECT n, n, n FROM generate_series(1, 9) n;
"""

pytestmark = pytest.mark.postgres(18)


@dataclass(frozen=True)
class Desk:
    """A folder without a silos.toml, and a database."""

    folder: Path
    url: str

    def run(self, words: str, exit: int = DONE) -> subprocess.CompletedProcess[str]:
        """With the shell, as a person does."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORGLIFT"))}
        environment = kept | {"PYTHONPATH": str(ROOT), "DATABASE_URL": self.url}
        command = words.replace("splitter ", f"{sys.executable} -m splitter.cli ", 1)
        done = subprocess.run(
            command, shell=True, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == exit, f"{words}: exit {done.returncode}, not {exit}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def suggest(self, words: str = "--organization organization", exit: int = DONE) -> subprocess.CompletedProcess[str]:
        return self.run(f"splitter suggest --url '{self.url}' {words}", exit)

    def error(self, words: str, exit: int) -> dict[str, Any]:
        error = json.loads(self.run(f"splitter suggest --json {words}", exit).stdout)["error"]
        assert isinstance(error, dict)
        return error

    @property
    def config(self) -> Path:
        return self.folder / "silos.toml"


@pytest.fixture
def desk(make_database: Callable[..., str], tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_database(SCRIPT))


def test_a_first_file_is_printed_and_the_talk_goes_elsewhere(desk: Desk):
    done = desk.suggest()
    said = tomllib.loads(done.stdout)
    assert said["organization"] == {"table": "organization", "slug": "slug"}
    assert said["control"]["tables"] == ["users"]
    assert said["tables"]["plan"] == {"export": "shared", "match": [["name"]]}
    assert [(each["from"], each["to"]) for each in said["references"]] == [("note.project_id", "project.id")]
    assert [each.get("table") or each["from"] for each in said["undecided"]] == ["wall", "note.meta_project_id"]
    assert "a whole silos.toml: 1 references, 2 undecided" in done.stderr and not desk.config.exists()


def test_a_shell_may_write_it_and_check_reads_it(desk: Desk):
    desk.run(f"splitter suggest --url '{desk.url}' --organization organization > silos.toml")
    assert parse_silos(desk.config.read_text()).organization.slug == "slug"
    answer = json.loads(desk.run("splitter check --json --only unknown-table,no-key,wrong-type", DONE).stdout)
    assert answer["findings"] == []


def test_on_its_own_output_it_adds_nothing_with_and_without_a_url(desk: Desk):
    desk.config.write_text(desk.suggest().stdout)
    for again in (desk.suggest(""), desk.suggest(), desk.run("splitter suggest")):
        assert again.stdout == "" and "nothing is to be added" in again.stderr
    assert json.loads(desk.run("splitter suggest --json").stdout)["toml"] == ""


def test_what_is_new_can_be_put_below_it(desk: Desk):
    desk.config.write_text(desk.suggest().stdout.replace("[[undecided]]\ntable", "# mine\n[[undecided]]\ntable"))
    before = desk.config.read_text()
    desk.run(f"psql -Xq -c 'CREATE TABLE badge (id bigint PRIMARY KEY, project_id bigint)' '{desk.url}'")
    desk.run("splitter suggest >> silos.toml")
    assert desk.config.read_text().startswith(before)
    assert str(parse_silos(desk.config.read_text()).references[-1]) == "badge.project_id -> project.id"
    assert desk.run("splitter suggest").stdout == ""


def test_as_data_it_is_one_object(desk: Desk):
    answer = json.loads(desk.suggest("--organization organization --json").stdout)
    assert set(answer) == {"organization", "control", "tables", "references", "undecided", "dropped", "unseen", "toml"}
    assert [(each["table"], bool(each["why"])) for each in answer["control"]] == [("users", True)]
    (reference,) = answer["references"]
    assert (reference["from"], reference["to"]) == ("note.project_id", "project.id") and "9 of 9" in reference["evidence"][0]
    assert [each["object"] for each in answer["undecided"]] == ["wall", "note.meta_project_id"]
    assert tomllib.loads(answer["toml"])["organization"]["table"] == "organization"


def test_a_dump_is_judged_by_its_names(desk: Desk):
    (desk.folder / "dump.sql").write_text(SCRIPT)
    said = tomllib.loads(desk.run("splitter suggest --schema dump.sql --organization organization").stdout)
    assert [(each["from"], each["to"]) for each in said["references"]] == [("note.project_id", "project.id")]
    assert "by name and type alone" in said["undecided"][-1]["evidence"]


@pytest.mark.parametrize(
    ("words", "exit", "code", "told"),
    [
        ("", WRONG, "usage", "there is no organization's table"),
        ("--organization organization", WRONG, "usage", "no database"),
        ("--organization organization --url x --schema dump.sql", WRONG, "usage", "exclude each other"),
        ("--organization organization --url 'postgresql://u:hunter2@127.0.0.1:1/x'", REFUSED, "unreachable", "cannot connect"),
        ("--organization 'a.b.c' --url $DATABASE_URL", WRONG, "usage", "--organization"),
        ("--organization organisation --url $DATABASE_URL", WRONG, "usage", "there is no table"),
        ("--organization organization --schema bad.sql", WRONG, "usage", "fails at line 2"),
    ],
)
def test_what_is_wrong_is_said(desk: Desk, words: str, exit: int, code: str, told: str):
    (desk.folder / "dump.sql").write_text(SCRIPT)
    (desk.folder / "bad.sql").write_text("CREATE TABLE organization (id bigint);\nCREATE TABLE organization (id bigint);\n")
    error = desk.error(words.replace("$DATABASE_URL", f"'{desk.url}'"), exit)
    assert error["code"] == code and told in error["message"] and error["hint"] and "hunter2" not in str(error)


def test_a_file_that_is_wrong_or_about_something_else_is_kept(desk: Desk):
    desk.config.write_text("[organization]\ntable = 7\n")
    assert desk.error(f"--url '{desk.url}'", WRONG)["code"] == "config"
    desk.config.write_text('[organization]\ntable = "member"\n')
    error = desk.error(f"--url '{desk.url}' --organization organization", WRONG)
    assert "'member', and not 'organization'" in error["message"] and "--config" in error["hint"]
    assert desk.config.read_text() == '[organization]\ntable = "member"\n'


@pytest.mark.long
def test_gitlab_is_told_apart(desk: Desk):
    """860 tables: users and what hangs on them are control, what names a project or group is region, and it is said what is not known."""
    dump = find_cases() / "gitlab" / "structure.sql"
    desk.run(f"splitter suggest --schema {dump} --organization organizations > silos.toml")
    silos = parse_silos(desk.config.read_text())
    control = set(silos.control.tables if silos.control else ())
    assert {"users", "emails", "keys", "gpg_keys", "user_statuses", "saved_replies", "webauthn_registrations"} <= control
    assert not control & {"projects", "namespaces", "issues", "members", "notes", "merge_requests", "p_ci_builds", "personal_access_tokens"}
    declared = {str(reference) for reference in silos.references}
    assert {"ci_variables.project_id -> projects.id", "ci_group_variables.group_id -> namespaces.id"} <= declared
    asked = {str(undecided) for undecided in silos.undecided}
    assert {"notes.noteable_id", "todos.target_id", "licenses", "features"} <= asked
    assert len(declared) > 250 and len(asked) < 200
    assert desk.run(f"splitter suggest --schema {dump}").stdout == ""
