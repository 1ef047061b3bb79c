"""References without a foreign key of which silos.toml says what a delete means: those that nobody cleans up after yet.

A key that was broken is one of them as well, as soon as it is declared: the registry knows it, and there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from splitter.cascade import Cascade, ChildAction, find_lane_column, make_cascade
from splitter.crossings import is_crossing
from splitter.graph import Kind, Reference, ReferenceGraph
from splitter.schema import Schema, TableName
from splitter.silos import Silo, SiloMap, SoftReference, SoftTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftCascade:
    """``before``: what the registry says of the same reference, where that is something else."""

    cascade: Cascade
    before: Cascade | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one database shows. ``silo``: control, a region's name, or what stands for all of them."""

    schema: Schema
    silos: SiloMap
    graph: ReferenceGraph
    silo: str
    registered: tuple[Cascade, ...]

    def holds(self, table: TableName) -> bool:
        """Whether the table's rows, and so its outbox, are in this database."""
        if table not in self.schema.tables:
            return False
        named = {Silo.CONTROL.value, *self.silos.regions}
        if self.silos.is_monolith or self.silo not in named:
            return True
        return (self.silos.silo_of(table) is Silo.CONTROL) == (self.silo == Silo.CONTROL.value)


def find_soft_cascades(sight: Sight, tables: Collection[TableName] = ()) -> Iterator[SoftCascade]:
    """Of parents in this database, wherever their children are; in the order of silos.toml."""
    hard = {_places(reference) for reference in sight.graph.references if reference.kind is Kind.HARD}
    other = {_places(reference) for reference in sight.graph.references if reference.kind in (Kind.ARRAY, Kind.JSON)}
    for reference in _declared(sight.silos):
        crosses = is_crossing(sight.silos, reference.table, reference.target) and sight.holds(reference.target)
        chosen = not tables or {reference.table, reference.target} & set(tables)
        if crosses and chosen and _places(reference) not in hard | other:
            yield from _missing(sight, reference)


def _declared(silos: SiloMap) -> Iterator[Reference]:
    """Those that say what a delete does, plain and polymorphic; nothing is done inside of arrays and documents."""
    for declared in silos.references:
        if not declared.json and declared.delete_effect not in (None, "none"):
            yield from (_reference(declared, target) for target in declared.targets)


def _reference(declared: SoftReference, target: SoftTarget) -> Reference:
    return Reference(
        kind=Kind.SOFT if target.label is None else Kind.POLYMORPHIC,
        table=declared.table,
        columns=declared.columns,
        target=target.table,
        target_columns=target.columns,
        declared=declared,
        label=target.label,
    )


def _missing(sight: Sight, reference: Reference) -> Iterator[SoftCascade]:
    assert reference.declared is not None
    action = ChildAction(reference.declared.delete_effect)
    known = [cascade for cascade in sight.registered if _held(sight.schema, cascade) == _places(reference)]
    if not known:
        lane = find_lane_column(sight.schema, sight.silos, reference.target)
        yield SoftCascade(cascade=make_cascade(reference, action, lane_column=lane))
    for cascade in known:
        if cascade.on_delete is not action:
            kept = cascade.delete_columns if action is ChildAction.SET_NULL else ()
            yield SoftCascade(cascade=replace(cascade, on_delete=action, delete_columns=kept), before=cascade)


def _places(reference: Reference) -> tuple[object, ...]:
    """What tells a reference from another, however its columns are ordered."""
    return (reference.table, _pairs(reference.columns, reference.target_columns), reference.target, reference.label)


def _held(schema: Schema, cascade: Cascade) -> tuple[object, ...]:
    child = schema.root_of(cascade.child) if cascade.child in schema.tables else cascade.child
    return (child, _pairs(cascade.columns, cascade.parent_columns), cascade.parent, cascade.type_value)


def _pairs(columns: Iterable[str], parent_columns: Iterable[str]) -> frozenset[tuple[str, str]]:
    return frozenset(zip(columns, parent_columns, strict=True))
