"""What holds a backfill back: standbys that lag, WAL, sessions at work, a vacuum of its table. The server is asked, and the reason told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from psycopg import sql

from splitter.backfill_turn import MAX_LAG, SHARED
from splitter.db import Connection, translated
from splitter.events import Note, Reporter, Warned, silent

LOOK_SECONDS = 1.0  # how often the server is asked
VACUUM_SECONDS = 600.0  # for which one vacuum is let through: what it cannot clear by then, the backfill's own rows keep it from
_LOOK = sql.SQL("""
SELECT 'standby', coalesce(nullif(r.application_name, ''), 'pid ' || r.pid),
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn)::bigint
  FROM pg_catalog.pg_stat_replication AS r WHERE r.state IS NULL OR r.replay_lsn IS NOT NULL  -- a copy of WAL replays nothing
UNION ALL
SELECT 'active', '', pg_catalog.count(*) FILTER (WHERE a.state = 'active')
  FROM pg_catalog.pg_stat_activity AS a WHERE a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()
UNION ALL
SELECT 'shared', '', ({shared})::int
UNION ALL
SELECT 'vacuum', 'pid ' || v.pid, v.pid
  FROM pg_catalog.pg_stat_progress_vacuum AS v
 WHERE v.datname = pg_catalog.current_database() AND v.relid = pg_catalog.to_regclass({place}) AND v.pid <> pg_catalog.pg_backend_pid()
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``max_lag``: bytes of WAL that a standby may be behind. ``max_wal_rate``: bytes of WAL a second, everybody's. ``max_active``:
    sessions of others that work at the same time. None: no such limit."""

    max_lag: int | None = MAX_LAG
    max_wal_rate: float | None = None
    max_active: int | None = None


@dataclass(slots=True)
class Throttle:
    """The limits of one backfill at work; ``place`` is its table, quoted."""

    conn: Connection
    place: str
    limits: Limits
    report: Reporter = silent
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _looked_at: float = field(default=float("-inf"))
    shared: bool = field(default=True)  # whether others are at work on the server
    _vacuums: dict[int, float] = field(default_factory=dict)  # until when each is let through
    _blind: bool = field(default=False)

    def wait(self) -> None:
        """Until nothing is in the way; who or what is, is told once."""
        if self.clock() - self._looked_at < LOOK_SECONDS:
            return
        told = ""
        while reason := self._find_reason():
            if reason[0] != told:
                told = reason[0]
                self.report(Note(f"{self.place}: the backfill waits: {reason[0]} {reason[1]}"))
            self.sleep(LOOK_SECONDS / 2)
        self._looked_at = self.clock()

    def _find_reason(self) -> tuple[str, str] | None:
        """What is in the way, and what of it."""
        with translated("asking what else the server does"):
            rows = self.conn.execute(_LOOK.format(shared=SHARED, place=sql.Literal(self.place))).fetchall()
        reasons = [self._judge(kind, name, amount) for kind, name, amount in rows]
        return next((reason for reason in reasons if reason is not None), None)

    def _judge(self, kind: str, name: str, amount: int | None) -> tuple[str, str] | None:
        if kind == "shared":
            self.shared = bool(amount)
        elif kind == "standby" and self.limits.max_lag is not None:
            return self._judge_standby(name, amount)
        elif kind == "active" and self.limits.max_active is not None and amount is not None and amount > self.limits.max_active:
            return ("sessions at work:", f"{amount}, and --max-active is {self.limits.max_active}")
        elif kind == "vacuum" and amount is not None and self._lets_through(amount):
            return (f"vacuum by {name}", "clears up the table")
        return None

    def _judge_standby(self, name: str, lag: int | None) -> tuple[str, str] | None:
        assert self.limits.max_lag is not None
        if lag is None and not self._blind:
            self._blind = True
            self.report(Warned("how far the standbys are behind is not to be seen: GRANT pg_monitor to the role, or look yourself"))
        if lag is not None and lag > self.limits.max_lag:
            return (f"standby {name}", f"is {lag:,} bytes of WAL behind, and --max-lag is {self.limits.max_lag:,}")
        return None

    def _lets_through(self, pid: int) -> bool:
        return self.clock() < self._vacuums.setdefault(pid, self.clock() + VACUUM_SECONDS)
