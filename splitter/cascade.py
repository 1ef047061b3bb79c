"""A reference without a foreign key whose children orglift cleans up, as a frozen value; and how one is made from a key that is broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from splitter.graph import Reference, build_graph
from splitter.schema import ForeignKey, Schema, TableName
from splitter.silos import Effect, SiloMap


class ChildAction(str, Enum):
    """What becomes of the children."""

    CASCADE = "cascade"  # they are deleted; after an update they follow the new key
    SET_NULL = "set null"
    SET_DEFAULT = "set default"
    NONE = "none"  # nothing: they keep a key that nobody has


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """``columns`` of ``child`` hold ``parent_columns`` of ``parent``; both in the same order. (child, name) identifies it.

    ``type_column`` must hold ``type_value`` where the reference is polymorphic. ``lane_column`` of the parent names its organization;
    it is the same for all cascades of a parent. ``definition`` puts the constraint back.
    """

    name: str
    child: TableName
    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    on_delete: ChildAction
    delete_columns: tuple[str, ...] = ()  # of SET NULL (a, b) and SET DEFAULT (a, b); empty: all
    on_update: ChildAction
    type_column: str | None = None
    type_value: str | None = None
    lane_column: str | None = None
    definition: str = ""

    def __str__(self) -> str:
        return f"{self.child}.{', '.join(self.columns)} -> {self.parent}.{', '.join(self.parent_columns)}"


_ACTIONS = {"c": ChildAction.CASCADE, "n": ChildAction.SET_NULL, "d": ChildAction.SET_DEFAULT}


def delete_action(key: ForeignKey, restrict_becomes: Effect | None = None) -> ChildAction | None:
    """What ON DELETE of the key becomes; None where it restricts and nobody said what that becomes."""
    if key.on_delete in _ACTIONS:
        return _ACTIONS[key.on_delete]
    return None if restrict_becomes is None else ChildAction(restrict_becomes)


def update_action(key: ForeignKey) -> ChildAction:
    """What ON UPDATE of the key becomes. Where it restricted, a parent with children kept its key; now they follow it."""
    return _ACTIONS.get(key.on_update, ChildAction.CASCADE)


def make_cascade(reference: Reference, on_delete: ChildAction, *, lane_column: str | None = None, definition: str = "") -> Cascade:
    """Of a hard reference, or of a plain or polymorphic soft one. ``on_delete``: what was decided, see ``delete_action``.

    The child is a partition where the key stands on that one alone; the parent is always a root: its deletes reach all partitions.
    """
    key = reference.foreign_key
    label = f" [{reference.label}]" if reference.label is not None else ""
    return Cascade(
        name=key.name if key else f"{', '.join(reference.columns)}{label}",
        child=key.table if key else reference.table,
        columns=reference.columns,
        parent=reference.target,
        parent_columns=reference.target_columns,
        on_delete=on_delete,
        delete_columns=key.delete_columns if key and on_delete is _ACTIONS.get(key.on_delete) else (),
        on_update=update_action(key) if key else ChildAction.CASCADE,
        type_column=reference.type_column,
        type_value=reference.label,
        lane_column=lane_column,
        definition=definition,
    )


def find_lane_column(schema: Schema, silos: SiloMap, parent: TableName) -> str | None:
    """The column of a parent that names its organization, so that one organization's deletes don't hold up another's."""
    organization = silos.organization.table
    if parent == organization:
        key = schema.tables[parent].primary_key if parent in schema.tables else ()
        return key[0] if len(key) == 1 else None
    return next(iter(_direct(build_graph(schema, silos).of(parent), organization)), None)


def _direct(references: Iterable[Reference], organization: TableName) -> Iterable[str]:
    return (each.columns[0] for each in references if each.target == organization and each.owns and len(each.columns) == 1)
