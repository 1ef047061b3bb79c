"""Connections whose session is pinned, and what the server's errors mean: the only place that knows SQLSTATEs."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from splitter.errors import (
    BugError,
    Busy,
    ConfigError,
    Conflict,
    ConnectionLost,
    NoRights,
    NoRoom,
    OrgliftError,
    Problem,
    ReadOnly,
    RefusedError,
    ServerError,
    TimedOut,
    Unreachable,
    scrub,
)

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

LOCK_NOT_AVAILABLE = "55P03"
SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
CANCELLED = "57014"  # by a time-out of the statement, or by somebody
RETRYABLE = frozenset({LOCK_NOT_AVAILABLE, SERIALIZATION_FAILURE, DEADLOCK})

# Values as text must not depend on the role, the database or the client's environment: hashes and archives are made of them.
# The application's own time-outs must not end a copy.
PINS = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_encoding": "UTF8",
    "search_path": "",
    "row_security": "off",
    "lc_monetary": "C",
    "xmloption": "content",
    "xmlbinary": "base64",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",  # since PostgreSQL 17
    "jit": "off",
}
CONNECT_SECONDS = 10
MOST_IDLE_MS = 10_000
_TRANSPORT: dict[str, int] = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def connect(url: str, *, setting: str, application: str = "orglift", readonly: bool = False) -> Connection:
    """A connection in autocommit, its session pinned (``PINS``); ``readonly``: every transaction starts read-only.

    ``setting`` says where the URL came from (``regions.de.url``, ``--url``), for the errors: ConfigError for what is no URL,
    Unreachable for a server that refuses or does not answer within ``CONNECT_SECONDS`` a host.
    """
    given = _parse(url, setting)
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **_TRANSPORT, **given}
    options |= {"application_name": application, "client_encoding": "utf8"}
    try:
        conn: Connection = psycopg.connect(**options, autocommit=True)
    except psycopg.Error as exc:
        raise _unreachable(exc, given, setting) from None  # psycopg's own text may hold the password
    try:
        conn.execute(_pin_statements(readonly))
    except psycopg.Error as exc:
        conn.close()
        raise _unreachable(exc, given, setting) from None
    return conn


def connect_again(conn: Connection, *, application: str) -> Connection:
    """A second session, read-only, where ``conn`` leads, as the same role. Raises Unreachable."""
    info = conn.info
    given: dict[str, Any] = {key: value for key, value in info.get_parameters().items() if key != "hostaddr"}
    given |= {"host": info.host, "port": info.port, "password": info.password or None, "application_name": application}
    try:
        again: Connection = psycopg.connect(**given, autocommit=True)
        again.execute(_pin_statements(readonly=True))
    except psycopg.Error as exc:
        raise _unreachable(exc, given, "a second connection") from None
    return again


def _pin_statements(readonly: bool) -> sql.Composed:
    """One round trip, in which a setting that this server does not have is passed over."""
    pins = PINS | ({"default_transaction_read_only": "on"} if readonly else {})  # never off: an administrator may have set it as a guard
    pin = sql.SQL("SELECT pg_catalog.set_config({name}, {value}, false) WHERE pg_catalog.current_setting({name}, true) IS NOT NULL")
    return sql.SQL("; ").join(pin.format(name=sql.Literal(name), value=sql.Literal(value)) for name, value in pins.items())


def _parse(url: str, setting: str) -> dict[str, Any]:
    """The URL's parts. One whose password may have ended up in another part is refused: that part would be printed."""
    hint = f"write {setting} as postgresql://user:password@host:5432/database, with special characters percent-encoded (/ is %2F, @ is %40)"
    if not url.strip():
        raise ConfigError(f"{setting} is empty", hint=hint)
    try:
        given: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.Error:
        raise ConfigError(f"{setting} is not a PostgreSQL URL", hint=hint) from None  # the error quotes the URL
    if _is_ambiguous(url) or not re.fullmatch(r"[\d,]*", str(given.get("port", ""))):
        raise ConfigError(f"{setting} has a special character in its user, password or port", hint=hint)
    return given


def _is_ambiguous(url: str) -> bool:
    address = re.match(r"\w+://([^?]*)", url)
    return address is not None and (address[1].count("@") > 1 or "@" in address[1].partition("/")[2])


def _place(given: dict[str, Any]) -> str:
    """Where a URL leads, without user and password: ``database 'app' at db1:5432``."""
    host = str(given.get("host") or given.get("hostaddr") or "the local socket")
    port = f":{given['port']}" if given.get("port") and not host.startswith("/") else ""
    name = given.get("dbname") or given.get("user")
    return f"database {name!r} at {host}{port}" if name else f"{host}{port}"


def _unreachable(exc: psycopg.Error, given: dict[str, Any], setting: str) -> Unreachable:
    text = _without(str(given.get("password") or ""), given, _primary(exc)).removeprefix("connection failed: ")
    hint = f"check {setting}, that the server runs and that this machine and role may connect"
    return Unreachable(f"cannot connect to {_place(given)} ({setting}): {text}", hint=hint)


def _without(password: str, given: dict[str, Any], text: str) -> str:
    """``text`` with the password taken out, unless it is also the name of something."""
    named = {str(given.get(key)) for key in ("user", "dbname", "host")}
    return scrub(text) if not password or password in named else scrub(text.replace(password, "***"))


@contextmanager
def brief(conn: Connection, *, longest_ms: int = 2 * MOST_IDLE_MS) -> Iterator[None]:
    """A transaction that others wait for: where this process stops in the middle of it, the server ends it after ``MOST_IDLE_MS``.

    ``longest_ms``: of one statement and its waiting; 0 for no limit.
    """
    factory = conn.cursor_factory
    with conn.transaction():
        # Each statement as one message: of the several that parameters take, the server may have got some, and waits for the rest.
        conn.cursor_factory = psycopg.ClientCursor
        try:
            for setting, limit in (("idle_in_transaction_session_timeout", MOST_IDLE_MS), ("statement_timeout", longest_ms)):
                conn.execute("SELECT pg_catalog.set_config(%s, %s, true)", (setting, str(limit)))
            yield
        finally:
            conn.cursor_factory = factory


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Errors of psycopg become ours, ``from`` them. ``what`` was being done: "loading public.project".

    They are refusals (exit 3); who has written before turns them into ``FailedError.after_write``.
    """
    try:
        yield
    except psycopg.Error as exc:
        raise translate(exc, what) from exc


def translate(exc: psycopg.Error, what: str) -> OrgliftError:
    """What an error of psycopg means to an operator."""
    message = f"{what}: {_primary(exc)}"
    state = exc.sqlstate
    if state is None:
        return _translate_client(exc, message)
    if state.startswith("23"):
        return _conflict(exc, what)
    for prefix, (kind, hint) in _MEANINGS.items():
        if state.startswith(prefix):
            return kind(message, hint=hint)
    hint = scrub(". ".join(text for text in (exc.diag.message_detail, exc.diag.message_hint) if text))
    return ServerError(f"{message} (SQLSTATE {state})", hint=hint or "see the server's log")


def find_accident(exc: Exception) -> OrgliftError | None:
    """An error of psycopg that reached the command untranslated, where it is no bug of ours: a server that went away, that has no room."""
    if not isinstance(exc, psycopg.Error):
        return None
    found = translate(exc, "talking to a database")
    return None if isinstance(found, (BugError, ServerError, Conflict)) else found


_GONE = "see whether the server restarted or failed over"
_MEANINGS: dict[str, tuple[type[RefusedError], str]] = {  # by prefix: a longer one stands before a shorter one
    "42501": (NoRights, "connect as a role that has this right, or GRANT it"),
    "53100": (NoRoom, "free disk space on the server"),
    "53200": (NoRoom, "free memory on the server, or use fewer --jobs"),
    "53300": (Unreachable, "raise max_connections or use fewer --jobs"),
    "57P01": (ConnectionLost, _GONE),
    "57P02": (ConnectionLost, _GONE),
    "57P03": (Unreachable, "the server is starting or stopping: try again in a moment"),
    "57P05": (ConnectionLost, _GONE),
    "57014": (TimedOut, "find out what it waited for, or who cancelled it"),
    "25006": (ReadOnly, "connect to the primary, with a role that may write"),
    "25P0": (ConnectionLost, "a time-out of the server ended the session: raise it for this role"),
    "3D000": (Unreachable, "create the database, or correct the name in its URL"),
    LOCK_NOT_AVAILABLE: (Busy, "another session holds the lock: see pg_locks, or try again when it is quieter"),
    "40": (Busy, "another session was in the way: try again"),
    "28": (Unreachable, "check user and password in its URL"),
    "08": (ConnectionLost, _GONE),
}
_MISUSE = (psycopg.InterfaceError, psycopg.ProgrammingError, psycopg.NotSupportedError, psycopg.InternalError)


def _translate_client(exc: psycopg.Error, message: str) -> OrgliftError:
    """Errors without SQLSTATE were made on this side."""
    if isinstance(exc, psycopg.OperationalError):
        return ConnectionLost(message, hint=_GONE)
    if isinstance(exc, _MISUSE):
        return BugError(message)
    return ServerError(message, hint="see which value the server or driver could not take")


_CONSTRAINTS = {
    "23505": ("unique", "change or remove one of the two rows"),
    "23P01": ("exclusion", "change or remove one of the two rows"),
    "23503": ("foreign-key", "bring the row that is referred to, or remove the reference"),
    "23502": ("not-null", "give the column a value or a default"),
    "23514": ("check", "change the row, or the constraint"),
}


def _conflict(exc: psycopg.Error, what: str) -> Conflict:
    """A constraint said no: the problem names it, its table, and the key that was found."""
    diag = exc.diag
    code, remedy = _CONSTRAINTS.get(exc.sqlstate or "", ("constraint", "see the constraint's definition"))
    table = ".".join(part for part in (diag.schema_name, diag.table_name) if part)
    name = diag.constraint_name or diag.column_name or "?"
    found = scrub(diag.message_detail or _primary(exc))
    problem = Problem(code=code, object=f"{table}: {name}" if table else name, found=found, remedy=remedy)
    return Conflict(f"{what}: {_primary(exc)}", hint=f"{found}: {remedy}", problems=(problem,))


def _primary(exc: psycopg.Error) -> str:
    """The message without position, detail and context lines; lines of a failed connection are joined."""
    text = exc.diag.message_primary or str(exc) or type(exc).__name__
    return scrub("; ".join(line.strip() for line in text.splitlines() if line.strip()))


def retrying(
    action: Callable[[], T],
    *,
    attempts: int = 8,
    on: frozenset[str] = RETRYABLE,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """What ``action`` returns; called again while it fails with one of the SQLSTATEs ``on``, after growing, jittered pauses.

    In all they last some 3 s. Each call must be a whole transaction. The last failure is raised as it is, translated or not.
    """
    for attempt in range(attempts - 1):
        try:
            return action()
        except (psycopg.Error, OrgliftError) as exc:
            if _sqlstate(exc) not in on:
                raise
        sleep(random.uniform(0.5, 1.0) * min(2.0, 0.05 * 2**attempt))
    return action()


def is_in_the_way(exc: BaseException) -> bool:
    """Whether another session was in the way: what failed may be done later, as a whole."""
    return _sqlstate(exc) in RETRYABLE


def is_cancelled(exc: BaseException) -> bool:
    """Whether the statement was cancelled, by its time-out or by somebody."""
    return _sqlstate(exc) == CANCELLED


def _sqlstate(exc: BaseException | None) -> str | None:
    """Of psycopg's error, or of the one that ours was translated from."""
    while exc is not None and not isinstance(exc, psycopg.Error):
        exc = exc.__cause__
    return None if exc is None else exc.sqlstate


def find_misunderstanding(conn: Connection, query: str) -> str | None:
    """What the server says of a query that it does not understand: of a name, a type, an operator; None for another. It is not run."""
    try:
        with conn.transaction():
            conn.execute(b"PREPARE orglift_query AS " + query.encode())
            conn.execute("DEALLOCATE orglift_query")
    except psycopg.Error as exc:
        if (exc.sqlstate or "").startswith("42"):
            return _primary(exc)
        raise translate(exc, "asking whether the server understands an expression") from exc
    return None


def in_recovery(conn: Connection) -> bool:
    """Whether the server is a standby: nothing can be written there."""
    with translated("asking whether the server is a standby"):
        row = conn.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def server_version(conn: Connection) -> int:
    """As in ``server_version_num``: 150018, 180004."""
    return conn.info.server_version
