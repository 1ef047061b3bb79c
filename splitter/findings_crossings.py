"""References between the silos, hard and soft: what still stands, and what nobody cleans up after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, Protocol

from splitter.crossings import Crossing, find_all_crossings
from splitter.findings_catalog import Catalog
from splitter.findings_kinds import CROSSING, Finding, make_finding
from splitter.graph import Kind, Reference
from splitter.schema import TableName
from splitter.silos import SiloMap

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_BREAK = "`splitter plan break-fks`, then `splitter apply`"


class Held(NamedTuple):
    """What tells one reference from another, however its columns are ordered."""

    child: TableName
    columns: frozenset[tuple[str, str]]  # of the child, and of the parent
    parent: TableName
    label: str | None = None

    @classmethod
    def of(cls, reference: Reference) -> Held:
        pairs = frozenset(zip(reference.columns, reference.target_columns, strict=True))
        return cls(reference.table, pairs, reference.target, reference.label)

    def __str__(self) -> str:
        """As a reference is spelled, its columns in order of name."""
        mine, theirs = (", ".join(names) for names in zip(*sorted(self.columns), strict=True))
        label = f" [{self.label}]" if self.label is not None else ""
        return f"{self.child}.{mine}{label} -> {self.parent}.{theirs}"


class CleanUp(Protocol):
    """What is known of clean-up after deletes."""

    def is_installed(self, reference: Reference) -> bool:
        """Whether somebody cleans up; also where the parent's database was not looked at, and nobody can tell."""


def find_crossing_findings(catalogs: Iterable[Catalog], silos: SiloMap, clean_up: CleanUp) -> Iterator[Finding]:
    """A soft one is none where it may dangle, or where its clean-up is installed."""
    for crossing, databases in find_all_crossings({catalog.name: catalog.graph for catalog in catalogs}, silos):
        if not crossing.is_hard and (_needs_nothing(crossing.reference) or clean_up.is_installed(crossing.reference)):
            continue
        found, remedy = _hard(crossing) if crossing.is_hard else _soft(crossing)
        tables = (crossing.reference.table, crossing.reference.target)
        yield replace(make_finding(CROSSING, str(crossing), found, remedy, tables), databases=databases)


def _needs_nothing(reference: Reference) -> bool:
    return reference.declared is not None and reference.declared.delete_effect == "none"


def _hard(crossing: Crossing) -> tuple[str, str]:
    key = crossing.reference.foreign_key
    assert key is not None
    action, declared = _ACTIONS[key.on_delete], crossing.reference.declared
    found = f"foreign key {key.name} of a {crossing.child.value} table to a {crossing.parent.value} table, ON DELETE {action}"
    if key.on_delete in "ar" and (declared is None or declared.delete_effect is None):
        return found, f"say in [[references]] what {action} becomes (restrict_becomes); then {_BREAK}"
    return found, _BREAK


def _soft(crossing: Crossing) -> tuple[str, str]:
    found = f"a {crossing.child.value} table's reference to a {crossing.parent.value} table, and nothing cleans up after a delete there"
    declared = crossing.reference.declared
    if declared is not None and declared.delete_effect is None:
        choices = '"none"' if crossing.reference.kind in (Kind.ARRAY, Kind.JSON) else '"cascade", "set null" or "none"'
        return found, f"say in its [[references]] what a delete does, on_delete = {choices}; then {_BREAK}"
    return found, _BREAK
