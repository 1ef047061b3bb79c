"""What orglift is measured against: the commands that one would write by hand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add

import psycopg
from psycopg import sql

from benchmarks.data import BIG, HERE, ROWS, WAYS
from benchmarks.measure import NOTHING, Measured
from benchmarks.stage import Stage

_ZSTD = """
import shutil, sys
try:
    from compression import zstd
except ImportError:
    from backports import zstd
with zstd.open(sys.stdout.buffer, "wb", level=1) as out:
    shutil.copyfileobj(sys.stdin.buffer, out, 1 << 18)
"""


def rows_of(table: str, source: str = "public") -> str:
    """The SELECT of the organization's rows."""
    template = sql.SQL(WAYS[table])
    return template.format(table=sql.Identifier(source, table), slug=sql.Literal(BIG)).as_string(None)


def psql(stage: Stage, url: str, *commands: str) -> list[str]:
    return [stage.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", *(part for command in commands for part in ("-c", command)), url]


def pipe_tables(stage: Stage) -> Measured:
    """COPY binary out of one region into COPY of the other, table after table, with triggers off: no rewriting, no proof, no way back."""
    total = NOTHING
    for table in ROWS:
        read = psql(stage, stage.us.url("us"), f"COPY ({rows_of(table)}) TO STDOUT (FORMAT binary)")
        write = psql(stage, stage.de.url("de"), "SET session_replication_role = replica", f'COPY "{table}" FROM STDIN (FORMAT binary)')
        total += stage.meter.pipe(read, write, stage.environ())
    return total


def pipe_into_zstd(stage: Stage) -> Measured:
    zstd = shutil.which("zstd")
    packer = [zstd, "-q", "-1", "-c"] if zstd else [sys.executable, "-c", _ZSTD]
    total = NOTHING
    for table in ROWS:
        read = psql(stage, stage.us.url("us"), f"COPY ({rows_of(table)}) TO STDOUT")
        with (stage.folder / f"{table}.zst").open("wb") as out:
            total += stage.meter.pipe(read, packer, stage.environ(), out)
    return total


def slice_dump_restore(stage: Stage) -> Mapping[str, Measured]:
    """The organization's rows in a schema of their own, dumped, restored into an empty database, given the same keys and indexes."""
    stage.empty_target()
    cut = [f'CREATE TABLE slice."{table}" AS {rows_of(table)}' for table in ROWS]
    parts = {"slice": stage.meter.run(psql(stage, stage.us.url("us"), "CREATE SCHEMA slice", *cut), stage.environ())}
    dump = stage.folder / "dump"
    shutil.rmtree(dump, ignore_errors=True)
    out = [stage.program("pg_dump"), "-Fd", "-j2", "-n", "slice", "-f", str(dump), stage.us.url("us")]
    parts["dump"] = stage.meter.run(out, stage.environ())
    parts["restore"] = stage.meter.run([stage.program("pg_restore"), "-j2", "-d", stage.de.url("de"), str(dump)], stage.environ())
    parts["indexes"] = _index(stage)
    whole = reduce(add, parts.values())
    return {**parts, "slice + dump + restore": whole}


def _index(stage: Stage) -> Measured:
    """Primary keys and indexes over two connections; foreign keys are left out, in favour of the rival."""
    statements = [f"ALTER TABLE {table} ADD PRIMARY KEY (id)" for table in ROWS if table != "assignment"]
    statements.append("ALTER TABLE assignment ADD PRIMARY KEY (issue_id, member_id)")
    statements += [line for line in HERE.joinpath("constraints.sql").read_text().splitlines() if line.startswith("CREATE INDEX")]
    statements.sort(key=lambda statement: " event" not in statement)  # the largest first
    with stage.meter.reading() as reading, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda statement: _execute(stage.de.url("de"), statement), statements))
    return reading.result


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True, options="-c search_path=slice") as conn:
        conn.execute(statement)
