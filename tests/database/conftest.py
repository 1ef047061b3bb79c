"""``acme``: an organization in a database that the test's own script makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.exported import ORG, ORGANIZATION, Exported, look


@pytest.fixture
def acme(make_database: Callable[..., str]) -> Iterator[Callable[..., Exported]]:
    """``acme(script, silos, organization)``: the organization acme (id 1) in a database that the script makes after ``ORG``."""
    with ExitStack() as stack:

        def enter(script: str, silos: str = "", organization: str = "acme", origin: int | None = 1) -> Exported:
            return stack.enter_context(look(make_database(ORG + script), ORGANIZATION + silos, organization, origin=origin))

        yield enter
