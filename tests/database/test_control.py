"""Relocations in control: one unfinished for each organization; origins once for each database; ids of before for ever."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from relocate.control import Order, Relocation, begin_relocation, find_unfinished, read_relocation, read_relocations, write_audit
from relocate.install import VERSION, Part, check_installed, install
from relocate.origins import Origin, issue_origin, read_origins, region_origin, settle_layout
from relocate.phases import Phase
from relocate.switch import stage_moved_ids
from splitter import db
from splitter.errors import Conflict, IllegalMove, NoOrigin, OtherMover, RefusedError, UnknownOrganization, Unprepared
from splitter.layout import IdLayout
from tests.installation import Installation, make_installation

LAYOUT = IdLayout()
ORDER = Order(organization_before="5", organization_after=str(LAYOUT.first(1) + 5), source="us", target="de", slug="acme")


@pytest.fixture
def site(make_database):
    site = make_installation(make_database)
    site.init()
    yield site
    site.close()


@pytest.fixture
def control(site):
    return site.open()


def put(site: Installation, relocation: Relocation, phase: str) -> None:
    site.rows("UPDATE orglift.relocations SET phase = %s WHERE id = %s", phase, relocation.id)


def test_nothing_works_before_init(database):
    with db.connect(database, setting="--url") as conn, pytest.raises(Unprepared) as caught:
        check_installed(conn, Part.CONTROL)
    assert "relocate init" in caught.value.hint


def test_a_newer_schema_is_left_alone(site, control):
    site.rows("UPDATE orglift.version SET version = version + 1")
    for attempt in (check_installed, install):
        with pytest.raises(RefusedError, match=f"version {VERSION + 1}, and this orglift knows version {VERSION}"):
            attempt(control, Part.CONTROL)


def test_a_relocation_begins_planned_and_is_audited(site, control):
    begun = begin_relocation(control, ORDER)
    assert (begun.phase, begun.generation, begun.slug, begun.target) == (Phase.PLANNED, 0, "acme", "de")
    assert read_relocation(control, begun.id) == begun
    [(actor, organization, action)] = site.rows("SELECT actor, organization, action FROM orglift.audit WHERE relocation = %s", begun.id)
    assert "@" in actor and "/" in actor and (organization, action) == ("5", "planned")


@pytest.mark.parametrize("phase", ["planned", "loading", "verifying", "differs", "switched", "purging"])
def test_the_same_order_goes_on(site, control, phase):
    begun = begin_relocation(control, ORDER)
    put(site, begun, phase)
    assert begin_relocation(control, ORDER).id == begun.id


@pytest.mark.parametrize("phase", ["purged", "aborted"])
def test_after_the_end_a_new_one_begins(site, control, phase):
    begun = begin_relocation(control, ORDER)
    put(site, begun, phase)
    assert begin_relocation(control, ORDER).id != begun.id


def test_another_target_is_refused_while_one_is_unfinished(control):
    begin_relocation(control, ORDER)
    with pytest.raises(Conflict, match=r"'acme' is being moved from us to de \(relocation") as caught:
        begin_relocation(control, replace(ORDER, target="fr"))
    assert "relocate abort acme" in caught.value.hint


def test_a_move_back_before_the_purge_is_refused_and_names_it(site, control):
    put(site, begin_relocation(control, ORDER), "switched")
    back = replace(ORDER, organization_before=ORDER.organization_after, source="de", target="us")
    with pytest.raises(Conflict, match="its rows are still in us") as caught:
        begin_relocation(control, back)
    assert "relocate purge acme" in caught.value.hint


def test_other_options_are_refused_by_name(control):
    begin_relocation(control, replace(ORDER, options={"rules": "a", "jobs": 2}))
    with pytest.raises(Conflict, match=r"begun with another rules$"):
        begin_relocation(control, replace(ORDER, options={"rules": "b", "jobs": 2}))


def test_an_abort_has_to_be_finished_first(site, control):
    put(site, begin_relocation(control, ORDER), "aborting")
    with pytest.raises(IllegalMove, match="is being aborted"):
        begin_relocation(control, ORDER)


def test_equal_local_ids_of_two_regions_are_two_organizations(control):
    begin_relocation(control, ORDER)
    other = replace(ORDER, source="de", target="us", organization_after=str(LAYOUT.first(2) + 5), slug="other")
    begin_relocation(control, other)
    with pytest.raises(UnknownOrganization, match="several unfinished relocations"):
        find_unfinished(control, "5")


def test_many_beginning_at_once_get_one(site):
    begun = []

    def begin():
        with db.connect(site.urls["control"], setting="control") as conn:
            begun.append(begin_relocation(conn, ORDER).id)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 6 and len(set(begun)) == 1


def test_an_archive_brings_its_own_id(site, control):
    order = replace(ORDER, id=uuid4())
    begun = begin_relocation(control, order)
    assert begun.id == order.id
    put(site, begun, "aborted")
    assert begin_relocation(control, order).id != order.id


def test_an_archive_that_was_imported_is_over(site, control):
    order = replace(ORDER, id=uuid4())
    put(site, begin_relocation(control, order), "purged")
    with pytest.raises(IllegalMove, match="is over"):
        begin_relocation(control, order)


def test_an_unfinished_relocation_is_found_by_any_of_its_names(site, control):
    begun = begin_relocation(control, ORDER)
    for text in ("acme", "5", "id:5", ORDER.organization_after, str(begun.id)):
        found = find_unfinished(control, text)
        assert found is not None and found.id == begun.id
    put(site, begun, "purged")
    assert find_unfinished(control, "acme") is None
    assert [one.id for one in read_relocations(control, organization="5")] == [begun.id]
    assert read_relocations(control, unfinished=True) == ()


def test_an_audit_row_has_what_was_given(site, control):
    write_audit(control, "tested", organization="5", detail={"a": [1, None]})
    assert site.rows("SELECT action, detail FROM orglift.audit WHERE action = 'tested'") == [("tested", {"a": [1, None]})]


def test_an_archive_gets_one_origin_however_often_it_asks(control):
    wanted = Origin(origin=0, source_key="00000000-0000-0000-0000-000000000007/local")
    given = {issue_origin(control, LAYOUT, wanted).origin for _ in range(3)}
    assert given == {3}
    assert issue_origin(control, LAYOUT, replace(wanted, source_key="another")).origin == 4
    assert [origin.origin for origin in read_origins(control)] == [1, 2, 3, 4]
    assert region_origin(control, "us").origin == 1


def test_origins_issued_at_once_differ(site):
    given = []

    def issue(number):
        with db.connect(site.urls["control"], setting="control") as conn:
            given.append(issue_origin(conn, LAYOUT, Origin(origin=0, source_key=str(number))).origin)

    threads = [threading.Thread(target=issue, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [3, 4, 5, 6, 7, 8]


def test_origins_end(control):
    with pytest.raises(NoOrigin, match="all 2 origins"):
        issue_origin(control, IdLayout(bits=37, serial_bits=36), Origin(origin=0, source_key="x"))


def test_who_has_no_origin_is_told(control):
    with pytest.raises(NoOrigin, match="'mars' has no origin") as caught:
        region_origin(control, "mars")
    assert "relocate init" in caught.value.hint


def resolve(site: Installation, *values: object) -> object:
    calls: dict[int, LiteralString] = {2: "SELECT orglift.resolve(%s, %s)", 3: "SELECT orglift.resolve(%s, %s, %s)"}
    return site.rows(calls[len(values)], *values)[0][0]


class TestResolve:
    """orglift.resolve(table, id, region)"""

    def test_a_distributed_id_is_its_own_answer(self, site):
        assert resolve(site, "item", LAYOUT.first(1) + 5) == LAYOUT.first(1) + 5
        assert resolve(site, "item", -1) == -1

    def test_a_local_id_of_a_named_region_is_shifted(self, site):
        assert resolve(site, "item", 5, "de") == LAYOUT.first(2) + 5

    def test_without_a_region_it_is_the_one_that_had_local_ids(self, site):
        with pytest.raises(psycopg.errors.AmbiguousParameter, match="could be of several regions, or of none"):
            resolve(site, "item", 5)
        site.add("us", acme=1)
        site.init()
        assert resolve(site, "item", 5) == LAYOUT.first(1) + 5

    def test_two_regions_with_local_ids_need_the_name(self, site):
        site.add("us", acme=1)
        site.add("de", other=2)
        site.init()
        with pytest.raises(psycopg.errors.AmbiguousParameter):
            resolve(site, "item", 5)

    def test_an_unknown_region_is_told(self, site):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="'mars' has no origin"):
            resolve(site, "item", 5, "mars")

    def test_what_control_was_told_comes_first_once_it_has_switched(self, site, control):
        site.add("us", acme=1)
        site.init()
        begun = begin_relocation(control, ORDER)
        assert stage_moved_ids(control, begun.id, 0, "item", [(5, 777), (6, 888)]) == 2
        assert resolve(site, "item", 5) == LAYOUT.first(1) + 5
        put(site, begun, "switched")
        assert resolve(site, "item", 5) == resolve(site, "item", 5, "us") == 777
        assert resolve(site, "other", 5) == LAYOUT.first(1) + 5
        assert resolve(site, "item", 5, "de") == LAYOUT.first(2) + 5

    def test_home_keeps_its_ids_and_an_archive_has_its_own(self, make_database):
        site = make_installation(make_database)
        site.init(home="us")
        issue_origin(site.open(), LAYOUT, Origin(origin=0, source_key="elsewhere"))
        assert resolve(site, "item", 5) == resolve(site, "item", 5, "de") == 5
        assert resolve(site, "item", 5, "elsewhere") == LAYOUT.first(2) + 5
        site.close()


def test_staging_again_replaces_and_a_superseded_mover_stages_nothing(site, control):
    begun = begin_relocation(control, ORDER)
    stage_moved_ids(control, begun.id, 0, "item", [(1, 2)])
    assert stage_moved_ids(control, begun.id, 0, "item", [(3, 4), (5, 6)]) == 2
    with pytest.raises(OtherMover):
        stage_moved_ids(control, begun.id, 1, "item", [(7, 8)])
    assert site.rows("SELECT before, after FROM orglift.moved_ids ORDER BY 1") == [(3, 4), (5, 6)]


def test_the_layout_is_settled_once(control):
    settle_layout(control, LAYOUT)
    settle_layout(control, LAYOUT)
