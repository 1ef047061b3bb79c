"""A hook that fails before the switch stops the move; what it fixed is moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from splitter.errors import RefusedError
from splitter.silos import Hooks
from tests.small_site import US, SmallSite, make_small_site

pytestmark = pytest.mark.postgres(18)
ROWS = "INSERT INTO org VALUES (5, 'acme'); INSERT INTO project VALUES (50, 5);"
Make = Callable[..., str]


def make(make_database: Make, command: str) -> SmallSite:
    return make_small_site(make_database, us=ROWS, silos=f"[hooks]\nbefore_copy = '{command}'\n")


def test_one_that_fails_stops_the_move(make_database: Make) -> None:
    site = make(make_database, "exit 1")
    with pytest.raises(RefusedError, match="before_copy") as refused:
        site.move()
    assert refused.value.__cause__ is not refused.value
    assert site.sql("de", "SELECT * FROM org") == []
    site.abort()


def test_one_that_fails_stops_an_import(make_database: Make, tmp_path: Path) -> None:
    site = make(make_database, "exit 1")
    with pytest.raises(RefusedError, match="before_copy") as refused:
        site.bring(site.export(tmp_path / "a"))
    assert refused.value.__cause__ is not refused.value
    assert site.sql("de", "SELECT * FROM org") == []


def test_rows_that_are_written_until_it_ends_move_along(make_database: Make) -> None:
    site = make_small_site(make_database, us=ROWS)
    command = f"psql '{site.urls['us']}' -c 'INSERT INTO project VALUES (51, 5)'"
    site = SmallSite(site.urls, replace(site.silos, hooks=Hooks(before_copy=command)))
    site.move()
    assert site.sql("de", "SELECT id - %s FROM project ORDER BY 1", US) == [(50,), (51,)]
