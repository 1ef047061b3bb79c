"""Writes the sample application into empty databases: its schema, its regions' rows, and what control has to know of them.

Every function takes a connection of a superuser in autocommit mode, with any search path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files

from psycopg.sql import SQL, Identifier

from splitter.db import Connection

from .data import REGION_COLUMNS, RegionRows, Row, make_users

CONTROL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "auth_user": ("id", "email", "name"),
    "organization_mapping": ("organization_id", "slug", "region_name"),
    "project_key": ("public_key", "organization_id", "project_id"),
    "integration_route": ("provider", "external_id", "organization_id", "integration_id"),
}


def create_region(conn: Connection) -> None:
    """The region's tables, empty."""
    _run_script(conn, "schema_region.sql")


def create_control(conn: Connection) -> None:
    """Control's tables, with the users."""
    _run_script(conn, "schema_control.sql")
    with conn.transaction():
        _copy(conn, "auth_user", CONTROL_COLUMNS["auth_user"], make_users())
        _advance_sequence(conn, "auth_user")


def fill_region(conn: Connection, region: RegionRows) -> None:
    """All rows of a region in one transaction, its sequences after the largest ids."""
    with conn.transaction():
        # as a restore does it: the foreign keys' and the application's triggers rest
        conn.execute("SET LOCAL session_replication_role = replica")
        for table, columns in REGION_COLUMNS.items():
            _copy(conn, table, columns, region.rows[table])
            if columns[0] == "id":
                _advance_sequence(conn, table)
    conn.execute("ANALYZE")


def register_region(conn: Connection, name: str, region: RegionRows) -> None:
    """In control: where the region's organizations live, and what points at their rows."""
    with conn.transaction():
        for table, rows in _control_rows(name, region).items():
            _copy(conn, table, CONTROL_COLUMNS[table], rows)
        _remember_last_organizations(conn, region)
    conn.execute("ANALYZE")


def _control_rows(name: str, region: RegionRows) -> dict[str, list[Row]]:
    organizations: list[Row] = [(row[0], row[1], name) for row in region.rows["organization"]]
    keys: list[Row] = [(f"{name}-{_public_key(row)}", row[1], row[0]) for row in region.rows["project"]]
    routes: list[Row] = [(row[2], row[3], row[1], row[0]) for row in region.rows["integration"]]
    return {"organization_mapping": organizations, "project_key": keys, "integration_route": routes}


def _public_key(project: Row) -> str:
    return f"{project[1]:x}-{project[2]}"


def _remember_last_organizations(conn: Connection, region: RegionRows) -> None:
    last = {row[2]: row[1] for row in region.rows["member"]}
    update = "UPDATE public.auth_user SET last_organization_id = %s WHERE id = %s"
    conn.cursor().executemany(update, [(organization, user) for user, organization in last.items()])


def _run_script(conn: Connection, name: str) -> None:
    script = files(__package__).joinpath(name).read_text(encoding="utf-8")
    with conn.transaction():
        conn.execute("SET LOCAL search_path = public")
        conn.execute(script.encode())


def _copy(conn: Connection, table: str, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    statement = SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=Identifier("public", table), columns=SQL(", ").join(map(Identifier, columns))
    )
    with conn.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _advance_sequence(conn: Connection, table: str) -> None:
    statement = SQL("SELECT setval(pg_get_serial_sequence({name}, 'id'), max(id)) FROM {table} HAVING max(id) IS NOT NULL")
    name = Identifier("public", table)
    conn.execute(statement.format(name=name.as_string(), table=name))
