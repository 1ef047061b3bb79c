"""A BACKFILL step: one range of blocks after the other, each in a transaction of its own, as large as its time allows.

Where it is stands in ``orglift.backfills`` and is written with the rows, so that the same call goes on after a kill. The application's
triggers do not fire where the role may switch them off; it gives way to row locks, and to whatever its throttle sees. A turn of it is
one statement, whose batches the server runs and paces by itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

from psycopg.rows import class_row

from splitter.attempts import Attempts
from splitter.backfill_turn import PARTS, Turn, begin_text, place_of, turn_text, vacuum_text
from splitter.db import Connection, translated
from splitter.errors import Conflict, NoRights
from splitter.events import Advanced, Finished, Note, Reporter, Started, Warned
from splitter.figures import spell_seconds
from splitter.horizon import read_holders
from splitter.identity import has_relation
from splitter.steps import Step
from splitter.throttle import Limits, Throttle

_TURN_SECONDS = 0.5  # between which the server is asked what it does, and progress is told
_VACUUM_ROWS = 50_000  # row versions that may be left behind before they are cleared up
_VACUUM_PACE = "2ms"  # autovacuum's own, where others are at work
_OLD_SECONDS = 60.0  # a transaction that is older is told when it keeps a vacuum from clearing up
_READ = "SELECT b.next_block, b.blocks, b.rows FROM orglift.backfills AS b WHERE b.place = %(place)s"
_PROGRESS = """
SELECT b.place, b.next_block, b.blocks, b.rows, b.seconds FROM orglift.backfills AS b WHERE b.next_block < b.blocks ORDER BY b.begun_at
"""


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
class _At:
    """Everything before ``block`` is done; ``rows`` were changed so far, by all runs."""

    block: int
    blocks: int
    rows: int


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
        place = place_of(step)
        patience = self.attempts.patience
        throttle = Throttle(self.conn, place, self.limits, self.report, sleep=patience.sleep, clock=patience.clock)
        at = cleared = self._begin(step)
        self.report(Started(what, total=at.blocks, unit="blocks", done=at.block))
        while at.block < at.blocks:
            throttle.wait()
            turn = Turn(seconds=_TURN_SECONDS, wal_rate=self.limits.max_wal_rate, shared=throttle.shared)
            found = self.attempts.until_done(step, what, lambda turn=turn: self._do(step, turn))  # type: ignore[misc]
            self.report(Advanced(what, by=found.block - at.block))
            at = found
            if at.rows - cleared.rows >= _VACUUM_ROWS and (at.block - cleared.block) * PARTS >= at.blocks:
                self._vacuum(step, throttle.shared)
                cleared = at
        self.report(Finished(what))

    def _begin(self, step: Step) -> _At:
        with translated(f"beginning the backfill of {place_of(step)}"):
            self.conn.execute(begin_text(step).encode())
        return self._where(step)

    def _where(self, step: Step) -> _At:
        with translated("reading orglift.backfills"):
            row = self.conn.execute(_READ, {"place": place_of(step)}).fetchone()
        if row is None:
            raise Conflict(f"{place_of(step)} is not there any more", hint="make the plan anew")
        return _At(*row)

    def _do(self, step: Step, turn: Turn) -> _At:
        """Its time-outs are the session's: a turn is many transactions."""
        with self.attempts.timed(replace(step, transactional=False)):
            if not self.attempts.is_wanted(step):
                at = self._where(step)
                return replace(at, block=at.blocks)
            self.conn.execute(turn_text(step, turn).encode())
        return self._where(step)

    def _vacuum(self, step: Step, shared: bool) -> None:
        """Who may not vacuum pays with a larger table."""
        (table,) = step.tables
        with suppress(NoRights), translated(f"vacuuming {table}"):
            self.conn.execute("SELECT pg_catalog.set_config('vacuum_cost_delay', %s, false)", (_VACUUM_PACE if shared else "0",))
            self.conn.execute(vacuum_text(step).encode())
        self.report(Note(f"vacuumed {table}"))
        for holder in read_holders(self.conn, _OLD_SECONDS):
            if holder.pid not in self._told:
                self._told.add(holder.pid)
                self.report(Warned(f"{table} grows, for its old row versions cannot be cleared: {holder}"))
