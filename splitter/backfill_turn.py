"""The texts of a BACKFILL step: how it begins, and a turn of it, which the server runs in batches, each in a transaction of its own."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from splitter.sql import load_queries
from splitter.steps import Step
from splitter.tombstone_triggers import quoted_body

_BATCH_SECONDS = 0.05  # a batch's rows are locked for that long;
_BURST_SECONDS = 0.002  # for that long where others are at work: a client that needs the same core waits until a batch has ended,
_SHARE = 0.25  # and has that part of its time to itself after it
PARTS = 4  # of a table, between which it is vacuumed: each vacuum reads all of its indexes
_CHUNK, _SLOW_CHUNK = 256, 16  # blocks; where WAL is rationed, so that a turn is no longer than others
MAX_LAG = 64 * 2**20  # bytes that a standby may be behind
_QUERIES = load_queries("backfill.sql")
SHARED = sql.SQL(_QUERIES["shared"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """``seconds``: after which it ends with the chunk that it is at; None: with the part. ``wal_rate``: bytes a second, everybody's.
    ``max_lag``: bytes that a standby may be behind, looked at by the turn itself. ``shared``: whether others are at work; None: the
    server looks."""

    seconds: float | None = None
    wal_rate: float | None = None
    max_lag: int | None = None
    shared: bool | None = None


def place_of(step: Step) -> str:
    """The one table of a backfill, quoted."""
    (table,) = step.tables
    return sql.Identifier(*table).as_string()


def begin_text(step: Step) -> str:
    """The statement that a backfill begins with, or goes on."""
    return sql.SQL(_QUERIES["begin"]).format(place=sql.Literal(place_of(step))).as_string()


def turn_text(step: Step, turn: Turn) -> str:
    """A DO statement, to be run outside a transaction, again and again until ``next_block`` is ``blocks``."""
    end = sql.SQL("interval {}").format(sql.Literal(f"{turn.seconds} s")) if turn.seconds is not None else sql.SQL("interval '1000 years'")
    body = sql.SQL(_QUERIES["turn"]).format(
        place=sql.Literal(place_of(step)),
        statement=sql.SQL(step.sql),
        turn=end,
        parts=sql.Literal(PARTS),
        chunk=sql.Literal(_CHUNK if turn.wal_rate is None else _SLOW_CHUNK),
        shared=SHARED if turn.shared is None else sql.Literal(turn.shared),
        burst=sql.Literal(_BURST_SECONDS),
        batch=sql.Literal(_BATCH_SECONDS),
        share=sql.Literal(_SHARE),
        max_lag=sql.Literal(turn.max_lag),
        wal_rate=sql.SQL("{}::float8").format(sql.Literal(turn.wal_rate)),
    )
    return f"DO {quoted_body(body.as_string()).as_string()}"


def vacuum_text(step: Step) -> str:
    """Room for the row versions to come."""
    return f"VACUUM (TRUNCATE OFF, SKIP_LOCKED) {place_of(step)}"


def parts_text(step: Step, turn: Turn) -> str:
    """For psql, which runs what a query returns, cell by cell: turns to the end of each part, and a vacuum after each."""
    text = sql.SQL(_QUERIES["parts"]).format(
        turn=sql.Literal(turn_text(step, turn)),
        vacuum=sql.Literal(vacuum_text(step)),
        parts=sql.Literal(PARTS),
        place=sql.Literal(place_of(step)),
    )
    return text.as_string()
