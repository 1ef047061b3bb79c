"""``site``: the sample application right before a move, the same for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Launcher, launching
from tests.journeys.bad_input.site import NAMES, Saved, Site, saved_demo
from tests.proxy import Proxy
from tests.servers import Servers


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    with launching() as launcher:
        yield launcher


@pytest.fixture(scope="session")
def saved(servers: Servers, launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    with saved_demo(servers(18), launcher, tmp_path_factory.mktemp("saved")) as saved:
        yield saved


@pytest.fixture
def site(saved: Saved, launcher: Launcher, tmp_path: Path) -> Iterator[Site]:
    saved.restore()
    with Proxy(saved.server.url("postgres")) as proxy:
        yield Site(saved.demo.urls, saved.demo.us, dict.fromkeys(NAMES, proxy), launcher, tmp_path)
