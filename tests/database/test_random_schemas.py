"""The random applications are what they claim to be: PostgreSQL accepts them with every constraint, and rows read back as written."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from tests.random_schemas import Case, cases
from tests.random_schemas.cells import Cell, Doc, Id, Matched, Unset, after
from tests.random_schemas.databases import connected, expected, fill_control, fill_region, read_control, read_region
from tests.random_schemas.truth import rows_before
from tests.servers import Servers

FEW = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.postgres(15)
@FEW
@given(case=cases())
def test_a_server_accepts_them(servers: Servers, case: Case) -> None:
    server = servers(15)
    for target in (False, True):
        url = server.create()
        fill_region(url, case, target=target)
        contents = case.target if target else case.source
        rows = {name: rows_before(case.shape, name, each) for name, each in contents.rows.items()}
        with connected(url) as conn:
            there = read_region(conn, case.shape, target=target)
            wanted = expected(conn, case.shape, rows, target=target)
        assert {name: Counter(found.values()) for name, found in there.items()} == wanted
        server.drop(url)


@pytest.mark.postgres(15)
@FEW
@given(case=cases(tables=(2, 4), size=1))
def test_so_does_control(servers: Servers, case: Case) -> None:
    url = servers(15).create()
    fill_control(url, case)
    with connected(url) as conn:
        assert read_control(conn, case.shape) == {name: Counter(rows) for name, rows in case.pins(moved=False).items()}
    servers(15).drop(url)


@pytest.mark.parametrize(
    ("cell", "moved"),
    [
        (None, None),
        ("7", "7"),
        (Id(7), "68719476743"),
        (Id(68719476736), "68719476736"),
        (Matched("3", "9"), "9"),
        (Unset(Id(7)), None),
        (Doc(('{"id": ', Id(7), "}")), '{"id": 68719476743}'),
    ],
)
def test_the_formula_in_the_tests_own_words(cell: Cell, moved: str | None) -> None:
    assert after(cell) == moved
