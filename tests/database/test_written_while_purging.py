"""Rows that begin to refer to a moved organization's while it is purged are never taken along; the exit code tells what went before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from relocate import retire
from relocate.outcome import Outcome
from splitter.errors import DiffersError, FailedError
from tests.small_site import SCRIPT, SmallSite, make_small_site

Make = Callable[..., str]
NOTE = """
CREATE TABLE note (id bigserial PRIMARY KEY, project_id bigint NOT NULL REFERENCES project ON DELETE CASCADE);
CREATE TABLE mark (org_id bigint NOT NULL REFERENCES org, project_id bigint REFERENCES project ON DELETE CASCADE);
CREATE TABLE pin (project_id bigint REFERENCES project ON DELETE CASCADE, what text);
"""
ROWS = "INSERT INTO org VALUES (5, 'acme'), (6, 'other'); INSERT INTO project VALUES (50, 5), (60, 6); INSERT INTO note VALUES (1, 50);"
SILOS = """
[tables.mark]
owner = "org_id"
[tables.pin]
export = "none"
why = "of this region alone"
"""


@pytest.fixture(params=[True, False], ids=["replica", "keys"])
def site(make_database: Make, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SmallSite:
    """Moved. With keys, the server cascades; without, a row would be left that refers to nothing."""
    if not request.param:
        monkeypatch.setattr(retire, "may_set_replica", lambda _: False)
    site = make_small_site(make_database, schema=SCRIPT + NOTE, us=ROWS, silos=SILOS)
    site.move()
    return site


@contextmanager
def purging(site: SmallSite) -> Iterator[Future[Outcome]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(site.purge)


def wait_until_somebody_waits(site: SmallSite, running: Future[Outcome]) -> None:
    waiting = (
        "SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
        " WHERE NOT granted AND locktype = 'transactionid' AND datname = current_database()"
    )
    while not site.sql("us", waiting):
        assert not running.done(), running.result()
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("row", "table"),
    [
        ("INSERT INTO mark VALUES (6, 50)", "mark"),  # of another organization
        ("INSERT INTO pin VALUES (50, 'here')", "pin"),  # of nobody
        ("INSERT INTO note VALUES (3, 50)", "note"),  # of the organization itself, whose notes are gone by then
    ],
)
def test_a_row_that_begins_to_refer_to_a_moved_one(site: SmallSite, row: str, table: str) -> None:
    with psycopg.connect(site.urls["us"]) as conn, purging(site) as running:
        conn.execute(row.encode())
        wait_until_somebody_waits(site, running)
        conn.commit()
        with pytest.raises(FailedError, match=table) as failed:
            running.result()
    assert [problem.code for problem in failed.value.problems] == ["held-by-others"]
    assert site.sql("us", f"SELECT project_id FROM {table}") == [(50,)]
    assert site.sql("us", "SELECT id FROM project ORDER BY 1") == [(50,), (60,)]
    site.sql("us", f"DELETE FROM {table}")
    assert site.purge().state == "purged"
    assert site.sql("us", "SELECT id FROM project") == [(60,)]


def test_a_row_that_changed_stops_it_and_what_went_before_is_told(site: SmallSite) -> None:
    site.sql("us", "UPDATE project SET name = 'late' WHERE id = 50")
    for _ in range(2):  # the notes went the first time
        with pytest.raises(FailedError, match="project"):
            site.purge()
        assert site.sql("us", "SELECT count(*) FROM note") == [(0,)]


def test_where_nothing_went_it_is_a_difference(site: SmallSite) -> None:
    site.sql("us", "UPDATE note SET id = 4")
    for _ in range(2):
        with pytest.raises(DiffersError, match="note"):
            site.purge()
