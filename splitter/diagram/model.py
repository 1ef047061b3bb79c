"""What `splitter graph` shows, as values: every table with its silo and domain, every reference, what crosses, what there is to say.

Every format shows this and nothing else. Tables and references have numbers, their places in ``tables`` and ``references``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from splitter.diagram.domains import find_domains
from splitter.diagram.ways import find_ways
from splitter.findings_kinds import Finding
from splitter.graph import Kind, Reference, build_graph
from splitter.ownership import Standing, find_standings, is_way
from splitter.schema import ForeignKey, Schema, Table, TableKind, TableName
from splitter.silos import Silo, SiloMap

_Key: TypeAlias = tuple[TableName, tuple[str, ...], TableName, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableNode:
    """One table; partitions are folded into their root.

    ``read`` is False where no catalog that was read has it: it is known from a reference. ``way`` are the numbers of the references
    that lead to the organization by the shortest way, in order; ``findings`` are places in the diagram's.
    """

    name: TableName
    silo: Silo
    domain: int
    standing: Standing | None = None  # what becomes of its rows in a move; None: not known
    read: bool = True
    rows: int = -1  # the planner's estimate; -1: not known
    columns: int = 0
    partitions: int = 0
    way: tuple[int, ...] = ()
    findings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One reference. ``child`` and ``parent`` are table numbers; ``owns``: it may decide whose a row is; ``databases`` show it.

    ``constraints`` are the names of its foreign keys: partitions may have keys of their own, and a table two that say the same.
    """

    reference: Reference
    child: int
    parent: int
    crosses: bool
    owns: bool
    databases: tuple[str, ...]
    constraints: tuple[str, ...] = ()

    @property
    def is_hard(self) -> bool:
        """Whether a foreign key enforces it."""
        return self.reference.kind is Kind.HARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Tables of one silo that belong together, by name and by reference; ``tables`` are numbers."""

    name: str
    silo: Silo
    tables: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Diagram:
    """``source`` says what was looked at; ``organization`` is the number of its table, None where nothing knows it."""

    source: str
    organization: int | None
    tables: tuple[TableNode, ...]
    references: tuple[Edge, ...]
    domains: tuple[Domain, ...]
    findings: tuple[Finding, ...] = ()

    @cached_property
    def crossings(self) -> tuple[int, ...]:
        """The numbers of the references from one silo to the other."""
        return tuple(number for number, edge in enumerate(self.references) if edge.crosses)

    @cached_property
    def crossing_tables(self) -> frozenset[int]:
        """The numbers of the tables at either end of a crossing."""
        crossing = [self.references[number] for number in self.crossings]
        return frozenset(end for edge in crossing for end in (edge.child, edge.parent))

    def silo_tables(self, silo: Silo) -> tuple[int, ...]:
        return tuple(number for number, table in enumerate(self.tables) if table.silo is silo)


def make_diagram(silos: SiloMap, schemas: Mapping[str, Schema], findings: Iterable[Finding] = (), *, source: str = "") -> Diagram:
    """The diagram of the union of these databases (``schemas`` by their names), the same for the same input."""
    told = tuple(findings)
    merged = _merge_references(silos, schemas)
    references = tuple(reference for reference, _ in merged)
    known = _known_tables(schemas)
    names = {*known, *(end for each in references for end in (each.table, each.target))}
    silo_of = {name: silos.silo_of(name) for name in names}
    groups = find_domains(silo_of, references)
    order = [name for group in groups for name in group.tables]
    number = {name: place for place, name in enumerate(order)}
    standings = _merge_standings(silos, schemas)
    ways = find_ways(silos, references, standings)
    about = _by_table(told)
    constraints = _find_constraints(schemas.values())
    domain_of = {name: place for place, group in enumerate(groups) for name in group.tables}
    tables = tuple(
        TableNode(
            name=name,
            silo=silo_of[name],
            domain=domain_of[name],
            standing=standings.get(name),
            read=name in known,
            way=ways.get(name, ()),
            findings=about.get(name, ()),
            **_facts(known.get(name, ())),
        )
        for name in order
    )
    return Diagram(
        source=source,
        organization=number.get(silos.organization.table),
        tables=tables,
        references=tuple(_edge(silos, *found, number, silo_of, constraints) for found in merged),
        domains=tuple(Domain(name=each.name, silo=each.silo, tables=tuple(number[name] for name in each.tables)) for each in groups),
        findings=told,
    )


def _by_table(findings: Iterable[Finding]) -> dict[TableName, tuple[int, ...]]:
    """The numbers of the findings about each table."""
    found: dict[TableName, tuple[int, ...]] = {}
    for number, finding in enumerate(findings):
        for table in finding.tables:
            found[table] = (*found.get(table, ()), number)
    return found


def _merge_references(silos: SiloMap, schemas: Mapping[str, Schema]) -> list[tuple[Reference, tuple[str, ...]]]:
    """Each once, with the databases that show it; where one has a foreign key and another has dropped it, it is hard."""
    found: dict[tuple[object, ...], tuple[Reference, list[str]]] = {}
    for name, schema in schemas.items():
        for reference in build_graph(schema, silos).references:
            first, names = found.setdefault(reference.identity, (reference, []))
            names.append(name)
            if reference.kind is Kind.HARD and first.kind is not Kind.HARD:
                found[reference.identity] = (reference, names)
    merged = [(reference, tuple(names)) for reference, names in found.values()]
    return sorted(merged, key=lambda each: (each[0].table, each[0].columns, each[0].target, str(each[0].label or "")))


def _find_constraints(schemas: Iterable[Schema]) -> dict[_Key, tuple[str, ...]]:
    """The names of all foreign keys that are one reference."""
    found: dict[_Key, dict[str, None]] = {}
    for schema in schemas:
        for key in (key for table in schema.tables.values() for key in table.foreign_keys):
            target = schema.root_of(key.target) if key.target in schema.tables else key.target
            found.setdefault(_key(schema.root_of(key.table), key, target), {})[key.name] = None
    return {key: tuple(names) for key, names in found.items()}


def _key(table: TableName, key: ForeignKey, target: TableName) -> _Key:
    return table, key.columns, target, key.target_columns


def _merge_standings(silos: SiloMap, schemas: Mapping[str, Schema]) -> dict[TableName, Standing]:
    """A table is undecided only where no database ties it to the organization."""
    found: dict[TableName, Standing] = {}
    for schema in schemas.values():
        for name, standing in find_standings(schema, silos, build_graph(schema, silos)).items():
            if found.get(name, Standing.UNDECIDED) is Standing.UNDECIDED:
                found[name] = standing
    return found


def _known_tables(schemas: Mapping[str, Schema]) -> dict[TableName, list[tuple[Schema, Table]]]:
    found: dict[TableName, list[tuple[Schema, Table]]] = {}
    for schema in schemas.values():
        for table in schema.roots():
            found.setdefault(table.name, []).append((schema, table))
    return found


def _facts(known: Iterable[tuple[Schema, Table]]) -> dict[str, int]:
    """Of all databases: regions share a table's structure, their rows add up."""
    tables = list(known)
    rows = [count for schema, table in tables if (count := _rows(schema, table)) >= 0]
    return {
        "rows": sum(rows) if rows else -1,
        "columns": max((len(table.columns) for _, table in tables), default=0),
        "partitions": max((len(_leaves(schema, table)) for schema, table in tables), default=0),
    }


def _rows(schema: Schema, table: Table) -> int:
    """A partitioned table's own estimate is only there after ANALYZE; its leaves' are kept by autovacuum."""
    leaves = [leaf.rows for leaf in _leaves(schema, table) if leaf.rows >= 0]
    return sum(leaves) if leaves else table.rows


def _leaves(schema: Schema, table: Table) -> tuple[Table, ...]:
    return schema.partitions(table.name) if table.kind is TableKind.PARTITIONED else ()


def _edge(
    silos: SiloMap,
    reference: Reference,
    databases: tuple[str, ...],
    number: Mapping[TableName, int],
    silo_of: Mapping[TableName, Silo],
    constraints: Mapping[_Key, tuple[str, ...]],
) -> Edge:
    key = reference.foreign_key
    return Edge(
        reference=reference,
        child=number[reference.table],
        parent=number[reference.target],
        crosses=silo_of[reference.table] is not silo_of[reference.target],
        owns=is_way(silos, reference),
        databases=databases,
        constraints=constraints[_key(reference.table, key, reference.target)] if key else (),
    )

