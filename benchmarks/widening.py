"""The contestants of ``benchmarks.widen``: one ALTER TYPE, the batched recipes, and orglift, each on the same three tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect, retrying
from splitter.events import Event, Note
from splitter.silos_file import parse_silos
from splitter.steps import Action, Stage
from splitter.widen_facts import WidenOptions, make_widen_ids_plan

SILOS = '[organization]\ntable = "account"\n[regions.us]\nurl = "postgresql:///x"\n'
TABLES = ("account", "visit", "note")
ROWS = 3_000_000  # of each
SCHEMA = """
CREATE TABLE account (id serial PRIMARY KEY, name text NOT NULL, n int NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE visit (id serial PRIMARY KEY, account_id int NOT NULL REFERENCES account, at timestamptz NOT NULL DEFAULT now(), what text);
CREATE TABLE note (id serial PRIMARY KEY, account_id int NOT NULL REFERENCES account ON DELETE CASCADE, body text);
INSERT INTO account (name) SELECT 'account ' || g FROM generate_series(1, {rows}) AS g;
INSERT INTO visit (account_id, what) SELECT 1 + (g::bigint * 7919 % {rows}), md5(g::text) FROM generate_series(1, {rows}) AS g;
INSERT INTO note (account_id, body) SELECT 1 + (g::bigint * 104729 % {rows}), 'note ' || g FROM generate_series(1, {rows}) AS g;
CREATE INDEX ON visit (account_id);
CREATE INDEX ON note (account_id);
"""
SCRIPT = """
\\set a random(1, {rows})
\\set v random(1, {rows})
SELECT name FROM account WHERE id = :a;
SELECT count(*) FROM visit WHERE account_id = :a;
UPDATE account SET n = n + 1 WHERE id = :a;
UPDATE visit SET what = 'seen' WHERE id = :v;
INSERT INTO note (account_id, body) VALUES (:a, 'new');
"""
COMPUTING_SECONDS = 20
PGROLL_ROWS, SENTRY_ROWS = 1000, 10_000  # of a batch
COLUMNS = {"account": ("id",), "visit": ("id", "account_id"), "note": ("id", "account_id")}
_FUNCTION = "CREATE FUNCTION follow_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$"
# A row of a batch is written as it is, and its trigger fills the twin.
_PGROLL = """WITH batch AS (SELECT id FROM {table} WHERE id > {last} ORDER BY id LIMIT {size} FOR NO KEY UPDATE),
    done AS (UPDATE {table} AS t SET id = t.id FROM batch WHERE t.id = batch.id RETURNING t.id) SELECT max(id) FROM done"""
_SENTRY = """WITH done AS (UPDATE {table} SET {sets} WHERE id > {last} AND id <= {last} + {size} RETURNING id)
    SELECT {last} + {size} FROM done LIMIT 1"""


@dataclass
class Phases:
    """When each part began and ended, as seconds since 1970."""

    spans: dict[str, tuple[float, float]] = field(default_factory=dict)

    @contextmanager
    def over(self, name: str) -> Iterator[None]:
        begun = time.time()
        try:
            yield
        finally:
            first, _ = self.spans.get(name, (begun, begun))
            self.spans[name] = (first, time.time())


Contest = Callable[[str, Phases], None]


def alter_type(url: str, _: Phases) -> None:
    with psycopg.connect(url) as conn:
        for table, columns in COLUMNS.items():
            changes = ", ".join(f"ALTER COLUMN {column} TYPE bigint" for column in columns)
            conn.execute(f"ALTER TABLE {table} {changes}".encode())


def orglift(url: str, phases: Phases) -> None:
    """Without the watch: what it waits there is the operator's."""
    with connect(url, setting="bench") as conn:
        plan = make_widen_ids_plan(conn, read_schema(conn), parse_silos(SILOS), "us", options=WidenOptions(budget_ms=0))
        purposes = {f"done: {step.purpose}": step.action for step in plan.steps}
        last = time.time()

        def report(event: Event) -> None:
            nonlocal last
            if isinstance(event, Note) and event.text in purposes:
                filling = purposes[event.text] is Action.BACKFILL
                name = "backfill" if filling else event.text.removeprefix("done: ")
                first, _ = phases.spans.get(name, (last, last)) if filling else (last, last)
                last = time.time()
                phases.spans[name] = (first, last)

        apply_plan(conn, plan, report=report)
        apply_plan(conn, plan, report=report, stages=tuple(Stage))


def computing(url: str, phases: Phases) -> None:
    """One session that computes and touches no table: what the clients notice of any other session at work."""
    with psycopg.connect(url, autocommit=True) as conn, phases.over("backfill"):
        until = time.monotonic() + COMPUTING_SECONDS
        while time.monotonic() < until:
            conn.execute("SELECT count(*) FROM generate_series(1, 1000000)")


def pgroll(url: str, phases: Phases) -> None:
    _batched(url, phases, _PGROLL, PGROLL_ROWS)


def sentry(url: str, phases: Phases) -> None:
    _batched(url, phases, _SENTRY, SENTRY_ROWS)


def _batched(url: str, phases: Phases, batch: str, size: int) -> None:
    """Twins, a trigger, batches in key order, indexes, proofs, and a swap of each key with those that refer to it."""
    with psycopg.connect(url, autocommit=True) as conn:
        for table, columns in COLUMNS.items():
            _add_twins(conn, table, columns)
        with phases.over("backfill"):
            for table, columns in COLUMNS.items():
                _fill(conn, table, columns, batch, size)
        for table, columns in COLUMNS.items():
            for column in columns:
                unique = "UNIQUE " if column == "id" else ""
                conn.execute(f"CREATE {unique}INDEX CONCURRENTLY {table}_{column}_new ON {table} ({column}_new)".encode())
                conn.execute(f"ALTER TABLE {table} ADD CONSTRAINT {column}_there CHECK ({column}_new IS NOT NULL) NOT VALID".encode())
                conn.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {column}_there".encode())
                conn.execute(f"ALTER TABLE {table} ALTER COLUMN {column}_new SET NOT NULL".encode())
        for table in TABLES[1:]:
            key = f"ADD CONSTRAINT {table}_new FOREIGN KEY (account_id_new) REFERENCES account (id_new) NOT VALID"
            conn.execute(f"ALTER TABLE {table} {key}".encode())
            conn.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_new".encode())
        retrying(partial(_swap, conn), attempts=50)
        conn.execute("ANALYZE")


def _add_twins(conn: psycopg.Connection[tuple[object, ...]], table: str, columns: tuple[str, ...]) -> None:
    adds = ", ".join(f"ADD COLUMN {column}_new bigint" for column in columns)
    conn.execute(f"ALTER TABLE {table} {adds}".encode())
    conn.execute(_FUNCTION.format(table=table, body=" ".join(f"NEW.{column}_new := NEW.{column};" for column in columns)).encode())
    conn.execute(f"CREATE TRIGGER follow BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION follow_{table}()".encode())


def _fill(conn: psycopg.Connection[tuple[object, ...]], table: str, columns: tuple[str, ...], batch: str, size: int) -> None:
    sets = ", ".join(f"{column}_new = {column}" for column in columns)
    last: object = 0
    while last is not None:
        row = conn.execute(batch.format(table=table, sets=sets, last=last, size=size).encode()).fetchone()
        last = row[0] if row else None


def _swap(conn: psycopg.Connection[tuple[object, ...]]) -> None:
    """As pgroll does it, with a time-out of its locks; who calls it tries again."""
    with conn.transaction():
        conn.execute("SET LOCAL lock_timeout = 500")
        for statement in _swap_statements():
            conn.execute(statement.encode())


def _swap_statements() -> Iterator[str]:
    yield f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE"
    for table, columns in COLUMNS.items():
        yield f"DROP TRIGGER follow ON {table}"
        for column in columns:
            yield f"ALTER TABLE {table} RENAME COLUMN {column} TO {column}_old"
            yield f"ALTER TABLE {table} RENAME COLUMN {column}_new TO {column}"
        yield f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}.id"
        yield f"ALTER SEQUENCE {table}_id_seq AS bigint"
        yield f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('{table}_id_seq'), ALTER COLUMN id_old DROP DEFAULT"
    for table, columns in reversed(COLUMNS.items()):
        yield f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {column}_old CASCADE' for column in columns)}"
        yield f"ALTER TABLE {table} ADD PRIMARY KEY USING INDEX {table}_id_new"
