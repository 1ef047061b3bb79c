"""A BACKFILL step: one range of blocks after the other, each in a transaction of its own, as large as its time allows.

Where it is stands in ``orglift.backfills`` and is written with the rows, so that the same call goes on after a kill. The application's
triggers do not fire where the role may switch them off; it gives way to row locks, and to whatever its throttle sees.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from psycopg import sql
from psycopg.rows import class_row

from splitter.attempts import Attempts
from splitter.db import Connection, translated
from splitter.errors import Conflict, NoRights
from splitter.events import Advanced, Finished, Note, Reporter, Started, Warned
from splitter.figures import spell_seconds
from splitter.horizon import read_holders
from splitter.identity import has_relation
from splitter.schema import TableName
from splitter.sql import load_queries
from splitter.steps import Step
from splitter.throttle import Limits, Throttle

BATCH_SECONDS = 0.05  # a batch's rows are locked for that long
_VACUUM_ROWS = 50_000  # row versions that may be left behind before they are cleared up,
_VACUUM_PART = 8  # and which part of the table: each vacuum reads all of its indexes
_OLD_SECONDS = 60.0  # a transaction that is older is told when it keeps a vacuum from clearing up
_FIRST_BLOCKS, _MOST_BLOCKS = 8, 8192
_BEGIN = load_queries("backfill.sql")["begin"]
_READ = "SELECT b.next_block, b.blocks FROM orglift.backfills AS b WHERE b.place = %(place)s"
_PROGRESS = """
SELECT b.place, b.next_block, b.blocks, b.rows, b.seconds FROM orglift.backfills AS b WHERE b.next_block < b.blocks ORDER BY b.begun_at
"""
_RANGE = """SELECT pg_catalog.set_config('orglift.first_row', %s, true), pg_catalog.set_config('orglift.last_row', %s, true)"""
# A seventh less WAL: the images of pages that are written for the first time after a checkpoint.
_QUIET = """SELECT pg_catalog.set_config(w.name, w.value, true)
  FROM (VALUES ('session_replication_role', 'origin', 'replica'), ('wal_compression', 'off', 'on')) AS w (name, usual, value)
 WHERE pg_catalog.current_setting(w.name) = w.usual AND pg_catalog.has_parameter_privilege(w.name, 'SET')"""
_ADVANCE = "UPDATE orglift.backfills SET next_block = %s, rows = rows + %s, seconds = seconds + %s WHERE place = %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the backfill of a table is; ``seconds``: for which it has been at work, over all runs."""

    place: str
    next_block: int
    blocks: int
    rows: int
    seconds: float

    def __str__(self) -> str:
        told = f"{self.place}: {self.next_block:,} of {self.blocks:,} blocks, {self.rows:,} rows"
        if not self.next_block:
            return told
        return f"{told}, {spell_seconds(self.seconds * (self.blocks - self.next_block) / self.next_block)} of work left"


def read_progress(conn: Connection) -> tuple[Progress, ...]:
    """Of the backfills that were begun and are not at their end."""
    if not has_relation(conn, "orglift.backfills"):
        return ()
    with translated("reading orglift.backfills"), conn.cursor(row_factory=class_row(Progress)) as cursor:
        return tuple(cursor.execute(_PROGRESS).fetchall())


@dataclass(frozen=True, slots=True)
class _Batch:
    """A range of blocks; ``spent``: seconds since the one before it began, for whoever wants to know how long the rest takes."""

    place: str
    first: int
    until: int
    spent: float


@dataclass(slots=True)
class Backfill:
    """``limits`` hold it back; the clock is the attempts'."""

    conn: Connection
    attempts: Attempts
    report: Reporter
    limits: Limits = field(default_factory=Limits)
    _told: set[int] = field(default_factory=set)

    def run(self, step: Step, what: str) -> None:
        """To the end, from where it was. Raises Busy when rows stay locked for longer than patience lasts."""
        (table,) = step.tables
        place = sql.Identifier(*table).as_string()
        patience = self.attempts.patience
        throttle = Throttle(self.conn, place, self.limits, self.report, sleep=patience.sleep, clock=patience.clock)
        at, blocks = self._begin(place)
        self.report(Started(what, total=blocks, unit="blocks", done=at))
        size, left, cleared, turn = _FIRST_BLOCKS, 0, at, patience.clock()
        while at < blocks:
            throttle.wait()
            begun = patience.clock()
            batch = _Batch(place, at, min(at + size, blocks), begun - turn)
            left += self.attempts.until_done(step, what, lambda batch=batch: self._do(step, batch))  # type: ignore[misc]
            turn, took = begun, patience.clock() - begun
            self.report(Advanced(what, by=batch.until - at))
            at, size = batch.until, _next_size(size, took)
            if left >= _VACUUM_ROWS and (at - cleared) * _VACUUM_PART >= blocks:
                self._vacuum(table)
                left, cleared = 0, at
            if at < blocks:
                throttle.pause(took)
        self.report(Finished(what))

    def _begin(self, place: str) -> tuple[int, int]:
        """Where it is, and how many blocks there are."""
        with translated(f"beginning the backfill of {place}"):
            self.conn.execute(sql.SQL(_BEGIN).format(place=sql.Literal(place)))
            row = self.conn.execute(_READ, {"place": place}).fetchone()
        if row is None:
            raise Conflict(f"{place} is not there any more", hint="make the plan anew")
        return int(row[0]), int(row[1])

    def _do(self, step: Step, batch: _Batch) -> int:
        with self.conn.transaction(), self.attempts.timed(step):
            if not self.attempts.is_wanted(step):
                return 0
            self.conn.execute(_QUIET)
            self.conn.execute(_RANGE, (f"({batch.first},0)", f"({batch.until},0)"))
            rows = self.attempts.execute(step)
            self.conn.execute(_ADVANCE, (batch.until, rows, batch.spent, batch.place))
        return rows

    def _vacuum(self, table: TableName) -> None:
        """Room for the row versions to come; who may not vacuum pays with a larger table."""
        with suppress(NoRights), translated(f"vacuuming {table}"):
            self.conn.execute(sql.SQL("VACUUM (TRUNCATE OFF, SKIP_LOCKED) {}").format(sql.Identifier(*table)))
        self.report(Note(f"vacuumed {table}"))
        for holder in read_holders(self.conn, _OLD_SECONDS):
            if holder.pid not in self._told:
                self._told.add(holder.pid)
                self.report(Warned(f"{table} grows, for its old row versions cannot be cleared: {holder}"))


def _next_size(size: int, took: float) -> int:
    """Blocks of the next batch."""
    return max(1, min(_MOST_BLOCKS, int(size * min(2.0, max(0.5, BATCH_SECONDS / max(took, 0.001))))))
