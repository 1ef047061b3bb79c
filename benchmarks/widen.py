"""What it costs to make three tables' ids bigint: one ALTER TYPE, orglift, two batched recipes, and copies that follow
by a log of changes, idle and beside pgbench, in one run.

    python -m benchmarks.widen                    # three tables of 3 million rows; some 15 GB of disk and an hour
    python -m benchmarks.widen --scale 0.1 --rounds 1

Prints Markdown for the README; ``--out FILE`` keeps every round as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql

from benchmarks.clients import Latency, clients
from benchmarks.copying import copy
from benchmarks.widening import ROWS, SCHEMA, SCRIPT, TABLES, Contest, Phases, alter_type, computing, orglift, pgroll, sentry
from splitter.binaries import find_binaries, read_major
from splitter.embedded import Cluster, temporary

SAFE = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "10s",
}
ALONE_SECONDS = 20  # of the clients before the work begins
STOPS, IDLES = "ALTER TYPE", "computing"  # beside the clients that is a stop, and this nothing without them
CONTESTS: dict[str, Contest] = {
    STOPS: alter_type,
    IDLES: computing,
    "orglift": orglift,
    "pgroll": pgroll,
    "sentry": sentry,
    "copy": copy,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """``wal``, ``heap``, ``indexes``: bytes. Latencies only beside clients."""

    seconds: float
    wal: int
    heap: int
    indexes: int
    alone: Latency | None = None
    beside: Latency | None = None
    filling: Latency | None = None
    worst: str = ""  # the part of the work in which the slowest transaction ended


def main() -> None:
    options = parse()
    binaries = find_binaries(options.pg_bin, options.major)
    found: dict[str, list[Round]] = {}
    with temporary(binaries, settings=SAFE, place=options.place) as cluster:
        for size in options.scale:
            rows = round(ROWS * size)
            say(f"{rows:,} rows: filling")
            fill(cluster, rows)
            for number in range(1, options.rounds + 1):
                for name in options.only:
                    if name != IDLES:
                        say(f"{rows:,} rows, round {number}: {name}, idle")
                        found.setdefault(f"{rows} {name}", []).append(measure(cluster, name))
                    if name != STOPS:
                        say(f"{rows:,} rows, round {number}: {name}, beside {options.clients} clients")
                        found.setdefault(f"{rows} {name}, clients", []).append(measure_beside(cluster, name, rows, options))
    machine = f"PostgreSQL {read_major(binaries)}, {os.cpu_count()} cores, {platform.machine()}, {options.clients} clients"
    print("\n".join(render(found, f"{machine} at {options.rate or 'most'} transactions a second")))
    if options.out:
        options.out.write_text(json.dumps({key: [asdict(each) for each in rounds] for key, rounds in found.items()}, indent=1) + "\n")


def fill(cluster: Cluster, rows: int) -> None:
    execute(cluster, "DROP DATABASE IF EXISTS filled", "CREATE DATABASE filled")
    with psycopg.connect(cluster.url("filled"), autocommit=True) as conn:
        for statement in SCHEMA.format(rows=rows).split(";"):
            conn.execute(statement.encode())
        conn.execute("VACUUM (FREEZE, ANALYZE)")


def prepare(cluster: Cluster) -> str:
    execute(cluster, "DROP DATABASE IF EXISTS bench", "CREATE DATABASE bench TEMPLATE filled STRATEGY file_copy", "CHECKPOINT")
    return cluster.url("bench")


def execute(cluster: Cluster, *statements: str) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def measure(cluster: Cluster, name: str) -> Round:
    url = prepare(cluster)
    begun, wal = time.perf_counter(), position(url)
    CONTESTS[name](url, Phases())
    return Round(seconds=time.perf_counter() - begun, wal=position(url) - wal, **sizes(url))


def measure_beside(cluster: Cluster, name: str, rows: int, options: argparse.Namespace) -> Round:
    url, phases = prepare(cluster), Phases()
    with clients(url, cluster.binaries / "pgbench", SCRIPT.format(rows=rows), options.clients, options.rate) as found:
        time.sleep(ALONE_SECONDS)
        begun, wal = time.time(), position(url)
        CONTESTS[name](url, phases)
        ended = time.time()
        written = position(url) - wal
        time.sleep(1)
    at, _ = max((time_ for time_ in found.times if begun <= time_[0] <= ended + 1), key=lambda time_: time_[1])
    return Round(
        seconds=ended - begun,
        wal=written,
        **sizes(url),
        alone=found.between(begun - ALONE_SECONDS + 2, begun),
        beside=found.between(begun, ended + 1),
        filling=found.between(*phases.spans["backfill"]),
        worst=next((part for part, (first, last) in phases.spans.items() if first <= at <= last + 0.1), "between"),
    )


def position(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()
    assert row is not None
    return int(row[0])


def sizes(url: str) -> dict[str, int]:
    query = sql.SQL("SELECT sum(pg_relation_size(t))::bigint, sum(pg_indexes_size(t))::bigint FROM unnest({}::regclass[]) AS t")
    with psycopg.connect(url) as conn:
        row = conn.execute(query.format(sql.Literal(list(TABLES)))).fetchone()
    assert row is not None
    return {"heap": int(row[0]), "indexes": int(row[1])}


def render(found: dict[str, list[Round]], machine: str) -> Iterator[str]:
    yield f"{machine}; medians; × ALTER TYPE on the idle tables\n"
    yield "| rows | what | seconds | × | WAL MB | × | heap MB | × | p99 alone, ms | while filling | longest | beyond its p99 | in |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    for key, rounds in found.items():
        rows, _, name = key.partition(" ")
        base = found.get(f"{rows} ALTER TYPE", rounds)
        cells = [f"{int(rows):,}", name]
        for what, scale in (("seconds", 1.0), ("wal", 1e6), ("heap", 1e6)):
            mine, theirs = (median(getattr(each, what) for each in some) for some in (rounds, base))
            cells += [f"{mine / scale:,.1f}", f"{mine / theirs:.2f}"]
        yield f"| {' | '.join([*cells, *_waits(rounds)])} |"


def _waits(rounds: list[Round]) -> list[str]:
    latencies = [(each.alone, each.filling, each.beside) for each in rounds if each.alone and each.filling and each.beside]
    if not latencies:
        return [""] * 5
    alone, filling = median(one.p99 for one, _, _ in latencies), median(one.p99 for _, one, _ in latencies)
    longest = median(one.slowest for _, _, one in latencies)
    worst = max(rounds, key=lambda each: each.beside.slowest if each.beside else 0.0).worst
    return [f"{alone:.1f}", f"{filling:.1f} ({filling / alone:.2f} ×)", f"{longest:.0f}", f"{longest - alone:.0f}", worst]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, nargs="+", default=[0.1, 1.0], help="1: three tables of 3 million rows")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rate", type=int, default=500, help="transactions a second of all clients; 0: as many as they can")
    parser.add_argument("--only", nargs="+", choices=list(CONTESTS), default=list(CONTESTS), help="what to measure")
    parser.add_argument("--major", type=int, help="the server's major version")
    parser.add_argument("--pg-bin", type=Path, help="the folder of the server's programs")
    parser.add_argument("--place", type=Path, help="where the server keeps its files")
    parser.add_argument("--out", type=Path, help="JSON with every round")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
