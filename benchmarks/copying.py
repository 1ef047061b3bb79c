"""A contestant of ``benchmarks.widen``: fresh tables that follow by a log of changed keys and keep the columns' order, as pg_repack does.

The copies stand in a schema of their own under the same names, so that the swap moves tables, and every index and constraint with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import psycopg

from benchmarks.widening import COLUMNS as IDS
from benchmarks.widening import Phases
from splitter.db import retrying

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "account": ("id", "name", "n", "at"),
    "visit": ("id", "account_id", "at", "what"),
    "note": ("id", "account_id", "body"),
}
KEYS = {"visit": "", "note": " ON DELETE CASCADE"}  # of those that refer to an account
BATCH = 20_000  # rows
SHORT = 200  # changed keys that may be left for the lock
ROUNDS = 30
Conn = psycopg.Connection[tuple[object, ...]]

_LOG = """
CREATE TABLE copied.{table}_log (id bigint NOT NULL);
CREATE FUNCTION copied.{table}_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN INSERT INTO copied.{table}_log VALUES (OLD.id); END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.id <> OLD.id) THEN INSERT INTO copied.{table}_log VALUES (NEW.id); END IF;
    RETURN NULL;
END $$"""
# It waits for those who write the table: what they have written is there for the first batch, and what comes after them is logged.
_TRIGGER = """CREATE TRIGGER follow AFTER INSERT OR UPDATE OR DELETE ON public.{table}
    FOR EACH ROW EXECUTE FUNCTION copied.{table}_log()"""
_COPY = """WITH done AS (INSERT INTO copied.{table} ({columns}) SELECT {columns} FROM public.{table}
    WHERE id > {last} ORDER BY id LIMIT {size} RETURNING id) SELECT max(id) FROM done"""
# In one snapshot: whose change is in the log has changed the row, and whose is not comes later. The row is taken as it is by now.
_REPLAY = """WITH taken AS (DELETE FROM copied.{table}_log RETURNING id), keys AS (SELECT DISTINCT id FROM taken),
    gone AS (DELETE FROM copied.{table} AS c USING keys AS k WHERE c.id = k.id
        AND NOT EXISTS (SELECT FROM public.{table} AS t WHERE t.id = k.id)),
    done AS (INSERT INTO copied.{table} ({columns}) SELECT {taken} FROM keys AS k JOIN public.{table} AS t ON t.id = k.id
        ON CONFLICT (id) DO UPDATE SET {sets})
    SELECT count(*) FROM taken"""


def copy(url: str, phases: Phases) -> None:
    """Nothing but what TRUNCATE does gets lost: no trigger here logs that."""
    with psycopg.connect(url, autocommit=True) as conn:
        retrying(partial(_begin, conn), attempts=50)
        with phases.over("backfill"):
            for table in COLUMNS:
                _fill(conn, table)
        with phases.over("indexes"):
            for table in COLUMNS:
                _index(conn, table)
        with phases.over("keys"):
            while _replay(conn) > SHORT * 100:
                pass
            for table, action in KEYS.items():  # the copies are what the tables were at one instant: each row finds its account
                key = f"ADD CONSTRAINT {table}_account_id_fkey FOREIGN KEY (account_id) REFERENCES copied.account{action}"
                conn.execute(f"ALTER TABLE copied.{table} {key}".encode())
            for table in COLUMNS:
                conn.execute(f"ANALYZE copied.{table}".encode())
        with phases.over("replay"):
            for _ in range(ROUNDS):
                if _replay(conn) <= SHORT:
                    break
        with phases.over("swap"):
            retrying(partial(_swap, conn), attempts=50)
        with phases.over("drop"):
            conn.execute("DROP SCHEMA old CASCADE")
            conn.execute("DROP SCHEMA copied CASCADE")


def _begin(conn: Conn) -> None:
    with conn.transaction():
        conn.execute("SET LOCAL lock_timeout = 100")
        conn.execute("CREATE SCHEMA copied")
        for table, ids in IDS.items():
            conn.execute(f"CREATE TABLE copied.{table} (LIKE public.{table} INCLUDING ALL EXCLUDING INDEXES)".encode())
            changes = ", ".join(f"ALTER COLUMN {column} TYPE bigint" for column in ids)
            conn.execute(f"ALTER TABLE copied.{table} {changes}".encode())
            conn.execute(_LOG.format(table=table).encode())
            conn.execute(_TRIGGER.format(table=table).encode())


def _fill(conn: Conn, table: str) -> None:
    columns = ", ".join(COLUMNS[table])
    last: object = -(2**31) - 1
    while last is not None:
        row = conn.execute(_COPY.format(table=table, columns=columns, last=last, size=BATCH).encode()).fetchone()
        last = row[0] if row else None


def _index(conn: Conn, table: str) -> None:
    """Nobody but this session knows the copies: no need for CONCURRENTLY."""
    conn.execute(f"ALTER TABLE copied.{table} ADD PRIMARY KEY (id)".encode())
    if table in KEYS:
        conn.execute(f"CREATE INDEX {table}_account_id_idx ON copied.{table} (account_id)".encode())


def _replay(conn: Conn) -> int:
    """All tables as they are at one instant; how many changes that took."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        changed = _replay_all(conn)
    for table in COLUMNS:
        conn.execute(f"VACUUM copied.{table}_log".encode())
    return changed


def _replay_all(conn: Conn) -> int:
    """In a transaction. Foreign keys of the copies need no check and no action: those of the tables themselves have had it."""
    conn.execute("SET LOCAL session_replication_role = replica")
    conn.execute("SET LOCAL enable_hashjoin = off")  # no estimate of a log may lead to a scan of the whole table
    conn.execute("SET LOCAL enable_mergejoin = off")
    changed = 0
    for table, columns in COLUMNS.items():
        sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
        taken = ", ".join(f"t.{column}" for column in columns)
        text = _REPLAY.format(table=table, columns=", ".join(columns), taken=taken, sets=sets)
        row = conn.execute(text.encode()).fetchone()
        assert row is not None
        changed += int(str(row[0]))
    return changed


def _swap(conn: Conn) -> None:
    """With a time-out of its locks; who calls it tries again."""
    with conn.transaction():
        conn.execute("SET LOCAL lock_timeout = 100")
        conn.execute(f"LOCK TABLE {', '.join(f'public.{table}' for table in COLUMNS)} IN ACCESS EXCLUSIVE MODE".encode())
        _replay_all(conn)
        conn.execute("CREATE SCHEMA old")
        for table in COLUMNS:
            sequence = f"public.{table}_id_seq"
            conn.execute(f"ALTER SEQUENCE {sequence} OWNED BY NONE".encode())  # it stays where it is
            conn.execute(f"ALTER TABLE public.{table} SET SCHEMA old".encode())
            conn.execute(f"ALTER TABLE copied.{table} SET SCHEMA public".encode())
            conn.execute(f"ALTER SEQUENCE {sequence} AS bigint OWNED BY public.{table}.id".encode())
