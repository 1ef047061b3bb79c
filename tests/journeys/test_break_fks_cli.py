"""``splitter plan break-fks``, ``apply``, ``undo`` and ``status`` as processes, on a monolith that nobody has prepared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
DONE, WRONG, REFUSED, FAILED = 0, 2, 3, 4
SCRIPT = """
CREATE TABLE org (id int PRIMARY KEY, name text);
CREATE TABLE auth_user (id int PRIMARY KEY, email text UNIQUE);
CREATE TABLE team (id int PRIMARY KEY, org_id int NOT NULL REFERENCES org, owner_id int REFERENCES auth_user ON DELETE SET NULL);
CREATE TABLE member (team_id int REFERENCES team, user_id int REFERENCES auth_user ON DELETE CASCADE, PRIMARY KEY (team_id, user_id));
INSERT INTO org VALUES (1, 'acme'); INSERT INTO auth_user VALUES (1, 'a'), (2, 'b'); INSERT INTO team VALUES (1, 1, 1), (2, 1, 2);
INSERT INTO member VALUES (1, 1), (1, 2);
"""
MONOLITH = '[organization]\ntable = "org"\n[control]\ntables = ["auth_*"]\n[regions.us]\nurl = "${URL}"\n'
SPLIT = MONOLITH.replace("[control]", '[control]\nurl = "${CONTROL_URL}"')

pytestmark = pytest.mark.postgres(18)


@dataclass(frozen=True)
class Site:
    folder: Path
    url: str

    def run(self, *words: str, exit: int = DONE, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORGLIFT"))}
        environment = kept | {"URL": self.url, "PYTHONPATH": str(ROOT)} | environ
        command = [sys.executable, "-m", "splitter.cli", *words]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == exit, f"{words}: exit {done.returncode}, not {exit}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def read(self, *words: str, exit: int = DONE) -> dict[str, Any]:
        answer = json.loads(self.run(*words, "--json", exit=exit).stdout)
        assert isinstance(answer, dict)
        return answer

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            cursor = conn.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def keys(self) -> list[str]:
        found = self.rows("SELECT conname FROM pg_constraint WHERE contype = 'f' AND confrelid = 'auth_user'::regclass ORDER BY 1")
        return [name for (name,) in found]


@pytest.fixture
def site(make_database: Callable[..., str], tmp_path: Path) -> Site:
    (tmp_path / "silos.toml").write_text(MONOLITH)
    return Site(tmp_path, make_database(SCRIPT))


@pytest.mark.postgres(15, 18)
def test_broken_told_and_taken_back(site: Site) -> None:
    printed = site.run("plan", "break-fks", "--out", "plan.json").stdout
    assert "no foreign key team_owner_id_fkey of team" in printed and "lock: ACCESS EXCLUSIVE on auth_user, team" in printed
    assert 'from = "team.owner_id"\nto = "auth_user.id"\non_delete = "set null"' in printed
    assert site.keys() == ["member_user_id_fkey", "team_owner_id_fkey"]
    assert "  done     no foreign key" in site.run("apply", "plan.json").stdout
    assert site.keys() == []
    assert "nothing to do" in site.run("plan", "break-fks").stdout
    assert "finished" in site.run("status").stdout
    answer = site.read("undo", "plan.json")
    assert answer["undone"][0]["purpose"].startswith("no foreign key team_owner_id_fkey")
    assert site.keys() == ["member_user_id_fkey", "team_owner_id_fkey"]
    (plan,) = site.read("status")["databases"][0]["plans"]
    assert (plan["state"], {step["undone_at"] is not None for step in plan["steps"]}) == ("undone", {True, False})
    assert "nothing to take back" in site.run("undo", "plan.json").stdout


def test_by_url_alone_with_a_silos_toml_of_two_databases(site: Site) -> None:
    (site.folder / "silos.toml").write_text(SPLIT)
    told = site.run("plan", "break-fks", exit=WRONG).stderr
    assert "give --region, --control or --url" in told
    site.run("plan", "break-fks", "--region", "us", "--control", exit=WRONG)
    site.run("plan", "break-fks", "--url", site.url, "--out", "plan.json")
    assert "give its URL again: --url" in site.run("apply", "plan.json", exit=WRONG).stderr
    (site.folder / "silos.toml").unlink()
    site.run("apply", "plan.json", "--url", site.url)
    assert site.keys() == []
    site.run("undo", "plan.json", "--url", site.url)


def test_orphans_stop_the_plan_and_can_be_dealt_with(site: Site) -> None:
    site.rows("SET session_replication_role = replica; INSERT INTO member VALUES (2, 9); UPDATE team SET owner_id = 8 WHERE id = 2")
    site.run("plan", "break-fks", "--out", "plan.json")
    error = site.read("apply", "plan.json", exit=REFUSED)["error"]
    assert [problem["object"] for problem in error["problems"]] == ["member.user_id", "team.owner_id"]
    assert "--orphans apply" in error["hint"]
    assert site.run("status").stdout == "us: no plans\n"
    site.run("plan", "break-fks", "--orphans", "apply", "--out", "plan.json")
    site.run("apply", "plan.json")
    assert site.rows("SELECT * FROM member ORDER BY 1, 2") == [(1, 1), (1, 2)]
    assert site.rows("SELECT owner_id FROM team ORDER BY id") == [(1,), (None,)]


def test_what_restricts_is_refused_with_the_block_to_paste(site: Site) -> None:
    site.rows("ALTER TABLE team ADD made_by int REFERENCES auth_user ON DELETE RESTRICT")
    told = site.run("plan", "break-fks", "--out", "plan.json", exit=REFUSED).stderr
    block = '[[references]]\nfrom = "team.made_by"\nto = "auth_user.id"\non_delete = "restrict"\nrestrict_becomes = "cascade"'
    assert block in told and not (site.folder / "plan.json").exists()
    with (site.folder / "silos.toml").open("a") as file:
        file.write(block + "\n")
    site.run("plan", "break-fks", "--out", "plan.json")


def test_a_lock_that_never_comes_is_told_with_who_holds_it(site: Site) -> None:
    site.run("plan", "break-fks", "--out", "plan.json")
    with psycopg.connect(site.url, application_name="billing") as other:
        other.execute("SELECT email FROM auth_user")
        told = site.run("apply", "plan.json", "--patience", "0.5", exit=FAILED).stderr
        assert f"gave way to pid {other.info.backend_pid} (billing" in told and "SELECT email FROM auth_user" in told
        assert f"SELECT pg_terminate_backend({other.info.backend_pid})" in told
        error = site.read("apply", "plan.json", "--patience", "0.5", exit=FAILED)["error"]
        assert [problem["code"] for problem in error["problems"]] == ["blocker"]
    shown = site.run("status").stdout
    id_ = json.loads((site.folder / "plan.json").read_text())["id"]
    assert "unfinished" in shown and f"`splitter apply {id_}` goes on with it" in shown
    (site.folder / "plan.json").unlink()
    site.run("plan", "break-fks", "--out", "other.json")
    assert f"`splitter apply {id_}`" in site.run("apply", "other.json", exit=REFUSED).stderr
    assert "no database has seen plan" in site.run("apply", "0" * 32, exit=WRONG).stderr
    site.run("apply", id_)
    assert site.keys() == []
    site.run("undo", id_, "--url", site.url)
    assert len(site.keys()) == 2


def test_an_index_that_was_begun_is_shown_and_finished(site: Site) -> None:
    site.run("plan", "break-fks", "--out", "plan.json")
    with psycopg.connect(site.url) as other:
        other.execute("INSERT INTO member VALUES (2, 2)")
        running = subprocess.Popen(
            [sys.executable, "-m", "splitter.cli", "apply", "plan.json"],
            cwd=site.folder,
            env=os.environ | {"URL": site.url, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stderr is not None
        while "waits for pid" not in (line := running.stderr.readline()):
            assert line, "it ended without waiting"
        running.kill()
        running.communicate()
        site.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'splitter apply'")
    assert "and not finished: it may be half-done" in site.run("status").stdout
    site.run("apply", "plan.json")
    assert site.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert "finished" in site.run("status").stdout


def test_a_plan_of_another_place_or_another_hand_is_refused(site: Site, make_database: Callable[..., str]) -> None:
    site.run("plan", "break-fks", "--out", "plan.json")
    assert "has no identity, and the plan is for us" in site.run("apply", "plan.json", exit=REFUSED, URL=make_database(SCRIPT)).stderr
    site.run("undo", "plan.json", exit=REFUSED)
    path = site.folder / "plan.json"
    path.write_text(path.read_text().replace("ON DELETE CASCADE", "ON DELETE SET NULL"))
    assert "was changed after it was made" in site.run("apply", "plan.json", exit=WRONG).stderr


def test_a_server_that_goes_away_is_said_and_the_plan_goes_on(site: Site) -> None:
    site.run("plan", "break-fks", "--out", "plan.json")
    site.rows(
        "CREATE FUNCTION cut() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF tg_tag = 'ALTER TABLE' THEN"
        " PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;"
        "CREATE EVENT TRIGGER cut ON ddl_command_start EXECUTE FUNCTION cut();"
    )
    told = site.run("apply", "plan.json", exit=FAILED).stderr
    assert "see whether the server restarted" in told and "run the same command again" in told
    site.rows("DROP EVENT TRIGGER cut")
    site.run("apply", "plan.json")
    assert site.keys() == []
