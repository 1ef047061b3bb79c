"""What clients notice while a plan that breaks foreign keys is applied and taken back: ``python -m benchmarks.apply``.

pgbench works on both tables of the key, all the time; each client's slowest transaction is held against the lock budget of a step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.clients import Latency, clients
from splitter.apply import apply_plan
from splitter.binaries import find_binaries
from splitter.catalog import read_schema
from splitter.db import Connection, connect
from splitter.embedded import temporary
from splitter.key_facts import make_break_fks_plan
from splitter.plans.foreign_keys import LOCK_BUDGET_MS
from splitter.silos_file import parse_silos
from splitter.undo import undo_plan

SILOS = '[organization]\ntable = "org"\n[control]\ntables = ["u"]\n[regions.us]\nurl = "postgresql:///x"\n'
PARENTS = 10_000
SCRIPT = f"""
\\set u random(1, {PARENTS})
SELECT name FROM u WHERE id = :u;
SELECT count(*) FROM c WHERE id BETWEEN :u AND :u + 20;
UPDATE u SET name = 'n' || :u WHERE id = :u;
INSERT INTO c (x) VALUES (:u);
"""


def prepare(conn: Connection, rows: int) -> None:
    conn.execute("CREATE TABLE public.org (id int PRIMARY KEY); CREATE TABLE public.u (id int PRIMARY KEY, name text)")
    conn.execute("CREATE TABLE public.c (id bigserial PRIMARY KEY, x int REFERENCES public.u ON DELETE CASCADE)")
    conn.execute("INSERT INTO public.u SELECT g, 'n' FROM generate_series(1, %s) AS g", (PARENTS,))
    conn.execute("INSERT INTO public.c (x) SELECT 1 + g %% %s FROM generate_series(1, %s) AS g", (PARENTS, rows))
    conn.execute("VACUUM ANALYZE")


def measure(url: str, program: Path, number: int, work: Callable[[], object]) -> Latency:
    with clients(url, program, SCRIPT, number) as found:
        time.sleep(1)
        work()
    return found.all


def round_trips(conn: Connection, rounds: int) -> None:
    """Applied and taken back, again and again."""
    plan = make_break_fks_plan(conn, read_schema(conn), parse_silos(SILOS), "us")
    for _ in range(rounds):
        apply_plan(conn, plan)
        undo_plan(conn, plan)


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of the child.")
@click.option("--clients", "number", default=8, show_default=True)
@click.option("--rounds", default=5, show_default=True)
def main(rows: int, number: int, rounds: int) -> None:
    binaries = find_binaries()
    with temporary(binaries) as cluster, connect(cluster.url(), setting="cluster") as conn:
        prepare(conn, rows)
        begun = time.perf_counter()
        busy = measure(cluster.url(), binaries / "pgbench", number, lambda: round_trips(conn, rounds))
        seconds = time.perf_counter() - begun
        alone = measure(cluster.url(), binaries / "pgbench", number, lambda: threading.Event().wait(seconds))
    click.echo(f"{rounds} plans applied and undone in {seconds:.1f} s, {number} clients, {rows:,} rows")
    for told, found in (("alone", alone), ("beside the plan", busy)):
        click.echo(f"  {told:16} {found.transactions:8,} transactions, p99 {found.p99:8.1f} ms, slowest {found.slowest:8.1f} ms")
    click.echo(f"  lock budget of a step: {LOCK_BUDGET_MS} ms")


if __name__ == "__main__":
    main()
