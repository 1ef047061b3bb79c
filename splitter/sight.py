"""What `splitter check` looks at, read from live databases or from a schema file; it only reads."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from splitter.addresses import GIVEN, Address, all_addresses, given_address
from splitter.catalog import read_schema
from splitter.db import Connection, translated
from splitter.errors import Clone, Problem
from splitter.events import Note, Reporter, silent
from splitter.findings import CLONE, LiveDatabase, Sight, Subject, find_wrong, stands_for_all
from splitter.identity import Identity, check_identity, read_identity
from splitter.plans.region_ids import RegionOrigin, SequenceFacts, find_uses
from splitter.schema import Schema
from splitter.schema_file import read_schema_file
from splitter.sequences import read_sequence_facts
from splitter.silos import Silo, SiloMap


def look_at_all(silos: SiloMap, *, report: Reporter = silent) -> Sight:
    """Control and all regions. Raises ConfigError and Unreachable."""
    with ExitStack() as stack:
        return _look(silos, [(address, _open(address, stack)) for address in all_addresses(silos)], report)


def look_at_url(silos: SiloMap, url: str, *, report: Reporter = silent) -> Sight:
    """One database: the region that its identity names, or, without an identity, one that stands for all of them."""
    with ExitStack() as stack:
        conn = _open(given_address(url), stack)
        address = given_address(url, _name_of(read_identity(conn), silos))
        whole = frozenset(Subject) if silos.is_monolith else frozenset({Subject.SCHEMA} if stands_for_all(address.name, silos) else ())
        return replace(_look(silos, [(address, conn)], report), whole=whole)


def look_at_file(path: Path, *, report: Reporter = silent) -> Sight:
    """A dump that stands for all databases. Raises as ``read_schema_file``."""
    return Sight(schemas={str(path): read_schema_file(path, report=report)}, whole=frozenset({Subject.SCHEMA}))


def _open(address: Address, stack: ExitStack) -> Connection:
    return stack.enter_context(address.open("splitter check"))


def _name_of(identity: Identity | None, silos: SiloMap) -> str:
    if identity is not None and identity.region in (*silos.regions, Silo.CONTROL.value):
        return identity.region
    return next(iter(silos.regions)) if silos.is_monolith and len(silos.regions) == 1 else GIVEN


def _look(silos: SiloMap, opened: Iterable[tuple[Address, Connection]], report: Reporter) -> Sight:
    known = dict(opened)
    schemas = {address.name: _read_schema(address, conn) for address, conn in known.items()}
    if find_wrong(silos, schemas):
        return Sight(schemas=schemas)  # nothing that the file says can be looked up
    live = tuple(_look_at(conn, address, schemas[address.name], silos, report) for address, conn in known.items())
    return Sight(schemas=schemas, live=live)


def _read_schema(address: Address, conn: Connection) -> Schema:
    with translated(f"reading the catalog of {address.name}"):
        return read_schema(conn)


def _look_at(conn: Connection, address: Address, schema: Schema, silos: SiloMap, report: Reporter) -> LiveDatabase:
    problems = () if address.setting == GIVEN else _clones(conn, address.name)
    identity = read_identity(conn)
    if address.name == Silo.CONTROL.value:
        return LiveDatabase(name=address.name, problems=problems)
    if identity is None:
        report(Note(f"{address.name} has no origin yet: whether its sequences stand in its range is not judged before `relocate init`"))
    origin = None if identity is None or identity.origin < 0 or problems else _origin(address.name, identity)
    return LiveDatabase(name=address.name, origin=origin, facts=_facts(conn, schema, silos, origin), problems=problems)


def _clones(conn: Connection, name: str) -> tuple[Problem, ...]:
    """Not asked of a database that was given by URL: a copy is what people check before they touch the original."""
    if read_identity(conn) is None:
        return ()
    try:
        check_identity(conn, name)
    except Clone as exc:
        return (Problem(code=CLONE, object=name, found=exc.message, remedy=exc.hint),)
    return ()


def _origin(name: str, identity: Identity) -> RegionOrigin:
    return RegionOrigin(name=name, database=identity.database, origin=identity.origin, former=identity.former)


def _facts(conn: Connection, schema: Schema, silos: SiloMap, origin: RegionOrigin | None) -> tuple[SequenceFacts, ...]:
    """Without the largest ids that only a scan of the table would tell."""
    uses = [replace(use, columns=tuple(column for column in use.columns if column.indexed)) for use in find_uses(schema, silos)]
    return read_sequence_facts(conn, uses, silos.ids, origin.origin if origin else 0)
