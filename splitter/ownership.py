"""Which tables belong to an organization: decided from one schema and silos.toml alone, table by table.

A table is owned when a way, a chain of owning references, leads from it to the organization's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from splitter.errors import Problem
from splitter.graph import Reference, ReferenceGraph
from splitter.places import spell_key
from splitter.schema import Schema, TableName
from splitter.silos import Export, Silo, SiloMap


class Standing(str, Enum):
    """What becomes of a table's rows when an organization is taken out."""

    OWNED = "owned"  # the organization's rows go, those of others stay
    REFERENCED = "referenced"  # rows that go along because the organization's rows refer to them
    SHARED = "shared"  # every region has them; matched by a natural key
    NONE = "none"  # left where it is, for a reason that a person wrote
    CONTROL = "control"  # of the other silo
    UNDECIDED = "undecided"  # nothing ties it to the organization and nobody said anything: stops an export


UNDECIDED_TABLE = "undecided-table"
EXPORTED = frozenset({Standing.OWNED, Standing.REFERENCED})
_SAID = {Export.SHARED: Standing.SHARED, Export.REFERENCED: Standing.REFERENCED, Export.NONE: Standing.NONE}
_CLOSED = frozenset({Standing.SHARED, Standing.CONTROL, Standing.REFERENCED})  # no way leads through them


def find_standings(schema: Schema, silos: SiloMap, graph: ReferenceGraph) -> dict[TableName, Standing]:
    """A standing for each table but partitions; what isn't said by the file is OWNED if a way leads to the organization, else UNDECIDED."""
    said = {table.name: _said(silos, table.name) for table in schema.roots()}
    closed = {name for name, each in said.items() if each in _CLOSED}
    reached = find_reached(silos, graph, said.keys() - closed)
    return {name: each or (Standing.OWNED if name in reached else Standing.UNDECIDED) for name, each in said.items()}


def _said(silos: SiloMap, name: TableName) -> Standing | None:
    if silos.silo_of(name) is Silo.CONTROL:
        return Standing.CONTROL
    return _SAID.get(silos.rules(name).export)


def find_reached(silos: SiloMap, graph: ReferenceGraph, open_tables: Iterable[TableName]) -> set[TableName]:
    """The tables of ``open_tables`` from which ways lead to the organization's table, that one included."""
    passable = set(open_tables)
    reached = {silos.organization.table} & passable
    frontier = list(reached)
    while frontier:
        for reference in graph.to(frontier.pop()):
            name = reference.table
            if name in passable and name not in reached and is_way(silos, reference):
                reached.add(name)
                frontier.append(name)
    return reached


def is_way(silos: SiloMap, reference: Reference) -> bool:
    """Whether a reference may decide ownership: not from the organization itself, and not beside a declared ``owner``."""
    if not reference.owns or reference.table == silos.organization.table:
        return False
    owner = silos.rules(reference.table).owner
    return not owner or set(reference.columns) == set(owner)


def find_distances(root: TableName, ways: Mapping[TableName, Sequence[Reference]]) -> dict[TableName, int]:
    """How many references lie between each table and the organization's, on the shortest of its ``ways``."""
    distance = {root: 0}
    frontier = [root]
    while frontier:
        near = set(frontier)
        frontier = [name for name, own in ways.items() if name not in distance and any(way.target in near for way in own)]
        distance |= dict.fromkeys(frontier, distance[min(near)] + 1)
    return distance


def undecided_table(name: TableName) -> Problem:
    """What there is to say of a table that stands UNDECIDED."""
    return Problem(
        code=UNDECIDED_TABLE,
        object=str(name),
        found="no reference leads from it to the organization, and silos.toml says nothing of it",
        remedy="declare the [[references]] that tie it, or list it in [control] tables, or set "
        f'{tables_section(name)} export = "shared", "referenced" or "none"',
    )


def tables_section(name: TableName) -> str:
    """The head of a table's section, as TOML wants it: [tables.plan], [tables."app.plan"]."""
    return f"[{spell_key(('tables', str(name)))}]"
