"""`relocate init`: the orglift schema in control and in every region, their origins, and the mapping of what is there.

First everything is read and decided (``init_plan``), then done; one at a time, and again as often as one likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from psycopg import sql

from exports.org_keys import spelled_sql
from relocate.adoption import Adoption, Found, adopt_all
from relocate.control import write_audit
from relocate.init_plan import Action, InitOptions, RegionFacts, RegionPlan, plan_init
from relocate.install import Part, install
from relocate.origins import Origin, confirm_origin, issue_origin, note_local_ids, read_origins, register_origin, settle_layout
from splitter.catalog import read_schema
from splitter.db import Connection, connect, in_recovery, translated
from splitter.errors import FailedError, Problem, ReadOnly, RefusedError
from splitter.events import Note, Reporter, silent
from splitter.identity import CONTROL, NO_ORIGIN, Identity, check_clone, has_relation, physical_identity, read_identity, write_identity
from splitter.schema import Schema
from splitter.sequences import find_local_ids
from splitter.silos import SiloMap

_ONE_AT_A_TIME = "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('orglift init', 0))"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionReport:
    """A region as it is now, and what was done for that."""

    name: str
    origin: int
    database: UUID
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class InitReport:
    """``installed`` names the databases in which something of the schema was made; ``problems`` are organizations left for a person."""

    installed: tuple[str, ...]
    regions: tuple[RegionReport, ...]
    adopted: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """The open connections."""

    silos: SiloMap
    control: Connection
    regions: dict[str, Connection]
    schemas: dict[str, Schema]
    apart: bool  # control is in a database of its own


def run_init(silos: SiloMap, options: InitOptions | None = None, *, report: Reporter = silent) -> InitReport:
    """Prepare control and all regions of ``silos``. Doing it again changes nothing.

    Raises RefusedError and ConfigError before the first write; FailedError after it.
    """
    options = options or InitOptions()
    with ExitStack() as stack:
        site = _open(silos, stack)
        with translated("waiting for another `relocate init`"):
            site.control.execute(_ONE_AT_A_TIME)
        origins = read_origins(site.control) if has_relation(site.control, "orglift.origins") else ()
        _check_control(site, options)
        rebind = options.rebind - {CONTROL}
        plans = plan_init(_read_facts(site), origins, replace(options, rebind=rebind))
        with _after_write():
            return _act(site, plans, options, report)


@contextmanager
def _after_write() -> Iterator[None]:
    try:
        yield
    except RefusedError as exc:
        raise FailedError.after_write(exc) from exc


def _open(silos: SiloMap, stack: ExitStack) -> _Site:
    def open_(name: str) -> Connection:
        database = silos.database(name)
        return stack.enter_context(connect(database.url(), setting=database.setting, application="orglift init"))

    regions = {name: open_(name) for name in silos.regions}
    control = open_(CONTROL)  # of a monolith: a second session in the only region's database
    _check_writable({CONTROL: control, **regions})
    place = physical_identity(control)
    with translated("reading the catalogs"):
        schemas = {name: read_schema(conn) for name, conn in regions.items()}
    apart = all(physical_identity(conn) != place for conn in regions.values())
    return _Site(silos=silos, control=control, regions=regions, schemas=schemas, apart=apart)


def _check_writable(connections: Mapping[str, Connection]) -> None:
    for name, conn in connections.items():
        if in_recovery(conn):
            raise ReadOnly(f"the database of {name!r} is a standby", hint=f"give the URL of its primary for {name}")


def _check_control(site: _Site, options: InitOptions) -> None:
    """Control's own identity: a copy of it would issue the same origins a second time."""
    identity = read_identity(site.control) if site.apart else None
    if identity is None or (CONTROL in options.rebind and identity.region == CONTROL):
        return
    check_clone(identity, physical_identity(site.control), CONTROL)


def _read_facts(site: _Site) -> tuple[RegionFacts, ...]:
    return tuple(
        RegionFacts(
            name=name,
            physical=physical_identity(conn),
            identity=read_identity(conn),
            local_ids=any(find_local_ids(conn, site.schemas[name], site.silos)),
        )
        for name, conn in site.regions.items()
    )


def _act(site: _Site, plans: Sequence[RegionPlan], options: InitOptions, report: Reporter) -> InitReport:
    installed = [CONTROL] if install(site.control, Part.CONTROL) else []
    settle_layout(site.control, site.silos.ids)
    if site.apart and (CONTROL in options.rebind or read_identity(site.control) is None):
        _write_control_identity(site.control)
    for plan in plans:
        if install(site.regions[plan.facts.name], Part.REGION):
            installed.append(plan.facts.name)
    regions = tuple(_act_on_region(site, plan, report) for plan in plans)
    adoption = _adopt(site)
    report(Note(f"{adoption.adopted} organizations adopted"))
    return InitReport(installed=tuple(installed), regions=regions, adopted=adoption.adopted, problems=adoption.problems)


def _write_control_identity(control: Connection) -> None:
    known = read_identity(control)
    write_identity(control, _identity(control, CONTROL, NO_ORIGIN, known.database if known else uuid4()))


def _identity(conn: Connection, region: str, origin: int, database: UUID, former: tuple[int, ...] = ()) -> Identity:
    physical = physical_identity(conn)
    return Identity(
        region=region,
        origin=origin,
        database=database,
        system_identifier=physical.system_identifier,
        database_oid=physical.database_oid,
        former=former,
    )


def _act_on_region(site: _Site, plan: RegionPlan, report: Reporter) -> RegionReport:
    name, conn = plan.facts.name, site.regions[plan.facts.name]
    origin = _settle_origin(site, plan)
    assert origin.database is not None
    if plan.action is not Action.KEEP:
        # Control first: a number that no region has is lost at worst; one that control doesn't know could be given twice.
        write_identity(conn, _identity(conn, name, origin.origin, origin.database, _former(plan.facts.identity, origin.origin)))
        report(Note(f"region {name}: origin {origin.origin} {plan.action.value}"))
    confirm_origin(site.control, origin.origin, plan.facts.physical)
    if plan.facts.local_ids:
        note_local_ids(site.control, (*_former(plan.facts.identity, origin.origin), origin.origin)[0])
    return RegionReport(name=name, origin=origin.origin, database=origin.database, action=plan.action)


def _settle_origin(site: _Site, plan: RegionPlan) -> Origin:
    """The region's row in control, made where it has to be."""
    name = plan.facts.name
    if plan.action is Action.ISSUE:
        wanted = Origin(origin=0, region=name, database=uuid4())
        return issue_origin(site.control, site.silos.ids, wanted, home=plan.home)
    if plan.action is Action.TAKE_UP:
        assert plan.facts.identity is not None
        return register_origin(site.control, name, plan.facts.identity.origin, plan.facts.identity.database)
    assert plan.origin is not None
    if plan.action is Action.REBIND:
        write_audit(site.control, "rebound", detail={"region": name, "origin": plan.origin.origin})
    return plan.origin


def _former(identity: Identity | None, origin: int) -> tuple[int, ...]:
    """Every origin but today's that the database minted ids with."""
    if identity is None:
        return ()
    minted = {*identity.former, identity.origin} - {origin, NO_ORIGIN}
    return tuple(sorted(minted))


def _adopt(site: _Site) -> Adoption:
    own = site.silos.control.mapping if site.silos.control else None
    keyless = [name for name, schema in site.schemas.items() if _is_keyless(schema, site.silos)]
    found = (one for name in site.regions if name not in keyless for one in _read_organizations(site, name))
    adoption = adopt_all(site.control, found, own)
    remedy = "give it a primary key, or a unique key over NOT NULL columns"
    table = str(site.silos.organization.table)
    odd = (Problem(code="organization-without-key", object=table, found=f"no key in region {name!r}", remedy=remedy) for name in keyless)
    return replace(adoption, problems=(*adoption.problems, *odd))


def _is_keyless(schema: Schema, silos: SiloMap) -> bool:
    table = schema.tables.get(silos.organization.table)
    return table is not None and not table.identifying_key


def _read_organizations(site: _Site, name: str) -> Iterator[Found]:
    """All rows of the organization's table in a region; none where the table isn't there (a region that is still empty)."""
    root = site.silos.organization
    table = site.schemas[name].tables.get(root.table)
    if table is None:
        return
    slug = sql.SQL("{}::text").format(sql.Identifier(root.slug)) if root.slug else sql.SQL("NULL::text")
    key = spelled_sql([sql.SQL("{}::text").format(sql.Identifier(column)) for column in table.identifying_key])
    query = sql.SQL("SELECT {}, {} FROM {}").format(key, slug, sql.Identifier(root.table.schema, root.table.name))
    with translated(f"reading {root.table} of {name}"), site.regions[name].cursor() as cursor:
        for organization, given in cursor.stream(query):
            yield Found(region=name, organization=organization, slug=given)
