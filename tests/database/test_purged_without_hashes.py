"""The purge of a move without hashes: a row that was written at the source since is compared with the target's, in its content."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from splitter.errors import DiffersError
from tests.small_site import US, SmallSite, make_small_site

Make = Callable[..., str]
ROWS = "INSERT INTO org VALUES (5, 'acme', 0), (6, 'other', 0); INSERT INTO project VALUES (50, 5, 'a'), (51, 5, 'b'), (60, 6, 'c');"
HIDE = 'hide = { column = "status", live = 0, moving = 9 }\n'


@pytest.fixture
def site(make_database: Make) -> SmallSite:
    site = make_small_site(make_database, us=ROWS, silos=HIDE)
    site.move(hashes=False)
    return site


def test_rows_that_were_put_back_as_they_were(site: SmallSite) -> None:
    site.sql("us", "UPDATE project SET name = 'x' WHERE id = 50")
    site.sql("us", "UPDATE org SET slug = slug WHERE id = 5")
    with pytest.raises(DiffersError, match="project"):
        site.purge()
    site.sql("us", "UPDATE project SET name = 'a' WHERE id = 50")
    assert site.purge().state == "purged"
    assert site.sql("us", "SELECT id FROM project") == [(60,)]


@pytest.mark.postgres(18)
def test_a_write_that_was_made_in_the_target_too(site: SmallSite) -> None:
    site.sql("us", "UPDATE project SET name = 'x' WHERE id = 50")
    site.sql("de", "UPDATE project SET name = 'x' WHERE id = %s", US + 50)
    assert site.purge().state == "purged"


@pytest.mark.postgres(18)
def test_rows_whose_sum_is_the_same_are_others(site: SmallSite) -> None:
    site.sql("us", "UPDATE project SET name = CASE name WHEN 'a' THEN 'b' ELSE 'a' END WHERE org_id = 5")
    with pytest.raises(DiffersError, match="project"):
        site.purge()
    assert site.sql("us", "SELECT count(*) FROM project") == [(3,)]


@pytest.mark.postgres(18)
def test_what_the_target_has_changed_is_told(site: SmallSite) -> None:
    """Nobody can tell any more what the row was, unless it is what it was."""
    site.sql("de", "UPDATE project SET name = 'new' WHERE name = 'a'")
    site.sql("us", "UPDATE project SET name = name WHERE id = 51")
    with pytest.raises(DiffersError, match="project") as differs:
        site.purge()
    assert "both sides are the same" in differs.value.hint
    assert site.sql("us", "SELECT count(*) FROM project") == [(3,)]
    site.sql("us", "UPDATE project SET name = 'new' WHERE id = 50")
    assert site.purge().state == "purged"


@pytest.mark.postgres(18)
def test_with_hashes_too_a_write_that_was_brought_along_by_hand_goes(make_database: Make) -> None:
    site = make_small_site(make_database, us=ROWS, silos=HIDE)
    site.move()
    site.sql("us", "INSERT INTO project VALUES (52, 5, 'late')")
    site.sql("us", "DELETE FROM project WHERE id = 50")
    with pytest.raises(DiffersError, match="project"):
        site.purge()
    site.sql("de", "INSERT INTO project VALUES (%s, %s, 'late')", US + 52, US + 5)
    with pytest.raises(DiffersError, match="project"):
        site.purge()
    site.sql("de", "DELETE FROM project WHERE id = %s", US + 50)
    assert site.purge().state == "purged"
    assert site.sql("us", "SELECT id FROM project") == [(60,)]
