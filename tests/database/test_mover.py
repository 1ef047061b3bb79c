"""One mover at a time: a second is turned away, a dead one is followed, a stopped one is superseded and can write nothing any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from relocate.control import Order, Relocation, begin_relocation, lock_relocation, mover_name, read_relocation
from relocate.mover import Mover, application, end_superseded, lease_seconds, take_over
from relocate.phases import Phase
from relocate.switch import SwitchOrder, stage_moved_ids, switch
from splitter import db
from splitter.errors import BugError, Busy, ConfigError, ConnectionLost, FailedError, IllegalMove, OtherMover
from tests.installation import Installation, make_installation
from tests.proxy import Moment, Proxy

ORDER = Order(organization_before="5", organization_after="900", source="us", target="de", slug="acme")


@pytest.fixture
def site(make_database):
    site = make_installation(make_database)
    site.init()
    yield site
    site.close()


@pytest.fixture
def control(site):
    return site.open()


@pytest.fixture
def relocation(control):
    return begin_relocation(control, ORDER)


@pytest.fixture
def take(site, relocation):
    movers = []

    def take(lease: float = 20.0):
        movers.append(take_over(lambda: db.connect(site.urls["control"], setting="control"), relocation.id, lease=lease))
        return movers[-1]

    yield take
    for mover in movers:
        mover.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_a_mover_is_known_in_control(control, relocation, take):
    mover = take()
    found = read_relocation(control, relocation.id)
    assert found is not None
    assert (found.generation, found.mover) == (mover.generation, mover_name()) == (1, mover.name)
    assert found.seen_at is not None and found.backend_pid is not None
    mover.check()


def test_a_second_mover_is_turned_away_and_told_by_whom(take):
    first = take()
    with pytest.raises(OtherMover, match=f"{mover_name()}, since 2.* UTC, last heard of 0 s ago") as caught:
        take()
    assert "silent for 20 s" in caught.value.hint
    first.check()


def test_of_many_one_gets_it(site, relocation):
    got, refused = [], []

    def attempt():
        try:
            got.append(take_over(lambda: db.connect(site.urls["control"], setting="control"), relocation.id))
        except OtherMover as exc:
            refused.append(exc)

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 5)
    got[0].stop()


def test_whoever_lets_go_is_followed_at_once(take):
    with take() as first:
        pass
    second = take()
    assert (first.generation, second.generation) == (1, 2)


def test_taking_over_is_audited(site, take):
    take().stop()
    take()
    assert site.rows("SELECT detail->>'from' FROM orglift.audit WHERE action = 'taken over'") == [(mover_name(),)]


def test_signs_of_life_keep_a_mover_alive(control, relocation, take):
    mover = take(lease=0.4)
    before = read_relocation(control, relocation.id)
    assert before is not None and before.seen_at is not None
    seen = before.seen_at

    def is_later():
        found = read_relocation(control, relocation.id)
        return found is not None and found.seen_at is not None and found.seen_at > seen

    wait_until(is_later)
    with pytest.raises(OtherMover):
        take(lease=0.4)
    mover.check()


def test_phases_and_facts_are_written_together(site, control, relocation, take):
    mover = take()
    now = mover.move_to(Phase.LOADING, snapshot_lsn="0/1A2B", snapshot_xmin=77, saved={"a": [1]}, rows=5, note="n")
    assert (now.phase, now.snapshot_lsn, now.snapshot_xmin, now.saved, now.rows, now.note) == (
        Phase.LOADING,
        "0/1A2B",
        77,
        {"a": [1]},
        5,
        "n",
    )
    assert mover.relocation == now
    assert now.generation == 1 and now.finished_at is None
    assert mover.record(rows=6).rows == 6
    assert mover.move_to(Phase.LOADING).rows == 6
    assert site.rows("SELECT action FROM orglift.audit WHERE relocation = %s ORDER BY id", relocation.id) == [("planned",), ("loading",)]


def test_an_illegal_move_writes_nothing(control, relocation, take):
    mover = take()
    with pytest.raises(IllegalMove):
        mover.move_to(Phase.PURGING, rows=5)
    found = read_relocation(control, relocation.id)
    assert found is not None and (found.phase, found.rows) == (Phase.PLANNED, None)


def test_only_the_switch_switches_and_facts_have_names(take):
    mover = take()
    mover.move_to(Phase.LOADING)
    mover.move_to(Phase.VERIFYING)
    with pytest.raises(BugError, match=r"only relocate\.switch"):
        mover.move_to(Phase.SWITCHED)
    with pytest.raises(BugError, match="colour"):
        mover.record(colour="red")


def test_an_abort_ends_it_and_forgets_the_ids_that_it_would_have_given(site, control, relocation, take):
    mover = take()
    stage_moved_ids(control, relocation.id, 1, "item", [(1, 2)])
    mover.move_to(Phase.ABORTING)
    ended = mover.move_to(Phase.ABORTED)
    assert ended.finished_at is not None
    assert site.rows("SELECT count(*) FROM orglift.moved_ids") == [(0,)]


def raise_generation(site: Installation, relocation: Relocation) -> None:
    site.rows("UPDATE orglift.relocations SET generation = generation + 1, mover = 'other/1' WHERE id = %s", relocation.id)


def test_a_superseded_mover_writes_nothing_and_learns_by_whom(site, control, relocation, take):
    mover = take()
    raise_generation(site, relocation)
    for attempt in (mover.check, lambda: mover.move_to(Phase.LOADING), lambda: mover.record(rows=1)):
        with pytest.raises(OtherMover, match="taken over by other/1"):
            attempt()
    with pytest.raises(OtherMover):
        switch(control, SwitchOrder(relocation=relocation.id, generation=mover.generation, expected=None))
    found = read_relocation(control, relocation.id)
    assert found is not None and (found.phase, found.rows) == (Phase.PLANNED, None)


def end_session(site: Installation, relocation: Relocation) -> None:
    site.rows("SELECT pg_terminate_backend(backend_pid) FROM orglift.relocations WHERE id = %s", relocation.id)


def test_a_mover_that_lost_its_session_says_so(site, relocation, take):
    mover = take()
    end_session(site, relocation)
    with pytest.raises(FailedError, match="the session with control was lost") as caught:
        mover.check()
    assert "run the same command again" in caught.value.hint


def test_a_mover_whose_session_was_taken_knows_who_did_it(site, relocation, take):
    mover = take()
    end_session(site, relocation)
    raise_generation(site, relocation)
    with pytest.raises(OtherMover, match="taken over by other/1"):
        mover.move_to(Phase.LOADING)


SILENT = """
import sys, time
from uuid import UUID
from relocate.mover import take_over
from splitter import db
from splitter.errors import OtherMover
mover = take_over(lambda: db.connect(sys.argv[1], setting="control"), UUID(sys.argv[2]), lease=1.0)
other = db.connect(sys.argv[3], setting="regions.de.url", application=mover.application)
other.execute("BEGIN")
other.execute("SELECT FROM public.org FOR SHARE")
print("ready", flush=True)
for _ in range(300):
    time.sleep(0.1)
    try:
        mover.check()
    except OtherMover as exc:
        print(exc, flush=True)
        sys.exit(0)
"""


@pytest.fixture
def stopped(site, relocation):
    """A mover in another process, stopped by SIGSTOP, with a transaction open in the target."""
    site.add("de", other=1)
    command = [sys.executable, "-c", SILENT, site.urls["control"], str(relocation.id), site.urls["de"]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_stopped_process_is_superseded_after_its_lease_and_stops_when_it_wakes(site, relocation, take, stopped):
    with pytest.raises(OtherMover, match=f"/{stopped.pid}, since"):
        take(lease=20.0)
    time.sleep(1.2)
    mover = take(lease=1.0)
    assert mover.generation == 2
    region = site.open("de")
    assert end_superseded(region, relocation.id, mover.generation) == 1
    region.execute("SET lock_timeout = '5s'")
    region.execute("UPDATE public.org SET slug = 'free'")
    stopped.send_signal(signal.SIGCONT)
    told, _ = stopped.communicate(timeout=20)
    assert f"taken over by {mover.name}" in told and stopped.returncode == 0
    mover.check()


def test_one_of_which_half_a_message_has_come_is_silent(site, relocation, take):
    """Its session is active, and waits for the rest."""
    mover = take(lease=0.4)
    with pytest.raises(OtherMover), mover.session() as conn, conn.cursor().copy("COPY orglift.moved_ids FROM STDIN"):
        time.sleep(0.6)  # nobody else can use the session meanwhile
        second = take(lease=0.4)
    assert second.generation == 2
    second.check()


def test_one_that_waits_for_nobody_but_itself_is_alive(site, relocation, take):
    """The switch locks the relocation for as long as it takes; signs of life go on, and don't wait for it."""
    mover = take(lease=0.4)
    other = site.open()
    with other.transaction():
        lock_relocation(other, relocation.id)
        time.sleep(1.0)
        with pytest.raises(OtherMover, match="last heard of 0 s ago"):
            take(lease=0.4)
    mover.check()


def test_a_lock_that_nobody_gives_back_is_told(site, relocation, take):
    take().stop()
    other = site.open()
    with other.transaction():
        lock_relocation(other, relocation.id)
        with pytest.raises(Busy, match="taking the relocation over"):
            take()


def test_what_came_to_its_end_is_not_taken_over(control, relocation, take):
    """By a process that was stopped between finding the relocation and taking it over."""
    mover = take()
    mover.move_to(Phase.ABORTING)
    mover.move_to(Phase.ABORTED)
    mover.stop()
    with pytest.raises(OtherMover, match=f"was aborted by {mover.name}"):
        take()
    found = read_relocation(control, relocation.id)
    assert found is not None and found.generation == 1


def test_a_process_that_stops_while_others_wait_for_it_is_ended_by_the_server(site, relocation, monkeypatch):
    monkeypatch.setattr(db, "MOST_IDLE_MS", 300)
    stopped, control = site.open(), site.open()
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout), db.brief(stopped):
        stopped.execute("SELECT pg_advisory_xact_lock(hashtextextended('orglift begin', 0))")
        time.sleep(0.6)
        assert begin_relocation(control, ORDER).id == relocation.id
        stopped.execute("SELECT 1")


def test_so_is_one_of_which_half_a_message_has_come(site, relocation, monkeypatch):
    monkeypatch.setattr(db, "MOST_IDLE_MS", 300)
    other, hanging = replace(ORDER, organization_before="6", organization_after="901", slug="other"), threading.Event()
    with Proxy(site.urls["control"]) as proxy, ThreadPoolExecutor() as pool:
        trap = proxy.trap(Moment.BEFORE, lambda _: wait(hanging), matches=lambda each: "audit" in each.text, cut=False)
        with db.connect(proxy.url(site.urls["control"]), setting="control") as stopped:
            begun = pool.submit(begin_relocation, stopped, other)
            assert trap.sprung.wait(10)
            assert begin_relocation(site.open(), ORDER).id == relocation.id
            assert site.rows("SELECT count(*) FROM orglift.relocations") == [(1,)]
            hanging.set()
            with pytest.raises(ConnectionLost):
                begun.result()


def wait(event: threading.Event) -> None:
    event.wait()


def test_a_killed_process_is_followed_at_once(take, stopped):
    stopped.kill()
    stopped.wait()
    wait_until(lambda: _is_taken(take))


def _is_taken(take: Callable[[], Mover]) -> bool:
    try:
        return take().generation == 2
    except OtherMover:
        return False


def test_own_sessions_and_those_of_other_relocations_are_not_ended(site, relocation):
    names = [application(relocation.id, 2), application(uuid4(), 1), "app", ""]
    others = [db.connect(site.urls["de"], setting="de", application=name) for name in names]
    assert end_superseded(site.open("de"), relocation.id, 2) == 0
    for other in others:
        other.execute("SELECT 1")
        other.close()


@pytest.mark.parametrize(("given", "lease"), [(None, 20.0), ("", 20.0), ("0.5", 0.5), ("60", 60.0)])
def test_the_lease_comes_from_the_environment(given, lease):
    assert lease_seconds({} if given is None else {"ORGLIFT_LEASE": given}) == lease


@pytest.mark.parametrize("given", ["x", "0", "-1", "inf", "nan"])
def test_a_lease_that_is_none_is_told(given):
    with pytest.raises(ConfigError, match="ORGLIFT_LEASE"):
        lease_seconds({"ORGLIFT_LEASE": given})


def test_what_is_not_there_cannot_be_moved(site, control):
    with pytest.raises(IllegalMove, match="knows no relocation"):
        take_over(lambda: db.connect(site.urls["control"], setting="control"), uuid4())
