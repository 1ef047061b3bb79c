"""An archive that was imported, and what has become of the organization since."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exports.organization import ExportOptions, export_organization
from exports.survey import survey_region
from splitter.errors import Conflict, DiffersError, RefusedError, UsageError
from splitter.events import silent
from splitter.silos import OwnMapping
from tests.small_site import US, SmallSite, make_small_site

pytestmark = pytest.mark.postgres(18)
HIDE = 'hide = { column = "status", live = 0, moving = 9 }\n'
ROWS = "INSERT INTO org VALUES (5, 'acme', 0), (6, 'other', 0); INSERT INTO project VALUES (50, 5);"
Make = Callable[..., str]


@pytest.fixture
def site(make_database: Make) -> SmallSite:
    site = make_small_site(make_database, us=ROWS, silos=HIDE)
    site.own_range("us")
    return site


def shown(site: SmallSite, region: str) -> list[tuple[int, int]]:
    return site.sql(region, "SELECT id, status FROM org WHERE slug = 'acme'")


def test_the_same_archive_again_changes_nothing(site: SmallSite, tmp_path: Path) -> None:
    file = site.export(tmp_path / "a")
    site.bring(file)
    assert site.bring(file).state == "switched"
    assert (shown(site, "us"), shown(site, "de")) == ([(5, 9)], [(US + 5, 0)])


def test_an_organization_that_has_moved_on_is_left_alone(site: SmallSite, tmp_path: Path) -> None:
    """Its old archive must not show the copy that it left behind."""
    file = site.export(tmp_path / "a")
    site.bring(file)
    site.purge()
    site.move(to="us")
    assert (shown(site, "us"), shown(site, "de")) == ([(US + 5, 0)], [(US + 5, 9)])
    with pytest.raises(Conflict, match="in us"):
        site.bring(file)
    assert (shown(site, "us"), shown(site, "de")) == ([(US + 5, 0)], [(US + 5, 9)])


def test_an_organization_that_is_home_again_is_not_hidden(site: SmallSite, tmp_path: Path) -> None:
    site.move()
    site.purge()
    file = site.export(tmp_path / "a", region="de", to="us")
    site.bring(file, "us")
    site.purge()
    site.move()
    with pytest.raises(Conflict, match="in de"):
        site.bring(file, "us")
    assert (shown(site, "us"), shown(site, "de")) == ([(US + 5, 9)], [(US + 5, 0)])


def test_a_move_under_another_slug_tells_the_mappings(make_database: Make, tmp_path: Path) -> None:
    site = make_small_site(
        make_database,
        us=ROWS,
        de="INSERT INTO org VALUES (7, 'acme', 0);",
        control="CREATE TABLE control_org (id bigint PRIMARY KEY, slug text UNIQUE, region text);"
        "INSERT INTO control_org VALUES (5, 'acme', 'us'), (6, 'other', 'us'), (7, 'acme-de', 'de');",
        silos='[control]\ntables = ["control_*"]\n'
        'mapping = { table = "control_org", organization = "id", slug = "slug", region = "region" }\n',
        ready=False,
    )
    site.sql("de", "UPDATE org SET slug = 'acme-de'")
    site.init()
    site.own_range("de")
    site.sql("de", "UPDATE org SET slug = 'acme'")
    assert site.silos.control is not None and isinstance(site.silos.control.mapping, OwnMapping)
    file = site.export(tmp_path / "a")
    with pytest.raises(RefusedError, match="slug"):
        site.bring(file)
    with pytest.raises(RefusedError, match="slug"):
        site.bring(file, slug="other")
    site.bring(file, slug="acme-two")
    assert site.sql("de", "SELECT slug FROM org WHERE id = %s", US + 5) == [("acme-two",)]
    assert site.sql("control", "SELECT slug, region FROM orglift.mapping WHERE organization = %s", str(US + 5)) == [("acme-two", "de")]
    assert site.sql("control", "SELECT slug, region FROM control_org WHERE id = %s", US + 5) == [("acme-two", "de")]
    site.purge("acme-two")


def test_another_slug_for_rows_that_came_in_with_one(site: SmallSite, tmp_path: Path) -> None:
    file = site.export(tmp_path / "a")
    site.sql("us", "INSERT INTO project VALUES (51, 5)")
    with pytest.raises(DiffersError):
        site.bring(file, slug="one")
    with pytest.raises(Conflict, match="another slug"):
        site.bring(file, slug="two", source_is_gone=True)
    site.bring(file, slug="one", source_is_gone=True)
    assert site.sql("de", "SELECT slug FROM org") == [("one",)]


def test_a_purge_shows_the_organization_where_the_switch_could_not(site: SmallSite) -> None:
    """Killed between the switch and what follows it, and never started again."""
    site.move()
    site.sql("de", "UPDATE org SET status = 9")
    site.sql("us", "UPDATE org SET status = 0 WHERE id = 5")
    site.purge()
    assert shown(site, "de") == [(US + 5, 0)]
    assert shown(site, "us") == []


def test_an_archive_for_a_move_has_hashes(site: SmallSite, tmp_path: Path) -> None:
    """Else a row that is written after the export would be found neither before the switch nor before the purge."""
    survey = survey_region(site.silos, "us")
    with pytest.raises(UsageError, match="--no-hashes"):
        export_organization(survey, "acme", ExportOptions(out=tmp_path / "a", to="de", hashes=False), silent)
    assert not (tmp_path / "a").exists()
