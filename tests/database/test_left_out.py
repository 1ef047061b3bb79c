"""Tables that are left out and hold on to the organization by a foreign key: a move does not read them, the purge does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relocate.move import Options
from relocate.plan import read_plan
from relocate.retire import purge
from splitter.errors import RefusedError
from splitter.events import silent
from tests.small_sites import ORG, Site, make_site

SCHEMA = ORG + "CREATE TABLE queue (id bigint PRIMARY KEY, org_id bigint REFERENCES org);"
ROWS = "INSERT INTO org VALUES (1, 'acme'), (2, 'other'); INSERT INTO queue VALUES (1, 1), (2, 2), (3, NULL);"
SILOS = '[tables.queue]\nexport = "none"\nwhy = "work in flight"\n'


@pytest.fixture
def site(make_database: Callable[..., str]) -> Site:
    return make_site(make_database, SCHEMA + ROWS, SCHEMA, SILOS)


def test_the_plan_tells_that_the_purge_will_ask(site: Site):
    plan = read_plan(site.silos, "acme", "de", Options())
    assert plan.problems == ()
    assert [told for told in plan.warnings if told.startswith("queue.org_id -> org.id: rows of queue stay")]


def test_the_organization_moves_and_is_not_purged_while_they_hold_on_to_it(site: Site):
    assert site.move().verified
    assert site.rows("de", "SELECT count(*) FROM queue") == [(0,)]
    with pytest.raises(RefusedError) as caught:
        purge(site.silos, "acme", silent)
    assert [(problem.code, problem.object) for problem in caught.value.problems] == [("held-by-others", "queue.org_id -> org.id")]
    assert site.rows("us", "SELECT slug FROM org ORDER BY id") == [("acme",), ("other",)]
    site.rows("us", "DELETE FROM queue WHERE org_id = 1")
    assert purge(site.silos, "acme", silent).state == "purged"
    assert site.rows("us", "SELECT slug FROM org") == [("other",)]
    assert site.rows("us", "SELECT id FROM queue ORDER BY id") == [(2,), (3,)]
