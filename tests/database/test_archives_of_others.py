"""Archives of another installation that has a control of its own: its origins bear the same numbers as ours, and are others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exports.archive import open_verified
from exports.organization import ExportOptions, export_organization
from exports.survey import survey_region
from splitter.errors import Conflict, FailedError, NoOrigin, RefusedError
from splitter.events import silent
from splitter.silos_file import parse_silos
from tests.small_site import DE, SCRIPT, US, SmallSite, make_small_site

pytestmark = pytest.mark.postgres(18)
Make = Callable[..., str]
OURS = "INSERT INTO org VALUES (5, 'acme'), (6, 'other'); INSERT INTO project VALUES (50, 5, 'ours');"
THEIRS = "INSERT INTO org VALUES (5, 'theirs'); INSERT INTO project VALUES (50, 5, 'theirs');"


@pytest.fixture
def ours(make_database: Make) -> SmallSite:
    return make_small_site(make_database, us=OURS)


@pytest.fixture
def theirs(make_database: Make) -> SmallSite:
    return make_small_site(make_database, us=THEIRS)


def test_half_a_move_of_theirs_is_not_taken_for_our_own(ours: SmallSite, theirs: SmallSite, tmp_path: Path) -> None:
    file = theirs.export(tmp_path / "a", "theirs")
    for gone in (False, True):
        with pytest.raises(NoOrigin, match="another installation"):
            ours.bring(file, source_is_gone=gone)
    assert ours.sql("de", "SELECT * FROM org") == []
    ours.move("acme")
    assert ours.sql("de", "SELECT name FROM project") == [("ours",)]


def test_their_origins_get_numbers_of_ours(ours: SmallSite, theirs: SmallSite, tmp_path: Path) -> None:
    """Their us is origin 1, their de 2; here both are others, and new ones are 3 and 4, once and for ever."""
    ours.move("acme")
    theirs.move("theirs")
    theirs.sql("de", "INSERT INTO org VALUES (%s, 'second')", DE + 7)
    theirs.sql("de", "INSERT INTO project (org_id, name) VALUES (%s, 'new')", DE + 7)
    theirs.sql("de", "INSERT INTO project (org_id, name) VALUES (%s, 'born there')", US + 5)
    for name in ("theirs", "second"):
        ours.bring(theirs.export(tmp_path / name, name, region="de", to=None), "us")
    found = ours.sql("us", "SELECT o.id, p.id, p.name FROM org o JOIN project p ON p.org_id = o.id WHERE o.slug <> 'acme' ORDER BY 1, 2")
    born, new = ours_of(theirs, "born there"), ours_of(theirs, "new")
    assert found == [(3 * US + 5, 3 * US + 50, "theirs"), (3 * US + 5, born, "born there"), (4 * US + 7, new, "new")]
    assert ours.sql("de", "SELECT slug FROM org") == [("acme",)]
    assert ours.sql("control", "SELECT count(*) FROM orglift.origins WHERE source_key IS NOT NULL") == [(2,)]
    ours.purge("second")
    ours.move("second")
    assert ours.sql("de", "SELECT p.id FROM project p JOIN org o ON o.id = p.org_id WHERE slug = 'second'") == [(new,)]


def ours_of(theirs: SmallSite, project: str) -> int:
    """What an id of their de becomes here."""
    ((there,),) = theirs.sql("de", "SELECT id FROM project WHERE name = %s", project)
    assert there >= DE
    return int(there) + 2 * US


def test_all_chunks_of_a_table_come_in_as_one(ours: SmallSite, theirs: SmallSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exports.organization.SMALL_TABLE", 0)
    monkeypatch.setattr("exports.organization.CHUNK_ROWS", 3)
    theirs.sql("us", "CREATE INDEX ON project (org_id, id); INSERT INTO project (id, org_id) SELECT n, 5 FROM generate_series(60, 79) AS n")
    ours.bring(theirs.export(tmp_path / "a", "theirs", to=None))
    assert ours.sql("de", "SELECT count(*), min(id), max(id) FROM project") == [(21, 3 * US + 50, 3 * US + 79)]


def test_their_users_are_found_by_their_natural_keys(make_database: Make, tmp_path: Path) -> None:
    """Their control's user 2 is somebody else here; whom we don't have is named; what nobody compares doesn't travel."""
    users = USERS.replace("email text", "email text, secret text")
    rules = RULES.format("refuse").replace('match = [["email"]]', 'match = [["email"]]\nignore = ["secret"]')
    rows = "INSERT INTO auth_user VALUES ({}, 'a@x', 'hush'), ({}, 'b@x', 'psst'), (3, 'c@x', 'none of it');"
    here = make_small_site(make_database, control=users + rows.format(21, 22), schema=SCRIPT + MEMBER, silos=rules, us=OURS)
    there = make_small_site(
        make_database, control=users + rows.format(1, 2), schema=SCRIPT + MEMBER, silos=rules, us=ALONE[ALONE.index("INSERT INTO org") :]
    )
    file = there.export(tmp_path / "a", "alone", to=None)
    with open_verified(file, silent) as archive:
        (section,) = archive.manifest.natural
        assert b"".join(archive.read_section(section)) == b"1\ta@x\n2\tb@x\n"
    here.sql("control", "DELETE FROM auth_user WHERE id = 22")
    with pytest.raises(RefusedError, match="b@x"):
        here.bring(file)
    here.sql("control", "INSERT INTO auth_user VALUES (23, 'b@x')")
    here.bring(file)
    assert here.sql("de", "SELECT user_id FROM member ORDER BY 1") == [(21,), (23,)]


def test_a_copy_of_our_own_keeps_our_users(make_database: Make, tmp_path: Path) -> None:
    users = USERS + "INSERT INTO auth_user VALUES (1, 'a@x'), (2, 'b@x');"
    us = ALONE[ALONE.index("INSERT INTO org") :]
    site = make_small_site(make_database, control=users, schema=SCRIPT + MEMBER, silos=RULES.format("refuse"), us=us)
    file = site.export(tmp_path / "a", "alone", to=None)
    site.sql("us", "DELETE FROM member; DELETE FROM org")
    site.sql("control", "DELETE FROM orglift.mapping")
    site.sql("control", "UPDATE auth_user SET email = 'new@x' WHERE id = 2")
    site.bring(file)
    assert site.sql("de", "SELECT user_id FROM member ORDER BY 1") == [(1,), (2,)]


def test_our_own_is_known_when_its_region_has_got_another_origin(ours: SmallSite, tmp_path: Path) -> None:
    ours.init(new_origin=frozenset({"us"}))
    ours.bring(ours.export(tmp_path / "a"))
    assert ours.sql("de", "SELECT name FROM project") == [("ours",)]


def test_one_that_was_exported_before_its_region_got_another_origin(ours: SmallSite, tmp_path: Path) -> None:
    file = ours.export(tmp_path / "a")
    ours.init(new_origin=frozenset({"us"}))
    ours.bring(file)
    assert ours.sql("de", "SELECT name FROM project") == [("ours",)]


# self-hosted: one database with everything, and no control

USERS = "CREATE TABLE auth_user (id serial PRIMARY KEY, email text UNIQUE);"
MEMBER = "CREATE TABLE member (org_id bigint NOT NULL REFERENCES org, user_id int NOT NULL);"
ALONE = (
    "INSERT INTO auth_user VALUES (1, 'a@x'), (2, 'b@x'); INSERT INTO org VALUES (5, 'alone'); INSERT INTO member VALUES (5, 1), (5, 2);"
)
RULES = """
[[references]]
from = "member.user_id"
to = "auth_user.id"
[tables.auth_user]
match = [["email"]]
on_missing = "{}"
[control]
tables = ["auth_*"]
"""


def alone(make_database: Make, out: Path) -> Path:
    url = make_database(USERS + SCRIPT + MEMBER + ALONE)
    root = '[organization]\ntable = "org"\nslug = "slug"\n'
    silos = parse_silos(f'{root}{RULES.format("refuse")}[regions.self]\nurl = "{url}"\n', {})
    export_organization(survey_region(silos, "self"), "alone", ExportOptions(out=out), silent)
    return out


def joined(make_database: Make, on_missing: str = "refuse") -> SmallSite:
    """Control's user 2 is somebody else."""
    users = USERS + "INSERT INTO auth_user VALUES (2, 'somebody@else'), (11, 'a@x');"
    return make_small_site(make_database, control=users, schema=SCRIPT + MEMBER, silos=RULES.format(on_missing))


@pytest.mark.parametrize("on_missing", ["refuse", "insert"])
def test_a_user_whom_control_does_not_have_is_made_there_first(make_database: Make, tmp_path: Path, on_missing: str) -> None:
    site, file = joined(make_database, on_missing), alone(make_database, tmp_path / "a")
    with pytest.raises(RefusedError, match="b@x") as refused:
        site.bring(file)
    assert "control" in refused.value.hint
    site.sql("control", "INSERT INTO auth_user VALUES (12, 'b@x')")
    site.bring(file)
    assert site.sql("de", "SELECT user_id FROM member ORDER BY 1") == [(11,), (12,)]


@pytest.mark.parametrize(("said", "found"), [("", None), ("none_values = [99]", [(11,), (99,)])])
def test_an_id_of_nobody_does_not_become_somebody(make_database: Make, tmp_path: Path, said: str, found: object) -> None:
    rules = RULES.replace('to = "auth_user.id"', f'to = "auth_user.id"\n{said}')
    users = USERS + "INSERT INTO auth_user VALUES (99, 'somebody@else'), (11, 'a@x');"
    site = make_small_site(make_database, control=users, schema=SCRIPT + MEMBER, silos=rules.format("refuse"))
    url = make_database(USERS + SCRIPT + MEMBER + ALONE.replace("(5, 2)", "(5, 99)"))
    silos = parse_silos(f'[organization]\ntable = "org"\nslug = "slug"\n{rules.format("refuse")}[regions.self]\nurl = "{url}"\n', {})
    export_organization(survey_region(silos, "self"), "alone", ExportOptions(out=tmp_path / "a"), silent)
    if found is None:
        with pytest.raises(FailedError, match="no row that came with the archive: 99"):
            site.bring(tmp_path / "a")
        site.abort("alone")
        assert site.sql("de", "SELECT * FROM org") == []
    else:
        site.bring(tmp_path / "a")
        assert site.sql("de", "SELECT user_id FROM member ORDER BY 1") == found


def test_what_was_imported_is_not_imported_again(make_database: Make, tmp_path: Path) -> None:
    site, file = joined(make_database), alone(make_database, tmp_path / "a")
    site.sql("control", "INSERT INTO auth_user VALUES (12, 'b@x')")
    site.bring(file)
    assert site.bring(file).state == "switched"
    site.purge("alone")
    assert site.bring(file).state == "purged"
    with pytest.raises(Conflict, match="in de"):
        site.bring(file, "us")
    site.move("alone", "us")
    with pytest.raises(Conflict, match="in us"):
        site.bring(file)


def test_an_import_that_has_begun_is_no_move(make_database: Make, tmp_path: Path) -> None:
    site, file = joined(make_database), alone(make_database, tmp_path / "a")
    site.sql("control", "INSERT INTO auth_user VALUES (12, 'b@x')")
    site.sql("de", "ALTER TABLE member ADD CHECK (user_id < 12)")
    with pytest.raises(FailedError):
        site.bring(file)
    with pytest.raises(Conflict, match="imported"):
        site.move("alone", "us")
    site.abort("alone")
    assert site.sql("de", "SELECT * FROM org") == []
