"""What real programs run: pgbench's statements, and those of the sample application and a move of one of its organizations."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping

import psycopg
import pytest

from relocate.demo.look import read_home, read_samples
from relocate.init import run_init
from relocate.init_plan import InitOptions
from relocate.move import Options
from relocate.run import start
from splitter.db import connect
from splitter.events import silent
from splitter.findings_kinds import TRANSACTION_CROSSES
from splitter.guard.queries import Asked, look_at_queries
from splitter.silos_file import parse_silos
from tests.demo_databases import demo_databases
from tests.servers import Server
from tests.watched import Watched, watched

PGBENCH = """
[organization]
table = "pgbench_accounts"
[control]
tables = ["pgbench_branches"]
[regions.main]
url = "${DATABASE_URL}"
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Watched]:
    with watched(15, room=5000) as made:
        yield made


def test_every_statement_of_pgbench_is_read_and_its_transaction_found(site: Watched):
    site.run("DROP DATABASE IF EXISTS bench", "CREATE DATABASE bench")
    url = site.cluster.url("bench")
    for arguments in (("-i", "-q", "--foreign-keys"), ("-t", "5", "-M", "simple"), ("-t", "5", "-M", "prepared"), ("-t", "5", "-S")):
        subprocess.run([site.cluster.binaries / "pgbench", *arguments, url], check=True, capture_output=True)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE EXTENSION pg_stat_statements")
    silos = parse_silos(PGBENCH, {"DATABASE_URL": url})
    counted = look_at_queries(silos, Asked())
    assert [each.query.text for each in counted.queries if each.is_unread] == []
    update = next(each for each in counted.queries if each.query.text.startswith("UPDATE pgbench_branches"))
    assert [str(table) for table in update.touched.writes] == ["pgbench_branches"] and update.query.calls == 10
    logged = look_at_queries(silos, Asked(logs=(site.log("csv"),)))
    made, found = sorted((each for each in logged.findings if each.code == TRANSACTION_CROSSES), key=lambda each: "10 times" in each.found)
    assert "once" in made.found  # pgbench -i
    assert "10 times" in found.found
    assert [str(table) for table in found.tables] == ["pgbench_accounts", "pgbench_branches", "pgbench_history", "pgbench_tellers"]


@pytest.mark.long
def test_every_statement_of_the_sample_application_and_of_a_move_is_read(site: Watched):
    admin = psycopg.connect(site.cluster.url(), autocommit=True)
    with admin, demo_databases(Server(site.cluster, 15, admin)) as demo:
        silos = parse_silos(demo.silos, {})
        for url in demo.urls.values():
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("CREATE EXTENSION pg_stat_statements")
        _use(demo.urls)
        run_init(silos, InitOptions())
        start(silos, "acme", "de", Options(), silent)
        report = look_at_queries(silos, Asked())
        of_one = look_at_queries(silos, Asked(url=demo.urls["de"]))  # which has no table of control's
    assert len(report.queries) > 100 and {source for each in of_one.queries for source in each.query.sources} == {"de"}
    assert [(each.query.text, each.query.reading.why, each.touched.unseen) for each in report.queries if each.is_unread] == []
    assert [each.query.text for each in report.queries if each.crosses] == []


def _use(urls: Mapping[str, str]) -> None:
    with connect(urls["control"], setting="control") as control, connect(urls["us"], setting="us") as region:
        assert read_home(control, "acme").region == "us" and len(read_samples(region, "acme")) == 5
