"""The databases of the case schemas: us as it was given, de filled with other rows, control; made once a session and cloned.

The cases lie in $ORGLIFT_CASES, or in ``shared/cases`` beside the repository. Where they are absent, tests fail in CI and skip elsewhere.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.cases_facts import AWAY, HOME, Facts, Shared
from tests.servers import Server
from tests.truth import Region
from tests.truth_catalog import Catalog, Link, Row, Table, from_table, pinned, read_catalog, read_rows

REPOSITORY = Path(__file__).resolve().parent.parent
OURS = REPOSITORY / "tests" / "cases"
OTHER_IDS = 5000  # what the ids of shared rows differ by between the regions
_numbers = count(1)


def find_cases() -> Path:
    """The folder of the case schemas."""
    folder = Path(os.environ.get("ORGLIFT_CASES") or REPOSITORY.parent / "shared" / "cases")
    if not folder.is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no case schemas in {str(folder)!r}; set ORGLIFT_CASES")
    return folder


@dataclass(frozen=True, slots=True)
class CaseDatabases:
    """URLs of one case's control, us and de."""

    facts: Facts
    urls: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {f"{name.upper()}_URL": url for name, url in self.urls.items()}

    @property
    def config(self) -> Path:
        return OURS / self.facts.name / "silos.toml"

    def widen(self) -> None:
        """Makes every id column of both regions wide enough, where the case has narrow ones."""
        if self.facts.narrow:
            for region in (HOME, AWAY):
                run_script(self.urls[region], OURS / self.facts.name / "widen.sql")


def read_owners(name: str) -> dict[str, Any]:
    with gzip.open(find_cases() / name / "owners.json.gz", "rt", encoding="utf-8") as file:
        owners: dict[str, Any] = json.load(file)
    return owners


def read_region(url: str) -> Region:
    with pinned(url) as conn:
        catalog = read_catalog(conn)
        return Region(catalog, read_rows(conn, catalog))


def clone_case(server: Server, facts: Facts) -> CaseDatabases:
    """New databases of a case; the first call on a server makes the templates (some seconds)."""
    templates = _templates(server, facts)
    number = next(_numbers)
    names = {name: f"{facts.name}_{name}_{number}" for name in templates}
    for name, template in templates.items():
        _create(server, names[name], template)
    return CaseDatabases(facts, {name: server.url(database) for name, database in names.items()})


def drop_case(server: Server, case: CaseDatabases) -> None:
    for url in case.urls.values():
        server.drop(url)


def _create(server: Server, name: str, template: str = "template0") -> str:
    server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return server.url(name)


def _templates(server: Server, facts: Facts) -> dict[str, str]:
    names = {name: f"case_{facts.name}_{name}" for name in (HOME, AWAY, "control")}
    if server.execute(f"SELECT 1 FROM pg_database WHERE datname = '{names['control']}'"):
        return names
    folder = find_cases() / facts.name
    home, away = (_create(server, names[name]) for name in (HOME, AWAY))
    for url in (home, away):
        run_script(url, folder / "schema.sql")
    run_sql(home, gzip.decompress((folder / "data.sql.gz").read_bytes()))
    _fill(away, facts, str(read_owners(facts.name)["root"]))
    if (OURS / facts.name / "target.sql").exists():
        run_sql(away, b"SET session_replication_role = replica;\n" + (OURS / facts.name / "target.sql").read_bytes())
    bring_shared_rows(home, away, facts)
    _make_control(_create(server, names["control"], names[HOME]), facts)
    for url in (home, away):
        if (OURS / facts.name / "prepare.sql").exists():
            run_script(url, OURS / facts.name / "prepare.sql")
    return names


def run_script(url: str, path: Path) -> None:
    run_sql(url, path.read_bytes())


def run_sql(url: str, script: bytes) -> None:
    """With psql: the scripts of the cases are dumps."""
    command = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-d", url]
    done = subprocess.run(command, input=script, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def _fill(url: str, facts: Facts, root: str) -> None:
    """Other rows than the source's, under the same local ids."""
    if facts.newcomer:
        run_sql(url, facts.newcomer.encode())
    done = subprocess.run(
        [sys.executable, str(find_cases() / "fill.py"), "--dsn", url, "--root", root, "--seed", "2"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _make_control(url: str, facts: Facts) -> None:
    """Of a copy of the monolith, what belongs to control."""
    with psycopg.connect(url, autocommit=True) as conn:
        gone = [name for name in read_catalog(conn).tables if name not in facts.control]
        if gone:
            tables = sql.SQL(", ").join(sql.Identifier(*name.split(".", 1)) for name in gone)
            conn.execute(sql.SQL("DROP TABLE {} CASCADE").format(tables))


# shared rows: the same in both regions, under other ids


def bring_shared_rows(source: str, target: str, facts: Facts) -> None:
    """Copies the source's shared rows, under other ids, as two installations of one application have them."""
    with pinned(source) as here, pinned(target) as there:
        catalog = read_catalog(here)
        there.execute("SET session_replication_role = replica")
        for name, shared in facts.shared.items():
            if any(link.target == name for link in catalog.links) or shared.null is not None:
                _bring_table(here, there, catalog, name, facts)


def _bring_table(here: psycopg.Connection[Any], there: psycopg.Connection[Any], catalog: Catalog, name: str, facts: Facts) -> None:
    table, shared = catalog.tables[name], facts.shared[name]
    where = sql.SQL("" if shared.null is None else f' WHERE x."{shared.null}" IS NULL')
    rows = here.execute(sql.SQL("SELECT {} {}").format(_columns(table.stored, "::text"), from_table(table)) + where).fetchall()
    insert = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        sql.Identifier(*name.split(".", 1)),
        sql.SQL(", ").join(map(sql.Identifier, table.stored)),
        sql.SQL(", ").join([sql.SQL("%s")] * len(table.stored)),
    )
    with there.cursor() as cursor:
        cursor.executemany(insert, [_elsewhere(table, dict(zip(table.stored, row, strict=True)), catalog.links, facts) for row in rows])


def _columns(names: Iterable[str], cast: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("x.{}" + cast).format(sql.Identifier(name)) for name in names)


def _elsewhere(table: Table, row: Row, links: Iterable[Link], facts: Facts) -> list[str | None]:
    """The row with the other region's ids: its own, and those of the shared rows that it refers to."""
    to_shared = {link.columns[0] for link in links if link.table == table.name and link.target in facts.shared}
    keeps = matched_by(facts.shared[table.name], row) == table.primary
    changed = to_shared | (set() if keeps else set(table.primary))
    return [_other(table, name, value) if name in changed else value for name, value in row.items()]


def _other(table: Table, name: str, value: str | None) -> str | None:
    if value is None:
        return None
    return f"de_{value}" if table.column(name).type == "text" else str(int(value) + OTHER_IDS)


def matched_by(shared: Shared, row: Row) -> tuple[str, ...]:
    """The alternative that finds this row: the first without NULL."""
    return next(columns for columns in shared.match if all(row[column] is not None for column in columns))
