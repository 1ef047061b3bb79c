"""One database as the findings look at it: its schema, with what several of them ask of it worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from splitter.graph import Reference, ReferenceGraph, build_graph
from splitter.id_columns import Place, find_id_columns
from splitter.ownership import EXPORTED, Standing, find_distances, find_reached, find_standings, is_way
from splitter.schema import Schema, Table, TableName
from splitter.silos import Silo, SiloMap


@dataclass(frozen=True)
class Catalog:
    """``name`` is ``control``, a region's, or any other for a schema that stands for all of them. ``broken``: columns that registries know
    to have been foreign keys."""

    name: str
    schema: Schema
    silos: SiloMap
    broken: frozenset[Place] = frozenset()

    @property
    def holds_organizations(self) -> bool:
        """Control's own database doesn't: what lies there of a region's tables is left over from before the split."""
        return self.silos.is_monolith or self.name != Silo.CONTROL.value

    @cached_property
    def graph(self) -> ReferenceGraph:
        return build_graph(self.schema, self.silos)

    @cached_property
    def standings(self) -> Mapping[TableName, Standing]:
        return find_standings(self.schema, self.silos, self.graph)

    @cached_property
    def ids(self) -> frozenset[Place]:
        return find_id_columns(self.schema, self.silos, self.graph)

    @cached_property
    def ids_by_table(self) -> Mapping[TableName, frozenset[str]]:
        return _by_table(self.ids)

    @cached_property
    def broken_by_table(self) -> Mapping[TableName, frozenset[str]]:
        return _by_table(self.broken)

    @cached_property
    def ways(self) -> Mapping[TableName, tuple[Reference, ...]]:
        """For each table of organizations, the references that lead to the organization's table."""
        open_tables = [name for name, standing in self.standings.items() if standing in (Standing.OWNED, Standing.NONE)]
        reached = find_reached(self.silos, self.graph, open_tables)
        return {name: tuple(way for way in self.graph.of(name) if way.target in reached and is_way(self.silos, way)) for name in reached}

    @cached_property
    def distances(self) -> Mapping[TableName, int]:
        return find_distances(self.silos.organization.table, self.ways)

    def silo(self, name: TableName) -> Silo:
        """Of a table; a partition's is its root's."""
        return self.silos.silo_of(self.schema.root_of(name) if name in self.schema.tables else name)

    def of_organizations(self) -> tuple[Table, ...]:
        """The tables whose rows travel with an organization."""
        if not self.holds_organizations:
            return ()
        return tuple(table for table in self.schema.roots() if self.standings[table.name] in EXPORTED)


def _by_table(places: Iterable[Place]) -> Mapping[TableName, frozenset[str]]:
    groups: dict[TableName, set[str]] = {}
    for table, column in places:
        groups.setdefault(table, set()).add(column)
    return {table: frozenset(columns) for table, columns in groups.items()}
