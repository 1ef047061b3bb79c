"""What holds background work back, so that the application keeps its pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from splitter.db import Connection, translated

LOOK_SECONDS = 1.0  # how often standbys are asked
_LAG = "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint FROM pg_catalog.pg_stat_replication"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brakes:
    """``max_rate``: rows a second. ``pause``: seconds after each batch. ``max_lag``: bytes of WAL that a standby may be behind."""

    max_rate: float | None = None
    pause: float = 0.0
    max_lag: int | None = None


@dataclass(slots=True)
class Pace:
    """The brakes at work, over all databases of one process."""

    brakes: Brakes
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _free_at: float = field(default=0.0)  # when the rows so far are paid for
    _looked_at: float = field(default=float("-inf"))

    def spent(self, rows: int) -> None:
        """Wait until ``rows`` more are due. Idle time is not saved up: a burst after it would be no slower for it."""
        if self.brakes.max_rate is not None:
            self._free_at = max(self._free_at, self.clock()) + rows / self.brakes.max_rate
            self._wait_until(self._free_at)
        if self.brakes.pause and rows:
            self.sleep(self.brakes.pause)

    def _wait_until(self, moment: float) -> None:
        left = moment - self.clock()
        if left > 0:
            self.sleep(left)

    def wait_for_standbys(self, conn: Connection) -> None:
        """Until no standby of this database's server is further behind than allowed."""
        if self.brakes.max_lag is None or self.clock() - self._looked_at < LOOK_SECONDS:
            return
        while _read_lag(conn) > self.brakes.max_lag:
            self.sleep(LOOK_SECONDS / 2)
        self._looked_at = self.clock()


def _read_lag(conn: Connection) -> int:
    with translated("asking how far standbys are behind"):
        row = conn.execute(_LAG).fetchone()
    return int(row[0]) if row else 0
