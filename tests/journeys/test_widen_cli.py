"""``splitter apply`` of a widening as a process: killed in the backfill, `status` says how far it is, and the same command goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.wide_sites import WIDE

ROOT = Path(__file__).parents[2]
ROWS = 20_000
TABLE = (
    "CREATE TABLE org (id serial PRIMARY KEY, n text);"
    f"INSERT INTO org (n) SELECT md5(g::text) FROM generate_series(1, {ROWS}) AS g; CREATE PUBLICATION p FOR TABLE org;"
)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "splitter.cli", *words]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(folder: Path, *words: str) -> Any:
    """What it answered as JSON."""
    process = start(folder, *words, "--json")
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.long
@pytest.mark.postgres(18)
def test_killed_in_the_backfill_it_goes_on(make_database: Callable[..., str], tmp_path: Path) -> None:
    url = make_database(TABLE)
    (tmp_path / "silos.toml").write_text(WIDE)
    made = run(tmp_path, "plan", "widen-ids", "--url", url, "--budget", "0", "--followers-ready", "--out", "plan.json")
    assert any('ALTER TABLE "public"."org" ADD COLUMN "id_orglift_wide" bigint' in note for note in made["plan"]["notes"])
    limits = ("--max-lag", "1000000000", "--max-active", "1000")
    process = start(tmp_path, "apply", "plan.json", "--url", url, *limits, "--max-wal-rate", "3e6")
    begun = "SELECT FROM pg_catalog.pg_class WHERE oid = to_regclass('orglift.backfills')"
    with psycopg.connect(url, autocommit=True) as conn:
        for asked in (begun, "SELECT FROM orglift.backfills WHERE next_block > 0"):
            while not conn.execute(asked).fetchall():
                assert process.poll() is None
    process.kill()
    process.communicate()
    assert process.returncode == -9
    (found,) = run(tmp_path, "status", "--url", url)["databases"]
    assert [(each["place"], 0 < each["next_block"] < each["blocks"]) for each in found["backfills"]] == [('"public"."org"', True)]
    run(tmp_path, "apply", "plan.json", "--url", url, *limits)
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT rows FROM orglift.backfills").fetchall() == [(ROWS,)]
        assert conn.execute("SELECT count(*) FROM org WHERE id = id_orglift_narrow").fetchall() == [(ROWS,)]
