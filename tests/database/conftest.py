"""``acme``: an organization in a database that the test's own script makes; ``make_site``: a monolith whose keys are to be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from splitter.db import connect
from splitter.silos_file import parse_silos
from tests.exported import ORG, ORGANIZATION, Exported, look
from tests.plan_sites import SILOS, MakeSite, PlanSite
from tests.servers import Server
from tests.wide_sites import WIDE, MakeWide, WideSite


@pytest.fixture
def acme(make_database: Callable[..., str]) -> Iterator[Callable[..., Exported]]:
    """``acme(script, silos, organization)``: the organization acme (id 1) in a database that the script makes after ``ORG``."""
    with ExitStack() as stack:

        def enter(script: str, silos: str = "", organization: str = "acme", origin: int | None = 1) -> Exported:
            return stack.enter_context(look(make_database(ORG + script), ORGANIZATION + silos, organization, origin=origin))

        yield enter


@pytest.fixture
def make_site(make_database: Callable[..., str], server: Server) -> Iterator[MakeSite]:
    """``make_site(script, more)``: what the script makes, and what silos.toml says beside ``SILOS``."""
    with ExitStack() as stack:

        def make(script: str, more: str = "") -> PlanSite:
            url = make_database(script)
            conn = stack.enter_context(connect(url, setting="--url"))
            return PlanSite(url, conn, server, parse_silos(SILOS + more))

        yield make


@pytest.fixture
def make_wide(make_database: Callable[..., str], server: Server) -> Iterator[MakeWide]:
    """``make_wide(script, more)``: what the script makes, and what silos.toml says beside ``WIDE``."""
    with ExitStack() as stack:

        def make(script: str, more: str = "") -> WideSite:
            url = make_database(script)
            conn = stack.enter_context(connect(url, setting="--url"))
            return WideSite(url, conn, server, parse_silos(WIDE + more))

        yield make
