"""The relocations that control knows, and the audit of who did what.

Every function takes a connection to control, works in one transaction, and may be repeated. The mapping is in ``homes``, a running
mover in ``mover``, the switch in ``switch``.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from relocate.phases import BEYOND_RETURN, FINAL, Phase
from splitter.db import Connection, brief, translated
from splitter.errors import Conflict, IllegalMove, UnknownOrganization

_ONE_BEGINS = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('orglift begin', 0))"
_AUDIT = "INSERT INTO orglift.audit (actor, organization, relocation, action, detail) VALUES (%s, %s, %s, %s, %s)"
_INSERT = """
INSERT INTO orglift.relocations (id, organization_before, organization_after, slug, source, target, phase, options)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocation:
    """A row of ``orglift.relocations``. ``source`` is a region, or the source_key of an archive from elsewhere, or nothing."""

    id: UUID
    generation: int
    organization_before: str
    organization_after: str
    slug: str | None
    source: str | None
    target: str
    phase: Phase
    snapshot_lsn: str | None
    snapshot_xmin: int | None
    options: Mapping[str, Any]
    saved: Mapping[str, Any]
    mover: str | None
    backend_pid: int | None
    seen_at: datetime | None
    created_at: datetime
    updated_at: datetime
    switched_at: datetime | None
    finished_at: datetime | None
    rows: int | None
    note: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "phase", Phase(self.phase))  # the row has its text

    @property
    def name(self) -> str:
        """What a person calls the organization."""
        return self.slug or self.organization_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A move that somebody wants. ``options`` is what a later try must agree on with the first one; never a secret."""

    organization_before: str
    organization_after: str
    target: str
    source: str | None = None
    slug: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    id: UUID | None = None  # of an archive that was made for a move


_COLUMNS = sql.SQL(", ").join(sql.Identifier(column.name) for column in fields(Relocation))
_SELECT = sql.SQL("SELECT {} FROM orglift.relocations ").format(_COLUMNS)
_UNFINISHED = sql.SQL("phase <> ALL ({})").format(sql.Literal([phase.value for phase in FINAL]))


def actor() -> str:
    """Who is doing this: user@host/pid."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        user = str(os.getuid())
    return f"{user}@{mover_name()}"


def mover_name() -> str:
    """This process: host/pid."""
    return f"{socket.gethostname()}/{os.getpid()}"


def write_audit(
    control: Connection,
    action: str,
    *,
    organization: str | None = None,
    relocation: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """One row, in the transaction that does what it tells."""
    with translated("writing the audit"):
        control.execute(_AUDIT, (actor(), organization, relocation, action, Jsonb(dict(detail or {}))))


def select_relocations(control: Connection, condition: sql.Composable, values: Mapping[str, Any]) -> tuple[Relocation, ...]:
    """The relocations that fulfil ``condition``, newest first."""
    with translated("reading orglift.relocations"), control.cursor(row_factory=class_row(Relocation)) as cursor:
        query = sql.SQL("{}WHERE {} ORDER BY created_at DESC, id").format(_SELECT, condition)
        return tuple(cursor.execute(query, values).fetchall())


def read_relocation(control: Connection, relocation: UUID) -> Relocation | None:
    """The one of that id."""
    found = select_relocations(control, sql.SQL("id = %(id)s"), {"id": relocation})
    return found[0] if found else None


def lock_relocation(control: Connection, relocation: UUID) -> Relocation:
    """The one of that id, locked until the transaction ends."""
    with translated("locking the relocation"):
        control.execute("SELECT FROM orglift.relocations WHERE id = %s FOR NO KEY UPDATE", (relocation,))
    found = read_relocation(control, relocation)
    if found is None:
        raise IllegalMove(f"control knows no relocation {relocation}", hint="see `relocate status`")
    return found


def read_relocations(control: Connection, *, organization: str | None = None, unfinished: bool = False) -> tuple[Relocation, ...]:
    """All, or those of an organization by its id before or after, or those that have not come to their end; newest first."""
    condition = sql.SQL("(%(id)s::text IS NULL OR %(id)s IN (organization_before, organization_after)) AND (NOT %(unfinished)s OR {})")
    return select_relocations(control, condition.format(_UNFINISHED), {"id": organization, "unfinished": unfinished})


def find_unfinished(control: Connection, text: str) -> Relocation | None:
    """The unfinished relocation of the organization with that slug or id, before or after, or with that relocation's own id.

    UnknownOrganization where there are several.
    """
    condition = sql.SQL("{} AND (%(text)s IN (slug, id::text) OR %(id)s IN (organization_before, organization_after))")
    found = select_relocations(control, condition.format(_UNFINISHED), {"text": text, "id": text.removeprefix("id:")})
    if len(found) > 1:
        shown = ", ".join(f"{one.id} ({one.name} from {one.source} to {one.target})" for one in found)
        raise UnknownOrganization(f"{text!r} has several unfinished relocations: {shown}", hint="give the relocation's own id")
    return found[0] if found else None


def begin_relocation(control: Connection, order: Order) -> Relocation:
    """The organization's one unfinished relocation: a new one in ``planned``, or the one that ``order`` asks to go on with.

    Raises Conflict where one to another place, or with other options, is unfinished; IllegalMove where it is being aborted, or where
    the order's own id is that of a relocation that came to its end.
    """
    with translated("beginning the relocation"), brief(control):
        control.execute(_ONE_BEGINS)
        existing = _find_existing(control, order)
        if existing is not None:
            _check_same(existing, order)
            return existing
        return _insert(control, order)


def _find_existing(control: Connection, order: Order) -> Relocation | None:
    condition = sql.SQL(
        "id = %(id)s AND phase <> 'aborted' OR {} AND (organization_after = %(after)s"
        " OR organization_before = %(before)s AND source IS NOT DISTINCT FROM %(source)s)"
    )
    values = {"id": order.id, "after": order.organization_after, "before": order.organization_before, "source": order.source}
    found = select_relocations(control, condition.format(_UNFINISHED), values)
    return found[0] if found else None


def _check_same(existing: Relocation, order: Order) -> None:
    way = f"{existing.source or 'an archive'} to {existing.target}"
    if existing.phase is Phase.PURGED:
        raise IllegalMove(f"relocation {existing.id} of {existing.name!r} is over", hint="the archive was imported: there is nothing to do")
    if existing.phase is Phase.ABORTING:
        raise IllegalMove(f"the move of {existing.name!r} from {way} is being aborted", hint="finish that: run `relocate abort` again")
    if (existing.source, existing.target) != (order.source, order.target):
        _refuse_other(existing, way)
    differing = sorted(key for key in {*existing.options, *order.options} if existing.options.get(key) != order.options.get(key))
    if differing and existing.phase not in BEYOND_RETURN:
        told = f"the move of {existing.name!r} from {way} was begun with another {', '.join(differing)}"
        raise Conflict(told, hint="go on as it was begun, or `relocate abort` it and begin anew")


def _refuse_other(existing: Relocation, way: str) -> None:
    if existing.phase in BEYOND_RETURN:
        told = f"{existing.name!r} was moved from {way}, and its rows are still in {existing.source or 'its source'}"
        raise Conflict(told, hint=f"run `relocate purge {existing.name}` first")
    told = f"{existing.name!r} is being moved from {way} (relocation {existing.id}, {existing.phase.value})"
    raise Conflict(told, hint=f"finish that move, or run `relocate abort {existing.name}` first")


def _insert(control: Connection, order: Order) -> Relocation:
    taken = order.id is not None and read_relocation(control, order.id) is not None  # by a try that was aborted
    id_ = uuid4() if order.id is None or taken else order.id
    before, after = order.organization_before, order.organization_after
    values = (id_, before, after, order.slug, order.source, order.target, Phase.PLANNED.value, Jsonb(dict(order.options)))
    control.execute(_INSERT, values)
    detail = {"after": after, "slug": order.slug, "from": order.source, "to": order.target}
    write_audit(control, "planned", organization=before, relocation=id_, detail=detail)
    return lock_relocation(control, id_)
