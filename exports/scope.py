"""Which tables belong to an organization, and by which ways: decided from the schema and silos.toml alone.

A table is owned when a way, a chain of owning references, leads from it to the organization's table. Which rows a way gives, and
which of several ways are needed, is asked of the database in ``exports.membership``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from splitter.errors import Problem
from splitter.graph import Kind, Reference, ReferenceGraph, components
from splitter.ownership import EXPORTED, Standing, find_distances, find_reached, find_standings, is_way, undecided_table
from splitter.schema import Schema, Table, TableName
from splitter.silos import SiloMap
from splitter.undecided import find_open


@dataclass(frozen=True, slots=True, kw_only=True)
class TableScope:
    """One table with its ways to the organization, best first.

    ``ways`` lead to tables that come earlier in the scope's order; ``back_ways`` close a cycle (or are self-references) and count only
    when rows hang on them alone.
    """

    name: TableName
    standing: Standing
    ways: tuple[Reference, ...] = ()
    back_ways: tuple[Reference, ...] = ()
    pointers: tuple[Reference, ...] = ()  # of a REFERENCED table: the exported references that point at its rows
    cycle: int | None = None  # tables of one cycle of ways (or of REFERENCED tables) share the number
    shared_where: str | None = None  # rows of an owned table for which this holds are shared
    match: tuple[tuple[str, ...], ...] = ()  # natural keys of shared rows, the first one without NULL counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Every table of a region, decided; ``tables`` come in an order in which ways lead backwards."""

    root: TableName
    root_key: tuple[str, ...]
    tables: Mapping[TableName, TableScope]
    graph: ReferenceGraph
    problems: tuple[Problem, ...] = ()
    schema: Schema = field(repr=False)

    def standing(self, name: TableName) -> Standing:
        """A table that isn't in this database (control's, seen from a region) stands as control."""
        scope = self.tables.get(name)
        return scope.standing if scope else Standing.CONTROL

    @property
    def exported(self) -> tuple[TableScope, ...]:
        return tuple(scope for scope in self.tables.values() if scope.standing in EXPORTED)

    @property
    def shared(self) -> tuple[TableScope, ...]:
        """Tables of which a row may be shared: those that are, and the owned ones with a ``shared_where``."""
        return tuple(scope for scope in self.tables.values() if scope.standing is Standing.SHARED or scope.shared_where)

    @property
    def load_order(self) -> tuple[TableName, ...]:
        """The exported tables, each after those that its foreign keys and ways lead to, as far as there is such an order."""
        names = [table.name for table in self.exported]

        def above(name: TableName) -> Iterable[TableName]:
            scope = self.tables[name]
            return [each.target for each in self.graph.of(name) if each.kind is Kind.HARD or each in scope.ways]

        return tuple(name for group in components(names, above) for name in group)

    def table(self, name: TableName) -> Table:
        return self.schema.tables[name]

    def references_of(self, name: TableName) -> tuple[Reference, ...]:
        return self.graph.of(name)


def plan_scope(schema: Schema, silos: SiloMap, graph: ReferenceGraph) -> Scope:
    """Decide every table of ``schema``; what nobody decided is in ``problems``."""
    root = silos.organization.table
    standing = find_standings(schema, silos, graph)
    owned = _owned_in_order(schema, silos, graph, standing)
    referenced = _referenced_in_order(graph, standing)
    tables = {**owned, **referenced}
    for name, each in standing.items():
        tables.setdefault(name, TableScope(name=name, standing=each, match=silos.rules(name).match))
    return Scope(
        root=root,
        root_key=_root_key(schema, root),
        tables=tables,
        graph=graph,
        problems=tuple(_problems(schema, silos, graph, tables)),
        schema=schema,
    )


def _root_key(schema: Schema, root: TableName) -> tuple[str, ...]:
    table = schema.tables.get(root)
    return table.identifying_key if table else ()


def _owned_in_order(
    schema: Schema, silos: SiloMap, graph: ReferenceGraph, standing: Mapping[TableName, Standing]
) -> dict[TableName, TableScope]:
    """Owned tables (and excluded ones on the way to them) ordered so that as many ways as possible lead backwards."""
    open_tables = [name for name, each in standing.items() if each in (Standing.OWNED, Standing.NONE)]
    reached = find_reached(silos, graph, open_tables)
    ways = {name: [way for way in graph.of(name) if way.target in reached and is_way(silos, way)] for name in reached}
    distance = find_distances(silos.organization.table, ways)
    nodes = sorted(reached, key=lambda name: (distance[name], name))
    result: dict[TableName, TableScope] = {}
    for number, members in enumerate(components(nodes, lambda name: [way.target for way in ways[name]])):
        cyclic = len(members) > 1 or any(way.target == members[0] for way in ways[members[0]])
        for name in sorted(members, key=lambda member: (distance[member], member)):
            forward = [way for way in ways[name] if way.target in result and way.target != name]
            forward.sort(key=lambda way: _way_rank(schema, distance, way))
            result[name] = TableScope(
                name=name,
                standing=standing[name],
                ways=tuple(forward),
                back_ways=tuple(way for way in ways[name] if way not in forward),
                cycle=number if cyclic else None,
                shared_where=silos.rules(name).shared_where,
                match=silos.rules(name).match,
            )
    return result


def _way_rank(schema: Schema, distance: Mapping[TableName, int], way: Reference) -> tuple[bool, bool, bool, int, str]:
    """Indexed ways first, then those that every row has, then short ones: the first way selects, the others are only probed."""
    table = schema.tables[way.table]
    fixed = {way.type_column} if way.type_column else set()
    indexed = any(leads_index(index.columns, way.columns, fixed) for index in table.indexes if index.predicate is None and index.valid)
    return (not indexed, way.nullable or way.kind is Kind.POLYMORPHIC, way.kind is not Kind.HARD, distance[way.target], str(way))


def leads_index(columns: tuple[str | None, ...], wanted: tuple[str, ...], fixed: Iterable[str] = ()) -> bool:
    """Whether an index on ``columns`` starts with the ``wanted`` ones, in any order, apart from ``fixed`` ones (held equal)."""
    held = set(fixed)
    rest = [column for column in columns if column not in held]
    return len(rest) >= len(wanted) and set(rest[: len(wanted)]) == set(wanted)


def _referenced_in_order(graph: ReferenceGraph, standing: Mapping[TableName, Standing]) -> dict[TableName, TableScope]:
    nodes = sorted(name for name, each in standing.items() if each is Standing.REFERENCED)
    pointers = {
        name: tuple(reference for reference in graph.to(name) if standing.get(reference.table) in EXPORTED and follows(reference))
        for name in nodes
    }
    result: dict[TableName, TableScope] = {}
    for number, members in enumerate(components(nodes, lambda name: [reference.table for reference in pointers[name]])):
        cyclic = len(members) > 1 or any(reference.table == members[0] for reference in pointers[members[0]])
        for name in members:
            cycle = -1 - number if cyclic else None
            result[name] = TableScope(name=name, standing=Standing.REFERENCED, pointers=pointers[name], cycle=cycle)
    return result


def follows(reference: Reference) -> bool:
    """False where silos.toml unsets the reference on a move (``on_move = "null"``)."""
    return reference.declared is None or reference.declared.on_move == "follow"


NO_ROOT = frozenset({"no-organization-table", "organization-without-key"})  # problems without whose remedy nothing can be read


def _problems(schema: Schema, silos: SiloMap, graph: ReferenceGraph, tables: Mapping[TableName, TableScope]) -> Iterable[Problem]:
    yield from _root_problems(schema, silos.organization.table)
    for scope in tables.values():
        if scope.standing is Standing.UNDECIDED:
            yield undecided_table(scope.name)
        if scope.standing in EXPORTED:
            yield from (_elsewhere(reference) for reference in graph.of(scope.name) if _asks_elsewhere(schema, reference))
    exported = {name for name, scope in tables.items() if scope.standing in EXPORTED}
    yield from (problem for question, problem in find_open(silos) if question.table in exported)


def _root_problems(schema: Schema, name: TableName) -> Iterable[Problem]:
    root = schema.tables.get(name)
    if root is None:
        yield Problem(
            code="no-organization-table",
            object=str(name),
            found="this database has no such table",
            remedy="set [organization] table in silos.toml, or point the region's url at the application's database",
        )
    elif not root.identifying_key:
        yield Problem(
            code="organization-without-key",
            object=str(name),
            found="the organization's table has no primary key, nor a unique key over NOT NULL columns",
            remedy="give it a primary key",
        )


def _asks_elsewhere(schema: Schema, reference: Reference) -> bool:
    declared = reference.declared
    return declared is not None and declared.dangling != "keep" and reference.target not in schema.tables


def _elsewhere(reference: Reference) -> Problem:
    assert reference.declared is not None
    return Problem(
        code="dangling-elsewhere",
        object=str(reference),
        found=f"dangling = {reference.declared.dangling!r}, and {reference.target} is in another database",
        remedy='set dangling = "keep": here nobody can tell which of its rows are there',
    )
