"""The case schemas: every chunk's hash from the pass that copies it is the one that the server computes apart."""

from __future__ import annotations

import pytest

from exports.survey import survey_region
from splitter.silos_file import load_silos
from tests.cases_facts import CASES, HOME
from tests.cases_support import clone_case, drop_case, read_owners
from tests.exported import look_at
from tests.servers import Servers
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
