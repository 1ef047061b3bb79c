"""How long `splitter check` takes and how much memory: on GitLab's schema, and how both grow with the number of tables.

    python -m benchmarks.check                        # some minutes, most of them for making the schemas
    python -m benchmarks.check --tables 250 500 --rounds 1

Everything counts: the interpreter's start, reading the catalog, the findings, printing them. Beside it what `pg_dump --schema-only` takes
for the same schema. GitLab's is looked for where the tests look for it. Prints Markdown; ``--out FILE`` keeps every round as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql

from benchmarks.measure import Measured, Meter
from splitter.binaries import find_binaries, read_major
from splitter.embedded import Cluster, temporary

REPOSITORY = Path(__file__).resolve().parent.parent
CASES = Path(os.environ.get("ORGLIFT_CASES") or REPOSITORY.parent / "shared" / "cases")
GITLAB = (CASES / "gitlab" / "structure.sql", REPOSITORY / "tests" / "cases" / "gitlab" / "silos.toml")
FOUND = 1
CONFIG = """[organization]
table = "org"
[control]
url = "${CONTROL_URL}"
tables = ["users", "auth_*"]
[regions.us]
url = "${US_URL}"
"""
HEAD = """CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_log (id bigint PRIMARY KEY, user_id bigint REFERENCES users);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE t0 SET name = name WHERE id = NEW.parent_id; RETURN NULL; END$$;
CREATE TABLE t0 (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text);
"""
TABLE = """CREATE TABLE t{n} (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org ON DELETE CASCADE,
    parent_id bigint REFERENCES t{parent}, user_id bigint REFERENCES users ON DELETE SET NULL, name text NOT NULL,
    state int NOT NULL DEFAULT 0, data jsonb, at timestamptz DEFAULT now(), UNIQUE (org_id, name), CHECK (length(name) < 200));
CREATE INDEX ON t{n} (parent_id);
CREATE INDEX ON t{n} (user_id, at DESC);
"""
TRIGGER = "CREATE TRIGGER touch AFTER UPDATE ON t{n} FOR EACH ROW EXECUTE FUNCTION touch();\n"


@dataclass(frozen=True, slots=True)
class Schema:
    """A database with ``tables`` tables, and the silos.toml for it."""

    name: str
    tables: int
    url: str
    config: Path


@dataclass(frozen=True, slots=True)
class Line:
    """All rounds of one schema."""

    name: str
    tables: int
    findings: int
    check: tuple[Measured, ...]
    dump: tuple[Measured, ...]


def main() -> None:
    options = _parse()
    binaries = find_binaries(options.pg_bin, options.major)
    with temporary(binaries, settings={"max_locks_per_transaction": "2048"}) as cluster, tempfile.TemporaryDirectory() as folder:
        made = _schemas(cluster, Path(folder), options.tables)
        lines = [_measure(cluster, schema, options.rounds) for schema in made]
    print(_render(lines, f"PostgreSQL {read_major(binaries)}, {os.cpu_count()} cores, median of {options.rounds}"))
    if options.out:
        options.out.write_text(json.dumps([asdict(line) for line in lines], indent=1) + "\n")


def _schemas(cluster: Cluster, folder: Path, sizes: Iterable[int]) -> Iterator[Schema]:
    script, config = GITLAB
    if script.exists():
        yield Schema("GitLab", _load(cluster, "gitlab", script), cluster.url("gitlab"), config)
    else:
        _say(f"no {script}: GitLab's schema is left out")
    (folder / "silos.toml").write_text(CONFIG, encoding="utf-8")
    for size in sizes:
        (folder / "schema.sql").write_text("".join(_made(size)), encoding="utf-8")
        name = f"made{size}"
        yield Schema("made", _load(cluster, name, folder / "schema.sql"), cluster.url(name), folder / "silos.toml")


def _made(size: int) -> Iterator[str]:
    """``size`` tables in a tree, each with three foreign keys, four indexes and a sequence; one in ten has a trigger."""
    yield HEAD
    for number in range(1, size - 3):
        yield TABLE.format(n=number, parent=number // 2)
        if number % 10 == 0:
            yield TRIGGER.format(n=number)


def _load(cluster: Cluster, name: str, script: Path) -> int:
    _say(f"making {name}")
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    options = ["-Xq1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]  # in one transaction: that many commits take longer
    subprocess.run([str(cluster.binaries / "psql"), *options, "-d", cluster.url(name), "-f", str(script)], check=True)
    with psycopg.connect(cluster.url(name), autocommit=True) as conn:
        row = conn.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
    return int(row[0]) if row else 0


def _measure(cluster: Cluster, schema: Schema, rounds: int) -> Line:
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    check = [sys.executable, "-m", "splitter.cli", "check", "--url", schema.url, "--config", str(schema.config), "--json"]
    dump = [str(cluster.binaries / "pg_dump"), "--schema-only", "--file", os.devnull, schema.url]
    _say(f"checking {schema.name}, {schema.tables} tables")
    checks, dumps = [], []
    for _ in range(rounds):  # in turn, so that both meet the same neighbours
        checks.append(Meter().run(check, environ, fine=(0, FOUND)))
        dumps.append(Meter().run(dump, environ))
    findings = len(json.loads(checks[0].output)["findings"])
    return Line(schema.name, schema.tables, findings, tuple(map(_bare, checks)), tuple(map(_bare, dumps)))


def _bare(measured: Measured) -> Measured:
    return Measured(measured.seconds, measured.peak)


def _render(lines: Iterable[Line], where: str) -> str:
    head = "| schema | tables and partitions | findings | `splitter check` | memory | `pg_dump -s` |\n|---|---|---|---|---|---|"
    return "\n".join([where, "", head, *map(_row, lines)])


def _row(line: Line) -> str:
    counts = f"{line.name} | {line.tables:,} | {line.findings:,}"
    return f"| {counts} | {_seconds(line.check)} | {_megabytes(line.check)} MB | {_seconds(line.dump)} |"


def _seconds(rounds: Iterable[Measured]) -> str:
    return f"{median(each.seconds for each in rounds):.2f} s"


def _megabytes(rounds: Iterable[Measured]) -> str:
    return f"{max(each.peak for each in rounds) / 1e6:.0f}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, nargs="*", default=[250, 500, 1000, 2000, 4000], help="how many the made schemas have")
    parser.add_argument("--rounds", type=int, default=5, help="medians are taken over so many")
    parser.add_argument("--major", type=int, help="the server's major version")
    parser.add_argument("--pg-bin", type=Path, help="the folder of the server's programs")
    parser.add_argument("--out", type=Path, help="keep every round here, as JSON")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
