"""Rows of control that are written while an organization moves hold the ids of after, whenever they are committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest

from relocate.outcome import Outcome
from splitter.errors import FailedError
from tests.small_site import US, SmallSite, make_small_site

Make = Callable[..., str]
ROWS = """
INSERT INTO org VALUES (5, 'acme'), (6, 'other');
INSERT INTO project SELECT n, 5 FROM generate_series(50, 199) AS n; INSERT INTO project VALUES (200, 6);
"""
CONTROL = """
CREATE TABLE control_star (n bigserial, project_id bigint); CREATE INDEX ON control_star (project_id);
CREATE TABLE control_list (n bigserial, projects bigint[]);
CREATE TABLE control_rule (n bigserial, d jsonb);
INSERT INTO control_star (project_id) VALUES (50), (200);
"""
REFERENCES = """
[[references]]
from = "control_star.project_id"
to = "project.id"
[[references]]
from = "control_list.projects"
to = "project.id"
[[references]]
from = "control_rule.d"
path = "$.p[*]"
to = "project.id"
"""


@pytest.fixture
def site(make_database: Make) -> SmallSite:
    return make_small_site(make_database, us=ROWS, control=CONTROL, silos=REFERENCES)


@contextmanager
def moving(act: Callable[[], Outcome]) -> Iterator[Future[Outcome]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(act)


def wait_until_somebody_waits(site: SmallSite, running: Future[Outcome]) -> None:
    """For a lock in control: the move has come to its switch."""
    waiting = "SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) WHERE NOT granted AND application_name ~ '^orglift .'"
    while not site.sql("control", waiting):
        assert not running.done(), running.result()
        time.sleep(0.01)


def move_it(site: SmallSite, way: str, out: Path) -> Callable[[], Outcome]:
    if way == "start":
        return site.move
    file = site.export(out)
    return lambda: site.bring(file)


@pytest.mark.parametrize("way", ["start", "import"])
def test_a_transaction_that_is_open_at_the_switch(site: SmallSite, tmp_path: Path, way: str) -> None:
    act = move_it(site, way, tmp_path / "a")
    with psycopg.connect(site.urls["control"]) as conn, moving(act) as running:
        conn.execute("INSERT INTO control_star (project_id) VALUES (51), (200)")
        conn.execute("INSERT INTO control_list (projects) VALUES (ARRAY[200, 52])")
        conn.execute("""INSERT INTO control_rule (d) VALUES ('{"p": [53, 200]}')""")
        wait_until_somebody_waits(site, running)
        conn.commit()
        assert running.result().state == "switched"
    assert site.sql("control", "SELECT project_id FROM control_star ORDER BY n") == [(US + 50,), (200,), (US + 51,), (200,)]
    assert site.sql("control", "SELECT projects FROM control_list") == [([200, US + 52],)]
    assert site.sql("control", "SELECT d FROM control_rule") == [({"p": [US + 53, 200]},)]
    assert site.sql("control", "SELECT orglift.resolve('project', 51)") == [(US + 51,)]


@pytest.mark.postgres(18)
def test_an_id_that_came_after_the_staging_and_is_of_two_regions_is_not_guessed(site: SmallSite) -> None:
    site.sql("de", "INSERT INTO org VALUES (7, 'foreign'); INSERT INTO project VALUES (60, 7)")
    site.init()
    with psycopg.connect(site.urls["control"]) as conn, moving(site.move) as running:
        conn.execute("INSERT INTO control_star (project_id) VALUES (60)")
        wait_until_somebody_waits(site, running)
        conn.commit()
        with pytest.raises(FailedError, match="60"):
            running.result()
    assert site.sql("control", "SELECT project_id FROM control_star ORDER BY n") == [(50,), (200,), (60,)]
    assert site.sql("control", "SELECT region FROM orglift.mapping WHERE slug = 'acme'") == [("us",)]


@pytest.mark.postgres(18)
def test_more_rows_than_the_switch_may_change_are_written_until_then(site: SmallSite) -> None:
    with psycopg.connect(site.urls["control"]) as conn, moving(lambda: site.move(switch_limit=3)) as running:
        conn.execute("INSERT INTO control_star (project_id) VALUES (51), (52), (53)")
        wait_until_somebody_waits(site, running)
        conn.commit()
        with pytest.raises(FailedError, match="4 rows"):
            running.result()
    assert site.sql("control", "SELECT count(*) FROM control_star WHERE project_id > 1000") == [(0,)]
    assert site.move(switch_limit=4).state == "switched"


@pytest.mark.long
def test_writers_at_work(site: SmallSite) -> None:
    """They write until the mapping says that the organization has gone."""
    write = "INSERT INTO control_star (project_id) SELECT {} FROM orglift.mapping WHERE slug = 'acme' AND region = 'us' RETURNING 1"
    begun = Event()

    def work(first: int) -> int:
        with psycopg.connect(site.urls["control"], autocommit=True) as conn:
            for n in range(10**6):
                begun.set()
                if not conn.execute(write.format(first + n % 50).encode()).fetchall():
                    return n
        raise AssertionError("the organization never went")

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(work, first) for first in (50, 100, 150)]
        begun.wait()
        assert site.move(switch_limit=10**6).state == "switched"
        written = sum(writer.result() for writer in writers)
    assert written > 0
    assert site.sql("control", "SELECT project_id FROM control_star WHERE project_id < %s", US) == [(200,)]
    assert site.sql("control", "SELECT count(*) FROM control_star") == [(written + 2,)]


@pytest.mark.postgres(18)
def test_rows_that_waited_for_the_switch(site: SmallSite) -> None:
    """Their writers had read the mapping before it."""
    site.sql("control", "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END'")
    site.sql("control", "CREATE TRIGGER slow AFTER UPDATE ON control_star FOR EACH STATEMENT EXECUTE FUNCTION slow()")
    with moving(site.move) as running, psycopg.connect(site.urls["control"], autocommit=True) as conn:
        while not site.sql("control", "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            assert not running.done(), running.result()
            time.sleep(0.01)
        conn.execute("INSERT INTO control_star (project_id) VALUES (70)")
        running.result()
    assert site.sql("control", "SELECT project_id FROM control_star ORDER BY n") == [(US + 50,), (200,), (US + 70,)]


@pytest.mark.postgres(18)
def test_ids_of_before_that_were_written_after_the_switch_are_found_by_the_purge(site: SmallSite) -> None:
    site.move()
    site.sql("control", "INSERT INTO control_star (project_id) VALUES (80), (200)")
    site.purge()
    assert site.sql("control", "SELECT project_id FROM control_star ORDER BY n") == [(US + 50,), (200,), (US + 80,), (200,)]
    resolved: list[tuple[Any, ...]] = site.sql("control", "SELECT orglift.resolve('project', 50), orglift.resolve('project', 80)")
    assert resolved == [(US + 50, US + 80)]
