"""The case schemas: every chunk's hash from the pass that copies it is the one that the server computes apart."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exports.survey import survey_region
from splitter.schema import TableName
from splitter.silos_file import load_silos
from tests.cases_facts import CASES, HOME
from tests.cases_support import OURS, clone_case, drop_case, find_cases, read_owners, run_script, run_sql
from tests.exported import look_at
from tests.servers import Server, Servers
from tests.streamed import check_stream

pytestmark = pytest.mark.long
PLACES = [(name, 15) for name in CASES] + [("hatchet", 18)]
ROWS = 40  # of a chunk


@pytest.mark.parametrize(("name", "version"), PLACES)
def test_every_chunk_of_every_tenant(servers: Servers, name: str, version: int):
    server = servers(version)
    case = clone_case(server, CASES[name])
    case.widen()
    survey = survey_region(load_silos(case.config, case.environment), HOME)
    rows = 0
    for tenant in read_owners(name)["tenants"]:
        with look_at(survey, f"id:{tenant}") as exported:
            for table in survey.scope.exported:
                for chunk in exported.chunks(table.name, ROWS):
                    rows += check_stream(exported.source, exported.connection, chunk).rows
    assert rows > 0
    drop_case(server, case)


@contextmanager
def ordered_by_icu(server: Server, name: str) -> Iterator[str]:
    """The case in a database whose texts a library orders that tells its version, as most databases of users are."""
    server.execute(f"CREATE DATABASE {name}_icu TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    url, folder = server.url(f"{name}_icu"), find_cases() / name
    run_script(url, folder / "schema.sql")
    run_sql(url, gzip.decompress((folder / "data.sql.gz").read_bytes()))
    yield url
    server.drop(url)


@pytest.mark.postgres(15)
def test_text_keys_are_cut_where_both_sides_order_them_alike(server: Server):
    with ordered_by_icu(server, "langfuse") as url:
        environment = {"US_URL": url, "DE_URL": url, "CONTROL_URL": url}
        survey = survey_region(load_silos(OURS / "langfuse" / "silos.toml", environment), HOME)

        def order_there(name: TableName, column: str) -> str | None:
            return survey.schema.tables[name].column(column).order

        cut: set[str] = set()
        for tenant in read_owners("langfuse")["tenants"]:
            with look_at(survey, f"id:{tenant}") as exported:
                for table in survey.scope.exported:
                    chunks = exported.chunks(table.name, 3, order_there=order_there)
                    contents = [check_stream(exported.source, exported.connection, chunk) for chunk in chunks]
                    assert sum(content.rows for content in contents) == exported.rows(table.name).total()
                    cut |= {str(table.name) for chunk in chunks if (chunk.source.order or "").startswith("ICU en-US ")}
    assert len(cut) > 20, sorted(cut)
