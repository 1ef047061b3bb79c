"""One process at a time moves an organization: the mover.

A mover holds an advisory lock on a session of its own in control, and shows a sign of life there. Whoever takes over raises the
generation; what still carries the older one can commit nothing: no phase and no switch (its row in control is compared), no chunk
(its row in the region is). A process that was stopped (SIGSTOP, a machine that hangs) keeps its session but gives no sign of life:
after the lease its sessions are ended by the one that takes over.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from relocate.control import Relocation, lock_relocation, mover_name, read_relocation, write_audit
from relocate.phases import BEYOND_RETURN, Phase, check_move, is_final
from splitter.db import Connection, translated
from splitter.errors import BugError, Busy, ConfigError, ConnectionLost, FailedError, OtherMover

LEASE_SECONDS = 20.0
MOST_SILENCE_SECONDS = 2.0  # between two signs of life, however long the lease: another process may have a shorter one
_KEY = "pg_catalog.hashtextextended('orglift relocation ' || %(relocation)s::text, 0)"
_LOCK = f"SELECT pg_catalog.pg_advisory_lock({_KEY})"
_PATIENCE = "SELECT pg_catalog.set_config('lock_timeout', %s, true)"
PATIENCE_MS = 2000  # the server may need a moment to see that a process was killed
# The session that holds the lock, and for how many seconds nothing was heard of it: null where its role hides that. One that is active is
# alive, unless it waits for its client: then half a message has come, or nobody takes the answer.
_HOLDER = f"""
SELECT l.pid, r.mover, a.backend_start,
    CASE WHEN a.state = 'active' AND a.wait_event_type IS DISTINCT FROM 'Client' THEN 0
        ELSE pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()
            - greatest(a.state_change, CASE WHEN r.backend_pid = l.pid THEN r.seen_at END)) END
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid AND a.datname = pg_catalog.current_database()
JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = a.datname
LEFT JOIN orglift.relocations AS r ON r.id = %(relocation)s
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND (l.classid::bigint << 32 | l.objid::bigint) = {_KEY}
"""
_TAKE = """
UPDATE orglift.relocations SET generation = generation + 1, mover = %s, backend_pid = pg_catalog.pg_backend_pid(),
    seen_at = pg_catalog.clock_timestamp()
WHERE id = %s
"""
# Never behind the row's lock: the switch holds it in another session, and one that waits for that could not be told from one that lives.
_BEAT = """
UPDATE orglift.relocations SET seen_at = pg_catalog.clock_timestamp()
WHERE id = (SELECT id FROM orglift.relocations WHERE id = %s AND generation = %s FOR NO KEY UPDATE SKIP LOCKED)
"""
_IS_CURRENT = "SELECT FROM orglift.relocations WHERE id = %s AND generation = %s"
_ENDED = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE pid = ANY (%s)"
_OURS = "SELECT pid, application_name FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()"
_FACTS = frozenset({"snapshot_lsn", "snapshot_xmin", "saved", "rows", "note"})
_SET_NAME = "SELECT pg_catalog.set_config('application_name', %s, false)"


def lease_seconds(environ: Mapping[str, str] = os.environ) -> float:
    """For how long a mover may be silent before another takes over: ``ORGLIFT_LEASE``, or 20 s."""
    given = environ.get("ORGLIFT_LEASE", "")
    try:
        lease = float(given) if given else LEASE_SECONDS
    except ValueError:
        lease = 0.0
    if not 0 < lease < float("inf"):
        raise ConfigError(f"ORGLIFT_LEASE is {given!r}", hint="give a number of seconds above 0, or unset it")
    return lease


def application(relocation: UUID, generation: int) -> str:
    """The application_name of every session of a mover: by it, its successor finds those that are left."""
    return f"orglift {relocation} {generation}"


def end_superseded(conn: Connection, relocation: UUID, generation: int) -> int:
    """End what movers of older generations have left open in this database: how many sessions. Call it before waiting for their locks."""
    prefix = f"orglift {relocation} "
    with translated("looking for sessions of an earlier mover"):
        ours = [row for row in conn.execute(_OURS).fetchall() if (row[1] or "").startswith(prefix)]
        pids = [pid for pid, name in ours if int(name.removeprefix(prefix)) < generation]
        if pids:
            conn.execute(_ENDED, (pids,))
    return len(pids)


def take_over(connect: Callable[[], Connection], relocation: UUID, *, lease: float | None = None) -> Mover:
    """Become the mover of ``relocation``; ``connect`` opens a session in control that is the mover's own.

    OtherMover where another one is alive. ``lease`` is in seconds; without it, ``lease_seconds()``.
    """
    lease = lease_seconds() if lease is None else lease
    conn = connect()
    try:
        _acquire(conn, relocation, lease)
        return Mover(conn, connect, _take(conn, relocation), lease=lease)
    except BaseException:
        conn.close()
        raise


def _acquire(conn: Connection, relocation: UUID, lease: float) -> None:
    """The advisory lock, or OtherMover. A silent holder is ended; its server process may need a moment for that."""
    for _ in range(5):
        with suppress(Busy), translated("asking for the relocation's lock"), conn.transaction():
            conn.execute(_PATIENCE, (str(PATIENCE_MS),))
            conn.execute(_LOCK, {"relocation": relocation})
            return
        with translated("asking who moves this organization"):
            _end_if_silent(conn, relocation, lease)
    raise OtherMover(f"the session of the earlier mover of {relocation} does not end", hint="end it with pg_terminate_backend")


def _end_if_silent(conn: Connection, relocation: UUID, lease: float) -> None:
    holder = conn.execute(_HOLDER, {"relocation": relocation}).fetchone()
    if holder is None:
        return  # it ended in this moment
    pid, name, since, silent = holder
    if silent is None or silent < lease:
        last = "" if silent is None else f", last heard of {silent:.0f} s ago"
        told = f"another process is moving this organization: {name or 'one that is starting'}, since {since:%Y-%m-%d %H:%M:%S} UTC{last}"
        hint = f"wait for it or end it; one that is silent for {lease:g} s is taken over (backend {pid} in control)"
        raise OtherMover(told, hint=hint)
    conn.execute(_ENDED, ([pid],))


def _take(conn: Connection, relocation: UUID) -> Relocation:
    before = read_relocation(conn, relocation)
    if before is not None:
        # A switch that an earlier mover never finished would hold the row that is written next.
        end_superseded(conn, relocation, before.generation + 1)
    with translated("taking the relocation over"), conn.transaction():
        conn.execute(_PATIENCE, (str(PATIENCE_MS),))
        conn.execute(_TAKE, (mover_name(), relocation))
        taken = lock_relocation(conn, relocation)
        if is_final(taken.phase):  # while this process stood between finding it and taking it over
            told = f"the relocation of {taken.name!r} was {taken.phase.value} by {before.mover if before else 'another process'}"
            raise OtherMover(told, hint="nothing was written from here; see `relocate status`")
        conn.execute(_SET_NAME, (application(relocation, taken.generation),))
        if before is not None and before.mover is not None:
            detail = {"generation": taken.generation, "from": before.mover}
            write_audit(conn, "taken over", organization=taken.organization_before, relocation=relocation, detail=detail)
    return taken


class Mover:
    """The one process that may write for a relocation, for as long as ``check`` says so. A context manager: leaving it lets go."""

    def __init__(self, conn: Connection, connect: Callable[[], Connection], relocation: Relocation, *, lease: float) -> None:
        self.relocation = relocation  # as this mover last saw it
        self.generation = relocation.generation
        self.name = mover_name()
        self.application = application(relocation.id, relocation.generation)
        self._conn = conn
        self._connect = connect
        self._lock = threading.RLock()  # the session is shared with the thread that shows signs of life
        self._stopping = threading.Event()
        self._pause = min(MOST_SILENCE_SECONDS, lease / 4)
        self._thread = threading.Thread(target=self._show_life, name="orglift mover", daemon=True)
        self._thread.start()

    def __enter__(self) -> Mover:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the signs of life and the session: the next mover need not wait. Safe to repeat."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=self._pause + 5)
        self._conn.close()

    def _show_life(self) -> None:
        while not self._stopping.wait(self._pause):
            with suppress(psycopg.Error), self._lock:  # who works finds out by ``check``
                if self._conn.closed or not self._beat():
                    return

    def _beat(self) -> bool:
        """One sign of life; False where this mover is superseded."""
        me = (self.relocation.id, self.generation)
        return bool(self._conn.execute(_BEAT, me).rowcount) or self._conn.execute(_IS_CURRENT, me).fetchone() is not None

    def check(self) -> None:
        """Raises OtherMover where another process has taken over, FailedError where the session with control is gone."""
        with self.session() as conn:
            found = read_relocation(conn, self.relocation.id)
        self._check_generation(found)

    def _check_generation(self, found: Relocation | None) -> None:
        if found is None or found.generation != self.generation:
            by = found.mover if found is not None else "nobody"
            told = f"the relocation of {self.relocation.name!r} was taken over by {by}: this process was silent for too long"
            raise OtherMover(told, hint="nothing more is written from here; see `relocate status`")

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """The mover's own session, for a moment: what it runs there ends when the mover is superseded."""
        with self._lock:
            try:
                with translated("talking to control"):
                    yield self._conn
            except ConnectionLost as exc:
                self._explain_loss(exc)

    def _explain_loss(self, loss: ConnectionLost) -> None:
        """A session ends by accident, or because somebody took over."""
        with self._connect() as conn:
            self._check_generation(read_relocation(conn, self.relocation.id))
        raise FailedError(
            f"the session with control was lost: {loss.message}", hint=f"{loss.hint}; then {FailedError.default_hint}"
        ) from loss

    def move_to(self, phase: Phase, **facts: Any) -> Relocation:
        """Write the phase, and facts beside it (``snapshot_lsn``, ``snapshot_xmin``, ``saved``, ``rows``, ``note``).

        IllegalMove where the table of moves has it not; OtherMover where this mover is superseded: then nothing is written.
        """
        if phase is Phase.SWITCHED and self.relocation.phase is not phase:
            raise BugError("only relocate.switch goes to switched")
        with self.session() as conn, conn.transaction():
            found = lock_relocation(conn, self.relocation.id)
            self._check_generation(found)
            check_move(found.phase, phase)
            _write_facts(conn, found, phase, facts)
            if phase is not found.phase:
                _record_move(conn, found, phase)
            self.relocation = lock_relocation(conn, found.id)
        return self.relocation

    def record(self, **facts: Any) -> Relocation:
        """Write facts and stay in the phase."""
        return self.move_to(self.relocation.phase, **facts)


def _write_facts(conn: Connection, found: Relocation, phase: Phase, facts: Mapping[str, Any]) -> None:
    unknown = facts.keys() - _FACTS
    if unknown:
        raise BugError(f"no facts of a relocation: {', '.join(sorted(unknown))}")
    values = {name: Jsonb(value) if name == "saved" else value for name, value in facts.items()}
    given = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values]
    stamps = [sql.SQL("phase = %(phase)s, updated_at = pg_catalog.clock_timestamp()")]
    stamps += [sql.SQL("finished_at = pg_catalog.clock_timestamp()")] if is_final(phase) and not is_final(found.phase) else []
    query = sql.SQL("UPDATE orglift.relocations SET {} WHERE id = %(id)s").format(sql.SQL(", ").join([*stamps, *given]))
    conn.execute(query, {**values, "phase": phase.value, "id": found.id})


def _record_move(conn: Connection, found: Relocation, phase: Phase) -> None:
    organization = found.organization_after if phase in BEYOND_RETURN else found.organization_before
    write_audit(conn, phase.value, organization=organization, relocation=found.id)
    if phase is Phase.ABORTED:  # ids that the move would have given lead nowhere
        conn.execute("DELETE FROM orglift.moved_ids WHERE relocation = %s", (found.id,))
        conn.execute("DELETE FROM orglift.moved_keys WHERE relocation = %s", (found.id,))
