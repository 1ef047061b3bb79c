"""Unique keys of the organization's rows that the target has taken already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from relocate.conflicts import find_conflicts
from splitter.errors import Problem
from tests.prepared_moves import DE, US, PreparedMove, make_silos, name_region, prepared_move

SILOS = """
[organization]
table = "org"
slug = "slug"
"""
BASE = """
CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL);
INSERT INTO org VALUES (1, 'acme');
"""
MakeMove = Callable[..., "contextmanager[PreparedMove]"]


@pytest.fixture
def moving(make_database: Callable[..., str]):
    @contextmanager
    def make(schema: str, source: str = "", target: str = "", silos: str = SILOS) -> Iterator[PreparedMove]:
        us, de = make_database(BASE + schema + source), make_database(BASE + "DELETE FROM org;" + schema + target)
        name_region(us, "us", US)
        name_region(de, "de", DE)
        with prepared_move(make_silos(silos, us, de)) as prepared:
            yield prepared

    return make


def conflicts(prepared: PreparedMove, *, resuming: bool = False) -> list[Problem]:
    return list(find_conflicts(prepared.move, prepared.reading, prepared.source, prepared.target, resuming=resuming))


ITEM = "CREATE TABLE item (id uuid PRIMARY KEY, org_id bigint REFERENCES org, name text);"


def test_a_taken_key_is_named_with_its_values(moving):
    with moving(
        "CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, host text, port int, UNIQUE (host, port));",
        "INSERT INTO item VALUES (1, 1, 'a', 1), (2, 1, 'b', 2), (3, 1, 'c', NULL);",
        "INSERT INTO item VALUES (1, NULL, 'b', 2), (2, NULL, 'a', 2), (3, NULL, 'c', NULL);",
    ) as prepared:
        (problem,) = conflicts(prepared)
    assert problem.code == "unique"
    assert problem.object == "item: item_host_port_key"
    assert problem.found == "rows of the target already have (host, port) = (b, 2)"
