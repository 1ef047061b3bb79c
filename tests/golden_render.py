"""The golden cases of ``splitter render``: a schema, the plan for it, and the files of each format.

``python -m tests.golden_render`` writes them anew, to be read as a diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from splitter.catalog import read_schema
from splitter.db import connect
from splitter.identity import Identity, physical_identity, write_identity
from splitter.key_facts import make_break_fks_plan
from splitter.render.alembic import render_alembic
from splitter.render.django import render_django
from splitter.render.sql import render_sql
from splitter.render.units import RenderedFile
from splitter.sequences import make_region_ids_plan
from splitter.silos_file import parse_silos
from splitter.steps import Plan, PlanDatabase, Stage, plan_to_json
from splitter.widen_facts import WidenOptions, make_widen_ids_plan
from tests.plan_sites import SILOS
from tests.servers import Server, Servers

FOLDER = Path(__file__).parent / "golden" / "render"
CASES = tuple(sorted(path.name for path in FOLDER.iterdir()))
UUID_7 = UUID(int=7)


def make_plan(case: str, server: Server) -> Plan:
    """For a database with the case's schema; uuid and fingerprint are made up."""
    url = server.create(FOLDER / case / "schema.sql")
    silos = parse_silos(SILOS)
    with connect(url, setting="--url") as conn:
        if case == "region_ids":
            found = physical_identity(conn)
            named = {"system_identifier": found.system_identifier, "database_oid": found.database_oid}
            write_identity(conn, Identity(region="us", origin=3, database=UUID_7, **named))  # type: ignore[arg-type]
            plan = make_region_ids_plan(conn, read_schema(conn), silos, "us")
        elif case == "widen_ids":
            plan = make_widen_ids_plan(conn, read_schema(conn), silos, "us", options=WidenOptions(budget_ms=0))
        else:
            plan = make_break_fks_plan(conn, read_schema(conn), silos, "us", repair=case == "break_fks")
    server.drop(url)
    notes = () if case == "widen_ids" else plan.notes  # times and sizes
    return replace(plan, database=PlanDatabase(silo="us", uuid=UUID_7), fingerprint="0" * 64, notes=notes)


def render_all(plan: Plan) -> Iterator[tuple[str, RenderedFile]]:
    """(format, file), of all stages."""
    yield from (("sql", file) for file in render_sql(plan, Stage.FINISH))
    yield from (("alembic", file) for file in render_alembic(plan, last=Stage.FINISH))
    yield from (("django", file) for file in render_django(plan, "split", last=Stage.FINISH))


def main() -> None:
    with ExitStack() as stack:
        server = Servers(stack)(18)
        for case in CASES:
            plan = make_plan(case, server)
            for path in (FOLDER / case).glob("*/*"):
                path.unlink()
            (FOLDER / case / "plan.json").write_bytes(plan_to_json(plan))
            for kind, file in render_all(plan):
                (FOLDER / case / kind).mkdir(exist_ok=True)
                (FOLDER / case / kind / file.name).write_bytes(file.text.encode())


if __name__ == "__main__":
    main()
