"""The border to the server: pinned sessions, errors in our words, no password anywhere."""

from __future__ import annotations

import threading
import traceback

import psycopg
import pytest

from splitter import db
from splitter.errors import (
    Busy,
    Conflict,
    ConnectionLost,
    FailedError,
    NoRights,
    OrgliftError,
    Problem,
    ReadOnly,
    ServerError,
    TimedOut,
    Unreachable,
)

SECRET = "s3cr3t-hunter2"


@pytest.fixture
def conn(database):
    with db.connect(database, setting="--url") as conn:
        yield conn


def refuse(conn, statement: str) -> OrgliftError:
    with pytest.raises(OrgliftError) as caught, db.translated("trying"):
        conn.execute(statement)
    return caught.value


def test_a_session_does_not_take_its_settings_from_role_or_database(database, run_sql):
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    for setting in ("DateStyle = 'German'", "TimeZone = 'Asia/Tokyo'", "statement_timeout = '100ms'", "search_path = 'public'"):
        run_sql(database, f"ALTER DATABASE {name} SET {setting}")
    with db.connect(database, setting="--url") as conn:
        assert conn.execute("SELECT timestamptz '2026-01-02 03:04Z'::text").fetchone() == ("2026-01-02 03:04:00+00",)
        assert conn.execute("SELECT current_setting('search_path'), current_setting('statement_timeout')").fetchone() == ("", "0")


def test_every_pin_that_the_server_has_is_set(conn):
    found = {name: conn.execute("SELECT current_setting(%s, true)", (name,)).fetchone()[0] for name in db.PINS}
    if conn.info.server_version < 170000:
        assert found.pop("transaction_timeout") is None
    assert found == {name: value for name, value in db.PINS.items() if name in found}


def test_the_session_is_named(database):
    with db.connect(database, setting="--url", application="orglift copy") as conn:
        assert conn.execute("SELECT current_setting('application_name')").fetchone() == ("orglift copy",)


def test_a_read_only_session_refuses_to_write(database):
    with db.connect(database, setting="--url", readonly=True) as conn:
        assert isinstance(refuse(conn, "CREATE TABLE public.t ()"), ReadOnly)


def test_it_connects_in_autocommit(conn):
    assert conn.autocommit
    assert conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_a_primary_is_not_in_recovery(conn, major):
    assert not db.in_recovery(conn)
    assert db.server_version(conn) // 10000 == major


def test_a_missing_database_is_named_with_its_setting_and_without_the_password(server):
    url = server.url("nowhere").replace("postgres@", f"postgres:{SECRET}@")
    with pytest.raises(Unreachable) as caught:
        db.connect(url, setting="regions.de.url")
    assert "'nowhere'" in caught.value.message and "regions.de.url" in caught.value.message
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_password_is_not_shown(server):
    url = f"postgresql://nobody_here:{SECRET}@/postgres?host={psycopg.conninfo.conninfo_to_dict(server.url('x'))['host']}"
    with pytest.raises(Unreachable, match="nobody_here") as caught:
        db.connect(url, setting="control.url")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_missing_rights_are_told(conn, server):
    server.execute("DROP ROLE IF EXISTS weak")
    server.execute("CREATE ROLE weak")
    conn.execute("CREATE TABLE public.t (); SET ROLE weak")
    error = refuse(conn, "SELECT FROM public.t")
    assert isinstance(error, NoRights) and "table t" in error.message
    conn.execute("RESET ROLE")
    server.execute("DROP ROLE weak")


def test_a_conflict_names_the_constraint_and_the_key(conn):
    conn.execute("CREATE TABLE public.t (a int CONSTRAINT only_one UNIQUE); INSERT INTO public.t VALUES (7)")
    error = refuse(conn, "INSERT INTO public.t VALUES (7)")
    assert isinstance(error, Conflict)
    assert error.problems == (
        Problem(
            code="unique",
            object="public.t: only_one",
            found="Key (a)=(7) already exists.",
            remedy="change or remove one of the two rows",
        ),
    )


def test_an_exclusion_constraint_conflicts_too(conn):
    conn.execute("CREATE TABLE public.t (a int4range, CONSTRAINT apart EXCLUDE USING gist (a WITH &&))")
    conn.execute("INSERT INTO public.t VALUES ('[1,5)')")
    assert refuse(conn, "INSERT INTO public.t VALUES ('[4,9)')").problems[0].code == "exclusion"


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [
        ("53100", OrgliftError, "no-room"),
        ("53200", OrgliftError, "no-room"),
        ("57P03", Unreachable, "unreachable"),
        ("57P01", ConnectionLost, "connection-lost"),
        ("08006", ConnectionLost, "connection-lost"),
        ("55P03", Busy, "busy"),
        ("40001", Busy, "busy"),
        ("40P01", Busy, "busy"),
        ("57014", TimedOut, "timed-out"),
        ("25006", ReadOnly, "read-only"),
        ("22003", ServerError, "server-error"),
    ],
)
@pytest.mark.postgres(18)
def test_a_state_of_the_server_has_its_own_error(conn, state, kind, code):
    error = refuse(conn, f"DO $$ BEGIN RAISE 'the reason' USING ERRCODE = '{state}'; END $$")
    assert isinstance(error, kind)
    assert (error.code, error.exit) == (code, 3)
    assert "trying: the reason" in error.message and error.hint


def test_a_session_that_was_ended_is_a_lost_connection(conn, database, run_sql):
    run_sql(database, f"SELECT pg_terminate_backend({conn.info.backend_pid})")
    assert isinstance(refuse(conn, "SELECT 1"), ConnectionLost)
    assert isinstance(refuse(conn, "SELECT 1"), ConnectionLost)  # and so is every later use


def test_a_refusal_after_the_first_write_is_a_failure(conn):
    conn.execute("CREATE TABLE public.t (a int NOT NULL)")
    refusal = refuse(conn, "INSERT INTO public.t VALUES (NULL)")
    assert isinstance(refusal, Conflict)
    failure = FailedError.after_write(refusal)
    assert failure.exit == 4
    assert failure.problems[0].code == "not-null"
    assert failure.hint.endswith("run the same command again to go on")


def test_a_password_in_the_servers_text_is_taken_out(conn):
    error = refuse(conn, f"DO $$ BEGIN RAISE 'could not connect to postgresql://u:{SECRET}@h/d, password={SECRET}'; END $$")
    assert "postgresql://u:***@h/d" in error.message
    assert SECRET not in error.message + error.hint


def test_our_own_errors_pass_unchanged():
    with pytest.raises(Conflict, match="as it was"), db.translated("trying"):
        raise Conflict("as it was")


def test_a_lock_that_is_freed_is_waited_for(conn, database):
    conn.execute("CREATE TABLE public.t ()")
    with db.connect(database, setting="--url") as holder:
        holder.execute("BEGIN; LOCK TABLE public.t")
        conn.execute("SET lock_timeout = '20ms'")
        threading.Timer(0.1, lambda: holder.execute("ROLLBACK")).start()
        assert db.retrying(lambda: conn.execute("SELECT count(*) FROM public.t").fetchone()) == (0,)


def test_a_lock_that_stays_is_given_up_with_the_last_error(conn, database):
    conn.execute("CREATE TABLE public.t (); SET lock_timeout = '1ms'")
    pauses: list[float] = []

    def read() -> None:
        with db.translated("reading"):
            conn.execute("SELECT FROM public.t")

    with db.connect(database, setting="--url") as holder:
        holder.execute("BEGIN; LOCK TABLE public.t")
        with pytest.raises(Busy):
            db.retrying(read, attempts=4, sleep=pauses.append)
    assert len(pauses) == 3 and pauses == sorted(pauses)


def test_what_cannot_pass_by_waiting_is_not_tried_again(conn):
    calls: list[int] = []

    def divide() -> None:
        calls.append(1)
        conn.execute("SELECT 1/0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        db.retrying(divide)
    assert len(calls) == 1
