"""A BACKFILL step: one range of blocks after the other, each in a transaction of its own, as large as its time allows.

Where it is stands in ``orglift.backfills`` and is written with the rows, so that the same call goes on after a kill. The application's
triggers do not fire where the role may switch them off; it gives way to standbys, to row locks and, for a part of its time, to everybody.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from psycopg import sql

from splitter.attempts import Attempts
from splitter.brakes import Brakes, Pace
from splitter.db import Connection, translated
from splitter.errors import Conflict, NoRights
from splitter.events import Advanced, Finished, Note, Reporter, Started
from splitter.schema import TableName
from splitter.steps import Step

BATCH_SECONDS = 0.1  # a batch's rows are locked for that long
_SHARE = 0.25  # of a batch's time that is left to others after it
_MAX_LAG = 64 * 2**20  # bytes
_VACUUM_ROWS = 200_000  # row versions that may be left behind before they are cleared up
_FIRST_BLOCKS, _MOST_BLOCKS = 8, 8192
_BEGIN = """
INSERT INTO orglift.backfills AS b (place, file, blocks)
SELECT %(place)s, pg_catalog.pg_relation_filenode(c.oid),
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
  FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass(%(place)s)
    ON CONFLICT (place) DO UPDATE SET file = excluded.file, blocks = excluded.blocks, next_block = 0 WHERE b.file <> excluded.file
"""
_READ = """
SELECT b.next_block, b.blocks, b.file = pg_catalog.pg_relation_filenode(pg_catalog.to_regclass(%(place)s))
  FROM orglift.backfills AS b WHERE b.place = %(place)s
"""
_RANGE = """SELECT pg_catalog.set_config('orglift.first_row', %s, true), pg_catalog.set_config('orglift.last_row', %s, true)"""
_QUIET = """SELECT pg_catalog.set_config('session_replication_role', 'replica', true)
 WHERE pg_catalog.has_parameter_privilege('session_replication_role', 'SET')"""
_ADVANCE = "UPDATE orglift.backfills SET next_block = %s, rows = rows + %s WHERE place = %s"


@dataclass(slots=True)
class Backfill:
    """``brakes`` hold it back; the clock is the attempts'."""

    conn: Connection
    attempts: Attempts
    report: Reporter
    brakes: Brakes = field(default_factory=lambda: Brakes(max_lag=_MAX_LAG))

    def run(self, step: Step, what: str) -> None:
        """To the end, from where it was. Raises Busy when rows stay locked for longer than patience lasts."""
        (table,) = step.tables
        place = sql.Identifier(*table).as_string()
        pace = Pace(brakes=self.brakes, sleep=self.attempts.patience.sleep)
        at, blocks = self._begin(place)
        self.report(Started(what, total=blocks, unit="blocks"))
        self.report(Advanced(what, by=at))
        size, left = _FIRST_BLOCKS, 0
        while at < blocks:
            pace.wait_for_standbys(self.conn)
            begun = self.attempts.patience.clock()
            until = min(at + size, blocks)
            rows = self.attempts.until_done(step, what, lambda at=at, until=until: self._batch(step, place, at, until))  # type: ignore[misc]
            took = self.attempts.patience.clock() - begun
            self.report(Advanced(what, by=until - at))
            at, left = until, left + rows
            size = max(1, min(_MOST_BLOCKS, int(size * min(2.0, max(0.5, BATCH_SECONDS / max(took, 0.001))))))
            if left >= _VACUUM_ROWS:
                self._vacuum(table)
                left = 0
            if at < blocks:
                self.attempts.patience.sleep(took * _SHARE)
        self.report(Finished(what))

    def _begin(self, place: str) -> tuple[int, int]:
        """Where it is, and how many blocks there are."""
        with translated(f"beginning the backfill of {place}"):
            self.conn.execute(_BEGIN, {"place": place})
            row = self.conn.execute(_READ, {"place": place}).fetchone()
        if row is None:
            raise Conflict(f"{place} is not there any more", hint="make the plan anew")
        return int(row[0]), int(row[1])

    def _batch(self, step: Step, place: str, first: int, until: int) -> int:
        with self.conn.transaction(), self.attempts.timed(step):
            if not self.attempts.is_wanted(step):
                return 0
            self.conn.execute(_QUIET)
            self.conn.execute(_RANGE, (f"({first},0)", f"({until},0)"))
            rows = self.attempts.execute(step)
            self.conn.execute(_ADVANCE, (until, rows, place))
        return rows

    def _vacuum(self, table: TableName) -> None:
        """Room for the row versions to come; who may not vacuum pays with a larger table."""
        with suppress(NoRights), translated(f"vacuuming {table}"):
            self.conn.execute(sql.SQL("VACUUM (TRUNCATE OFF, SKIP_LOCKED) {}").format(sql.Identifier(*table)))
        self.report(Note(f"vacuumed {table}"))
