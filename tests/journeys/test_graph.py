"""``splitter graph`` as a process: of live databases, of one, of a dump; what it prints and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cases_support import OURS, find_cases
from tests.demo_databases import demo_databases
from tests.servers import Server

ROOT = Path(__file__).parents[2]
SCRIPT = """
CREATE TABLE org (id bigint PRIMARY KEY);
CREATE TABLE auth_user (id bigint PRIMARY KEY);
CREATE TABLE "a ""b"" </script>" (id bigint PRIMARY KEY, org_id bigint REFERENCES org, "us\ner" bigint REFERENCES auth_user);
"""
SILOS = '[organization]\ntable = "org"\n[control]\nurl = "${C}"\ntables = ["auth_*"]\n[regions.us]\nurl = "${U}"\n'


@dataclass(frozen=True)
class Site:
    folder: Path

    def run(self, *words: str, exit: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORGLIFT"))}
        done = subprocess.run(
            [sys.executable, "-m", "splitter.cli", *words],
            cwd=self.folder,
            env=kept | {"PYTHONPATH": str(ROOT)} | environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == exit, f"{words}: exit {done.returncode}, not {exit}\n{done.stdout[:2000]}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture
def demo(server: Server, tmp_path: Path) -> Iterator[Site]:
    with demo_databases(server) as databases:
        (tmp_path / "silos.toml").write_text(databases.silos, encoding="utf-8")
        yield Site(tmp_path)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "silos.toml").write_text(SILOS, encoding="utf-8")
    (tmp_path / "schema.sql").write_text(SCRIPT, encoding="utf-8")
    return Site(tmp_path)


def test_control_and_all_regions_are_one_picture(demo: Site):
    document = json.loads(demo.run("graph", "--json").stdout)
    names = {table["name"]: table for table in document["tables"]}
    assert document["source"] == "control, us, de"
    assert (names["auth_user"]["silo"], names["project"]["silo"]) == ("control", "region")
    assert document["counts"]["hard"] == 0 and document["counts"]["soft"] >= 7
    assert {reference["text"] for reference in document["references"] if reference["crosses"]} >= {
        "member.user_id -> auth_user.id",
        "project_key.project_id -> project.id",
        "audit_log.target_id [user] -> auth_user.id",
    }
    (member,) = [each for each in document["references"] if each["text"] == "member.user_id -> auth_user.id"]
    assert member["databases"] == ["us", "de"]


def test_html_is_what_it_makes_if_nothing_else_is_asked(demo: Site):
    page = demo.run("graph").stdout
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>") and "organization_mapping" in page
    assert page == demo.run("graph", "--format", "html").stdout


@pytest.mark.postgres(18)
def test_one_database_shows_control_as_not_read(demo: Site):
    urls = json.loads(demo.run("graph", "--json").stdout)
    us = next(line for line in (demo.folder / "silos.toml").read_text().splitlines() if "_us_" in line).split('"')[1]
    document = json.loads(demo.run("graph", "--url", us, "--json").stdout)
    names = {table["name"]: table for table in document["tables"]}
    assert not names["auth_user"]["read"] and names["project"]["read"]
    assert len(document["tables"]) < len(urls["tables"])


def test_a_dump_needs_no_server_and_every_format_knows_its_tables(site: Site):
    made = {name: site.run("graph", "--schema", "schema.sql", "--format", name).stdout for name in ("html", "svg", "dot", "json")}
    assert made["html"].startswith("<!DOCTYPE html>") and made["dot"].startswith("digraph")
    titles = [each.text or "" for each in ElementTree.fromstring(made["svg"]).iter("{http://www.w3.org/2000/svg}title")]
    assert any(title.startswith('"a ""b"" </script>": region') for title in titles)
    document = json.loads(made["json"])
    assert document["source"] == "schema.sql" and document["counts"]["hard"] == 1
    assert [each["text"] for each in document["references"] if each["crosses"]] == ['"a ""b"" </script>".us\ner -> auth_user.id']


def test_a_page_is_utf_8_whatever_the_terminal_is(site: Site):
    (site.folder / "schema.sql").write_text(SCRIPT + "CREATE TABLE übung (id int);", encoding="utf-8")
    assert "übung" in site.run("graph", "--schema", "schema.sql", PYTHONIOENCODING="ascii", PYTHONUTF8="0").stdout


def test_findings_are_those_of_check(site: Site):
    told = json.loads(site.run("check", "--schema", "schema.sql", "--json", exit=1).stdout)["findings"]
    document = json.loads(site.run("graph", "--schema", "schema.sql", "--json").stdout)
    assert document["findings"] == told and told
    table = next(each for each in document["tables"] if each["name"] == "auth_user")
    assert [told[number]["code"] for number in table["findings"]] == ["crossing"]


def test_a_file_that_contradicts_the_database_is_drawn_and_warned_of(site: Site):
    (site.folder / "silos.toml").write_text(SILOS.replace("auth_*", "auth_*\", \"nothing_*"), encoding="utf-8")
    done = site.run("graph", "--schema", "schema.sql", "--json")
    assert "contradicts" in done.stderr
    document = json.loads(done.stdout)
    assert len(document["tables"]) == 3 and [each["code"] for each in document["findings"]] == ["empty-pattern"]


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--format", "svg"),
        ("--format", "png"),
        ("--url", "postgresql://h/d", "--schema", "schema.sql"),
        ("--schema", "nothing.sql"),
    ],
)
def test_a_wrong_command_line_is_told(site: Site, words: tuple[str, ...]):
    done = site.run("graph", *words, exit=2)
    assert "error" in done.stdout + done.stderr


@pytest.mark.long
def test_gitlab_is_drawn_whole(tmp_path: Path):
    site = Site(tmp_path)
    dump, config = find_cases() / "gitlab" / "structure.sql", OURS / "gitlab" / "silos.toml"
    document = json.loads(site.run("graph", "--schema", str(dump), "--config", str(config), "--json").stdout)
    assert len(document["tables"]) == 860
    written = set(re.findall(r"ADD CONSTRAINT (\S+) FOREIGN KEY", dump.read_text("utf-8")))
    assert {name for reference in document["references"] for name in reference["constraints"]} == written
    crossing = {each["text"] for each in document["references"] if each["crosses"]}
    assert crossing == {each["object"] for each in document["findings"] if each["code"] == "crossing"}
    assert len(document["domains"]) < 120, "tables stand together"
    reached = sum(table["way"] is not None for table in document["tables"] if table["silo"] == "region")
    assert reached > 650
