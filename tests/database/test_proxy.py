"""The proxy counts what programs send, passes it on unchanged, and strikes at the statement that it was told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.proxy import Moment, Proxy, Statement, kill


@pytest.fixture
def proxy(database: str) -> Iterator[Proxy]:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("create table note (n bigint)")
    with Proxy(database) as proxy:
        yield proxy


def notes(database: str) -> list[int]:
    with psycopg.connect(database) as conn:
        return [row[0] for row in conn.execute("select n from note order by n").fetchall()]


def wait_until_idle(database: str) -> None:
    query = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with psycopg.connect(database, autocommit=True) as conn:
        deadline = time.monotonic() + 10
        while conn.execute(query).fetchone() != (0,) and time.monotonic() < deadline:
            time.sleep(0.005)


def program(url: str, *statements: str) -> subprocess.Popen[bytes]:
    """A process of its own that runs the statements one by one."""
    code = "import psycopg, sys; c = psycopg.connect(sys.argv[1], autocommit=True); [c.execute(s) for s in sys.argv[2:]]"
    return subprocess.Popen([sys.executable, "-c", code, url, *statements], stderr=subprocess.DEVNULL)


def test_counts_simple_queries(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database), autocommit=True) as conn:
        conn.execute("insert into note values (1)")
        conn.execute("select n from note")
    assert [s.text for s in proxy.statements] == ["insert into note values (1)", "select n from note"]
    assert [s.number for s in proxy.statements] == [1, 2]


def test_counts_prepared_statements_each_time(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database), autocommit=True) as conn:
        for n in range(3):
            conn.execute("insert into note values (%s)", (n,), prepare=True)
    assert [s.text for s in proxy.statements] == ["insert into note values ($1)"] * 3
    assert notes(database) == [0, 1, 2]


def test_counts_pipelined_statements(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database), autocommit=True) as conn, conn.pipeline():
        for n in range(5):
            conn.execute("insert into note values (%s)", (n,))
    assert sum(s.text.startswith("insert") for s in proxy.statements) == 5


def test_counts_the_end_of_a_copy(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database), autocommit=True) as conn, conn.cursor().copy("copy note from stdin") as copy:
        copy.write("1\n2\n")
    assert [s.kind for s in proxy.statements] == ["query", "copy done"]
    assert notes(database) == [1, 2]


def test_numbers_run_over_all_connections(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database)) as one, psycopg.connect(proxy.url(database)) as two:
        one.execute("select 1")
        two.execute("select 2")
        one.execute("select 3")
    assert [(s.number, s.connection) for s in proxy.statements if s.text.startswith("select")] == [(2, 1), (4, 2), (5, 1)]


def test_a_unix_socket_works_too(tmp_path, database: str) -> None:
    with Proxy(database, folder=tmp_path) as proxy, psycopg.connect(proxy.url(database)) as conn:
        assert conn.execute("select 1").fetchone() == (1,)


def test_large_copies_pass_unchanged_in_both_directions(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database), autocommit=True) as conn:
        with conn.cursor().copy("copy note from stdin") as copy:
            for start in range(0, 200_000, 10_000):
                copy.write("".join(f"{n}\n" for n in range(start, start + 10_000)))
        with conn.cursor().copy("copy note to stdout (format binary)") as copy:
            size = sum(len(block) for block in copy)
    assert size == 200_000 * 14 + 21
    assert notes(database) == list(range(200_000))


def test_a_message_larger_than_a_block_passes(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database)) as conn:
        assert conn.execute("select length(%s)", ("x" * 5_000_000,)).fetchone() == (5_000_000,)
        row = conn.execute("select repeat('y', 5000000)").fetchone()
    assert row is not None
    assert len(row[0]) == 5_000_000


@pytest.mark.parametrize(("moment", "left"), [(Moment.BEFORE, [1]), (Moment.AFTER, [1, 2])])
def test_kills_around_the_nth_statement(proxy: Proxy, database: str, moment: Moment, left: list[int]) -> None:
    gate = proxy.trap(Moment.BEFORE, lambda _: None, number=1, cut=False)
    process = program(proxy.url(database), *(f"insert into note values ({n})" for n in (1, 2, 3)))
    trap = proxy.trap(moment, lambda s: kill(process.pid)(s), number=2)
    assert process.wait(20) == -signal.SIGKILL
    assert gate.sprung.is_set()
    assert trap.statement == Statement(2, 1, "query", "insert into note values (2)")
    wait_until_idle(database)
    assert notes(database) == left


def test_a_statement_that_was_passed_on_takes_effect_although_its_sender_is_dead(proxy: Proxy, database: str) -> None:
    process = program(proxy.url(database), "select pg_sleep(0.2); insert into note values (1)")
    proxy.trap(Moment.DURING, lambda s: kill(process.pid)(s), number=1, cut=False)
    assert process.wait(20) == -signal.SIGKILL
    wait_until_idle(database)
    assert notes(database) == [1]


def test_kills_after_the_commit_of_a_pipeline(proxy: Proxy, database: str) -> None:
    code = """import psycopg, sys
conn = psycopg.connect(sys.argv[1])
with conn.pipeline(), conn.transaction():
    conn.execute("insert into note values (%s)", (1,))
conn.execute("insert into note values (2)"); conn.commit()
"""
    process = subprocess.Popen([sys.executable, "-c", code, proxy.url(database)], stderr=subprocess.DEVNULL)
    proxy.trap(Moment.AFTER, lambda s: kill(process.pid)(s), matches=lambda s: s.text.lower() == "commit")
    assert process.wait(20) == -signal.SIGKILL
    wait_until_idle(database)
    assert notes(database) == [1]


def test_kills_after_the_end_of_a_copy(proxy: Proxy, database: str) -> None:
    code = """import psycopg, sys
conn = psycopg.connect(sys.argv[1], autocommit=True)
with conn.cursor().copy("copy note from stdin") as copy:
    copy.write("7\\n")
conn.execute("insert into note values (8)")
"""
    process = subprocess.Popen([sys.executable, "-c", code, proxy.url(database)], stderr=subprocess.DEVNULL)
    proxy.trap(Moment.AFTER, lambda s: kill(process.pid)(s), matches=lambda s: s.kind == "copy done")
    assert process.wait(20) == -signal.SIGKILL
    wait_until_idle(database)
    assert notes(database) == [7]


def test_a_held_statement_arrives_when_its_trap_lets_go(proxy: Proxy, database: str) -> None:
    go = threading.Event()
    trap = proxy.trap(Moment.BEFORE, lambda _: assert_true(go.wait(20)), number=1, cut=False)
    process = program(proxy.url(database), "insert into note values (1)")
    assert trap.sprung.wait(20)
    os.kill(process.pid, signal.SIGSTOP)
    assert notes(database) == []
    os.kill(process.pid, signal.SIGCONT)
    go.set()
    assert process.wait(20) == 0
    assert notes(database) == [1]


def assert_true(value: bool) -> None:
    assert value


def test_drop_ends_every_connection(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database)) as conn:
        proxy.drop()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("select 1")


def test_refusing_looks_like_a_server_that_is_gone(proxy: Proxy, database: str) -> None:
    proxy.refusing = True
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(proxy.url(database))
    proxy.refusing = False
    psycopg.connect(proxy.url(database)).close()


def test_pause_holds_everything_until_resume(proxy: Proxy, database: str) -> None:
    process = program(proxy.url(database), "insert into note values (1)")
    proxy.pause()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    proxy.resume()
    assert process.wait(20) == 0


def test_a_cancel_request_reaches_the_server(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database)) as conn:
        timer = threading.Timer(0.2, conn.cancel_safe)  # cancel() would keep the lock that the proxy needs to run
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("select pg_sleep(20)")
        timer.join()


def test_reset_starts_to_count_again(proxy: Proxy, database: str) -> None:
    with psycopg.connect(proxy.url(database), autocommit=True) as conn:
        conn.execute("select 1")
        proxy.reset()
        conn.execute("select 2")
    assert [(s.number, s.text) for s in proxy.statements] == [(1, "select 2")]
