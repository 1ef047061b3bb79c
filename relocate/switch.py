"""The switch: the one transaction in control by which an organization lives in another region."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from psycopg import sql

from exports.homes import Home, own_table, read_homes
from relocate.control import Relocation, lock_relocation, write_audit
from relocate.phases import Phase, check_move
from splitter.db import Connection, brief, retrying, translated
from splitter.errors import Conflict, OtherMover
from splitter.silos import OwnMapping

LOCK_TIMEOUT_MS = 2000  # a row of control that the application holds: tried again, users wait no longer behind us
_TIMEOUT = "SELECT pg_catalog.set_config('lock_timeout', %s, true)"
_MOVE = """
UPDATE orglift.mapping SET organization = %s, slug = %s, region = %s, version = version + 1, updated_at = pg_catalog.clock_timestamp()
WHERE organization = %s
"""
_ENTER = "INSERT INTO orglift.mapping (organization, slug, region) VALUES (%s, %s, %s)"
_SWITCHED = """
UPDATE orglift.relocations SET phase = 'switched', switched_at = pg_catalog.clock_timestamp(), updated_at = pg_catalog.clock_timestamp()
WHERE id = %s
"""


class References(Protocol):
    """Control's references to moved rows, in the switch's transaction; a refusal undoes the switch."""

    def look_again(self, control: Connection) -> None:
        """Lock them against writers, and stage what these have written since."""

    def rewrite(self, control: Connection) -> int:
        """Change all, by a join with what is staged; how many rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOrder:
    """What the switch does. ``expected`` is the home that the move was made for; None: the organization is new to control.

    ``references`` are control's, None where it has none. ``own`` is the application's mapping.
    """

    relocation: UUID
    generation: int
    expected: Home | None
    references: References | None = None
    own: OwnMapping | None = None
    slug: str | None = None  # that it gets; None: it keeps its own


def switch(control: Connection, order: SwitchOrder) -> Relocation:
    """Do it, all or nothing; the relocation as it is then. Done already: nothing is changed. ``control`` is the mover's own session.

    Raises OtherMover where the generation is not the relocation's, Conflict where the mapping is not what was expected: then nothing
    has changed. Locks that the application holds are tried again, then Busy.
    """
    return retrying(lambda: _try_switch(control, order))


def _try_switch(control: Connection, order: SwitchOrder) -> Relocation:
    with translated("switching"), brief(control, longest_ms=0):  # the application's own mapping is locked
        control.execute(_TIMEOUT, (str(LOCK_TIMEOUT_MS),))
        found = lock_relocation(control, order.relocation)
        if found.generation != order.generation:
            told = f"the relocation of {found.name!r} was taken over by {found.mover}"
            raise OtherMover(told, hint="nothing was switched from here; see `relocate status`")
        if found.phase is Phase.SWITCHED:
            return found
        check_move(found.phase, Phase.SWITCHED)
        if order.references is not None:
            order.references.look_again(control)  # before the mapping is locked: a writer that it waits for may want to read that
        _check_expected(control, found, order)
        _write_mapping(control, found, order)
        # After the mapping, which the application's own keys may refer to.
        changed = order.references.rewrite(control) if order.references is not None else 0
        control.execute(_SWITCHED, (found.id,))
        detail = {"before": found.organization_before, "from": found.source, "to": found.target, "control_rows": changed}
        write_audit(control, "switched", organization=found.organization_after, relocation=found.id, detail=detail)
        return lock_relocation(control, found.id)


def _check_expected(control: Connection, found: Relocation, order: SwitchOrder) -> None:
    """The compare of compare-and-set: whoever changed the mapping meanwhile knew nothing of this move."""
    homes = read_homes(control, organization=found.organization_before, own=order.own, lock=True) if order.expected else ()
    named = homes[0] if homes else None
    if order.expected is None:
        _check_new(control, found, order.own)
    elif named is None or (named.region, named.version) != (order.expected.region, order.expected.version):
        told = f"the mapping changed during the move: it says {named or 'nothing'}, and the move began with {order.expected}"
        raise Conflict(told, hint="nothing was switched: see who changed it (orglift.audit), then run the same command again")


def _check_new(control: Connection, found: Relocation, own: OwnMapping | None) -> None:
    there = read_homes(control, organization=found.organization_after, slug=found.slug, own=own, lock=True)
    if there:
        told = f"organization {found.name!r} is new to control, and there is {there[0]}"
        raise Conflict(told, hint="give it another slug with --slug, or move the one that is there")


def _write_mapping(control: Connection, found: Relocation, order: SwitchOrder) -> None:
    if order.own is not None:
        _write_own(control, found, order.own, order)
    if order.expected is None:
        control.execute(_ENTER, (found.organization_after, found.slug, found.target))
        return
    slug = order.slug or order.expected.slug
    if order.expected.version == 0:  # only the application's own mapping had it
        control.execute(_ENTER, (found.organization_after, slug, found.target))
    else:
        control.execute(_MOVE, (found.organization_after, slug, found.target, found.organization_before))


def _write_own(control: Connection, found: Relocation, own: OwnMapping, order: SwitchOrder) -> None:
    """The application's own row. Ids go as text without a type: the server reads them as the column's."""
    changes: dict[str, str | None] = {own.organization: found.organization_after, own.region: found.target}
    slug = found.slug if order.expected is None else order.slug
    if own.slug and (slug is not None or order.expected is None):
        changes[own.slug] = slug
    names, values = list(map(sql.Identifier, changes)), list(changes.values())
    if order.expected is None:
        slots = sql.SQL(", ").join([sql.Placeholder()] * len(names))
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(own_table(own), sql.SQL(", ").join(names), slots)
    else:
        sets = sql.SQL(", ").join(sql.SQL("{} = %s").format(name) for name in names)
        query = sql.SQL("UPDATE {} SET {} WHERE {}::text = %s").format(own_table(own), sets, sql.Identifier(own.organization))
        values.append(found.organization_before)
    rows = control.execute(query, values).rowcount
    if rows != 1:
        told = f"{own.table} has {rows} rows for organization {found.organization_before}, not one"
        raise Conflict(told, hint=f"an organization needs exactly one row in {own.table}")


def stage_moved_ids(control: Connection, relocation: UUID, generation: int, key: str, pairs: Iterable[tuple[int, int]]) -> int:
    """Write what ids of ``key`` become, (before, after), in the place of what was staged for it before; how many.

    ``key`` is a table, or a column of one that isn't its primary key. OtherMover where the generation is not the relocation's: then
    nothing is written.
    """
    return _stage(control, relocation, generation, sql.Identifier("orglift", "moved_ids"), ("table_name", key), pairs)


def stage_moved_keys(control: Connection, relocation: UUID, generation: int, key: str, pairs: Iterable[tuple[list[str], list[str]]]) -> int:
    """The same for keys of several columns, whose values are texts."""
    return _stage(control, relocation, generation, sql.Identifier("orglift", "moved_keys"), ("key_name", key), pairs)


def _stage(
    control: Connection, relocation: UUID, generation: int, table: sql.Identifier, key: tuple[str, str], pairs: Iterable[tuple[Any, Any]]
) -> int:
    with translated(f"staging moved ids of {key[1]}"), control.transaction(), control.cursor() as cursor:
        name = sql.Identifier(key[0])
        cursor.execute(sql.SQL("DELETE FROM {} WHERE relocation = %s AND {} = %s").format(table, name), (relocation, key[1]))
        with cursor.copy(sql.SQL("COPY {} (relocation, {}, before, after) FROM STDIN").format(table, name)) as copy:
            for before, after in pairs:
                copy.write_row((relocation, key[1], before, after))
        staged = cursor.rowcount
        # Only now: the lock would hold up the mover's own signs of life for as long as the copy takes.
        if lock_relocation(control, relocation).generation != generation:
            raise OtherMover(f"relocation {relocation} was taken over", hint="nothing was staged from here; see `relocate status`")
        return staged


def add_moved_ids(control: Connection, relocation: UUID, key: str, pairs: Iterable[tuple[int, int]]) -> None:
    """Write what more ids of ``key`` become, in the caller's transaction; what is staged for one stays."""
    _add(control, relocation, sql.Identifier("orglift", "moved_ids"), ("table_name", key), pairs)


def add_moved_keys(control: Connection, relocation: UUID, key: str, pairs: Iterable[tuple[list[str], list[str]]]) -> None:
    """The same for keys of several columns, whose values are texts."""
    _add(control, relocation, sql.Identifier("orglift", "moved_keys"), ("key_name", key), pairs)


def _add(control: Connection, relocation: UUID, table: sql.Identifier, key: tuple[str, str], pairs: Iterable[tuple[Any, Any]]) -> None:
    query = sql.SQL("INSERT INTO {} (relocation, {}, before, after) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING")
    with translated(f"staging moved ids of {key[1]}"), control.cursor() as cursor:
        cursor.executemany(query.format(table, sql.Identifier(key[0])), [(relocation, key[1], before, after) for before, after in pairs])
