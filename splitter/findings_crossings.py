"""References between the silos, hard and soft: what still stands, and what nobody cleans up after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from splitter.crossings import Crossing, find_all_crossings
from splitter.errors import Problem
from splitter.findings_catalog import Catalog
from splitter.findings_kinds import CROSSING, Finding, make_finding
from splitter.graph import Kind, Reference
from splitter.plans.crossed_keys import find_crossed
from splitter.plans.foreign_keys import ACTIONS
from splitter.schema import ForeignKey, TableName
from splitter.silos import SiloMap

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
    known = {catalog.name: catalog for catalog in catalogs}
    crossed = _Crossed(known, silos)
    for crossing, databases in find_all_crossings({name: catalog.graph for name, catalog in known.items()}, silos):
        if not crossing.is_hard and (_needs_nothing(crossing.reference) or clean_up.is_installed(crossing.reference)):
            continue
        found, remedy = _hard(crossing, crossed.problems(crossing, databases)) if crossing.is_hard else _soft(crossing)
        tables = (crossing.reference.table, crossing.reference.target)
        yield replace(make_finding(CROSSING, str(crossing), found, remedy, tables), databases=databases)


def _needs_nothing(reference: Reference) -> bool:
    return reference.declared is not None and reference.declared.delete_effect == "none"


class _Crossed:
    """What stands in the way of a plan for a key, as the plan itself decides it; asked of a database where one of its keys crosses."""

    def __init__(self, catalogs: Mapping[str, Catalog], silos: SiloMap) -> None:
        self._catalogs = catalogs
        self._silos = silos
        self._decided: dict[str, Mapping[ForeignKey, tuple[Problem, ...]]] = {}

    def problems(self, crossing: Crossing, databases: Iterable[str]) -> tuple[Problem, ...]:
        key = crossing.reference.foreign_key
        assert key is not None
        return next(filter(None, (self._of(name).get(key, ()) for name in databases)), ())

    def _of(self, name: str) -> Mapping[ForeignKey, tuple[Problem, ...]]:
        if name not in self._decided:
            found = find_crossed(self._catalogs[name].schema, self._silos)
            self._decided[name] = {crossed.key: crossed.problems for crossed in found}
        return self._decided[name]


def _hard(crossing: Crossing, problems: Sequence[Problem]) -> tuple[str, str]:
    key = crossing.reference.foreign_key
    assert key is not None
    found = f"foreign key {key.name} of a {crossing.child.value} table to a {crossing.parent.value} table"
    if problems:
        return f"{found}; {problems[0].found}", f"{problems[0].remedy}\nthen {_BREAK}"
    return f"{found}, ON DELETE {ACTIONS[key.on_delete]}", _BREAK


def _soft(crossing: Crossing) -> tuple[str, str]:
    found = f"a {crossing.child.value} table's reference to a {crossing.parent.value} table, and nothing cleans up after a delete there"
    declared = crossing.reference.declared
    if declared is not None and declared.delete_effect is None:
        choices = '"none"' if crossing.reference.kind in (Kind.ARRAY, Kind.JSON) else '"cascade", "set null" or "none"'
        return found, f"say in its [[references]] what a delete does, on_delete = {choices}; then {_BREAK}"
    return found, _BREAK
