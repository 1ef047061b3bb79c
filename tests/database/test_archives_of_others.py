"""Archives of another installation that has a control of its own: its origins bear the same numbers as ours, and are others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exports.organization import ExportOptions, export_organization
from exports.survey import survey_region
from splitter.errors import Conflict, FailedError, NoOrigin, RefusedError
from splitter.events import silent
from splitter.silos_file import parse_silos
from tests.small_site import SCRIPT, SmallSite, make_small_site

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


@pytest.mark.parametrize("to", [None, "de"])
def test_it_is_not_taken_for_our_own(ours: SmallSite, theirs: SmallSite, tmp_path: Path, to: str | None) -> None:
    file = theirs.export(tmp_path / "a", "theirs", to=to)
    for gone in (False, True):
        with pytest.raises(NoOrigin, match="another installation"):
            ours.bring(file, source_is_gone=gone)
    assert ours.sql("de", "SELECT * FROM org") == []
    ours.move("acme")
    assert ours.sql("de", "SELECT name FROM project") == [("ours",)]


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
