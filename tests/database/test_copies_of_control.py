"""A copy of control knows mappings and origins of its own from now on: nothing is moved by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from relocate.recheck import verify
from relocate.status import read_status
from splitter.errors import Clone
from splitter.events import silent
from splitter.identity import CONTROL
from tests.servers import Server
from tests.small_site import SmallSite, make_small_site, moved_site

pytestmark = pytest.mark.postgres(18)
ROWS = "INSERT INTO org VALUES (5, 'acme'), (6, 'other'); INSERT INTO project VALUES (50, 5), (60, 6);"


@pytest.fixture
def site(make_database: Callable[..., str]) -> SmallSite:
    return make_small_site(make_database, us=ROWS)


@pytest.fixture
def copy(site: SmallSite, server: Server) -> Iterator[SmallSite]:
    name = str(conninfo_to_dict(site.urls["control"])["dbname"])
    server.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    url = site.urls["control"].replace(f"/{name}?", f"/{name}_copy?")
    yield moved_site(site, control=url)
    server.drop(url)


def test_every_command_that_goes_by_it_refuses(site: SmallSite, copy: SmallSite, tmp_path: Path) -> None:
    file = site.export(tmp_path / "a")
    commands: list[Callable[[], object]] = [
        copy.move,
        lambda: copy.bring(file),
        copy.abort,
        copy.purge,
        lambda: verify(copy.silos, "acme", 1, silent),
        lambda: read_status(copy.silos, "acme"),
    ]
    for command in commands:
        with pytest.raises(Clone, match="'control' is a copy") as refused:
            command()
        assert "--rebind control" in refused.value.hint
    assert site.sql("de", "SELECT * FROM org") == []
    assert copy.sql("control", "SELECT count(*) FROM orglift.relocations") == [(0,)]


def test_one_that_took_the_place_of_the_first_goes_on(copy: SmallSite) -> None:
    copy.init(rebind=frozenset({CONTROL}))
    assert copy.move().state == "switched"
    assert copy.purge().state == "purged"


def test_a_database_that_is_a_region_is_not_control(site: SmallSite) -> None:
    site.sql("control", "UPDATE orglift.identity SET region = 'elsewhere'")
    with pytest.raises(Clone, match="elsewhere"):
        site.move()
