"""The demo's servers: gone afterwards, or kept until they are stopped."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from relocate.demo.servers import NAMES, kept_servers, stop_servers, temporary_servers
from splitter.db import connect
from splitter.embedded import Cluster
from splitter.errors import UsageError


@contextmanager
def enterable_folder() -> Iterator[Path]:
    """A folder that the servers' user can get into; a demo kept in it is stopped."""
    with TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)
        with suppress(UsageError):
            stop_servers(Path(name) / "demo")


@pytest.fixture
def place() -> Iterator[Path]:
    with enterable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """The folder of a kept demo, for tests that leave it as it is."""
    with enterable_folder() as folder:
        with kept_servers(folder / "demo"):
            pass
        yield folder / "demo"


def ask_database(url: str) -> object:
    with closing(connect(url, setting="test")) as conn:
        row = conn.execute("SELECT current_database()").fetchone()
        return row and row[0]


def kept_urls(folder: Path) -> dict[str, str]:
    file = tomllib.loads((folder / "silos.toml").read_text(encoding="utf-8"))
    return {"control": file["control"]["url"], **{name: region["url"] for name, region in file["regions"].items()}}


def test_temporary_servers_leave_nothing() -> None:
    with temporary_servers() as servers:
        assert [ask_database(servers.url(name)) for name in NAMES] == list(NAMES)
        folders = [cluster.folder for cluster in servers.clusters.values()]
    assert not any(folder.exists() for folder in folders)


def test_kept_servers_answer_under_the_urls_of_their_silos_toml(kept: Path) -> None:
    assert {name: ask_database(url) for name, url in kept_urls(kept).items()} == {name: name for name in NAMES}


def test_stopped_servers_leave_only_what_is_not_theirs(place: Path) -> None:
    with kept_servers(place / "demo"):
        pass
    (place / "demo" / "acme.orglift").touch()
    stop_servers(place / "demo")
    assert [path.name for path in (place / "demo").iterdir()] == ["acme.orglift"]


def test_a_demo_that_fails_keeps_nothing(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt), kept_servers(place / "demo"):
        raise KeyboardInterrupt
    assert not (place / "demo").exists()


def test_a_folder_in_use_is_refused_and_left_alone(place: Path) -> None:
    (place / "demo").mkdir()
    (place / "demo" / "notes.txt").touch()
    with pytest.raises(UsageError, match="not an empty folder"), kept_servers(place / "demo"):
        pass
    assert (place / "demo" / "notes.txt").exists()


def test_a_second_demo_in_the_same_folder_leaves_the_first_one_running(kept: Path) -> None:
    with pytest.raises(UsageError), kept_servers(kept):
        pass
    assert Cluster(kept / "us", Path()).is_running()


def test_stop_touches_no_folder_that_holds_no_demo(place: Path) -> None:
    (place / "us").mkdir()
    with pytest.raises(UsageError, match="holds no demo"):
        stop_servers(place)
    assert (place / "us").exists()
