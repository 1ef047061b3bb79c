"""Sessions in control and in the region that a move writes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from exports.json_sql import HAS_IS_JSON, TEXT_JSON_FUNCTION
from exports.snapshot import SERIAL, WORK_MEM, Connection
from exports.survey import Survey
from relocate.install import Part, check_installed
from relocate.ledger import Ledger
from relocate.mover import Mover, end_superseded
from splitter.catalog import read_schema
from splitter.db import LOCK_NOT_AVAILABLE, connect, retrying, translated
from splitter.errors import Unprepared
from splitter.identity import CONTROL, check_clone, physical_identity, read_identity
from splitter.schema import Schema
from splitter.silos import Silo, SiloMap


@contextmanager
def open_control(silos: SiloMap) -> Iterator[Connection]:
    """A session in control, which must have been prepared by ``relocate init``; Clone where it is a copy of the one that was."""
    connection = connect_control(silos)
    try:
        check_installed(connection, Part.CONTROL)
        check_control(connection, silos)
        yield connection
    finally:
        connection.close()


def check_control(connection: Connection, silos: SiloMap) -> None:
    """Clone where the database is not the one that its identity was written for: its mapping and origins are no longer everybody's."""
    identity = read_identity(connection)
    if identity is None:  # nobody has said anything of it
        raise Unprepared(f"the database of {CONTROL!r} has no identity")
    shared = identity.region in silos.regions  # control and a region in one database, whose identity is the region's
    check_clone(identity, physical_identity(connection), identity.region if shared else CONTROL)


def connect_control(silos: SiloMap, application: str = "orglift") -> Connection:
    """A session of its own in control."""
    database = silos.database("control")
    connection = connect(database.url(), setting=database.setting, application=application)
    documents = any(reference.json and silos.silo_of(reference.table) is Silo.CONTROL for reference in silos.references)
    if documents and connection.info.server_version < HAS_IS_JSON:  # they may be text
        with translated(database.setting):
            connection.execute(TEXT_JSON_FUNCTION)
    return connection


def open_target(target: Survey, mover: Mover, *, replica: bool) -> Connection:
    """A mover's session in the region that it writes to: its successor can find it, and (``replica``) no trigger fires."""
    connection = connect(target.url, setting=target.setting, application=mover.application)
    with translated(target.setting):
        connection.execute(f"SET work_mem = '{WORK_MEM}'")
        connection.execute(SERIAL)
        if target.prepare:
            connection.execute(target.prepare)
        if replica:
            connection.execute("SET session_replication_role = replica")
    return connection


def take_fence(connection: Connection, ledger: Ledger, role: str, setting: str) -> None:
    """Enter a region: what earlier movers have left open there is ended, and they are kept out from now on."""

    def enter() -> None:
        end_superseded(connection, ledger.relocation, ledger.generation)
        with translated(setting):
            ledger.enter(connection, role)

    retrying(enter, on=frozenset({LOCK_NOT_AVAILABLE}))  # one may have woken up between the two


def control_schema(silos: SiloMap) -> Schema:
    """Control's catalog."""
    with connect_control(silos) as connection, translated("reading control"):
        return read_schema(connection)
