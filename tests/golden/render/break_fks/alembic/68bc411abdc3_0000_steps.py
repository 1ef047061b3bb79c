"""What a plan's revisions run with; this revision itself changes nothing.

A revision's statements are transactions of their own, outside of Alembic's, which is committed before: so no lock is held for longer than
its step takes, however env.py is set up. A revision that fails is not stamped; the same `alembic upgrade` goes on.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar, TypedDict

from alembic import context, op
from alembic.util import CommandError

# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us: what its revisions run with
# a history of its own: beside other revisions, render with --after REVISION (`alembic heads`), or there are two heads
revision = "68bc411abdc3_0000"
down_revision = None
branch_labels = None
depends_on = None

T = TypeVar("T")

PATIENCE_SECONDS = float(os.environ.get("ORGLIFT_PATIENCE", "60"))  # for one step
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds
IN_THE_WAY = frozenset({"55P03", "40001", "40P01"})  # a lock that was not had in time, a serialization failure, a deadlock
CANCELLED = "57014"
PARTS = 4  # of a table, between which it is vacuumed
TELL_SECONDS, LAG_SECONDS = 10.0, 0.5
MAX_LAG = int(os.environ.get("ORGLIFT_MAX_LAG", str(64 * 2**20)))  # bytes of WAL that a standby may be behind
BEHIND = f"""SELECT 1 FROM pg_catalog.pg_stat_replication AS r
WHERE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn) > {MAX_LAG}"""

log = logging.getLogger("orglift")


class Backfill(TypedDict, total=False):
    """What a backfill has beside the rest."""

    place: str  # its table, quoted
    begin: str


class Step(Backfill):
    """Times are milliseconds; ``tables`` are those that it locks."""

    purpose: str
    sql: str
    precondition: str | None  # true: to be done; false: done already; null: not what the plan was made for
    action: str  # run; audit: any row (object, found) stops; repeat: until it changes no row; backfill: until next_block is blocks
    transactional: bool
    tables: Sequence[str]
    lock_timeout_ms: int
    statement_timeout_ms: int
    remedy: str


class Database(Protocol):
    """A connection in autocommit. Texts are sent as they are: nothing in them is a parameter."""

    def execute(self, text: str) -> int: ...  # how many rows were changed

    def fetch(self, text: str) -> Sequence[Sequence[Any]]: ...


class StepError(Exception):
    """A step that cannot be done now; the message says what to do."""


class BusyError(StepError):
    """Somebody else changes the schema."""

    sqlstate = "55P03"


def run_steps(database: Database, steps: Sequence[Step]) -> None:
    """All of them, in order. A step outside a transaction may leave something half-done: the one before it clears that."""
    before: Step | None = None
    for step in steps:
        clears = before if before is not None and not before["transactional"] and not step["transactional"] else None
        _run(database, step, clears)
        before = step


def _run(database: Database, step: Step, clears: Step | None = None) -> None:
    if step["action"] == "audit":
        _until_done(step, lambda: _audit(database, step))
    elif step["action"] == "repeat":
        while _until_done(step, lambda: _in_transaction(database, step)):
            pass
    elif step["action"] == "backfill":
        _backfill(database, step)
    elif step["transactional"]:
        _until_done(step, lambda: _in_transaction(database, step))
    else:
        _until_done(step, lambda: _outside(database, step), None if clears is None else lambda: _run(database, clears))


def _until_done(step: Step, attempt: Callable[[], T], clear: Callable[[], None] | None = None) -> T:
    until = time.monotonic() + PATIENCE_SECONDS
    pause = FIRST_PAUSE
    while True:
        begun = time.monotonic()
        try:
            return attempt()
        except Exception as exc:
            now = time.monotonic()
            if not _may_wait(step, _sqlstate(exc), now - begun):
                raise
            if now >= until:
                told = f"{step['purpose']}: other sessions were in the way for {PATIENCE_SECONDS:g} s ({exc})"
                raise StepError(f"{told}; nothing waits behind it now: migrate again when it is quieter") from exc
        wait = min(random.uniform(0.5, 1.5) * pause, LONGEST_PAUSE)
        log.warning("%s: gave way, again in %.1f s", step["purpose"], wait)
        time.sleep(wait)
        pause *= 2
        if clear is not None:
            clear()


def _may_wait(step: Step, sqlstate: str | None, seconds: float) -> bool:
    """Whether it was the locks: not had in time one by one, or, of a step that takes several, all together."""
    if sqlstate in IN_THE_WAY:
        return True
    budget = step["statement_timeout_ms"] / 1000
    return bool(len(step["tables"]) > 1 and budget and sqlstate == CANCELLED and seconds >= budget)


def _sqlstate(exc: BaseException | None) -> str | None:
    """Of the driver's error, or of the one that another was made from."""
    while exc is not None:
        for error in (exc, getattr(exc, "orig", None)):
            state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
            if state is not None:
                return str(state)
        exc = exc.__cause__
    return None


def _audit(database: Database, step: Step) -> None:
    with _transaction(database, step, " READ ONLY"):
        found = database.fetch(step["sql"]) if _is_wanted(database, step) else ()
    if found:
        listed = "\n".join(f"  {row[0]}: {row[1]}" for row in found)
        raise StepError(f"{step['purpose']}: not so\n{listed}\n{step['remedy']}")


def _in_transaction(database: Database, step: Step) -> int:
    with _transaction(database, step):
        return max(database.execute(step["sql"]), 0) if _is_wanted(database, step) else 0


def _backfill(database: Database, step: Step) -> None:
    """Where it is stands in orglift.backfills, and is written with the rows: called again it goes on there."""
    asked = "SELECT next_block, blocks FROM orglift.backfills WHERE place = '{}'".format(step["place"].replace("'", "''"))
    database.execute(step["begin"])
    ((at, blocks),) = database.fetch(asked)
    cleared, told = at, time.monotonic()
    while at < blocks and _until_done(step, lambda: _outside(database, step)):
        ((at, blocks),) = database.fetch(asked)
        if (at - cleared) * PARTS >= blocks:
            _outside(database, {**step, "sql": f"VACUUM (TRUNCATE OFF, SKIP_LOCKED) {step['place']}"})
            cleared = at
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            log.warning("%s: %d of %d blocks", step["purpose"], at, blocks)
        while database.fetch(BEHIND):
            time.sleep(LAG_SECONDS)


def _outside(database: Database, step: Step) -> bool:
    """Whether it had to be done."""
    names = ("search_path", "row_security", "lock_timeout", "statement_timeout", "default_transaction_isolation")
    asked = ", ".join(f"pg_catalog.current_setting('{name}')" for name in names)
    (before,) = database.fetch(f"SELECT {asked}")
    try:
        database.execute(f"{_settings(step, 'SET')}; SET default_transaction_isolation = 'read committed'")
        _check_quiet(database)
        wanted = _is_wanted(database, step)
        if wanted:
            database.execute(step["sql"])
        return wanted
    finally:
        with suppress(Exception):  # the first error is the one to tell
            for name, value in zip(names, before, strict=True):
                quoted = str(value).replace("'", "''")
                database.execute(f"SELECT pg_catalog.set_config('{name}', '{quoted}', false)")


@contextmanager
def _transaction(database: Database, step: Step, mode: str = "") -> Iterator[None]:
    database.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED{mode}")
    try:
        database.execute(_settings(step, "SET LOCAL"))
        _check_quiet(database)
        yield
    except BaseException:
        with suppress(Exception):  # the first error is the one to tell
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _settings(step: Step, word: str) -> str:
    values = {
        "search_path": "''",
        "row_security": "off",
        "lock_timeout": str(step["lock_timeout_ms"]),
        "statement_timeout": str(step["statement_timeout_ms"]),
    }
    return "; ".join(f"{word} {name} = {value}" for name, value in values.items())


def _check_quiet(database: Database) -> None:
    """No plan is being applied, and no organization is on its way from or to this database."""
    lock = "pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0))"
    if not database.fetch(f"SELECT {lock}")[0][0]:
        raise BusyError("another plan is being applied to this database, or a mover is entering it")
    if not database.fetch("SELECT pg_catalog.to_regclass('orglift.moves') IS NOT NULL")[0][0]:
        return
    for relocation, organization in database.fetch("SELECT relocation, organization FROM orglift.moves WHERE finished_at IS NULL"):
        told = f"relocation {relocation} of organization {organization!r} touches this database"
        raise StepError(f"{told}: finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`")


def _is_wanted(database: Database, step: Step) -> bool:
    if step["precondition"] is None:
        return True
    rows = database.fetch(step["precondition"])
    if not rows or rows[0][0] is None:
        raise StepError(f"{step['purpose']}: what it would change is not what the plan was made for: make the plan anew, and render it")
    return bool(rows[0][0])


DRIVERS = ("psycopg", "psycopg_async", "psycopg2", "psycopg2cffi")  # others cannot send several statements at once


class Connection:
    """Alembic's."""

    def __init__(self, bind: Any) -> None:
        self._bind = bind

    def _send(self, text: str) -> Any:
        return self._bind.exec_driver_sql(text, execution_options={"no_parameters": True})

    def execute(self, text: str) -> int:
        return int(self._send(text).rowcount)

    def fetch(self, text: str) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self._send(text).fetchall()
        return rows


def run(steps: Sequence[Step]) -> None:
    """What upgrade() and downgrade() of the plan's other revisions call."""
    if context.is_offline_mode():
        raise CommandError(
            "a plan asks the catalog before each step, and --sql cannot: `splitter render --format sql` makes files for psql"
        )
    dialect = op.get_bind().dialect
    if dialect.name != "postgresql" or dialect.driver not in DRIVERS:
        raise CommandError(f"a plan is for PostgreSQL, by psycopg or psycopg2, and this is {dialect.name}+{dialect.driver}")
    with op.get_context().autocommit_block():
        try:
            run_steps(Connection(op.get_bind()), steps)
        except StepError as exc:
            raise CommandError(str(exc)) from exc


def refuse(why: str) -> None:
    """What downgrade() of a step without a way back calls."""
    raise CommandError(why)


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
