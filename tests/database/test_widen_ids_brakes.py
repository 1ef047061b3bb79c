"""What holds a backfill back, who is told, and how far it is; killed anywhere in it, it goes on where it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from splitter.addresses import given_address
from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.embedded import Cluster, temporary
from splitter.errors import FailedError, NoRoom, OrgliftError
from splitter.events import Event, Note, Warned
from splitter.journal import PlanState, read_journal
from splitter.plans.foreign_keys import under_lock
from splitter.schema import TableName
from splitter.silos_file import parse_silos
from splitter.status import read_status
from splitter.steps import Action, Lock, Plan
from splitter.throttle import Limits
from splitter.undo import undo_plan
from tests.proxy import Moment, Proxy
from tests.servers import Server, binaries
from tests.wide_sites import WIDE, MakeWide, WideSite

ROWS = 20_000
TABLE = (
    "CREATE TABLE org (id int PRIMARY KEY); CREATE TABLE c (id serial PRIMARY KEY, org int REFERENCES org, n text);"
    "INSERT INTO org SELECT generate_series(1, 100);"
    f"INSERT INTO c (org, n) SELECT 1 + g % 100, md5(g::text) FROM generate_series(1, {ROWS}) AS g;"
)
FILLED = "done: c: the twins of the rows that were there"
SMALL = "CREATE TABLE org (id int PRIMARY KEY, n text); INSERT INTO org VALUES (1, 'x');"


class Ears:
    """Keeps what was told; ``hear`` is called once, with the first text that has ``word`` in it."""

    def __init__(self, word: str, hear: Callable[[], object]) -> None:
        self.word, self.hear = word, hear
        self.told: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Note | Warned):
            first = self.word in event.text and not self.heard
            self.told.append(event.text)
            if first:
                self.hear()

    @property
    def heard(self) -> list[str]:
        return [text for text in self.told if self.word in text]


@contextmanager
def in_background(url: str, *statements: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Another session, which runs them one after the other; the last one until it is cancelled."""
    with psycopg.connect(url, autocommit=True) as conn:

        def work() -> None:
            with suppress(psycopg.errors.QueryCanceled):
                for statement in statements:
                    conn.execute(statement.encode())

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield conn
        finally:
            while thread.is_alive():
                conn.cancel_safe()
                thread.join(0.1)


def is_done(site: WideSite) -> bool:
    return [known.state for known in read_journal(site.conn)] == [PlanState.WATCHED]


def test_sessions_at_work_hold_it_back(make_wide: MakeWide) -> None:
    site = make_wide(SMALL)
    with in_background(site.url, "SELECT pg_sleep(600)") as other:
        ears = Ears("sessions at work:", lambda: other.cancel_safe())
        apply_plan(site.conn, site.plan(), report=ears, limits=Limits(max_active=0))
    assert ears.heard == ['"public"."org": the backfill waits: sessions at work: 1, and --max-active is 0']
    assert is_done(site)


def test_a_vacuum_of_the_table_is_let_through(make_wide: MakeWide) -> None:
    site = make_wide(TABLE)
    begun = "SELECT FROM pg_catalog.pg_stat_progress_vacuum WHERE relid = 'public.c'::regclass"
    plan = site.plan()
    with connect(site.url, setting="--url") as looking, psycopg.connect(site.url, autocommit=True) as other:
        threads: list[threading.Thread] = []

        def vacuum() -> None:
            for statement in ("SET vacuum_cost_delay = 100", "SET vacuum_cost_limit = 1"):
                other.execute(statement)
            with suppress(psycopg.errors.QueryCanceled):
                other.execute("VACUUM c")

        def begin() -> None:
            threads.append(threading.Thread(target=vacuum))
            threads[0].start()
            while not looking.execute(begun).fetchall():
                looking.execute("SELECT pg_catalog.pg_sleep(0.01)")

        twins, waits = Ears("done: c: a wide twin", begin), Ears("clears up the table", lambda: other.cancel_safe())

        def report(event: Event) -> None:
            twins(event)
            waits(event)

        apply_plan(site.conn, plan, report=report)
        threads[0].join()
        assert waits.heard == [f'"public"."c": the backfill waits: vacuum by pid {other.info.backend_pid} clears up the table']
    assert is_done(site)


def test_no_more_wal_is_written_than_allowed(make_wide: MakeWide) -> None:
    site = make_wide(TABLE)
    plan, rate = site.plan(), 4_000_000
    now = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8, extract(epoch FROM clock_timestamp())::float8"
    seen: list[tuple[float, float]] = []

    def report(event: Event) -> None:
        if isinstance(event, Note) and event.text in ("done: c: a wide twin of id, org, which follows it from here on", FILLED):
            seen.extend(site.rows(now))

    apply_plan(site.conn, plan, report=report, limits=Limits(max_wal_rate=rate))
    (wal, begun), (written, ended) = seen
    assert written - wal > rate / 2
    assert ended - begun > 0.9 * (written - wal) / rate


def test_batches_that_are_fast_for_long_grow_no_further_than_a_chunk(make_wide: MakeWide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splitter.backfill_turn._CHUNK", 1)
    monkeypatch.setattr("splitter.backfill._TURN_SECONDS", 1000)
    site = make_wide(TABLE)
    apply_plan(site.conn, site.plan())
    assert is_done(site)


@pytest.fixture
def pair(major: int) -> Iterator[tuple[Server, Cluster]]:
    """A primary and its standby."""
    place = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    with temporary(binaries(major), settings={"wal_level": "logical", "autovacuum": "off"}, place=place) as primary:
        folder = primary.folder.with_name(f"{primary.folder.name}-standby")
        folder.mkdir(mode=0o700)
        standby = Cluster(folder, primary.binaries)
        subprocess.run(
            [str(primary.binaries / "pg_basebackup"), "-D", str(standby.data), "-R", "-c", "fast", "-d", primary.url()], check=True
        )
        owner = primary.data.stat()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        standby.start(settings={"fsync": "off", "hot_standby": "on", "cluster_name": "near"})
        try:
            with psycopg.connect(primary.url(), autocommit=True) as admin:
                yield Server(primary, major, admin), standby
        finally:
            standby.stop()
            shutil.rmtree(folder)


@pytest.mark.long
def test_a_standby_that_lags_holds_it_back(pair: tuple[Server, Cluster]) -> None:
    server, standby = pair
    url = server.create(TABLE)
    with psycopg.connect(standby.url(), autocommit=True) as behind, connect(url, setting="--url") as conn:
        while not conn.execute("SELECT FROM pg_catalog.pg_stat_replication WHERE state = 'streaming'").fetchall():
            conn.execute("SELECT pg_catalog.pg_sleep(0.05)")
        behind.execute("SELECT pg_wal_replay_pause()")
        site = WideSite(url, conn, server, parse_silos(WIDE))
        conn.execute("SELECT pg_catalog.pg_logical_emit_message(false, 'x', pg_catalog.repeat('x', 300000))")
        ears = Ears("standby near", lambda: behind.execute("SELECT pg_wal_replay_resume()"))
        apply_plan(conn, site.plan(), report=ears, limits=Limits(max_lag=200_000))
        assert "bytes of WAL behind, and --max-lag is 200,000" in ears.heard[0]
        assert is_done(site)


def backfills(site: WideSite) -> list[tuple[object, ...]]:
    return site.rows("SELECT place, next_block, blocks, rows FROM orglift.backfills ORDER BY place")


def cut_off_in_backfill(site: WideSite, plan: Plan, number: int, moment: Moment) -> None:
    seen = 0

    def matches(statement: object) -> bool:
        nonlocal seen
        seen += "UPDATE orglift.backfills" in getattr(statement, "text", "")
        return seen == number

    with Proxy(site.url) as proxy:
        trap = proxy.trap(moment, lambda _: None, matches=matches)
        with suppress(OrgliftError), connect(proxy.url(site.url), setting="--url") as victim:
            apply_plan(victim, plan)
        assert trap.sprung.is_set()


@pytest.mark.parametrize("moment", Moment)
def test_cut_off_in_the_backfill_it_goes_on_where_it_was_and_says_how_far(
    make_wide: MakeWide, monkeypatch: pytest.MonkeyPatch, moment: Moment
) -> None:
    monkeypatch.setattr("splitter.backfill_turn._CHUNK", 4)
    monkeypatch.setattr("splitter.backfill._TURN_SECONDS", 0.0)
    site = make_wide(TABLE)
    before, content, plan = site.dump(), site.content(), site.plan()
    for number in (2, 20, 15):
        cut_off_in_backfill(site, plan, number, moment)
    assert not is_done(site)
    (found,) = read_status([given_address(site.url)])
    assert any('"public"."c": ' in line and "of work left" in line for line in found.lines())
    apply_plan(site.conn, plan)
    done = {place: (at == blocks, rows) for place, at, blocks, rows in backfills(site)}
    assert done == {'"public"."c"': (True, ROWS), '"public"."org"': (True, 100)}
    assert read_status([given_address(site.url)])[0].backfills == ()
    undo_plan(site.conn, plan)
    assert site.dump() == before and site.content() == content


@pytest.mark.long
def test_an_autovacuum_gives_way_to_a_step_that_waits_for_less_than_it_takes_to_end_it(major: int) -> None:
    settings = {"autovacuum_naptime": "1s", "autovacuum_vacuum_cost_delay": "100ms", "autovacuum_vacuum_cost_limit": "1"}
    with temporary(binaries(major), settings=settings) as cluster, connect(cluster.url(), setting="--url") as conn:
        conn.execute("CREATE TABLE public.c (id int) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)")
        conn.execute("INSERT INTO public.c SELECT generate_series(1, 100000)")
        conn.execute("DELETE FROM public.c WHERE id % 2 = 0")
        while not conn.execute("SELECT FROM pg_stat_progress_vacuum WHERE relid = 'public.c'::regclass").fetchall():
            conn.execute("SELECT pg_sleep(0.1)")
        text = under_lock(read_schema(conn), (TableName("public", "c"),), Lock.ACCESS_EXCLUSIVE, sql.SQL("ALTER TABLE public.c ADD n int"))
        with conn.transaction():
            conn.execute("SELECT set_config('lock_timeout', '100', true)")
            conn.execute(text.encode())
        assert conn.execute("SELECT count(n) FROM public.c").fetchone() == (0,)


@pytest.fixture
def small_disk(make_wide: MakeWide, server: Server, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A tablespace of its own on a disk of 2 MB, and its name."""
    folder = Path("/tmp") / f"orglift-disk-{os.getpid()}"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("nothing may be mounted here")
    try:
        owner = server.cluster.data.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        server.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        yield folder, "small"
    finally:
        for (name,) in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'db%'"):
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        server.execute("DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def test_a_disk_that_fills_up_stops_it_and_with_more_room_it_goes_on(small_disk: tuple[Path, str], make_wide: MakeWide) -> None:
    folder, name = small_disk
    site = make_wide(TABLE)
    site.run(f"ALTER TABLE public.c SET TABLESPACE {name}")
    content, plan = site.content(), site.plan()
    with pytest.raises(FailedError, match="No space left on device") as caught:
        apply_plan(site.conn, plan)
    assert isinstance(caught.value.__cause__, NoRoom) and "free disk space on the server" in caught.value.hint
    assert site.content() != content  # the twins are there
    subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
    apply_plan(site.conn, plan)
    assert is_done(site)
    undo_plan(site.conn, plan)
    assert site.content() == content


def test_the_plan_says_how_much_room_it_needs(make_wide: MakeWide) -> None:
    (note,) = (note for note in make_wide(TABLE).plan().notes if "on the disk" in note)
    assert "the tables grow by some" in note and "of WAL are written" in note and "are free there" in note


def test_a_plan_without_a_backfill_says_nothing_of_room(make_wide: MakeWide) -> None:
    plan = make_wide(SMALL).plan(budget_ms=10**9)
    assert not any("on the disk" in note for note in plan.notes)
    assert not any(step.action is Action.BACKFILL for step in plan.steps)
