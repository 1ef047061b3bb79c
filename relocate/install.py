"""The schema ``orglift`` in control and in regions: made, versioned, and asked for."""

from __future__ import annotations

from enum import Enum
from importlib.resources import files

from splitter.db import Connection, translated
from splitter.errors import RefusedError, Unprepared
from splitter.identity import SCHEMA_LOCK, has_relation

VERSION = 1
_VERSIONS = """
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.version (
    part text PRIMARY KEY,
    version integer NOT NULL,
    installed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
"""
_RECORD = "INSERT INTO orglift.version (part, version) VALUES (%s, %s) ON CONFLICT (part) DO UPDATE SET version = excluded.version"


class Part(str, Enum):
    """What orglift keeps in a database; a monolith has both."""

    CONTROL = "control"
    REGION = "region"


def install(conn: Connection, part: Part) -> bool:
    """Make what is missing of ``part``; whether anything was. Safe to repeat, and to run by several at once.

    Raises RefusedError where a newer orglift was here.
    """
    if installed_version(conn, part) == VERSION:
        return False
    with translated(f"making the orglift schema of {part.value}"), conn.transaction():
        conn.execute(SCHEMA_LOCK)
        conn.execute(_VERSIONS)
        _check_not_newer(installed_version(conn, part), part)
        conn.execute(files("relocate").joinpath(f"{part.value}_schema.sql").read_bytes())
        conn.execute(_RECORD, (part.value, VERSION))
    return True


def installed_version(conn: Connection, part: Part) -> int | None:
    """Of what is there; None where nothing is."""
    if not has_relation(conn, "orglift.version"):
        return None
    with translated("reading orglift.version"):
        row = conn.execute("SELECT version FROM orglift.version WHERE part = %s", (part.value,)).fetchone()
    return None if row is None else row[0]


def check_installed(conn: Connection, part: Part) -> None:
    """Raises Unprepared unless this version of ``part`` is there."""
    found = installed_version(conn, part)
    _check_not_newer(found, part)
    if found != VERSION:
        what = "not there" if found is None else f"of version {found}, not {VERSION}"
        raise Unprepared(f"the orglift schema of {part.value} in the database {conn.info.dbname!r} is {what}")


def _check_not_newer(found: int | None, part: Part) -> None:
    if found is not None and found > VERSION:
        told = f"the orglift schema of {part.value} has version {found}, and this orglift knows version {VERSION}"
        raise RefusedError(told, hint="use the newer orglift that made it")
