"""Real applications' schemas, moved by the commands as processes and compared with a ground truth that shares no code with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cases_facts import AWAY, CASES, HOME
from tests.cases_support import clone_case, drop_case, read_region
from tests.journeys.case_commands import DONE, FOUND, REFUSED, Archived, Journey, counts, sizes
from tests.servers import Servers
from tests.truth import Region, added, as_values, assert_same
from tests.truth_catalog import read_sequences, read_state

pytestmark = pytest.mark.long

PLACES = [(name, 15) for name in CASES]
BOTH = [*PLACES, ("citusads", 18), ("hatchet", 18)]  # concourse needs pgcrypto, which the wheel of 18 lacks
TWICE_KILLED = [place for place in PLACES if place[0] in ("citusads", "labelstudio")]
NARROW = [(name, major) for name, major in PLACES if CASES[name].narrow]


@pytest.fixture
def journey(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> Iterator[Journey]:
    name, major = request.param
    server = servers(major)
    case = clone_case(server, CASES[name])
    yield Journey(case, tmp_path)
    drop_case(server, case)


def on(places: list[tuple[str, int]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("journey", places, indirect=True, ids=[f"{name}-pg{major}" for name, major in places])


# the scope


@on(PLACES)
def test_the_scope_has_the_rows_that_owners_json_names(journey: Journey):
    for number, tenant in enumerate(journey.owners["tenants"]):
        each = Journey(journey.case, journey.folder, number)
        scope = each.run("exports", "scope", each.name, "--region", HOME)
        assert scope["undecided"] == []
        expected = sizes(each.truth(None, origin=0).expected(tenant))
        assert _without_shared(journey, counts(scope["tables"])) == expected


def _without_shared(journey: Journey, rows: dict[str, int]) -> dict[str, int]:
    shared = {name for name, facts in journey.case.facts.shared.items() if facts.null is None}
    return {name: count for name, count in rows.items() if name not in shared}


# the archive


@on(BOTH)
def test_an_archive_holds_the_rewritten_rows_and_no_others(journey: Journey):
    begin(journey)
    file = journey.folder / "one.orglift"
    before = read_state(journey.case.urls[HOME])
    journey.run("exports", "org", journey.name, "--region", HOME, "--to", AWAY, "--out", str(file))
    assert journey.run("exports", "verify", str(file))["faults"] == []
    archive = Archived(file).read()
    found = as_values(Region(journey.source.catalog, archive.rows))
    assert_same(journey.truth(None).expected(journey.tenant), {name: rows for name, rows in found.items() if rows}, journey.source.catalog)
    assert read_state(journey.case.urls[HOME]) == before


@on(PLACES)
def test_an_imported_archive_becomes_the_organization(journey: Journey):
    begin(journey)
    file = journey.folder / "one.orglift"
    journey.run("exports", "org", journey.name, "--region", HOME, "--to", AWAY, "--out", str(file))
    target = read_region(journey.case.urls[AWAY])
    answer = journey.run("relocate", "import", str(file), "--to", AWAY)
    check_arrival(journey, target, answer)
    journey.run("relocate", "purge", journey.name)
    check_departure(journey)


# the move


@on(NARROW)
def test_ids_that_are_too_narrow_are_refused_before_anything_is_written(journey: Journey):
    initialize(journey)
    before = states(journey)
    error = journey.run("relocate", "start", journey.name, "--to", AWAY, exit=REFUSED)["error"]
    assert "widen-ids" in error["hint"]
    assert states(journey) == before


@on(BOTH)
def test_an_organization_moves_and_comes_back(journey: Journey):
    begin(journey)
    target, before = read_region(journey.case.urls[AWAY]), states(journey)
    away_sequences = read_sequences(journey.case.urls[AWAY])
    check_arrival(journey, target, journey.run("relocate", "start", journey.name, "--to", AWAY))
    unchanged = states(journey)
    assert {name: unchanged[name] for name in (HOME, "control")} == {name: before[name] for name in (HOME, "control")}
    assert read_sequences(journey.case.urls[AWAY]) == away_sequences

    error = journey.run("relocate", "start", journey.name, "--to", HOME, exit=REFUSED)["error"]
    assert "purge" in error["hint"]
    journey.run("relocate", "purge", journey.name)
    check_departure(journey)

    left = journey.rows(HOME)
    journey.run("relocate", "start", journey.name, "--to", HOME)
    assert_same(journey.truth(None).expected(journey.tenant), added(left, journey.rows(HOME)), journey.source.catalog)
    journey.run("relocate", "purge", journey.name)
    check_cleared(journey, target)


@on(PLACES)
def test_an_aborted_move_leaves_nothing(journey: Journey):
    begin(journey)
    before = states(journey)
    journey.run_killed("relocate", "start", journey.name, "--to", AWAY, at=3)
    journey.run("relocate", "abort", journey.name)
    assert states(journey) == before
    target = read_region(journey.case.urls[AWAY])
    check_arrival(journey, target, journey.run("relocate", "start", journey.name, "--to", AWAY))


@on(TWICE_KILLED)
def test_a_killed_move_goes_on_with_the_same_command(journey: Journey):
    begin(journey)
    target = read_region(journey.case.urls[AWAY])
    words = ("relocate", "start", journey.name, "--to", AWAY)
    journey.run_killed(*words, at=2)
    journey.run_killed(*words, at=3)
    check_arrival(journey, target, journey.run(*words))


def begin(journey: Journey) -> None:
    """All that has to be done before an organization can move."""
    assert journey.source.rows  # read as it was given
    journey.case.widen()
    initialize(journey)


def initialize(journey: Journey) -> None:
    """Organizations of two regions with one local id are all that it may find."""
    same_ids = journey.case.facts.same_ids
    answer = journey.run("relocate", "init", exit=FOUND if same_ids else DONE)
    assert {problem["code"] for problem in answer.get("problems", [])} == ({"same-id"} if same_ids else set())


def states(journey: Journey) -> dict[str, Any]:
    return {name: read_state(url) for name, url in journey.case.urls.items()}


def check_arrival(journey: Journey, target: Region, answer: dict[str, Any]) -> None:
    """The second region has gained exactly the organization's rows, and the command says so."""
    truth, now = journey.truth(target), read_region(journey.case.urls[AWAY])
    expected = truth.expected(journey.tenant)
    assert_same(expected, added(as_values(target), as_values(now)), journey.source.catalog)
    for table, column, document in truth.untouched(journey.tenant):
        assert any(row[column] == document for row in now.rows[table])
    assert (answer["from"], answer["to"], answer["state"], answer["verified"]) == (HOME, AWAY, "switched", True)
    assert counts(answer["tables"]) == sizes(expected)


def check_departure(journey: Journey) -> None:
    """The home region has lost exactly the organization's own rows."""
    gone = journey.truth(None, origin=0).given(journey.tenant)
    assert_same(gone, added(journey.rows(HOME), as_values(journey.source)), journey.source.catalog)


def check_cleared(journey: Journey, target: Region) -> None:
    """The second region is as it was, but for what travelled along: those rows stay where they were copied to."""
    along = added(as_values(target), journey.rows(AWAY))
    assert set(along) <= journey.case.facts.referenced
