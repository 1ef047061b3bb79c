"""Which database is this? ``orglift.identity`` says its region, its origin and the server that it was written on.

A dump that was restored, or a database made from a template, brings the row along to another system identifier or database oid: a
clone, which would mint the same ids as the original. A standby has the identity of its primary.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from psycopg.rows import class_row

from splitter.db import Connection, translated
from splitter.errors import Clone, Unprepared
from splitter.schema import TableName

CONTROL = "control"  # what control's database has in the place of a region's name
NO_ORIGIN = -1  # control mints no distributed ids
_NAMELESS = UUID("5b0c1d3e-6d0f-4a0e-9c41-0f6f7a0e9d52")  # the namespace of derived uuids: never another one

_TABLE = """
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    region text NOT NULL,
    origin integer NOT NULL,
    former integer[] NOT NULL DEFAULT '{}',  -- origins that this database minted ids with before
    database uuid NOT NULL,
    system_identifier text NOT NULL,
    database_oid bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
"""
_PHYSICAL = """
SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
       (SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
"""
_READ = "SELECT region, origin, former, database, system_identifier, database_oid FROM orglift.identity"
_WRITE = """
INSERT INTO orglift.identity AS it (region, origin, former, database, system_identifier, database_oid)
VALUES (%(region)s, %(origin)s, %(former)s, %(database)s, %(system_identifier)s, %(database_oid)s)
ON CONFLICT (only_row) DO UPDATE SET region = excluded.region, origin = excluded.origin, former = excluded.former,
    database = excluded.database, system_identifier = excluded.system_identifier, database_oid = excluded.database_oid
"""
SCHEMA_LOCK = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('orglift schema', 0))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Physical:
    """What tells a database from its copies: the cluster's identifier and the database's oid in it."""

    system_identifier: str
    database_oid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a database says of itself. ``database`` is the uuid that plans and control know it by.

    Control's own says ``CONTROL`` and ``NO_ORIGIN``; in a monolith the region's serves both.
    """

    region: str
    origin: int
    database: UUID
    system_identifier: str
    database_oid: int
    former: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "former", tuple(self.former))  # an array comes as a list

    @property
    def physical(self) -> Physical:
        return Physical(system_identifier=self.system_identifier, database_oid=self.database_oid)


def physical_identity(conn: Connection) -> Physical:
    """Where this connection really leads."""
    with translated("reading the server's identity"):
        row = conn.execute(_PHYSICAL).fetchone()
    assert row is not None
    return Physical(system_identifier=row[0], database_oid=row[1])


def derive_uuid(physical: Physical) -> UUID:
    """The uuid of a database that has no identity: the same as long as it is the same database, and that of no copy."""
    return uuid5(_NAMELESS, f"{physical.system_identifier}/{physical.database_oid}")


def same_database(one: Connection, other: Connection) -> bool:
    """Whether two connections lead to one database, whatever their URLs say."""
    return physical_identity(one) == physical_identity(other)


def has_relation(conn: Connection, name: str) -> bool:
    """Whether a relation of that SQL name is there."""
    with translated(f"looking for {name}"):
        row = conn.execute("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", (name,)).fetchone()
    return bool(row and row[0])


def has_table(conn: Connection, table: TableName) -> bool:
    """Whether a table of that exact name is there."""
    with translated(f"looking for {table}"):
        row = conn.execute("SELECT pg_catalog.to_regclass(pg_catalog.format('%%I.%%I', %s::text, %s::text)) IS NOT NULL", table).fetchone()
    return bool(row and row[0])


def read_identity(conn: Connection) -> Identity | None:
    """What the database says of itself; None where `relocate init` has not been."""
    if not has_relation(conn, "orglift.identity"):
        return None
    with translated("reading orglift.identity"), conn.cursor(row_factory=class_row(Identity)) as cursor:
        return cursor.execute(_READ).fetchone()


def check_identity(conn: Connection, region: str) -> Identity:
    """The identity of the database that silos.toml calls ``region``.

    Raises Unprepared where there is none, Clone where it was written for another database or for another region.
    """
    identity = read_identity(conn)
    if identity is None:
        raise Unprepared(f"the database of {region!r} has no identity")
    check_clone(identity, physical_identity(conn), region)
    return identity


def check_clone(identity: Identity, physical: Physical, region: str) -> None:
    """Raises Clone unless ``identity`` was written for the database at hand, under the name of ``region``."""
    hint = f"if it is the same database, moved or renamed: `relocate init --rebind {region}`"
    if region != CONTROL:
        hint += f"; if it is a second one, or was recovered to an earlier time: `relocate init --new-origin {region}`"
    if identity.physical != physical:
        found = f"system {physical.system_identifier}, database oid {physical.database_oid}"
        given = f"system {identity.system_identifier}, database oid {identity.database_oid}"
        raise Clone(f"{region!r} is a copy: its identity was written on {given}, and it is on {found}", hint=hint)
    if identity.region != region:
        raise Clone(f"the database of {region!r} says that it is {identity.region!r}", hint=hint)


def write_identity(conn: Connection, identity: Identity) -> None:
    """Make ``identity`` the one row, and the table where it isn't there."""
    values = {
        "region": identity.region,
        "origin": identity.origin,
        "former": list(identity.former),
        "database": identity.database,
        "system_identifier": identity.system_identifier,
        "database_oid": identity.database_oid,
    }
    with translated("writing orglift.identity"), conn.transaction():
        conn.execute(SCHEMA_LOCK)  # CREATE ... IF NOT EXISTS fails when two sessions run it at once
        conn.execute(_TABLE)
        conn.execute(_WRITE, values)
