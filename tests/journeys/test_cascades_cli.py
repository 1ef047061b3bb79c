"""``splitter cascades`` as processes: killed, several at once, stopped, asked what waits."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import Ended, Launcher, Running, launching
from tests.split_databases import Split

SCRIPT = """
CREATE TABLE org (id bigint PRIMARY KEY);
CREATE TABLE account (id int PRIMARY KEY, slug text UNIQUE);
CREATE TABLE member (id int PRIMARY KEY, account_id int REFERENCES account ON DELETE CASCADE, inviter text DEFAULT 's1'
    REFERENCES account (slug) ON UPDATE CASCADE ON DELETE SET DEFAULT);
CREATE TABLE visit (id int PRIMARY KEY, member_id int REFERENCES member ON DELETE CASCADE,
    seen_by int REFERENCES account ON DELETE SET NULL);
CREATE INDEX ON member (account_id); CREATE INDEX ON member (inviter); CREATE INDEX ON visit (member_id); CREATE INDEX ON visit (seen_by);
INSERT INTO account SELECT g, 's' || g FROM generate_series(1, 40) AS g;
INSERT INTO member SELECT g, 1 + g % 40, 's' || 1 + (g / 7) % 40 FROM generate_series(1, 4000) AS g;
INSERT INTO visit SELECT g, 1 + g % 4000, 1 + (g / 3) % 40 FROM generate_series(1, 12000) AS g;
"""
CONFIG = """
[organization]
table = "org"
[control]
url = "${CONTROL_URL}"
tables = ["account"]
[regions.us]
url = "${US_URL}"
[regions.de]
url = "${DE_URL}"
"""
DELETES = (
    "DELETE FROM account WHERE id IN (7, 8, 9)",
    "UPDATE account SET slug = 'new ' || slug WHERE id % 5 = 1 AND id > 1",
    "DELETE FROM account WHERE id BETWEEN 20 AND 39",
)
TABLES = ("member", "visit")


@dataclass(frozen=True)
class Site:
    """The databases, a keyed copy of a region, and the commands."""

    split: Split
    keyed: str
    folder: Path
    launcher: Launcher

    def start(self, *words: str) -> Running:
        (self.folder / "silos.toml").write_text(CONFIG)
        urls = {f"{name.upper()}_URL": url for name, url in self.split.urls.items()}
        return self.launcher.start("splitter", "cascades", *words, environ={**urls, "ORGLIFT_CONFIG": str(self.folder / "silos.toml")})

    def run(self, *words: str) -> Ended:
        return self.start(*words).wait()

    def left(self) -> int:
        """Children that the clean-up has still to reach."""
        query = "SELECT (SELECT count(*) FROM member) + (SELECT count(*) FROM visit)"
        return sum(int(self.split.values(name, query)[0]) for name in ("us", "de"))


@pytest.fixture
def site(make_database, tmp_path, run_sql) -> Iterator[Site]:
    keyed = make_database(SCRIPT)
    split = Split(make_database, SCRIPT, ("account",), ("us", "de"))
    for name in ("us", "de"):
        split.do(name, "SELECT set_config('orglift.moving', 'on', true)", "DELETE FROM account")
    for statement in DELETES:
        run_sql(keyed, statement)
        split.do("control", statement)
    with launching() as launcher:
        yield Site(split, keyed, tmp_path, launcher)


def equal_to_the_keyed_copy(site: Site, run_sql) -> None:
    for table in TABLES:
        wanted = run_sql(site.keyed, f"SELECT * FROM {table} ORDER BY id")
        for name in ("us", "de"):
            assert site.split.do(name, f"SELECT * FROM {table} ORDER BY id") == wanted, (table, name)


@pytest.mark.long
def test_workers_that_are_killed_and_workers_side_by_side_end_with_the_same_rows(site, run_sql):
    slow = ("run", "--once", "--grace", "0", "--batch", "100", "--pause", "0.02")
    for _ in range(6):
        before = site.left()
        pair = [site.start(*slow) for _ in range(2)]
        limit = time.monotonic() + 60
        while site.left() > before - 400 and time.monotonic() < limit and any(map(_lives, pair)):
            time.sleep(0.01)
        for running in pair:
            if _lives(running):
                os.kill(running.pid, signal.SIGKILL)
            assert running.wait().code in (-signal.SIGKILL, 0)
    pair = [site.start("run", "--once", "--grace", "0") for _ in range(2)]
    assert [running.wait().code for running in pair] == [0, 0]
    assert site.run("run", "--once", "--grace", "0").code == 0  # what the other one of the pair had in hand at the end
    equal_to_the_keyed_copy(site, run_sql)
    assert site.run("status", "--json").answer["databases"][0]["waiting"] == 0


def _lives(running: Running) -> bool:
    try:
        os.kill(running.pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{running.pid}/stat").read_text().split()[2] != "Z"


def test_one_run_cleans_up_everything_and_says_so(site, run_sql):
    done = site.run("run", "--once", "--grace", "0", "--json")
    assert done.code == 0, done
    assert done.answer["swept"] == done.answer["done"]
    assert done.answer["failed"] == done.answer["returned"] == 0
    equal_to_the_keyed_copy(site, run_sql)
    again = site.run("run", "--once", "--grace", "0")
    assert (again.code, again.stdout) == (0, "0 children of 0 parents cleaned up; 0 tombstones done\n")


@pytest.mark.postgres(18)
def test_a_worker_that_loops_ends_when_it_is_told_to(site):
    running = site.start("run", "--interval", "0.05")
    limit = time.monotonic() + 60
    while site.run("status", "--json").answer["databases"][0]["waiting"] and time.monotonic() < limit:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait().code == 143
    assert site.run("status", "--json").answer["databases"][0]["waiting"] == 0


@pytest.mark.postgres(18)
def test_status_tells_what_waits(site):
    told = site.run("status")
    assert told.code == 0
    assert told.stdout.startswith("control: 30 waiting, the oldest for ")
    assert "\n  account: 30 waiting, the oldest for " in told.stdout
    assert "us: 0 waiting, the oldest for 0 s, in 0 lanes" in told.stdout
    control = json.loads(site.run("status", "--json").stdout)["databases"][0]
    assert (control["name"], control["waiting"], control["lanes"], control["references"]) == ("control", 30, 3, 3)
    metrics = site.run("status", "--prometheus").stdout.splitlines()
    assert 'orglift_cascades_waiting{database="control",parent="account"} 30' in metrics
    assert 'orglift_cascades_held{database="us"} 0' in metrics
    assert len([line for line in metrics if line.startswith("# TYPE ")]) == len({line for line in metrics if line.startswith("# TYPE ")})


@pytest.mark.postgres(18)
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("run", "--once", "--batch", "0"), 2, "--batch"),
        (("status", "--json", "--prometheus"), 2, "exclude each other"),
        (("run", "--once", "--url", "postgresql://127.0.0.1:1/nowhere"), 3, "cannot connect"),
        (("status", "--url", "postgresql://127.0.0.1:1/nowhere"), 3, "cannot connect"),
    ],
)
def test_mistakes_are_told(site, words, code, told):
    done = site.run(*words)
    assert done.code == code, done
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.postgres(18)
def test_one_database_without_silos(site):
    """Everything in the one database: the monolith that ``--url`` names."""
    url = site.split.urls["us"]
    site.split.do("us", "INSERT INTO account VALUES (1000, 'x')", "INSERT INTO member VALUES (9000, 1000, NULL)")
    site.split.do("us", "DELETE FROM account WHERE id = 1000")
    assert site.run("run", "--once", "--grace", "0", "--url", url).code == 0
    assert site.split.values("us", "SELECT id FROM member WHERE id = 9000") == []
