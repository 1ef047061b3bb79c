"""Who is in the way of a session that waits for a lock: asked from a second connection, while it waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType

import psycopg
from psycopg.rows import class_row

from splitter.db import Connection, connect_again, translated
from splitter.errors import OrgliftError, Problem, scrub
from splitter.events import Reporter, Warned

BLOCKER = "blocker"
FIRST_LOOK_SECONDS, LOOK_SECONDS, LATER_SECONDS = 0.05, 0.1, 1.0  # soon at first: a short wait has to be seen as well
_EAGER_LOOKS = 20
_SHOWN = 120  # characters of a query
_APPLICATION = "splitter blockers"
# pg_blocking_pids holds up the lock manager for a moment: it is asked only where the session does wait.
_READ = """
SELECT b.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename::text, '') AS role, coalesce(a.state, '') AS state,
       coalesce(a.backend_type, '') AS backend, coalesce(a.query, '') AS query,
       coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) a.xact_start), 0)::float8 AS age
  FROM pg_catalog.pg_stat_activity AS w
 CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b (pid)
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) b.pid
 WHERE w.pid OPERATOR(pg_catalog.=) %s AND w.wait_event_type OPERATOR(pg_catalog.=) 'Lock'
 ORDER BY age DESC, b.pid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A session that holds, or is before us in the queue for, the lock that is waited for. ``age``: seconds of its transaction."""

    pid: int  # 0: a prepared transaction
    application: str
    role: str
    state: str
    backend: str
    query: str
    age: float

    @property
    def name(self) -> str:
        if self.pid == 0:
            return "a prepared transaction"
        told = ", ".join(part for part in (self.application or self.backend, f"role {self.role}" if self.role else "") if part)
        return f"pid {self.pid} ({told})" if told else f"pid {self.pid}"

    @property
    def doing(self) -> str:
        """What it does, and for how long its transaction is open."""
        if self.pid == 0:
            return "holds its locks until it is committed or rolled back, see pg_prepared_xacts"
        if not self.query:
            return "its query may be seen by pg_read_all_stats or its own role alone"
        text = scrub(" ".join(self.query.split()))
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
        return f"{self.state or self.backend}, its transaction is {self.age:.1f} s old: {shown}"

    def __str__(self) -> str:
        return f"{self.name}: {self.doing}"

    def problem(self) -> Problem:
        if self.pid == 0:
            remedy = "COMMIT PREPARED or ROLLBACK PREPARED it"
        else:
            remedy = f"let it end, or end it: SELECT pg_terminate_backend({self.pid})"
        return Problem(code=BLOCKER, object=self.name, found=self.doing, remedy=remedy)


def read_blockers(conn: Connection, pid: int) -> tuple[Blocker, ...]:
    """Who blocks the session ``pid``; nobody where it does not wait for a lock. ``conn`` must be another session."""
    with translated("looking for blockers"), conn.cursor(row_factory=class_row(Blocker)) as cursor:
        return tuple(cursor.execute(_READ, (pid,)).fetchall())


class Watch:
    """Looks who blocks a session, from a connection of its own that is opened at the first wait that is not over at once.

    Without one (too many connections) it says so, once, and sees nobody.
    """

    def __init__(self, conn: Connection, report: Reporter) -> None:
        self._watched = conn
        self._pid = conn.info.backend_pid
        self._report = report
        self._conn: Connection | None = None
        self._blind = False

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._conn is not None:
            self._conn.close()

    @contextmanager
    def over(self, what: str) -> Iterator[Callable[[], tuple[Blocker, ...]]]:
        """While the body runs; the function that it gets returns those who were last seen to block it."""
        seen: list[tuple[Blocker, ...]] = [()]
        stop = threading.Event()
        thread = threading.Thread(target=self._look, args=(what, seen, stop), daemon=True)
        thread.start()
        try:
            yield lambda: seen[0]
        finally:
            stop.set()
            thread.join()

    def _look(self, what: str, seen: list[tuple[Blocker, ...]], stop: threading.Event) -> None:
        pause, looks = FIRST_LOOK_SECONDS, 0
        while not self._blind and not stop.wait(pause):
            looks += 1
            pause = LOOK_SECONDS if looks < _EAGER_LOOKS else LATER_SECONDS
            found = self._read()
            if found and {one.pid for one in found} != {one.pid for one in seen[0]}:
                self._report(Warned(f"{what} waits for {'; '.join(map(str, found))}"))
            seen[0] = found or seen[0]

    def _read(self) -> tuple[Blocker, ...]:
        try:
            if self._conn is None:
                self._conn = connect_again(self._watched, application=_APPLICATION)
            return read_blockers(self._conn, self._pid)
        except OrgliftError as exc:
            self._blind = True
            self._report(Warned(f"who blocks this cannot be seen: {exc.message}"))
            with suppress(psycopg.Error):
                if self._conn is not None:
                    self._conn.close()
            return ()
