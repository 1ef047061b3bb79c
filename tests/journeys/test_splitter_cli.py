"""``splitter`` as processes, on the sample application's databases: what is printed, what is changed, and how each call ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from relocate.init import run_init
from splitter.layout import IdLayout
from splitter.silos_file import parse_silos
from tests.demo_databases import DemoDatabases, demo_databases
from tests.servers import Server

ROOT = Path(__file__).parents[2]
DONE, FOUND, WRONG, REFUSED = 0, 1, 2, 3
PATIENCE = 120  # seconds
SECRET = "hunter2"
FIRST = IdLayout().first(1)
READING = [("check",), ("status",), ("plan", "region-ids", "--region", "us"), ("check", "--json"), ("status", "--json")]
PLAN = ("plan", "region-ids", "--region", "us", "--out", "us.json")

pytestmark = pytest.mark.postgres(18)


@dataclass(frozen=True)
class Site:
    """A folder with a silos.toml whose URLs stand in the environment."""

    folder: Path
    demo: DemoDatabases

    def run(self, *words: str, exit: int = DONE, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORGLIFT"))}
        urls = {f"{name.upper()}_URL": url for name, url in self.demo.urls.items()}
        environment = kept | urls | environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "splitter.cli", *words],
            cwd=self.folder,
            env={name: value for name, value in environment.items() if value},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == exit, f"{words}: exit {done.returncode}, not {exit}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr and SECRET not in done.stdout + done.stderr
        return done

    def read(self, *words: str, exit: int = DONE, **environ: str) -> dict[str, Any]:
        answer = json.loads(self.run(*words, "--json", exit=exit, **environ).stdout)
        assert isinstance(answer, dict)
        return answer

    def findings(self, *words: str) -> list[tuple[str, str]]:
        """(code, object) of each."""
        done = self.run("check", *words, "--json", exit=FOUND)
        return [(found["code"], found["object"]) for found in json.loads(done.stdout)["findings"]]

    def rows(self, name: str, query: LiteralString) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.demo.urls[name], autocommit=True) as conn:
            cursor = conn.execute(query)
            return cursor.fetchall() if cursor.description else []

    def init(self) -> None:
        run_init(parse_silos(self.demo.silos))

    def accept(self, code: str, object_: str) -> None:
        with (self.folder / "silos.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n[[accept]]\ncode = '{code}'\nobject = '{object_}'\nwhy = 'known'\n")


@pytest.fixture
def bare(server: Server, tmp_path: Path) -> Iterator[Site]:
    """Before `relocate init`."""
    with demo_databases(server) as demo:
        text = demo.silos
        for name, url in demo.urls.items():
            text = text.replace(url, f"${{{name.upper()}_URL}}")
        (tmp_path / "silos.toml").write_text(text, encoding="utf-8")
        yield Site(tmp_path, demo)


@pytest.fixture
def site(bare: Site) -> Site:
    bare.init()
    return bare


def place_all(site: Site) -> None:
    for region in ("us", "de"):
        site.run("plan", "region-ids", "--region", region, "--out", f"{region}.json")
        site.run("apply", f"{region}.json")


# plan and apply


@pytest.mark.postgres(15, 18)
def test_a_plan_is_made_applied_and_then_there_is_nothing_to_do(site: Site):
    assert "1. sequence audit_log_id_seq: on from" in site.run(*PLAN).stdout
    assert site.rows("us", "SELECT last_value < 1000 FROM organization_id_seq") == [(True,)]
    assert site.run("apply", "us.json").stdout.count("  done ") == 11
    (row,) = site.rows("us", "INSERT INTO organization (slug, name, plan_id) SELECT 'new', 'new', min(id) FROM plan RETURNING id")
    assert row[0] > FIRST
    assert site.run("apply", "us.json").stdout.count("  skipped ") == 11
    assert "nothing to do" in site.run(*PLAN).stdout
    assert "nothing to do" in site.run("apply", "us.json").stdout


def test_without_out_a_plan_is_only_printed(site: Site):
    printed = site.run("plan", "region-ids", "--region", "us", "--json").stdout
    assert [path.name for path in site.folder.iterdir()] == ["silos.toml"]
    site.run(*PLAN)
    assert (site.folder / "us.json").read_text() == printed


def test_a_plan_drops_nothing(site: Site):
    plan = site.read("plan", "region-ids", "--region", "us")["plan"]
    assert not [step for step in plan["steps"] if "drop" in step["sql"].lower() or "delete" in step["sql"].lower()]


def test_tables_can_be_chosen(site: Site):
    plan = site.read("plan", "region-ids", "--region", "us", "--table", "team", "--table", "public.organization")["plan"]
    assert plan["tables"] == [["public", "organization"], ["public", "team"]]
    assert len(plan["steps"]) == 2


def test_a_plan_can_be_made_and_applied_by_url_alone(site: Site):
    url = site.demo.urls["us"]
    site.run(*PLAN, "--url", url, US_URL="", DE_URL="")
    (site.folder / "silos.toml").unlink()
    site.run("apply", "us.json", "--url", url)
    assert site.read("status", "--url", url)["databases"][0]["name"] == "us"


def test_a_region_without_origin_is_refused(bare: Site):
    told = bare.run("plan", "region-ids", "--region", "us", exit=REFUSED).stderr
    assert "no identity" in told and "relocate init" in told


def test_narrow_columns_are_refused(site: Site):
    site.rows("us", "ALTER TABLE team_member ALTER team_id TYPE integer")
    error = site.read("plan", "region-ids", "--region", "us", exit=REFUSED)["error"]
    assert error["code"] == "narrow-ids"
    assert [(problem["code"], problem["object"]) for problem in error["problems"]] == [("narrow-id", "team_member.team_id")]
    assert site.findings("--only", "narrow-id") == [("narrow-id", "team_member.team_id")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--region", "uss"), "there is no region 'uss'"),
        (("--region", "us", "--table", "organisation"), "did you mean 'organization'?"),
        (("--region", "us", "--table", 'a."b'), "half-quoted"),
        (("--region", "us", "--out", "silos.toml"), "it is no plan"),
        ((), "--region"),
    ],
)
def test_a_plan_for_what_is_not_there_is_a_mistake(site: Site, words: tuple[str, ...], told: str):
    assert told in site.run("plan", "region-ids", *words, exit=WRONG).stderr


def test_a_plan_for_another_database_is_refused(site: Site):
    site.run(*PLAN)
    told = site.run("apply", "us.json", exit=REFUSED, US_URL=site.demo.urls["de"]).stderr
    assert "the plan is for us, database" in told and "this is de" in told
    assert site.rows("de", "SELECT to_regclass('orglift.journal') IS NULL") == [(True,)]


def test_a_plan_whose_region_left_silos_toml_is_a_mistake(site: Site):
    site.run(*PLAN)
    path = site.folder / "silos.toml"
    path.write_text(path.read_text().replace("[regions.us]", "[regions.eu]"))
    assert "there is no region 'us'" in site.run("apply", "us.json", exit=WRONG).stderr


def test_a_plan_for_tables_that_changed_is_refused(site: Site):
    site.run(*PLAN)
    site.rows("us", "ALTER TABLE team ADD colour text")
    assert "was made for another state" in site.run("apply", "us.json", exit=REFUSED).stderr


@pytest.mark.parametrize(("content", "told"), [(None, "cannot be read"), ("{}", "this is not a plan")])
def test_what_is_no_plan_is_a_mistake(site: Site, content: str | None, told: str):
    if content is not None:
        (site.folder / "us.json").write_text(content)
    assert told in site.run("apply", "us.json", exit=WRONG).stderr


@pytest.mark.long
def test_while_a_relocation_is_unfinished_no_plan_is_applied(site: Site):
    site.run(*PLAN)
    site.rows(
        "us",
        "INSERT INTO orglift.moves (relocation, generation, organization, role, mover)"
        " VALUES ('00000000-0000-0000-0000-000000000007', 1, 'acme', 'source', 'elsewhere/1')",
    )
    told = site.run("apply", "us.json", exit=REFUSED).stderr
    assert "of organization 'acme' touches this database" in told and "relocate" in told
    site.rows("us", "UPDATE orglift.moves SET finished_at = now()")
    site.run("apply", "us.json")


@pytest.mark.long
def test_a_step_that_waits_too_long_fails_and_the_same_command_goes_on(site: Site):
    site.run(*PLAN)
    with psycopg.connect(site.demo.urls["us"]) as other:
        other.execute("SELECT nextval('team_id_seq')")
        told = site.run("apply", "us.json", "--patience", "1", exit=4).stderr
        assert "lock timeout" in told and "run the same command again" in told
    (plan,) = site.read("status", "--region", "us")["databases"][0]["plans"]
    assert plan["finished_at"] is None and len(plan["steps"]) == 10
    assert "unfinished" in site.run("status").stdout
    told = site.run("plan", "region-ids", "--region", "us", "--table", "team", "--out", "us.json", exit=REFUSED).stderr
    assert "us.json holds plan" in told and "splitter apply us.json" in told
    site.run("apply", "us.json")
    assert "unfinished" not in site.run("status").stdout


# status


def test_status_tells_what_was_applied_where(site: Site):
    assert site.run("status").stdout == "control: no plans\nus: no plans\nde: no plans\n"
    site.run(*PLAN)
    site.run("apply", "us.json")
    assert "(region-ids, 11 steps): finished" in site.run("status", "--region", "us").stdout
    databases = site.read("status")["databases"]
    assert [(database["name"], len(database["plans"])) for database in databases] == [("control", 0), ("us", 1), ("de", 0)]
    assert all(step["finished_at"] for step in databases[1]["plans"][0]["steps"])


def test_status_of_an_unknown_region_is_a_mistake(site: Site):
    assert "there is no region 'uk'" in site.run("status", "--region", "uk", exit=WRONG).stderr
    site.run("status", "--region", "us", "--url", "postgresql:///x", exit=WRONG)


# check


STANDING = {"crossing", "rival-ways", "keyless-table"}  # what the sample application has of its own, before and after `region-ids`
IDS = ("--only", "narrow-id,sequence-range,sequence-nearly-used-up,clone,stale-accept")


def test_check_finds_nothing_about_ids_before_there_are_origins(bare: Site):
    done = bare.run("check", *IDS)
    assert done.stdout == "nothing found\n" and "us has no origin yet" in done.stderr
    assert bare.read("check", *IDS) == {"findings": []}


def test_a_finding_says_what_it_is_why_it_matters_where_it_was_seen_and_what_to_do(bare: Site):
    found = bare.read("check", exit=FOUND)["findings"]
    assert {finding["code"] for finding in found} == STANDING
    (keyless,) = (finding for finding in found if finding["code"] == "keyless-table")
    assert keyless == {
        "code": "keyless-table",
        "object": "project_team",
        "why": "Its rows cannot be copied in pieces, taken up again after a crash, or purged one by one.",
        "found": "has no primary key, nor a unique key over NOT NULL columns",
        "remedy": "give it a primary key; one that a sequence feeds is enough",
        "database": "us, de",
        "tables": ["project_team"],
    }
    text = bare.run("check", exit=FOUND).stdout
    assert all(finding[key] in text for finding in found for key in ("code", "object", "why", "found", "remedy"))


def test_check_as_sarif(bare: Site):
    (run,) = json.loads(bare.run("check", "--sarif", exit=FOUND).stdout)["runs"]
    assert {result["ruleId"] for result in run["results"]} == STANDING
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert set(places) == {"silos.toml"}
    (run,) = json.loads(bare.run("check", "--sarif", *IDS).stdout)["runs"]
    assert run["results"] == []
    bare.run("check", "--sarif", "--json", exit=WRONG)


def test_a_crossing_is_found_where_the_key_stands(bare: Site):
    bare.rows("de", "CREATE TABLE auth_user (id bigint PRIMARY KEY, last_organization_id bigint)")
    bare.rows("de", "ALTER TABLE member ADD CONSTRAINT member_user FOREIGN KEY (user_id) REFERENCES auth_user ON DELETE CASCADE NOT VALID")
    found = bare.read("check", "--only", "crossing", exit=FOUND)["findings"]
    (crossing,) = (finding for finding in found if finding["object"] == "member.user_id -> auth_user.id")
    assert crossing["found"] == "foreign key member_user of a region table to a control table, ON DELETE CASCADE"
    assert crossing["tables"] == ["member", "auth_user"] and "de" in crossing["database"]


@pytest.mark.long
def test_check_asks_for_region_ids_until_they_are_applied(site: Site):
    found = site.findings(*IDS)
    assert {code for code, _ in found} == {"sequence-range"}
    assert ("sequence-range", "us: organization_id_seq") in found and ("sequence-range", "de: organization_id_seq") in found
    place_all(site)
    assert site.run("check", *IDS).stdout == "nothing found\n"


@pytest.mark.long
def test_check_finds_sequences_that_end_soon(site: Site):
    place_all(site)
    site.rows("us", "SELECT setval('team_id_seq', (SELECT seqmax FROM pg_sequence WHERE seqrelid = 'team_id_seq'::regclass))")
    assert site.findings(*IDS) == [("sequence-nearly-used-up", "us: team_id_seq")]


@pytest.mark.long
def test_check_tells_explicit_ids_that_the_sequence_will_give_again(site: Site):
    place_all(site)
    site.rows(
        "us",
        "INSERT INTO organization (id, slug, name, plan_id)"
        " SELECT s.last_value + 50, 'x', 'x', min(p.id) FROM organization_id_seq AS s, plan AS p GROUP BY s.last_value",
    )
    assert site.findings(*IDS) == [("sequence-range", "us: organization_id_seq")]


@pytest.mark.long
def test_check_finds_copies(site: Site):
    place_all(site)
    site.rows("us", "UPDATE orglift.identity SET database_oid = database_oid + 1")
    assert site.findings(*IDS) == [("clone", "us")]
    assert site.run("check", "--url", site.demo.urls["us"], *IDS).stdout == "nothing found\n"


def test_check_holds_silos_toml_against_the_databases(site: Site):
    site.rows("us", "ALTER TABLE rule RENAME data TO dat")
    site.rows("de", "ALTER TABLE rule RENAME data TO dat")
    found = site.read("check", exit=FOUND)["findings"]
    assert {finding["code"] for finding in found} == {"unknown-column"} and {finding["database"] for finding in found} == {None}
    assert found[0]["object"].startswith("silos.toml:") and found[0]["remedy"] == "did you mean 'dat'?"
    error = site.read("check", "--only", "narrow-id", exit=WRONG)["error"]
    shared = ("code", "object", "found", "remedy")
    assert error["code"] == "config" and error["problems"] == [{key: finding[key] for key in shared} for finding in found]


def test_a_column_that_one_region_lacks_is_found(site: Site):
    site.rows("de", "ALTER TABLE rule DROP data")
    assert {code for code, _ in site.findings()} == {"unknown-column"}
    assert "(in de)" in site.run("check", exit=FOUND).stdout


@pytest.mark.long
def test_accepted_findings_are_not_told_and_stale_ones_are(site: Site):
    place_all(site)
    site.rows("us", "ALTER TABLE team_member ALTER team_id TYPE integer")
    site.accept("narrow-id", "team_member.team_id")
    assert site.run("check", *IDS).stdout == "nothing found\n"
    site.rows("us", "ALTER TABLE team_member ALTER team_id TYPE bigint")
    ((code, where),) = site.findings(*IDS)
    assert code == "stale-accept" and where.endswith("accept[0]")
    site.run("check", "--only", "narrow-id,sequence-range")
    site.run("check", "--url", site.demo.urls["de"], *IDS)


def test_check_of_a_dump_starts_a_server_of_its_own(site: Site, server: Server):
    site.rows("us", "ALTER TABLE team_member ALTER team_id TYPE integer")
    dump = [str(server.binaries / "pg_dump"), "--schema-only", "--no-owner", "--exclude-schema=orglift"]
    texts = [subprocess.run([*dump, site.demo.urls[name]], check=True, capture_output=True, text=True).stdout for name in ("us", "control")]
    (site.folder / "schema.sql").write_text("\n".join(texts))
    assert site.findings("--schema", "schema.sql", *IDS) == [("narrow-id", "team_member.team_id")]
    (run,) = json.loads(site.run("check", "--schema", "schema.sql", "--sarif", *IDS, exit=FOUND).stdout)["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "schema.sql"
    made = (site.folder / "schema.sql").read_text().splitlines()[place["region"]["startLine"] - 1]
    assert made.startswith("CREATE TABLE public.team_member ")


def test_a_dump_that_does_not_load_is_told_with_line_and_statement(site: Site):
    (site.folder / "schema.sql").write_text("CREATE TABLE t (id int);\n\nCREATE TABLE u (\n  id int REFERENCES gone\n);\n")
    error = site.read("check", "--schema", "schema.sql", exit=WRONG)["error"]
    assert error["message"].startswith('schema.sql fails at line 3: relation "gone" does not exist: CREATE TABLE u (')


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--only", "narow-id"), "did you mean 'narrow-id'?"),
        (("--schema", "gone.sql"), "does not exist"),
        (("--schema", "silos.toml", "--url", "postgresql:///x"), "--url and --schema exclude each other"),
        (("--config", "gone.toml"), "there is no file gone.toml"),
    ],
)
def test_a_wrong_command_line(site: Site, words: tuple[str, ...], told: str):
    assert told in site.run("check", *words, exit=WRONG).stderr


# URLs


@pytest.mark.parametrize("words", READING[:3])
def test_a_variable_that_is_not_set_is_named(site: Site, words: tuple[str, ...]):
    told = site.run(*words, exit=WRONG, US_URL="").stderr
    assert "regions.us.url needs ${US_URL}" in told and "set US_URL" in told


def test_a_region_can_be_planned_without_the_urls_of_others(site: Site):
    site.run(*PLAN, DE_URL="", CONTROL_URL="")
    site.run("apply", "us.json", DE_URL="", CONTROL_URL="")
    site.run("status", "--region", "us", DE_URL="", CONTROL_URL="")


@pytest.mark.parametrize("words", [*READING, ("apply", "us.json")])
def test_a_server_that_does_not_answer_is_refused_and_no_password_is_printed(site: Site, words: tuple[str, ...]):
    if words[0] == "apply":
        site.run(*PLAN)
    done = site.run(*words, exit=REFUSED, US_URL=f"postgresql://app:{SECRET}@127.0.0.1:1/app")
    assert "cannot connect to database 'app' at 127.0.0.1:1 (regions.us.url)" in done.stdout + done.stderr


@pytest.mark.parametrize("words", [*READING, ("apply", "us.json")])
def test_a_given_url_is_not_repeated(site: Site, words: tuple[str, ...]):
    if words[0] == "apply":
        site.run(*PLAN)
    done = site.run(*words, "--url", f"postgresql://app:{SECRET}@127.0.0.1:1/app", exit=REFUSED)
    assert "(--url)" in done.stdout + done.stderr


def test_the_console_script_is_the_same_command(site: Site):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert declared["splitter"] == "splitter.cli:main"
    script = Path(sys.executable).with_name("splitter")
    if script.exists():
        done = subprocess.run([str(script), "check", "--help"], capture_output=True, text=True, check=True, cwd=site.folder)
        assert done.stdout == site.run("check", "--help").stdout
