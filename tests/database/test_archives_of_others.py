"""Archives of another installation that has a control of its own: its origins bear the same numbers as ours, and are others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from splitter.errors import NoOrigin
from tests.small_site import SmallSite, make_small_site

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
