"""What follows the switch, done again by a mover that died or slept: the hidden column changes sides once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relocate.after import repeat_after_switch
from relocate.control import Relocation, read_relocations
from relocate.move import Options
from relocate.retire import purge
from relocate.run import start
from relocate.session import open_control
from splitter.events import silent
from tests.small_sites import Site, make_site

ORG = "CREATE TABLE org (id uuid PRIMARY KEY, slug text NOT NULL UNIQUE, status int NOT NULL DEFAULT 0);"
ROWS = "INSERT INTO org VALUES ('00000000-0000-4000-8000-000000000001', 'acme', 3);"
LIVE, MOVING = 3, 9


@pytest.fixture
def site(make_database: Callable[..., str]) -> Site:
    return make_site(make_database, ORG + ROWS, ORG, 'hide = { column = "status", live = 0, moving = 9 }\n')


def status(site: Site, region: str) -> object:
    ((found,),) = site.rows(region, "SELECT status FROM org")
    return found


def latest(site: Site) -> Relocation:
    with open_control(site.silos) as control:
        return read_relocations(control)[0]


def test_what_the_application_set_since_stays(site: Site):
    site.move()
    assert (status(site, "us"), status(site, "de")) == (MOVING, LIVE)
    site.rows("de", "UPDATE org SET status = 5")
    repeat_after_switch(site.silos, latest(site))
    assert (status(site, "us"), status(site, "de")) == (MOVING, 5)


def test_a_purge_reveals_what_a_mover_that_died_did_not(site: Site):
    site.move()
    site.rows("de", "UPDATE org SET status = 9")  # as if it had died right after the switch
    purge(site.silos, "acme", silent)
    assert status(site, "de") == LIVE


def test_a_mover_that_sleeps_until_the_organization_is_back_does_not_hide_it(site: Site):
    site.move()
    away = latest(site)
    purge(site.silos, "acme", silent)
    start(site.silos, "acme", "us", Options(), silent)
    repeat_after_switch(site.silos, away)
    assert (status(site, "us"), status(site, "de")) == (LIVE, MOVING)
    purge(site.silos, "acme", silent)
    repeat_after_switch(site.silos, away)
    assert status(site, "us") == LIVE


def test_nor_does_it_reveal_a_copy_that_is_being_loaded(site: Site):
    site.move()
    away = latest(site)
    purge(site.silos, "acme", silent)
    site.rows("de", "UPDATE org SET status = 9")
    repeat_after_switch(site.silos, away)
    assert status(site, "de") == MOVING
