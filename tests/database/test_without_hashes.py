"""``--no-hashes``: a move that is resumed copies nothing again that is still the same, and misses nothing that isn't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exports.archive import open_verified
from exports.survey import survey_region
from relocate.archive_feed import Piece, archived_pieces
from relocate.mover import Mover
from relocate.outcome import Outcome
from relocate.phases import Phase
from relocate.retire import purge
from relocate.second_look import archive_differences
from splitter.errors import DiffersError, FailedError, UsageError
from splitter.events import silent
from tests.small_sites import ORG, Site, make_site, shift

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE owner (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
CREATE TABLE item (id bigint PRIMARY KEY, owner_id bigint NOT NULL REFERENCES owner, name text);
CREATE TABLE note (id bigint PRIMARY KEY, org_id bigint REFERENCES org, feeling mood, name text);
CREATE TABLE word (id bigint PRIMARY KEY, org_id bigint REFERENCES org, name text);
"""
ROWS = """
INSERT INTO org VALUES (1, 'acme'), (2, 'other'); INSERT INTO owner VALUES (1, 1), (2, 2);
INSERT INTO item VALUES (1, 1, 'mine'), (2, 2, 'theirs');
INSERT INTO note SELECT n, 1, 'sad', 'n' FROM generate_series(1, 9) AS n; INSERT INTO word SELECT n, 1, 'w' FROM generate_series(1, 9) AS n;
"""
TABLES = ("org", "owner", "item", "note", "word")


@pytest.fixture
def site(make_database: Callable[..., str]) -> Site:
    return make_site(make_database, ORG + SCHEMA + ROWS, ORG + SCHEMA)


@pytest.fixture
def copied(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """All rows are there, and the mover died."""
    move_to = Mover.move_to

    def die(self: Mover, phase: Phase, **facts: object) -> object:
        if phase is Phase.VERIFYING:
            raise FailedError("killed")
        return move_to(self, phase, **facts)

    with monkeypatch.context() as patch:
        patch.setattr(Mover, "move_to", die)
        with pytest.raises(FailedError, match="killed"):
            site.move(hashes=False)
    return site


def resume(site: Site) -> tuple[Outcome, set[str]]:
    """What the second run said, and the tables that it copied again."""
    before = loaded(site)
    outcome = site.move(hashes=False)
    return outcome, {table for table, when in loaded(site).items() if when != before[table]}


def loaded(site: Site) -> dict[str, object]:
    return dict(site.rows("de", "SELECT table_name, xid FROM orglift.chunks"))


def test_nothing_is_copied_again_that_is_the_same(copied: Site):
    outcome, again = resume(copied)
    assert outcome.verified and again == set()
    assert {table["name"]: table["rows"] for table in outcome.tables} == {"org": 1, "owner": 1, "item": 1, "note": 9, "word": 9}
    assert purge(copied.silos, "acme", silent).state == "purged"


CHANGES = {
    "an update": ("UPDATE word SET name = 'v' WHERE id = 3", {"word"}),
    "a row less": ("DELETE FROM word WHERE id = 3", {"word"}),
    "a row more": ("INSERT INTO word VALUES (10, 1, 'new')", {"word"}),
    "another one in its place": ("DELETE FROM word WHERE id = 3; INSERT INTO word VALUES (10, 1, 'w')", {"word"}),
    "two values that change places": ("UPDATE word SET name = CASE id WHEN 3 THEN 'w' ELSE 'x' END WHERE id IN (3, 4)", {"word"}),
    "the same again": ("UPDATE word SET name = name", set()),
    "a parent that changes hands": ("UPDATE owner SET org_id = 3 - org_id", {"owner", "item"}),
    "labels that change their names": (
        "; ".join(f"ALTER TYPE mood RENAME VALUE {change}" for change in ("'sad' TO 'x'", "'glad' TO 'sad'", "'x' TO 'glad'")),
        {"note"},
    ),
    "a table that another one takes the place of": (
        "ALTER TABLE word RENAME TO was; CREATE TABLE word (LIKE was INCLUDING ALL, FOREIGN KEY (org_id) REFERENCES org);"
        " INSERT INTO word SELECT id, org_id, 'new' FROM was; DROP TABLE was",
        {"word"},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changed_meanwhile_is_copied_again_and_nothing_else(copied: Site, name: str):
    change, wanted = CHANGES[name]
    copied.rows("us", change)
    outcome, again = resume(copied)
    assert outcome.verified and again == wanted
    for table in TABLES:
        ids = "id" + (", owner_id" if table == "item" else ", org_id" if table != "org" else "")
        rows = copied.rows("us", f"SELECT {ids}, k::text FROM {table} AS k WHERE {belongs(table)}")
        there = copied.rows("de", f"SELECT {ids}, k::text FROM {table} AS k")
        assert sorted((*map(shift, row[:-1]), rest(row)) for row in rows) == sorted((*row[:-1], rest(row)) for row in there), table


def belongs(table: str) -> str:
    own = {"org": "id = 1", "item": "owner_id IN (SELECT id FROM owner WHERE org_id = 1)"}
    return own.get(table, "org_id = 1")


def rest(row: tuple[object, ...]) -> list[str]:
    """What stands in a row behind its ids."""
    return str(row[-1]).split(",")[len(row) - 1 :]


def test_what_changed_in_the_target_is_copied_again(copied: Site):
    copied.rows("de", "UPDATE word SET name = 'by somebody' WHERE id = %s", shift(3))
    with pytest.raises(FailedError):  # it is a row of somebody else now, and in the way of ours
        copied.move(hashes=False)


# archives


def test_an_archive_for_a_move_has_hashes(site: Site, tmp_path: Path):
    with pytest.raises(UsageError, match="does not go with --to"):
        site.export(tmp_path / "one", hashes=False)
    site.export(tmp_path / "one", to=None, hashes=False)


def test_whether_the_source_changed_since_an_archive_without_hashes_nobody_can_tell(site: Site, tmp_path: Path):
    site.export(tmp_path / "one")
    with open_verified(tmp_path / "one", silent) as archive:
        known = archived_pieces(archive, own=True)
        assert archive_differences(survey_region(site.silos, "us"), archive.manifest, known, (1, 2)) == ()
        without = {key: (chunk, Piece(tuple(replace(each, hash=None) for each in piece.chunks))) for key, (chunk, piece) in known.items()}
        found = archive_differences(survey_region(site.silos, "us"), archive.manifest, without, (1, 2))
    assert {each.table for each in found} == set(TABLES) and "the archive has no hash" in found[0].what


# the purge


def test_a_purge_half_a_circle_of_transactions_later_believes_contents_alone(site: Site):
    """What was written since could look older than the snapshot: without a hash the target's rows tell what was moved."""
    site.move(hashes=False)
    site.rows("control", "UPDATE orglift.relocations SET snapshot_xmin = snapshot_xmin - (1::bigint << 31)")
    site.rows("us", "UPDATE word SET name = 'new' WHERE id = 4")
    with pytest.raises((DiffersError, FailedError), match="neither the 9 that were moved nor those of the target"):
        purge(site.silos, "acme", silent)
    assert site.rows("us", "SELECT count(*) FROM word") == [(9,)]
    site.rows("us", "UPDATE word SET name = 'w' WHERE id = 4")
    assert purge(site.silos, "acme", silent).state == "purged"
    assert site.rows("us", "SELECT count(*) FROM word") == [(0,)]
