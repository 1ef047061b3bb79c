"""Databases that were a region once: the copy that a region moved away from, and the one that was recovered to an earlier time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from splitter.errors import Clone, RefusedError
from tests.servers import Server
from tests.small_site import US, SmallSite, make_small_site, moved_site

pytestmark = pytest.mark.postgres(18)
ROWS = "INSERT INTO org VALUES (5, 'acme'), (6, 'other'); INSERT INTO project VALUES (50, 5), (60, 6);"
REBIND, NEW = {"rebind": frozenset({"us"})}, {"new_origin": frozenset({"us"})}


@pytest.fixture
def old(make_database: Callable[..., str]) -> SmallSite:
    """Before us was copied."""
    return make_small_site(make_database, us=ROWS)


@pytest.fixture
def new(old: SmallSite, server: Server) -> Iterator[SmallSite]:
    """With a copy of us in its place."""
    name = str(conninfo_to_dict(old.urls["us"])["dbname"])
    server.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    url = old.urls["us"].replace(f"/{name}?", f"/{name}_copy?")
    yield moved_site(old, us=url)
    server.drop(url)


@pytest.mark.parametrize("option", [REBIND, NEW], ids=["rebind", "new-origin"])
def test_the_database_that_was_left_behind_is_refused(old: SmallSite, new: SmallSite, option: dict[str, object]) -> None:
    new.init(**option)
    with pytest.raises(Clone, match="us"):
        old.init()
    with pytest.raises(Clone, match="left behind"):
        old.move()
    assert old.sql("de", "SELECT * FROM org") == []
    new.own_range("us")
    new.move()
    with pytest.raises(Clone, match="left behind"):
        old.purge()
    new.purge()
    assert old.sql("us", "SELECT count(*) FROM project") == [(2,)]
    assert new.sql("us", "SELECT count(*) FROM project") == [(1,)]


def test_ids_are_found_after_a_new_origin(old: SmallSite, new: SmallSite) -> None:
    """Local ids go on to be shifted as before, and resolve says so."""
    new.init(**NEW)
    new.own_range("us")
    new.move()
    ((id_,),) = new.sql("de", "SELECT id FROM project")
    assert id_ == US + 50
    for call in ("orglift.resolve('project', 50)", "orglift.resolve('project', 50, 'us')"):
        assert new.sql("control", f"SELECT {call}") == [(id_,)]


def test_ids_that_the_lost_database_may_have_given_are_given_no_more(old: SmallSite, new: SmallSite) -> None:
    old.own_range("us")
    old.move()
    new.init(**NEW)
    with pytest.raises(RefusedError, match="not of 3") as refused:
        new.move("other")
    assert {problem.code for problem in refused.value.problems} == {"sequence"}
    new.own_range("us")
    new.move("other")
