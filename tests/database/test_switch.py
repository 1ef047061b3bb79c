"""The switch is one transaction: all of it, or nothing; and only from what the move began with."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from exports.homes import Home, find_organization, read_home
from relocate.control import Order, Relocation, begin_relocation, read_relocation
from relocate.homes import adopt
from relocate.mover import take_over
from relocate.phases import Phase
from relocate.switch import SwitchOrder, stage_moved_ids, switch
from splitter import db
from splitter.errors import Busy, Conflict, IllegalMove, OtherMover, ServerError
from splitter.schema import TableName
from splitter.silos import OwnMapping
from tests.installation import Installation, make_installation

ORDER = Order(organization_before="5", organization_after="900", source="us", target="de", slug="acme")
OWN = OwnMapping(table=TableName("public", "own"), organization="org", slug="slug", region="region")
SCRIPT = """
CREATE TABLE own (org bigint PRIMARY KEY, slug text, region text NOT NULL);
CREATE TABLE star (user_id int, item_id bigint);
INSERT INTO star VALUES (1, 10), (1, 11), (2, 10), (3, 99);
"""
REWRITE = sql.SQL(
    "UPDATE public.star SET item_id = m.after FROM orglift.moved_ids AS m"
    " WHERE m.relocation = %s AND m.table_name = 'item' AND m.before = item_id"
)


@dataclass(frozen=True)
class Rewriter:
    """Of the table star; ``then``: what it does besides."""

    relocation: UUID
    then: LiteralString = "SELECT 1"

    def look_again(self, control: db.Connection) -> None:
        control.execute("LOCK TABLE public.star")

    def rewrite(self, control: db.Connection) -> int:
        changed = control.execute(REWRITE, (self.relocation,)).rowcount
        control.execute(self.then)
        return changed


@pytest.fixture
def site(make_database):
    site = make_installation(make_database, control=SCRIPT)
    site.init()
    yield site
    site.close()


@pytest.fixture
def control(site):
    return site.open()


class Move:
    """A relocation that stands right before its switch."""

    def __init__(
        self, site: Installation, control: db.Connection, order: Order = ORDER, own: OwnMapping | None = None, new: bool = False
    ) -> None:
        if own is not None:
            site.rows("INSERT INTO public.own VALUES (5, 'acme', 'us')")
        home = None if new else adopt(control, Home(organization="5", slug="acme", region="us"), own)
        self.control = control
        relocation = begin_relocation(control, order)
        self.mover = take_over(lambda: db.connect(site.urls["control"], setting="control"), relocation.id)
        self.mover.move_to(Phase.LOADING)
        self.mover.move_to(Phase.VERIFYING)
        stage_moved_ids(control, relocation.id, self.mover.generation, "item", [(10, 1010), (11, 1011)])
        self.id = relocation.id
        self.order = SwitchOrder(
            relocation=relocation.id,
            generation=self.mover.generation,
            expected=home,
            references=Rewriter(relocation.id),
            own=own,
        )

    def switch(self, **changes: Any) -> Relocation:
        with self.mover.session() as conn:
            return switch(conn, replace(self.order, **changes))


@pytest.fixture
def make(site, control):
    moves = []

    def build(**options):
        moves.append(Move(site, control, **options))
        return moves[-1]

    yield build
    for move in moves:
        move.mover.stop()


STARS = "SELECT item_id FROM public.star ORDER BY user_id, item_id"
BEFORE, AFTER = [(10,), (11,), (10,), (99,)], [(1010,), (1011,), (1010,), (99,)]


def test_everything_changes_at_once(site, make):
    move = make()
    done = move.switch()
    assert done.phase is Phase.SWITCHED and done.switched_at is not None
    assert site.rows("SELECT organization, slug, region, version FROM orglift.mapping") == [("900", "acme", "de", 2)]
    assert site.rows(STARS) == AFTER
    [(organization, detail)] = site.rows("SELECT organization, detail FROM orglift.audit WHERE action = 'switched'")
    assert organization == "900" and detail == {"before": "5", "from": "us", "to": "de", "control_rows": 3}
    assert find_organization(move.control, "5").organization == "900"


def test_again_changes_nothing(site, make):
    move = make()
    move.switch()
    again = move.switch()
    assert again.phase is Phase.SWITCHED
    assert site.rows("SELECT version FROM orglift.mapping") == [(2,)]
    assert site.rows("SELECT count(*) FROM orglift.audit WHERE action = 'switched'") == [(1,)]


def nothing_changed(site: Installation, move: Move) -> bool:
    found = read_relocation(move.control, move.id)
    return found is not None and found.phase is Phase.VERIFYING and site.rows(STARS) == BEFORE


def test_a_mapping_that_changed_meanwhile_is_refused(site, make):
    move = make()
    for change in ("UPDATE orglift.mapping SET region = 'fr'", "UPDATE orglift.mapping SET region = 'us', version = version + 1"):
        site.rows(change)
        with pytest.raises(Conflict, match="the mapping changed during the move") as caught:
            move.switch()
        assert "orglift.audit" in caught.value.hint
        assert nothing_changed(site, move)


def test_an_organization_that_is_gone_is_refused(site, make):
    move = make()
    site.rows("DELETE FROM orglift.mapping")
    with pytest.raises(Conflict, match="it says nothing"):
        move.switch()
    assert nothing_changed(site, move)


def test_a_superseded_mover_switches_nothing(site, make):
    move = make()
    site.rows("UPDATE orglift.relocations SET generation = generation + 1, mover = 'other/1'")
    with pytest.raises(OtherMover, match="taken over by other/1"):
        move.switch()
    assert nothing_changed(site, move)


def test_a_statement_that_fails_takes_everything_back(site, make):
    move = make()
    with pytest.raises(ServerError, match="division by zero"):
        move.switch(references=Rewriter(move.id, then="SELECT 1 / 0"))
    assert nothing_changed(site, move)
    assert site.rows("SELECT region, version FROM orglift.mapping") == [("us", 1)]


def test_only_what_was_verified_is_switched(make):
    move = make()
    move.mover.move_to(Phase.DIFFERS)
    with pytest.raises(IllegalMove):
        move.switch()


def test_the_applications_own_mapping_changes_with_ours(site, make):
    make(own=OWN).switch()
    assert site.rows("SELECT * FROM public.own") == [(900, "acme", "de")]
    assert site.rows("SELECT organization, slug, region, version FROM orglift.mapping") == [("900", "acme", "de", 2)]


def test_a_change_of_the_applications_own_mapping_is_refused(site, make):
    move = make(own=OWN)
    site.rows("UPDATE public.own SET region = 'fr'")
    with pytest.raises(Conflict, match="own says 'fr' for organization 5"):
        move.switch()
    assert nothing_changed(site, move)


def test_an_organization_that_only_the_application_knows_gets_our_row(site, make):
    move = make(own=OWN)
    site.rows("DELETE FROM orglift.mapping")
    move.switch(expected=Home(organization="5", slug="acme", region="us", version=0))
    assert site.rows("SELECT organization, slug, region, version FROM orglift.mapping") == [("900", "acme", "de", 1)]


@pytest.mark.parametrize("own", [None, OWN], ids=["ours", "own"])
def test_an_organization_that_is_new_to_control_gets_a_home(site, make, own):
    move = make(new=True, order=replace(ORDER, source="archive"))
    move.switch(own=own)
    assert read_home(move.control, "900", own) == Home(organization="900", slug="acme", region="de", version=1)


def test_one_that_came_meanwhile_is_refused(site, make):
    move = make(new=True)
    adopt(move.control, Home(organization="77", slug="acme", region="us"))
    with pytest.raises(Conflict, match="is new to control, and there is organization 77") as caught:
        move.switch()
    assert "--slug" in caught.value.hint
    assert nothing_changed(site, move)


def test_a_row_that_the_application_holds_for_a_moment_is_waited_for(site, make):
    move = make()
    with psycopg.connect(site.urls["control"]) as other:
        other.execute("UPDATE star SET user_id = user_id")

        def let_go():
            time.sleep(0.5)
            other.commit()

        release = threading.Thread(target=let_go)
        release.start()
        move.switch()
        release.join()
    assert site.rows(STARS) == AFTER


def test_one_that_it_holds_for_long_stops_the_switch_alone(site, make, monkeypatch):
    monkeypatch.setattr("relocate.switch.LOCK_TIMEOUT_MS", 10)
    move = make()
    with psycopg.connect(site.urls["control"]) as other:
        other.execute("UPDATE star SET user_id = user_id")
        with pytest.raises(Busy, match="lock timeout"):
            move.switch()
    assert nothing_changed(site, move)
    move.switch()


def test_of_two_switches_at_once_one_is_done(site, make):
    move = make()
    done = []

    def attempt():
        with db.connect(site.urls["control"], setting="control") as conn:
            done.append(switch(conn, move.order).phase)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [Phase.SWITCHED] * 4
    assert site.rows("SELECT version FROM orglift.mapping") == [(2,)]
    assert site.rows("SELECT count(*) FROM orglift.audit WHERE action = 'switched'") == [(1,)]
