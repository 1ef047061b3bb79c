"""The reference graph: every column that holds another table's key, hard or soft, as one kind of value.

Tables are nodes; partitions are folded into their root. The graph answers what order to load in, where cycles are, and which tables
reach which.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import TypeVar

from splitter.schema import ForeignKey, Schema, TableName
from splitter.silos import SiloMap, SoftReference

Node = TypeVar("Node", bound=Hashable)


class Kind(str, Enum):
    """How a reference is held. Only the first three decide who owns a row (design §3, Ownership)."""

    HARD = "hard"  # a foreign key
    SOFT = "soft"  # plain columns without one
    POLYMORPHIC = "polymorphic"  # the table is named by a type column
    ARRAY = "array"
    JSON = "json"


OWNING = frozenset({Kind.HARD, Kind.SOFT, Kind.POLYMORPHIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """``columns`` of ``table`` hold ``target_columns`` of ``target``; one value for each label of a polymorphic one."""

    kind: Kind
    table: TableName
    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    nullable: bool = True
    foreign_key: ForeignKey | None = None
    declared: SoftReference | None = None
    label: str | None = None  # of a polymorphic reference: the value of the type column

    def __str__(self) -> str:
        columns = ", ".join(self.columns)
        label = f" [{self.label}]" if self.label is not None else ""
        return f"{self.table}.{columns}{label} -> {self.target}.{', '.join(self.target_columns)}"

    @property
    def owns(self) -> bool:
        return self.kind in OWNING

    @property
    def type_column(self) -> str | None:
        """The column that must hold ``label`` for the reference to count, where it is a column of the row."""
        return self.declared.type_column if self.declared and self.label is not None else None

    @property
    def identity(self) -> tuple[object, ...]:
        """What two entries have in common that say the same: of a key and its declaration, of one reference in several databases."""
        declared = self.declared
        inside = (declared.path, declared.keys, declared.type_path) if declared and declared.json else None
        return (self.table, self.columns, self.target, self.target_columns, self.label, self.type_column, inside)


@dataclass(frozen=True)
class ReferenceGraph:
    """All references of one schema. A foreign key that silos.toml declares too is one reference, hard, with what the file says of it."""

    references: tuple[Reference, ...]

    @cached_property
    def outgoing(self) -> Mapping[TableName, tuple[Reference, ...]]:
        return _grouped(self.references, lambda reference: reference.table)

    @cached_property
    def incoming(self) -> Mapping[TableName, tuple[Reference, ...]]:
        return _grouped(self.references, lambda reference: reference.target)

    def of(self, table: TableName) -> tuple[Reference, ...]:
        """The references that ``table`` holds."""
        return self.outgoing.get(table, ())

    def to(self, table: TableName) -> tuple[Reference, ...]:
        """The references that point at ``table``."""
        return self.incoming.get(table, ())


def _grouped(references: Iterable[Reference], key: Callable[[Reference], TableName]) -> dict[TableName, tuple[Reference, ...]]:
    groups: dict[TableName, list[Reference]] = {}
    for reference in references:
        groups.setdefault(key(reference), []).append(reference)
    return {name: tuple(group) for name, group in groups.items()}


def build_graph(schema: Schema, silos: SiloMap) -> ReferenceGraph:
    """Foreign keys of the catalog and soft references of silos.toml in one graph.

    A soft reference whose table or target is not in this database (control's tables, seen from a region) keeps its name: it is a
    reference all the same.
    """
    hard = [_from_foreign_key(schema, key) for table in schema.tables.values() for key in table.foreign_keys]
    soft = [reference for declared in silos.references for reference in _from_declaration(schema, declared)]
    found: dict[tuple[object, ...], Reference] = {}
    for reference in hard + soft:
        first = found.setdefault(reference.identity, reference)
        if first.declared is None and reference.declared is not None:
            found[reference.identity] = replace(first, declared=reference.declared)
    return ReferenceGraph(tuple(found.values()))


def _from_foreign_key(schema: Schema, key: ForeignKey) -> Reference:
    """A temporal key's periods are not equal, one covers the other: what tells whose row it is are the columns before it."""
    table = schema.tables[key.table]
    columns = key.columns[:-1] if key.temporal else key.columns
    return Reference(
        kind=Kind.HARD,
        table=schema.root_of(key.table),
        columns=columns,
        target=schema.root_of(key.target) if key.target in schema.tables else key.target,
        target_columns=key.target_columns[:-1] if key.temporal else key.target_columns,
        nullable=not all(table.column(name).not_null for name in columns),
        foreign_key=key,
    )


def _from_declaration(schema: Schema, declared: SoftReference) -> Iterable[Reference]:
    """Nothing where this database has not the table or the columns; whether another one has is for ``silos_check``."""
    label = (declared.type_column,) if declared.type_column else ()
    if not _has(schema, declared.table, (*declared.columns, *label)):
        return
    columns = [schema.tables[declared.table].column(name) for name in declared.columns]
    if declared.json:
        kind = Kind.JSON
    elif any(column.base_type.endswith("[]") for column in columns):
        kind = Kind.ARRAY
    else:
        kind = Kind.POLYMORPHIC if declared.type_column else Kind.SOFT
    for target in declared.targets:
        if target.table in schema.tables and not _has(schema, target.table, target.columns):
            continue
        yield Reference(
            kind=kind,
            table=declared.table,
            columns=declared.columns,
            target=target.table,
            target_columns=target.columns,
            nullable=not all(column.not_null for column in columns),
            declared=declared,
            label=target.label,
        )


def _has(schema: Schema, name: TableName, columns: Iterable[str]) -> bool:
    table = schema.tables.get(name)
    return table is not None and all(column in table.columns_by_name for column in columns)


def components(nodes: Sequence[Node], below: Callable[[Node], Iterable[Node]]) -> tuple[tuple[Node, ...], ...]:
    """Strongly connected components, each after everything that it points at (Tarjan 1972, without recursion).

    ``below(node)`` gives what a node points at; names outside ``nodes`` are passed over. Members keep the order of ``nodes``.
    """
    position = {node: number for number, node in enumerate(nodes)}
    found: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    on_stack: set[Node] = set()
    result: list[tuple[Node, ...]] = []

    def enter(node: Node) -> tuple[Node, Iterable[Node]]:
        found[node] = low[node] = len(found)
        stack.append(node)
        on_stack.add(node)
        return node, iter([other for other in below(node) if other in position])

    def leave(node: Node) -> None:
        if low[node] != found[node]:
            return
        cut = stack.index(node)
        members = stack[cut:]
        del stack[cut:]
        on_stack.difference_update(members)
        result.append(tuple(sorted(members, key=position.__getitem__)))

    for start in nodes:
        work = [enter(start)] if start not in found else []
        while work:
            node, rest = work[-1]
            step = next(iter(rest), None)
            if step is None:
                work.pop()
                leave(node)
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
            elif step not in found:
                work.append(enter(step))
            elif step in on_stack:
                low[node] = min(low[node], found[step])
    return tuple(result)
