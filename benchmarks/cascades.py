"""What broken keys cost: the delete of a parent, the clean-up of its children, and what a writer feels of it, side by side in one run.

    python -m benchmarks.cascades                    # a million children a round; some 2 GB of disk and ten minutes
    python -m benchmarks.cascades --children 100000 --rounds 1

Prints Markdown; ``--out FILE`` keeps every round as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import psycopg

from splitter.addresses import given_address
from splitter.binaries import find_binaries, read_major
from splitter.cascades import RunOptions, run_cascades
from splitter.db import connect
from splitter.embedded import Cluster, temporary
from tests.broken_keys import break_keys

SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}
PARENTS = 200
SCHEMA = """
DROP TABLE IF EXISTS visit, account;
CREATE TABLE account (id bigint PRIMARY KEY, name text);
CREATE TABLE visit (id bigint PRIMARY KEY, account_id bigint REFERENCES account ON DELETE CASCADE, at timestamptz, what text);
INSERT INTO account SELECT g, 'account ' || g FROM generate_series(1, {parents}) AS g;
INSERT INTO visit SELECT g, CASE WHEN g % 3 = 0 THEN 2 + g % ({parents} - 1) ELSE 1 END, now(), md5(g::text)
    FROM generate_series(1, {rows}) AS g;
CREATE INDEX ON visit (account_id);
"""


def main() -> None:
    options = parse()
    binaries = find_binaries(options.pg_bin, options.major)
    found: dict[str, object] = {"server": read_major(binaries), "children": options.children, "machine": _machine()}
    with temporary(binaries, settings=SAFE, place=options.place) as cluster:
        url = _create(cluster)
        found["delete"] = measure_delete(url, options.deletes)
        found["clean-up"] = [measure_clean_up(url, options.children) for _ in range(options.rounds)]
        found["writer"] = measure_writer(url, options.children // 10, options.rate, options.batch)
    sys.stdout.write(render(found))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def _create(cluster: Cluster) -> str:
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        conn.execute("CREATE DATABASE bench")
    return cluster.url("bench")


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def measure_delete(url: str, deletes: int) -> dict[str, float]:
    """Transactions that delete one row, in turn from a table with the triggers and from one without; milliseconds."""
    say("deletes of one parent")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DROP SCHEMA IF EXISTS orglift CASCADE; DROP TABLE IF EXISTS child, watched, plain")
        for name in ("watched", "plain"):
            conn.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY, name text)".encode())
            conn.execute(f"INSERT INTO {name} SELECT g, md5(g::text) FROM generate_series(1, {deletes + 200}) AS g".encode())
        conn.execute("CREATE TABLE child (id bigint PRIMARY KEY, watched_id bigint REFERENCES watched ON DELETE CASCADE)")
        with connect(url, setting="bench") as breaking:
            break_keys(breaking)
        took: dict[str, list[float]] = {"watched": [], "plain": []}
        for number in range(1, deletes + 201):
            for name in random.sample(("watched", "plain"), 2):
                started = time.perf_counter()
                conn.execute(f"DELETE FROM {name} WHERE id = {number}".encode())
                took[name].append((time.perf_counter() - started) * 1000)
        medians = {name: median(times[200:]) for name, times in took.items()}
    return {**medians, "ratio": medians["watched"] / medians["plain"]}


def _fill(url: str, children: int) -> None:
    """Two of three rows of ``visit`` are children of account 1, in between those of the others."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DROP SCHEMA IF EXISTS orglift CASCADE")
        for statement in SCHEMA.format(parents=PARENTS, rows=children * 3 // 2).split(";"):
            conn.execute(statement.encode())
        conn.execute("VACUUM ANALYZE visit")
        conn.execute("CHECKPOINT")


def measure_clean_up(url: str, children: int) -> dict[str, float]:
    """Seconds: the key's own cascade, then the same rows by the worker, unthrottled."""
    say(f"{children:,} children by the key")
    _fill(url, children)
    with psycopg.connect(url, autocommit=True) as conn:
        started = time.perf_counter()
        conn.execute("DELETE FROM account WHERE id = 1")
        key = time.perf_counter() - started
    say(f"{children:,} children by the worker")
    _fill(url, children)
    with connect(url, setting="bench") as conn:
        break_keys(conn)
        conn.execute("CHECKPOINT")
        conn.execute("DELETE FROM public.account WHERE id = 1")
    started = time.perf_counter()
    done = run_cascades([given_address(url)], None, RunOptions(grace=3600))
    worker = time.perf_counter() - started
    assert abs(done.rows - children) <= 1, done
    return {"key": key, "worker": worker, "ratio": worker / key}


def measure_writer(url: str, children: int, rate: int, batch: int) -> dict[str, float]:
    """p99 of a writer on the same table, in milliseconds, alone and beside a throttled worker; and how long that one took."""
    say(f"a writer beside the clean-up of {children:,} children at {rate:,} a second")
    _fill(url, children)
    with connect(url, setting="bench") as conn:
        break_keys(conn)
    seconds = max(10.0, children / rate)
    with _writing(url) as alone:
        time.sleep(seconds)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DELETE FROM account WHERE id = 1")
    command = [sys.executable, "-m", "splitter.cli", "cascades", "run", "--once", "--url", url]
    with _writing(url) as beside:
        started = time.perf_counter()
        subprocess.run([*command, "--max-rate", str(rate), "--batch", str(batch)], check=True, stderr=subprocess.DEVNULL)
        took = time.perf_counter() - started
    p99 = {name: quantiles(times, n=100)[98] for name, times in (("alone", alone), ("beside", beside))}
    return {**p99, "ratio": p99["beside"] / p99["alone"], "seconds": took, "rate": rate, "batch": batch}


@contextmanager
def _writing(url: str) -> Iterator[list[float]]:
    """Updates of single rows of others' children, one after the other; the list gets how long each took."""
    took: list[float] = []
    over = threading.Event()

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            ids = [row[0] for row in conn.execute("SELECT id FROM visit WHERE account_id > 1").fetchall()]
            while not over.wait(0.002):
                started = time.perf_counter()
                conn.execute("UPDATE visit SET what = 'seen' WHERE id = %s", (random.choice(ids),))
                took.append((time.perf_counter() - started) * 1000)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def render(found: dict[str, object]) -> str:
    delete, rounds, writer = found["delete"], found["clean-up"], found["writer"]
    assert isinstance(delete, dict) and isinstance(rounds, list) and isinstance(writer, dict)
    key, worker = (median(each[name] for each in rounds) for name in ("key", "worker"))
    lines = [
        f"PostgreSQL {found['server']}, {found['machine']}, synchronous_commit on",
        "",
        "| what | with the foreign key, or alone | broken, cleaned up | ratio |",
        "|---|---|---|---|",
        f"| transaction that deletes one parent | {delete['plain']:.2f} ms | {delete['watched']:.2f} ms | {delete['ratio']:.2f} |",
        f"| {found['children']:,} children, unthrottled | {key:.1f} s | {worker:.1f} s | {worker / key:.2f} |",
        f"| p99 of a writer beside it, {writer['rate']:,} children a second in batches of {writer['batch']}"
        f" ({writer['seconds']:.0f} s in all) | {writer['alone']:.2f} ms | {writer['beside']:.2f} ms | {writer['ratio']:.2f} |",
    ]
    return "\n".join(lines) + "\n"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deletes", type=int, default=3000)
    parser.add_argument("--rate", type=int, default=5000, help="of the throttled worker, children a second")
    parser.add_argument("--batch", type=int, default=100, help="of the throttled worker")
    parser.add_argument("--pg-bin", help="folder of the server's binaries")
    parser.add_argument("--major", type=int, help="major version of the server")
    parser.add_argument("--place", type=Path, help="where the server's folder goes")
    parser.add_argument("--out", type=Path, help="JSON with every round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
