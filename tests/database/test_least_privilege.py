"""A whole move by roles that have exactly what the plan's GRANTs give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import psycopg
import pytest

from relocate.init import run_init
from relocate.move import Options
from relocate.retire import purge
from relocate.rights import find_missing_rights, find_purge_rights
from relocate.run import start
from relocate.undo import abort
from splitter.events import silent
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos
from tests.demo_databases import DemoDatabases, demo_databases
from tests.prepared_moves import survey
from tests.servers import Server

_numbers = count(1)


@dataclass
class Regions:
    """The sample application after `relocate init`, and the same for a role without any right."""

    demo: DemoDatabases
    silos: SiloMap

    @property
    def organization(self) -> str:
        return str(self.demo.us.rows["organization"][0][1])

    def run(self, region: str, script: str) -> None:
        with psycopg.connect(self.demo.urls[region], autocommit=True) as conn:
            conn.execute(script.encode())

    def grant(self) -> None:
        source, target = survey(self.silos, "us"), survey(self.silos, "de")
        with source.connect() as here, target.connect() as there:
            for problem in find_missing_rights(source, target, here, there):
                self.run(problem.object.removeprefix("region "), problem.remedy)

    def grant_purge(self) -> None:
        source = survey(self.silos, "us")
        with source.connect() as here:
            for problem in find_purge_rights(source, here):
                self.run("us", problem.remedy)


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    name = f"least_{next(_numbers)}"
    server.execute(f"CREATE ROLE {name} LOGIN")
    yield name
    server.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
def regions(role: str, server: Server) -> Iterator[Regions]:
    with demo_databases(server) as demo:
        run_init(parse_silos(demo.silos, {}))
        text = demo.silos.replace(demo.urls["us"], _as(role, demo.urls["us"])).replace(demo.urls["de"], _as(role, demo.urls["de"]))
        regions = Regions(demo, parse_silos(text, {}))
        regions.run("de", "ALTER TABLE comment DISABLE TRIGGER comment_counted")  # it would need rights of its own where it fires
        yield regions


def _as(role: str, url: str) -> str:
    return url.replace("//postgres@", f"//{role}@")


@pytest.mark.parametrize("replica", [True, False], ids=["replica", "origin"])
def test_a_move_and_its_purge(regions: Regions, role: str, server: Server, replica: bool):
    regions.grant()
    if replica:
        server.execute(f"GRANT SET ON PARAMETER session_replication_role TO {role}")
    assert start(regions.silos, regions.organization, "de", Options(), silent).verified
    regions.grant_purge()
    assert purge(regions.silos, regions.organization, silent).state == "purged"


def test_an_abort(regions: Regions):
    regions.grant()
    never = "CREATE FUNCTION never(text) RETURNS boolean LANGUAGE sql AS 'SELECT false'"  # a plan can't ask it of the source
    regions.run("de", f"{never}; ALTER TABLE audit_log ADD CHECK (never(action)) NOT VALID")
    with pytest.raises(Exception, match="audit_log"):
        start(regions.silos, regions.organization, "de", Options(), silent)
    assert abort(regions.silos, regions.organization, silent).state == "aborted"
