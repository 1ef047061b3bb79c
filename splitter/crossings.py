"""References from a table of one silo to a table of the other: what has to be broken before the silos can be two databases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from splitter.graph import Kind, Reference, ReferenceGraph, build_graph
from splitter.schema import Schema, TableName
from splitter.silos import Silo, SiloMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """``child`` is the silo of the table that holds the reference, ``parent`` that of the table whose key it holds."""

    reference: Reference
    child: Silo
    parent: Silo

    def __str__(self) -> str:
        return str(self.reference)

    @property
    def is_hard(self) -> bool:
        """Whether a foreign key still enforces it."""
        return self.reference.kind is Kind.HARD


def is_crossing(silos: SiloMap, child: TableName, parent: TableName) -> bool:
    """Whether a reference from ``child`` to ``parent``, both roots, crosses."""
    return silos.silo_of(child) is not silos.silo_of(parent)


def find_crossings(schema: Schema, silos: SiloMap) -> tuple[Crossing, ...]:
    """All crossings that one database shows, hard and soft, either way, in the order of its catalog and then of silos.toml."""
    return tuple(_crossings(build_graph(schema, silos).references, silos))


def find_all_crossings(graphs: Mapping[str, ReferenceGraph], silos: SiloMap) -> tuple[tuple[Crossing, tuple[str, ...]], ...]:
    """Of several databases by their names, each once, with the names of the databases that show it."""
    found: dict[str, tuple[Crossing, list[str]]] = {}
    for name, graph in graphs.items():
        for crossing in _crossings(graph.references, silos):
            first, names = found.setdefault(str(crossing), (crossing, []))
            names.append(name)
            if crossing.is_hard and not first.is_hard:  # one region may be ahead of another
                found[str(crossing)] = (crossing, names)
    return tuple((crossing, tuple(names)) for crossing, names in found.values())


def _crossings(references: Iterable[Reference], silos: SiloMap) -> Iterable[Crossing]:
    for reference in references:
        child, parent = silos.silo_of(reference.table), silos.silo_of(reference.target)
        if child is not parent:
            yield Crossing(reference=reference, child=child, parent=parent)
