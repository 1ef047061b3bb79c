"""The origins that control has issued: to its regions, and to databases of others whose archives were imported."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row

from relocate.control import write_audit
from splitter.db import Connection, brief, translated
from splitter.errors import Clone, ConfigError, NoOrigin
from splitter.identity import Identity, Physical, check_identity
from splitter.layout import IdLayout

HOME = 0
_ONE_ISSUES = "LOCK TABLE orglift.origins IN SHARE ROW EXCLUSIVE MODE"
_INSERT = "INSERT INTO orglift.origins (origin, region, database, source_key, local_ids) VALUES (%s, %s, %s, %s, %s)"
_RETIRE = "UPDATE orglift.origins SET retired_at = pg_catalog.clock_timestamp() WHERE region = %s AND retired_at IS NULL RETURNING origin"
_CONFIRM = """
UPDATE orglift.origins SET confirmed_at = coalesce(confirmed_at, pg_catalog.clock_timestamp()),
    system_identifier = %(system_identifier)s, database_oid = %(database_oid)s
WHERE origin = %(origin)s AND (confirmed_at IS NULL OR system_identifier IS DISTINCT FROM %(system_identifier)s
    OR database_oid IS DISTINCT FROM %(database_oid)s)
"""
_SETTLE = "INSERT INTO orglift.settings (name, value) VALUES ('bits', %s), ('serial_bits', %s) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A row of ``orglift.origins``: either of a region or of a foreign archive's ``source_key``."""

    origin: int
    region: str | None = None
    database: UUID | None = None
    system_identifier: str | None = None
    database_oid: int | None = None
    source_key: str | None = None
    local_ids: bool = False
    issued_at: datetime | None = None
    confirmed_at: datetime | None = None
    retired_at: datetime | None = None

    @property
    def physical(self) -> Physical | None:
        """Where control last saw the region's database."""
        if self.system_identifier is None or self.database_oid is None:
            return None
        return Physical(system_identifier=self.system_identifier, database_oid=self.database_oid)


_SELECT = sql.SQL("SELECT {} FROM orglift.origins ORDER BY origin").format(
    sql.SQL(", ").join(sql.Identifier(column.name) for column in fields(Origin))
)


def read_origins(control: Connection) -> tuple[Origin, ...]:
    """All that were ever issued, retired ones too: ids of any other origin are nobody's."""
    with translated("reading orglift.origins"), control.cursor(row_factory=class_row(Origin)) as cursor:
        return tuple(cursor.execute(_SELECT).fetchall())


def region_origin(control: Connection, region: str) -> Origin:
    """The origin that the region mints with today. NoOrigin where it has none."""
    for origin in read_origins(control):
        if origin.region == region and origin.retired_at is None:
            return origin
    raise NoOrigin(f"region {region!r} has no origin", hint="run `relocate init`")


def issue_origin(control: Connection, layout: IdLayout, wanted: Origin, *, home: bool = False) -> Origin:
    """Give a number to a region (which retires the one that it had) or to a source key (once; after that, the same again).

    Numbers begin at 1, and only grow; ``home`` gives 0. Of ``wanted`` the number doesn't count. NoOrigin where the layout has none left.
    """
    with translated("issuing an origin"), brief(control):
        control.execute(_ONE_ISSUES)
        known = read_origins(control)
        same = [origin for origin in known if origin.source_key is not None and origin.source_key == wanted.source_key]
        if same:
            return same[0]
        number = HOME if home else max((origin.origin for origin in known), default=HOME) + 1
        if number >= layout.origins:
            hint = "no database more can have ids of its own in this layout ([ids] bits and serial_bits)"
            raise NoOrigin(f"all {layout.origins} origins have been issued", hint=hint)
        return _issue(control, number, wanted)


def _issue(control: Connection, number: int, wanted: Origin) -> Origin:
    retired = [row[0] for row in control.execute(_RETIRE, (wanted.region,)).fetchall()]
    control.execute(_INSERT, (number, wanted.region, wanted.database, wanted.source_key, wanted.local_ids))
    detail = {"origin": number, "region": wanted.region, "source_key": wanted.source_key, "retired": retired}
    write_audit(control, "origin issued", detail=detail)
    return next(origin for origin in read_origins(control) if origin.origin == number)


def register_origin(control: Connection, region: str, origin: int, database: UUID) -> Origin:
    """Write down an origin that the region has already, from a control that was lost. Conflict where the number is taken."""
    with translated("registering an origin"), brief(control):
        control.execute(_ONE_ISSUES)
        control.execute(_INSERT, (origin, region, database, None, False))
        write_audit(control, "origin registered", detail={"origin": origin, "region": region})
        return next(known for known in read_origins(control) if known.origin == origin)


def confirm_origin(control: Connection, origin: int, physical: Physical) -> None:
    """The region's own identity says so too: from now on a region without it, or in another place, is another database."""
    values = {"origin": origin, "system_identifier": physical.system_identifier, "database_oid": physical.database_oid}
    with translated("confirming the origin"):
        control.execute(_CONFIRM, values)


def note_local_ids(control: Connection, origin: int) -> None:
    """The region holds local ids, shifted with this origin: ``orglift.resolve`` may be asked for them without naming the region."""
    with translated("writing orglift.origins"):
        control.execute("UPDATE orglift.origins SET local_ids = true WHERE origin = %s AND NOT local_ids", (origin,))


def check_region(control: Connection, connection: Connection, region: str) -> Identity:
    """The identity of the database that silos.toml calls ``region``, if it is the one that control means.

    Raises as ``check_identity``, and Clone where control has given the region another database since: a backup that was restored, or
    one that was left behind when the region moved, says of itself what it said then.
    """
    identity = check_identity(connection, region)
    known = region_origin(control, region)
    if (known.database, known.origin) != (identity.database, identity.origin) or known.physical not in (None, identity.physical):
        raise Clone(
            f"the database of {region!r} is not the one that control knows as {region!r} (origin {known.origin}): it was left behind",
            hint=f"correct regions.{region}.url; if it takes the other one's place: `relocate init --new-origin {region}`",
        )
    return identity


def settle_layout(control: Connection, layout: IdLayout) -> None:
    """Write the layout of ids, once and for ever. ConfigError where it was another."""
    with translated("writing orglift.settings"):
        control.execute(_SETTLE, (layout.bits, layout.serial_bits))
        settled = read_layout(control)
    if settled != layout:
        told = f"[ids] says bits = {layout.bits}, serial_bits = {layout.serial_bits}, and control was set up with"
        raise ConfigError(
            f"{told} bits = {settled.bits}, serial_bits = {settled.serial_bits}",
            hint="ids were given by that layout: it cannot change any more",
        )


def read_layout(control: Connection) -> IdLayout:
    """The layout that control was set up with."""
    with translated("reading orglift.settings"):
        rows = control.execute("SELECT name, value FROM orglift.settings").fetchall()
    values = {row[0]: row[1] for row in rows}
    return IdLayout(bits=values["bits"], serial_bits=values["serial_bits"])
