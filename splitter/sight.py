"""What `splitter check` looks at, read from live databases or from a schema file; it only reads."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from splitter.addresses import GIVEN, Address, all_addresses, given_address
from splitter.cascade_findings import CASCADE_BACKLOG, ORPHAN
from splitter.catalog import read_schema
from splitter.db import Connection, translated
from splitter.errors import Clone, Problem
from splitter.events import Note, Reporter, silent
from splitter.findings import LiveDatabase, Sight, find_wrong, stands_for_all
from splitter.findings_kinds import CLONE, KINDS, STALE_ACCEPT, Subject
from splitter.identity import Identity, check_identity, read_identity
from splitter.plans.region_ids import SEQUENCE_RANGE, SEQUENCE_USED_UP, RegionOrigin, SequenceFacts, find_uses
from splitter.schema import Schema
from splitter.schema_file import read_schema_file
from splitter.sequences import read_sequence_facts
from splitter.sight_cascades import Seen, look_for_orphans, see
from splitter.silos import Silo, SiloMap
from splitter.widening import find_widening

_ALL = frozenset(KINDS)


def look(
    silos: SiloMap, url: str | None, file: Path | None, *, only: frozenset[str] = _ALL, report: Reporter = silent
) -> Sight:
    """What `--url`, `--schema`, or neither of them means."""
    if file is not None:
        return look_at_file(file, report=report)
    return look_at_all(silos, only=only, report=report) if url is None else look_at_url(silos, url, only=only, report=report)


def look_at_all(silos: SiloMap, *, only: frozenset[str] = _ALL, report: Reporter = silent) -> Sight:
    """Control and all regions; as far as the kinds ``only`` ask for it. Raises ConfigError and Unreachable."""
    with ExitStack() as stack:
        opened = [(address, _open(address, stack)) for address in all_addresses(silos)]
        return _look(silos, opened, _Asked(only, report))


def look_at_url(silos: SiloMap, url: str, *, only: frozenset[str] = _ALL, report: Reporter = silent) -> Sight:
    """One database: the region that its identity names, or, without an identity, one that stands for all of them."""
    with ExitStack() as stack:
        conn = _open(given_address(url), stack)
        address = given_address(url, name_of(read_identity(conn), silos))
        whole = frozenset(Subject) if silos.is_monolith else frozenset({Subject.SCHEMA} if stands_for_all(address.name, silos) else ())
        return replace(_look(silos, [(address, conn)], _Asked(only, report)), whole=whole)


def look_at_file(path: Path, *, report: Reporter = silent) -> Sight:
    """A dump that stands for all databases. Raises as ``read_schema_file``."""
    return Sight(schemas={str(path): read_schema_file(path, report=report)}, whole=frozenset({Subject.SCHEMA}), file=str(path))


def _open(address: Address, stack: ExitStack) -> Connection:
    return stack.enter_context(address.open("splitter check"))


def name_of(identity: Identity | None, silos: SiloMap) -> str:
    """Of a database that was given by URL: the silo's that its identity names, the only one's of a monolith, or ``GIVEN``."""
    if identity is not None and identity.region in (*silos.regions, Silo.CONTROL.value):
        return identity.region
    return next(iter(silos.regions)) if silos.is_monolith and len(silos.regions) == 1 else GIVEN


class _Asked(NamedTuple):
    """The kinds of findings that are asked for, and who is told meanwhile."""

    only: frozenset[str]
    report: Reporter

    def any_of(self, *codes: str) -> bool:
        """An accepted finding may be of any kind, and is stale where it is not seen."""
        return bool(self.only & {*codes, STALE_ACCEPT})


def _look(silos: SiloMap, opened: Iterable[tuple[Address, Connection]], asked: _Asked) -> Sight:
    known = dict(opened)
    schemas = {address.name: _read_schema(address, conn) for address, conn in known.items()}
    wrong = find_wrong(silos, schemas)
    if wrong:
        return Sight(schemas=schemas, wrong=wrong)  # nothing that the file says can be looked up
    seen = [see(address.name, conn, schemas[address.name]) for address, conn in known.items()]
    live = tuple(_look_at(each, address, silos, asked) for each, address in zip(seen, known, strict=True))
    orphans = tuple(look_for_orphans(seen, silos)) if asked.any_of(ORPHAN) else ()
    return Sight(schemas=schemas, live=live, wrong=(), problems=orphans)


def _read_schema(address: Address, conn: Connection) -> Schema:
    with translated(f"reading the catalog of {address.name}"):
        return read_schema(conn)


def _look_at(seen: Seen, address: Address, silos: SiloMap, asked: _Asked) -> LiveDatabase:
    clones = () if address.setting == GIVEN else _clones(seen.conn, address.name)
    problems = (*clones, *find_widening(seen.conn, address.name), *seen.problems(backlog=asked.any_of(CASCADE_BACKLOG)))
    found = LiveDatabase(name=address.name, problems=problems, registry=seen.registry())
    if address.name == Silo.CONTROL.value or not asked.any_of(SEQUENCE_RANGE, SEQUENCE_USED_UP):
        return found
    identity = read_identity(seen.conn)
    if identity is None:
        note = f"{address.name} has no origin yet: whether its sequences stand in its range is not judged before `relocate init`"
        asked.report(Note(note))
    origin = None if identity is None or identity.origin < 0 or clones else _origin(address.name, identity)
    return replace(found, origin=origin, facts=_facts(seen.conn, seen.schema, silos, origin))


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
    """Without the largest ids that only a scan of the table would tell; without any where no range of its own is to be kept."""
    ranged = origin is not None and origin.origin > 0
    uses = [replace(use, columns=tuple(column for column in use.columns if column.indexed and ranged)) for use in find_uses(schema, silos)]
    return read_sequence_facts(conn, uses, silos.ids, origin.origin if origin else 0)
