"""How long `splitter queries` takes and how much memory: 10,000 distinct statements from a file, from pg_stat_statements, and of a csvlog.

    python -m benchmarks.queries                          # about a minute
    python -m benchmarks.queries --statements 1000 --rounds 1

Everything counts: the interpreter's start, reading the catalog, parsing, finding the tables, printing JSON. The server must have
pg_stat_statements. Prints Markdown; ``--out FILE`` keeps every round as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.measure import Measured, Meter
from splitter.binaries import find_binaries, read_major
from splitter.embedded import Cluster, temporary

REPOSITORY = Path(__file__).resolve().parent.parent
FOUND = 1
TABLES = 300
CONFIG = """[organization]
table = "t0"
[control]
tables = ["users", "auth_*"]
[regions.main]
url = "${URL}"
"""
HEAD = """CREATE EXTENSION pg_stat_statements;
CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE auth_log (id bigint PRIMARY KEY, user_id bigint REFERENCES users, at timestamptz);
CREATE TABLE t0 (id bigint PRIMARY KEY, parent_id bigint, user_id bigint, name text, state int, data jsonb, at timestamptz);
"""
TABLE = "CREATE TABLE t{n} (LIKE t0);\nCREATE VIEW v{n} AS SELECT a.id, a.name FROM t{n} a JOIN t{parent} p ON p.id = a.parent_id;\n"
FUNCTION = """CREATE FUNCTION f{n}(who bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE found bigint; BEGIN SELECT count(*) INTO found FROM t{n} WHERE user_id = who; RETURN found; END $$;
"""
COLUMNS = ("id", "parent_id", "user_id", "name", "state", "at")
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "50000",
    "log_statement": "all",
    "logging_collector": "on",
    "log_destination": "csvlog",
    "log_filename": "server.log",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class Line:
    """All rounds of one source."""

    source: str
    distinct: int
    crossing: int
    rounds: tuple[Measured, ...]


def main() -> None:
    options = _parse()
    binaries = find_binaries(options.pg_bin, options.major)
    with temporary(binaries, settings=SETTINGS) as cluster, tempfile.TemporaryDirectory() as folder:
        lines = list(_measure(cluster, Path(folder), list(_statements(options.statements)), options.rounds))
    print(_render(lines, f"PostgreSQL {read_major(binaries)}, {os.cpu_count()} cores, median of {options.rounds}"))
    if options.out:
        options.out.write_text(json.dumps([asdict(line) for line in lines], indent=1) + "\n")


def _statements(count: int) -> Iterator[str]:
    """Distinct in more than their constants, as an ORM makes them: joins, subqueries, WITH, views, functions; one in ten crosses."""
    rng = random.Random(7)
    seen: set[str] = set()
    while len(seen) < count:
        statement = _statement(rng)
        if statement not in seen:
            seen.add(statement)
            yield statement


def _statement(rng: random.Random) -> str:
    a, b, c = rng.sample(range(TABLES), 3)
    names = ", ".join(f"a.{column}" for column in rng.sample(COLUMNS, rng.randint(2, 6)))
    where = " AND ".join(f"a.{column} IS NOT NULL" for column in rng.sample(COLUMNS, rng.randint(1, 4)))
    user = " JOIN users u ON u.id = a.user_id" if rng.random() < 0.1 else ""
    return rng.choice(
        (
            f"SELECT {names} FROM t{a} AS a JOIN t{b} AS b ON b.id = a.parent_id{user} WHERE {where} ORDER BY a.id LIMIT 10",
            f"SELECT {names} FROM t{a} AS a{user} WHERE {where} AND EXISTS (SELECT 1 FROM v{b or 1} v WHERE v.id = a.id)",
            f"WITH x AS (SELECT id FROM t{a} WHERE at > now() - interval '1 day'), y AS (SELECT id FROM t{b} JOIN x USING (id)) "
            f"SELECT {names} FROM t{c} AS a{user} LEFT JOIN y ON y.id = a.id WHERE {where}",
            f"UPDATE t{a} AS a SET name = 'x' FROM t{b} b{user.replace('a.', 'b.')} WHERE b.id = a.parent_id AND {where}",
            f"SELECT {names}, f{b or 1}(a.user_id) FROM t{a} AS a{user} WHERE {where} AND a.data @> '{{\"x\": 1}}'",
        )
    )


def _measure(cluster: Cluster, folder: Path, statements: list[str], rounds: int) -> Iterator[Line]:
    config = folder / "silos.toml"
    config.write_text(CONFIG, encoding="utf-8")
    file = folder / "statements.sql"
    file.write_text(";\n".join(statements), encoding="utf-8")
    _say("running the statements")
    _run(cluster, statements)
    log = str(cluster.data / "log" / "server.csv")
    sources = {"a file of SQL": ("--sql", str(file)), "pg_stat_statements": (), "csvlog": ("--log", log)}
    for name, arguments in sources.items():
        _say(f"reading {name}")
        command = [sys.executable, "-m", "splitter.cli", "queries", "--url", cluster.url(), "--config", str(config), "--json", *arguments]
        measured = [Meter().run(command, {**os.environ, "PYTHONPATH": str(REPOSITORY)}, fine=(0, FOUND)) for _ in range(rounds)]
        found = json.loads(measured[0].output)
        yield Line(name, found["distinct"], found["crossing"]["statements"], tuple(replace(each, output="") for each in measured))


def _run(cluster: Cluster, statements: Iterable[str]) -> None:
    with psycopg.connect(cluster.url(), autocommit=True, prepare_threshold=None) as conn:
        made = (TABLE.format(n=number, parent=number // 2) + FUNCTION.format(n=number) for number in range(1, TABLES))
        conn.execute("".join([HEAD, *made]).encode())
        for statement in statements:
            conn.execute(statement.encode())


def _render(lines: Iterable[Line], where: str) -> str:
    head = "| source | distinct statements | crossing | `splitter queries` | processor | memory |\n|---|---|---|---|---|---|"
    return "\n".join([where, "", head, *map(_row, lines)])


def _row(line: Line) -> str:
    seconds, peak = median(each.seconds for each in line.rounds), max(each.peak for each in line.rounds)
    processor = median(each.clients for each in line.rounds)
    return f"| {line.source} | {line.distinct:,} | {line.crossing:,} | {seconds:.2f} s | {processor:.2f} s | {peak / 1e6:.0f} MB |"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=10_000, help="how many there are")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many")
    parser.add_argument("--major", type=int, help="the server's major version")
    parser.add_argument("--pg-bin", type=Path, help="the folder of the server's programs")
    parser.add_argument("--out", type=Path, help="keep every round here, as JSON")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
