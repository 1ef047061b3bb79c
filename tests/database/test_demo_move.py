"""The sample application's organizations, moved in this process and compared with rows rewritten by the tests themselves."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exports.organization import ExportOptions, export_organization
from exports.survey import survey_region
from relocate.demo.data import REGION_COLUMNS, RegionRows, Row
from relocate.importing import ImportOptions, import_archive
from relocate.init import run_init
from relocate.move import Options
from relocate.retire import purge
from relocate.run import start
from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.errors import DiffersError
from splitter.events import silent
from splitter.sequences import make_region_ids_plan
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos
from tests.demo_databases import DemoDatabases, demo_databases
from tests.demo_truth import moved_row, shift
from tests.servers import Server

Query = Callable[..., list[tuple[Any, ...]]]
SPELLED = ("layout", "config")  # JSON whose order and spelling count, but for blanks where an id was rewritten
_BLANKS = re.compile(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside strings
JSONB = ("payload", "data", "arguments")
LIVE, MOVING = 0, 9
PLANS = {1: 2, 2: 3, 3: 1}  # free, team, business: their ids in us and in de


@pytest.fixture
def demo(server: Server) -> Iterator[DemoDatabases]:
    with demo_databases(server) as made:
        yield made


@pytest.fixture
def silos(demo: DemoDatabases) -> SiloMap:
    """Of databases that are ready for a move."""
    silos = parse_silos(demo.silos, {})
    run_init(silos)
    for region in silos.regions:
        with connect(demo.urls[region], setting=region) as conn:
            apply_plan(conn, make_region_ids_plan(conn, read_schema(conn), silos, region))
    return silos


def move(silos: SiloMap, slug: str) -> None:
    start(silos, slug, "de", Options(), silent)


def test_an_organization_arrives_whole_and_nobody_else_changes(demo: DemoDatabases, silos: SiloMap, run_sql: Query) -> None:
    move(silos, "initech")
    for table in REGION_COLUMNS:
        arrived = [moved_row(table, row, PLANS) for row in demo.us.of("initech", table)]
        assert read_table(run_sql, demo.urls["de"], table) == comparable(table, [*demo.de.rows[table], *arrived])
        assert read_table(run_sql, demo.urls["us"], table) == comparable(table, demo.us.rows[table])


def test_a_purge_leaves_the_others_as_they_were(demo: DemoDatabases, silos: SiloMap, run_sql: Query) -> None:
    move(silos, "initech")
    purge(silos, "initech", silent)
    for table in REGION_COLUMNS:
        others = [row for row, owner in zip(demo.us.rows[table], demo.us.owners[table], strict=True) if owner != "initech"]
        assert read_table(run_sql, demo.urls["us"], table) == comparable(table, others)


def test_only_the_live_copy_is_not_hidden(demo: DemoDatabases, silos: SiloMap, run_sql: Query) -> None:
    move(silos, "initech")
    status = "SELECT status FROM organization WHERE slug = 'initech'"
    assert (run_sql(demo.urls["de"], status), run_sql(demo.urls["us"], status)) == ([(LIVE,)], [(MOVING,)])


def test_control_follows(demo: DemoDatabases, silos: SiloMap, run_sql: Query) -> None:
    before = read_control(demo, run_sql)
    move(silos, "globex")
    globex, projects, integrations = (set(ids_of(demo.us, "globex", table)) for table in ("organization", "project", "integration"))

    def follow(ids: set[object], value: Any) -> object:
        return shift(value) if value in ids else value

    assert read_control(demo, run_sql) == {
        "keys": [(key, follow(globex, organization), follow(projects, project)) for key, organization, project in before["keys"]],
        "routes": [(route, follow(globex, organization), follow(integrations, to)) for route, organization, to in before["routes"]],
        "users": [(user, follow(globex, organization)) for user, organization in before["users"]],
        "mapping": [(slug, follow(globex, id_), "de" if slug == "globex" else region) for slug, id_, region in before["mapping"]],
    }


def test_a_later_archive_does_not_go_on_with_the_chunks_of_an_earlier_one(
    demo: DemoDatabases, silos: SiloMap, run_sql: Query, tmp_path: Path
) -> None:
    export(silos, tmp_path / "early")
    event = min(row[0] for row in demo.us.of("globex", "event"))  # type: ignore[type-var]
    run_sql(demo.urls["us"], "UPDATE event SET payload = '{}' WHERE id = %s", event)
    with pytest.raises(DiffersError):
        bring(silos, tmp_path / "early")
    export(silos, tmp_path / "late")
    bring(silos, tmp_path / "late")
    assert run_sql(demo.urls["de"], "SELECT payload FROM event WHERE id = %s", shift(event)) == [({},)]


def export(silos: SiloMap, file: Path) -> None:
    export_organization(survey_region(silos, "us"), "globex", ExportOptions(out=file, to="de"), silent)


def bring(silos: SiloMap, file: Path) -> None:
    import_archive(silos, ImportOptions(file=file, to="de"), silent)


def read_control(demo: DemoDatabases, run_sql: Query) -> dict[str, list[tuple[Any, ...]]]:
    queries = {
        "keys": "SELECT public_key, organization_id, project_id FROM project_key ORDER BY 1",
        "routes": "SELECT external_id, organization_id, integration_id FROM integration_route ORDER BY 1",
        "users": "SELECT id, last_organization_id FROM auth_user ORDER BY 1",
        "mapping": "SELECT slug, organization_id, region_name FROM organization_mapping ORDER BY 1",
    }
    return {name: run_sql(demo.urls["control"], query) for name, query in queries.items()}


def ids_of(rows: RegionRows, slug: str, table: str) -> list[object]:
    return [row[0] for row in rows.of(slug, table)]


def read_table(run_sql: Query, url: str, table: str) -> Counter[Row]:
    casts = {"layout": "::text"}
    columns = ", ".join(f'"{column}"{casts.get(column, "")}' for column in REGION_COLUMNS[table])
    return comparable(table, run_sql(url, f'SELECT {columns} FROM "{table}"'))


def comparable(table: str, rows: Iterable[Row]) -> Counter[Row]:
    return Counter(tuple(map(plain, REGION_COLUMNS[table], row)) for row in rows)


def plain(column: str, value: Any) -> object:
    """One value of Python for what is equal in PostgreSQL."""
    if column in SPELLED and isinstance(value, str):
        value = _BLANKS.sub("", value)
    if column in JSONB:
        value = json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
    return tuple(value) if isinstance(value, list) else value
