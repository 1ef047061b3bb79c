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
_VACUUM_PART = 4  # and which part of the table: each vacuum reads all of its indexes
_OLD_SECONDS = 60.0  # a transaction that is older is told when it keeps a vacuum from clearing up
_FIRST_BLOCKS, _MOST_BLOCKS = 8, 8192
# Blocks that are gone over in rounds before the next ones are: the rows of the first round leave their page, and those of the others find
# the room that was theirs, and so need no entry in any index.
_LEAST_CHUNK, _MOST_CHUNK = 64, 4096
_ROUNDS = 4
_BEGIN = load_queries("backfill.sql")["begin"]
_READ = "SELECT b.next_block, b.blocks FROM orglift.backfills AS b WHERE b.place = %(place)s"
_PROGRESS = """
SELECT b.place, b.next_block, b.blocks, b.rows, b.seconds FROM orglift.backfills AS b WHERE b.next_block < b.blocks ORDER BY b.begun_at
"""
_RANGE = """SELECT pg_catalog.set_config('orglift.first_row', %s, true), pg_catalog.set_config('orglift.last_row', %s, true),
       pg_catalog.set_config('orglift.round', %s, true)"""
# The application's triggers stay quiet; and a tenth less WAL, by the images of pages that are written first after a checkpoint.
_QUIET = """SELECT w.name, w.value
  FROM (VALUES ('session_replication_role', 'replica'), ('wal_compression', 'lz4')) AS w (name, value)
  JOIN pg_catalog.pg_settings AS s ON s.name = w.name AND w.value = ANY (s.enumvals) AND s.setting IN ('origin', 'off')
 WHERE pg_catalog.has_parameter_privilege(w.name, 'SET')"""
_SET = "SELECT pg_catalog.set_config(%s, %s, true)"
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
    """A range of blocks; ``at``: up to where everything is done after it; ``spent``: seconds since the one before it began."""

    first: int
    until: int
    round: int
    at: int
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
        fill = _Fill(step, what, place, throttle, self, self._read_settings(), turn=patience.clock())
        chunk = max(_LEAST_CHUNK, min(_MOST_CHUNK, blocks // _VACUUM_PART))
        left, cleared = 0, at
        while at < blocks:
            until = min(at + chunk, blocks)
            left += sum(fill.over(at, until, number) for number in range(_ROUNDS))
            at = until
            if left >= _VACUUM_ROWS and (at - cleared) * _VACUUM_PART >= blocks:
                self._vacuum(table)
                left, cleared = 0, at
        self.report(Finished(what))

    def _read_settings(self) -> tuple[tuple[str, str], ...]:
        with translated("asking what the role may set"):
            return tuple((name, value) for name, value in self.conn.execute(_QUIET).fetchall())

    def _begin(self, place: str) -> tuple[int, int]:
        """Where it is, and how many blocks there are."""
        with translated(f"beginning the backfill of {place}"):
            self.conn.execute(sql.SQL(_BEGIN).format(place=sql.Literal(place)))
            row = self.conn.execute(_READ, {"place": place}).fetchone()
        if row is None:
            raise Conflict(f"{place} is not there any more", hint="make the plan anew")
        return int(row[0]), int(row[1])

    def _vacuum(self, table: TableName) -> None:
        """Room for the row versions to come; who may not vacuum pays with a larger table."""
        with suppress(NoRights), translated(f"vacuuming {table}"):
            self.conn.execute(sql.SQL("VACUUM (TRUNCATE OFF, SKIP_LOCKED) {}").format(sql.Identifier(*table)))
        self.report(Note(f"vacuumed {table}"))
        for holder in read_holders(self.conn, _OLD_SECONDS):
            if holder.pid not in self._told:
                self._told.add(holder.pid)
                self.report(Warned(f"{table} grows, for its old row versions cannot be cleared: {holder}"))


@dataclass(slots=True)
class _Fill:
    """The batches of one backfill."""

    step: Step
    what: str
    place: str
    throttle: Throttle
    backfill: Backfill
    settings: tuple[tuple[str, str], ...]
    turn: float
    size: int = _FIRST_BLOCKS

    def over(self, first: int, until: int, number: int) -> int:
        """One round over a range of blocks; how many rows it changed."""
        rows, at, last = 0, first, number == _ROUNDS - 1
        attempts, clock = self.backfill.attempts, self.backfill.attempts.patience.clock
        while at < until:
            self.throttle.wait()
            begun = clock()
            end = min(at + self.size, until)
            batch = _Batch(at, end, number, at=end if last else first, spent=begun - self.turn)
            rows += attempts.until_done(self.step, self.what, lambda batch=batch: self._do(batch))  # type: ignore[misc]
            self.turn, took = begun, clock() - begun
            if last:
                self.backfill.report(Advanced(self.what, by=end - at))
            at, self.size = end, _next_size(self.size, took)
            self.throttle.pause(took)
        return rows

    def _do(self, batch: _Batch) -> int:
        conn, attempts = self.backfill.conn, self.backfill.attempts
        with conn.transaction(), attempts.timed(self.step):
            if not attempts.is_wanted(self.step):
                return 0
            for setting in self.settings:
                conn.execute(_SET, setting)
            conn.execute(_RANGE, (f"({batch.first},0)", f"({batch.until},0)", str(batch.round)))
            rows = attempts.execute(self.step)
            conn.execute(_ADVANCE, (batch.at, rows, batch.spent, self.place))
        return rows


def _next_size(size: int, took: float) -> int:
    """Blocks of the next batch."""
    return max(1, min(_MOST_BLOCKS, int(size * min(2.0, max(0.5, BATCH_SECONDS / max(took, 0.001))))))
