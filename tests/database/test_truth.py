"""The ground truth of the case journeys, against itself and against a server's own constraints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.cases_facts import AWAY, CASES, HOME
from tests.cases_support import CaseDatabases, clone_case, drop_case, read_owners, read_region
from tests.servers import Server
from tests.truth import Expected, Ids, Truth, as_values
from tests.truth_catalog import Catalog, read_catalog
from tests.truth_json import parse_path, rewrite_json

pytestmark = [pytest.mark.long, pytest.mark.postgres(15)]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, server: Server) -> Iterator[CaseDatabases]:
    databases = clone_case(server, CASES[request.param])
    yield databases
    drop_case(server, databases)


def test_without_an_origin_every_row_is_the_source_s(case: CaseDatabases):
    region, owners = read_region(case.urls[HOME]), read_owners(case.facts.name)
    truth = Truth(case.facts, owners, region, None, Ids(0))
    everything = as_values(region)
    for tenant in owners["tenants"]:
        for table, rows in truth.expected(tenant).items():
            unset = {place for place in case.facts.unset if place[0] == table}
            assert unset or not rows - everything[table]


def test_the_counts_are_those_of_owners_json(case: CaseDatabases):
    owners = read_owners(case.facts.name)
    truth = Truth(case.facts, owners, read_region(case.urls[HOME]), read_region(case.urls[AWAY]), Ids(1))
    for place, tenant in enumerate(owners["tenants"]):
        expected = truth.expected(tenant)
        counts = {table: sum(rows.values()) for table, rows in expected.items() if table not in case.facts.referenced}
        assert counts == {table: counts[place] for table, counts in owners["counts"].items() if counts[place]}


def test_every_row_that_a_tenant_needs_is_shared_or_travels_along(case: CaseDatabases):
    owners = read_owners(case.facts.name)
    truth = Truth(case.facts, owners, read_region(case.urls[HOME]), read_region(case.urls[AWAY]), Ids(1))
    machinery = {link.target for link in truth.source.catalog.links if {(link.table, column) for column in link.columns} & case.facts.unset}
    for tenant, needs in owners["needs"].items():
        along = {table: rows for table, rows in truth.referenced(tenant).items() if rows}
        decided = {*along, *case.facts.shared, *case.facts.control, *machinery}
        assert set(needs) <= decided
        assert all(len(along[table]) == len(needs[table]) for table in along)


def test_the_expected_rows_keep_the_constraints_of_the_target(case: CaseDatabases):
    case.widen()
    owners = read_owners(case.facts.name)
    truth = Truth(case.facts, owners, read_region(case.urls[HOME]), read_region(case.urls[AWAY]), Ids(1))
    with psycopg.connect(case.urls[AWAY], autocommit=True) as conn:
        _load(conn, truth.expected(owners["tenants"][0]), truth.source.catalog)
        assert _broken_links(conn, read_catalog(conn)) == []


def test_ids_inside_json_change_in_place():
    def change(value: str) -> str:
        return str(int(value) + 100) if value.isdigit() else value

    text = '{ "a":1, "b": [ {"id": 5, "x": "5"}, {"id": "7"} ], "b":[{"id":1e5}], "c": {"id": 5} }'
    found = rewrite_json(text, [(parse_path("$.b[*].id"), change), (parse_path("$.a"), change)])
    assert found == '{ "a":101, "b": [ {"id": 105, "x": "5"}, {"id": "107"} ], "b":[{"id":1e5}], "c": {"id": 5} }'


def _load(conn: psycopg.Connection[Any], rows: Expected, catalog: Catalog) -> None:
    conn.execute("SET session_replication_role = replica")
    for name, found in rows.items():
        columns = catalog.tables[name].stored
        insert = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
            sql.Identifier(*name.split(".", 1)),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.SQL("%s")] * len(columns)),
        )
        with conn.cursor() as cursor:
            cursor.executemany(insert, list(found.elements()))


def _broken_links(conn: psycopg.Connection[Any], catalog: Catalog) -> list[tuple[str, tuple[str, ...]]]:
    broken = []
    for link in catalog.links:
        pairs = zip(link.columns, link.target_columns, strict=True)
        on = sql.SQL(" AND ").join(sql.SQL("c.{} = p.{}").format(sql.Identifier(a), sql.Identifier(b)) for a, b in pairs)
        held = sql.SQL(" AND ").join(sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(a)) for a in link.columns)
        query = sql.SQL("SELECT FROM {} c WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {})").format(
            sql.Identifier(*link.table.split(".", 1)), held, sql.Identifier(*link.target.split(".", 1)), on
        )
        if conn.execute(query).rowcount:
            broken.append((link.table, link.columns))
    return broken
