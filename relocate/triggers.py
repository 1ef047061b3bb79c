"""The application's triggers in the target: which ones a move would fire, and which ones it passes over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from exports.scope import Scope
from exports.survey import Survey
from splitter.errors import Problem
from splitter.ownership import EXPORTED, Standing
from splitter.schema import TableName, Trigger
from splitter.silos import SiloMap

_FIRES_IN_REPLICA = frozenset("AR")  # ENABLE ALWAYS, ENABLE REPLICA
_FIRES_IN_ORIGIN = frozenset("OA")
_OWN_SCHEMA = "orglift"  # those write nothing for a row that moves


class Arriving(Protocol):
    """What comes into a region: a move, or an archive."""

    @property
    def silos(self) -> SiloMap: ...

    @property
    def scope(self) -> Scope:
        """Which tables come."""

    @property
    def target(self) -> Survey: ...


def find_firing_triggers(move: Arriving, *, replica: bool) -> Iterator[Problem]:
    """One problem for each trigger that would run for moved rows and that silos.toml doesn't accept by name."""
    for table, trigger in _triggers(move):
        accepted = (*move.silos.rules(table).accept_triggers, *move.silos.rules(trigger.table).accept_triggers)
        if _fires(trigger, replica=replica) and trigger.name not in accepted:
            yield Problem(
                code="trigger",
                object=f"{trigger.table}.{trigger.name}",
                found=_found(trigger, replica=replica),
                remedy=_remedy(trigger, replica=replica),
            )


def find_silent_triggers(move: Arriving, *, replica: bool) -> tuple[str, ...]:
    """The triggers that stay silent for moved rows, as ``table.name``."""
    found = _triggers(move) if replica else ()
    return tuple(f"{trigger.table}.{trigger.name}" for _, trigger in found if trigger.enabled == "O")


def _triggers(move: Arriving) -> Iterator[tuple[TableName, Trigger]]:
    """With the exported table that each belongs to: those for rows that come, or that an abort takes out again."""
    schema = move.target.schema
    for table in move.scope.tables.values():
        inserted = table.standing is Standing.SHARED and move.silos.rules(table.name).on_missing == "insert"
        if (table.standing not in EXPORTED and not inserted) or table.name not in schema.tables:
            continue
        whole = schema.tables[table.name].triggers
        below = (trigger for leaf in schema.partitions(table.name) for trigger in leaf.triggers if trigger.row)
        yield from ((table.name, trigger) for trigger in (*whole, *below) if _concerns(move, table.name, trigger))


def _concerns(move: Arriving, table: TableName, trigger: Trigger) -> bool:
    hide = move.silos.organization.hide
    hidden = hide is not None and table == move.scope.root and (not trigger.columns or hide.column in trigger.columns)
    events = {"insert", "delete"} | ({"update"} if hidden else set())
    return bool(trigger.events & events) and trigger.function.schema != _OWN_SCHEMA


def _fires(trigger: Trigger, *, replica: bool) -> bool:
    return trigger.enabled in (_FIRES_IN_REPLICA if replica else _FIRES_IN_ORIGIN)


def _found(trigger: Trigger, *, replica: bool) -> str:
    when = f"{'before' if trigger.before else 'after'} {' or '.join(sorted(trigger.events))}"
    if not replica:
        return f"it fires {when}, and the target's role may not set session_replication_role, which would keep it silent"
    mode = "ALWAYS" if trigger.enabled == "A" else "REPLICA"
    return f"it fires {when}, whatever session_replication_role says (ENABLE {mode} TRIGGER)"


def _remedy(trigger: Trigger, *, replica: bool) -> str:
    accept = f'accept it by name: [tables.{trigger.table}] accept_triggers = ["{trigger.name}"]'
    if replica:
        return f"{accept}; or ALTER TABLE ... ENABLE TRIGGER in the target"
    return f"GRANT SET ON PARAMETER session_replication_role to the target's role; or {accept}"
