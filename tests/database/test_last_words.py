"""A mover that dies when all is done but for saying so in control: the same command says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relocate.control import Relocation
from relocate.mover import Mover
from relocate.phases import Phase
from relocate.retire import purge
from relocate.undo import abort
from splitter.errors import FailedError, OrgliftError
from splitter.events import silent
from tests.small_sites import ORG, Site, make_site

SCHEMA = ORG + "CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org);"
ROWS = "INSERT INTO org VALUES (1, 'acme'); INSERT INTO item VALUES (1, 1);"
Dying = Callable[[Phase], None]


@pytest.fixture
def site(make_database: Callable[..., str]) -> Site:
    return make_site(make_database, SCHEMA + ROWS, SCHEMA)


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Dying:
    """``dying(phase)``: the next mover gets no further than that."""

    def die_before(phase: Phase) -> None:
        move_to = Mover.move_to

        def die(self: Mover, wanted: Phase, **facts: Any) -> Relocation:
            if wanted is phase:
                monkeypatch.undo()
                raise FailedError("killed")
            return move_to(self, wanted, **facts)

        monkeypatch.setattr(Mover, "move_to", die)

    return die_before


@pytest.mark.parametrize("phase", [Phase.LOADING, Phase.VERIFYING])
def test_an_abort(site: Site, dying: Dying, phase: Phase):
    dying(phase)
    with pytest.raises(OrgliftError, match="killed"):
        site.move()
    dying(Phase.ABORTED)
    with pytest.raises(OrgliftError, match="killed"):
        abort(site.silos, "acme", silent)
    assert abort(site.silos, "acme", silent).state == "aborted"
    assert site.rows("de", "SELECT count(*) FROM item") == [(0,)]
    assert site.move().verified


@pytest.mark.parametrize("phase", [Phase.PURGING, Phase.PURGED])
def test_a_purge(site: Site, dying: Dying, phase: Phase):
    site.move()
    dying(phase)
    with pytest.raises(OrgliftError, match="killed"):
        purge(site.silos, "acme", silent)
    assert purge(site.silos, "acme", silent).state == "purged"
    assert site.rows("us", "SELECT count(*) FROM item") == [(0,)]
