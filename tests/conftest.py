"""Real servers for every test that asks: ``server`` and ``database`` give PostgreSQL 15 and 18 in turn.

``@pytest.mark.postgres(18)`` chooses versions for an expensive test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest

from tests.servers import MAJORS, Server, Servers

# In CI the same examples every time: a red build is of the change, not of the day. Elsewhere new ones, to find what nobody thought of.
hypothesis.settings.register_profile("orglift", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("orglift")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "major" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("postgres")
        metafunc.parametrize("major", marker.args if marker else MAJORS, ids=lambda major: f"pg{major}")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """``servers(15)``, ``servers(18, "other")``: for tests that need several."""
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.fixture
def server(major: int, servers: Servers) -> Server:
    """A running server; the test runs once for each major version."""
    return servers(major)


@pytest.fixture
def make_database(server: Server) -> Iterator[Callable[..., str]]:
    """``make_database(script)`` -> URL of a new database with what the script (SQL or a file) makes; gone after the test."""
    made: list[str] = []

    def make(script: str | Path = "") -> str:
        made.append(server.create(script))
        return made[-1]

    yield make
    for url in made:
        server.drop(url)


@pytest.fixture
def database(make_database: Callable[..., str]) -> str:
    """The URL of an empty database."""
    return make_database()


@pytest.fixture
def run_sql() -> Callable[..., list[tuple[Any, ...]]]:
    """``run_sql(url, statement, *values)`` -> rows, on a connection of its own that commits."""

    def run(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as conn:
            cursor = conn.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    return run
