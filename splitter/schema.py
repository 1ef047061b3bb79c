"""What a database's catalog says, as frozen values.

``catalog.read_schema`` makes a ``Schema`` from a live database; everything that reasons (graph, scope, plans, findings) reads it from
here and never asks the server again. Nothing in this file touches a database.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

_PLAIN_PART = re.compile(r"[^.\"]+")

BYTES = "bytes of UTF8"  # an order of texts: by their bytes, which is that of their code points

_UNPRINTED = {"fingerprint": False}  # estimates, and what follows from other fields or differs between equal databases


class TableName(NamedTuple):
    """The exact name of a table, sequence, type or view: never folded, never quoted."""

    schema: str
    name: str

    def __str__(self) -> str:
        """The spelling of silos.toml: no schema for ``public``; a part with a dot or a double quote is quoted as in SQL."""
        shown = _spell(self.name)
        return shown if self.schema == "public" else f"{_spell(self.schema)}.{shown}"


def _spell(part: str) -> str:
    return part if _PLAIN_PART.fullmatch(part) else '"' + part.replace('"', '""') + '"'


def split_name(text: str) -> tuple[str, ...]:
    """The parts of a dotted name in the spelling of silos.toml: ``a.b``, ``"we.ird".b``.

    Raises ValueError on an empty part or an unclosed quote.
    """
    parts: list[str] = []
    rest = text
    while True:
        quoted = re.match(r'"((?:[^"]|"")*)"', rest)
        plain = _PLAIN_PART.match(rest)
        if quoted:
            part, end = quoted[1].replace('""', '"'), quoted.end()
        elif plain:
            part, end = plain[0], plain.end()
        else:
            raise ValueError(f"{text!r} has an empty or half-quoted part")
        if not part:
            raise ValueError(f"{text!r} has an empty part")
        parts.append(part)
        rest = rest[end:]
        if not rest:
            return tuple(parts)
        if not rest.startswith("."):
            raise ValueError(f"{text!r} goes on after a closing quote")
        rest = rest[1:]


class TableKind(str, Enum):
    PLAIN = "r"
    PARTITIONED = "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. Types are spelled as ``format_type`` does with an empty search path: schema-qualified unless of pg_catalog."""

    name: str
    position: int = field(metadata=_UNPRINTED)  # attnum
    type: str  # with its modifier: "character varying(20)", "numeric(10,2)", "public.mood[]"
    bare_type: str  # without the modifier and safe to cast to: "character varying", "bpchar"
    base_type: str  # bare_type with every domain resolved to what lies beneath (of an array: of its elements)
    not_null: bool
    default: str | None = None  # expression, never of a generated column
    generated: str | None = None  # expression of a generated column
    generated_virtual: bool = False
    identity: str = ""  # "", "a" (ALWAYS), "d" (BY DEFAULT)
    collation: str | None = None  # only where it isn't the type's own
    sequence: TableName | None = None  # the sequence that feeds it: owned, identity, or named in nextval() of the default
    # false: no binary input/output, or one that means something else in another database (reg*, oid aliases)
    binary_safe: bool = field(default=True, metadata=_UNPRINTED)
    comparable: bool = field(default=True, metadata=_UNPRINTED)  # has a default btree operator class
    extension: str | None = field(default=None, metadata=_UNPRINTED)  # the extension that its type, or a type inside it, belongs to
    # what decides the order of its texts: equal on two servers where that is the same; None: no text, or nothing that compares
    order: str | None = field(default=None, compare=False, metadata=_UNPRINTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueKey:
    """A primary key, unique constraint or unique index."""

    name: str
    table: TableName
    columns: tuple[str, ...]  # empty where ``expressions`` is not
    expressions: tuple[str, ...] = ()  # every key part as SQL, only where at least one isn't a plain column
    predicate: str | None = None
    primary: bool = False
    constraint: bool = False
    nulls_not_distinct: bool = False
    deferrable: bool = False
    valid: bool = True
    temporal: bool = False  # PostgreSQL 18: WITHOUT OVERLAPS in its last column


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key; those that a partition inherited from its parent's are left out."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    on_delete: str = "a"  # confdeltype: a no action, r restrict, c cascade, n set null, d set default
    on_update: str = "a"
    delete_columns: tuple[str, ...] = ()  # of SET NULL (a, b)
    match_full: bool = False
    deferrable: bool = False
    deferred: bool = False
    validated: bool = True
    enforced: bool = True  # PostgreSQL 18: NOT ENFORCED
    temporal: bool = False  # PostgreSQL 18: PERIOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Any index, unique ones and those of constraints too."""

    name: TableName
    table: TableName
    method: str
    columns: tuple[str | None, ...]  # key columns in order; None stands for an expression
    descending: tuple[bool, ...]
    expressions: tuple[str, ...]  # all key parts as SQL
    include: tuple[str, ...] = ()
    predicate: str | None = None
    unique: bool = False
    valid: bool = True
    default_opclass: bool = True  # every key column uses its type's default operator class and its own collation


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    name: str
    table: TableName
    expression: str
    validated: bool = True
    enforced: bool = True  # PostgreSQL 18: NOT ENFORCED


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    name: str
    table: TableName
    columns: tuple[str | None, ...]
    operators: tuple[str, ...]
    expressions: tuple[str, ...]
    predicate: str | None = None
    deferrable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger that a person made; the ones behind foreign keys and on partitions by inheritance are left out."""

    name: str
    table: TableName
    enabled: str  # O origin, A always, R replica, D disabled
    events: frozenset[str]  # insert, update, delete, truncate
    before: bool
    row: bool
    function: TableName
    columns: tuple[str, ...] = ()  # UPDATE OF


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    name: str
    table: TableName
    command: str  # r, a, w, d, *
    permissive: bool
    using: str | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    name: TableName
    type: str
    start: int
    minimum: int
    maximum: int
    increment: int
    cycle: bool
    owner: tuple[TableName, str] | None = None  # table and column that it belongs to


class RoutineName(NamedTuple):
    """The exact name of a function or procedure, and its arguments as PostgreSQL tells it from others of that name."""

    schema: str
    name: str
    arguments: str = ""

    def __str__(self) -> str:
        return f"{TableName(self.schema, self.name)}({self.arguments})"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    name: TableName
    materialized: bool
    reads: frozenset[TableName]  # tables and views that its definition depends on
    calls: frozenset[RoutineName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """A function or procedure that a person made. ``body``: its text; None where the catalog knows what it uses (BEGIN ATOMIC)."""

    name: RoutineName
    body: str | None = None
    reads: frozenset[TableName] = frozenset()  # tables and views, also those whose row type is an argument or a result
    calls: frozenset[RoutineName] = frozenset()


class Holder(str, Enum):
    """What may use other tables than the one that it belongs to."""

    RULE = "rule"
    POLICY = "policy"
    TRIGGER = "trigger"
    DEFAULT = "default"  # of a column, or what it is generated from
    CHECK = "check"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """What a part of ``table`` uses by the catalog's own account; ``name`` is the part's (of a default: the column's)."""

    kind: Holder
    name: str
    table: TableName
    reads: frozenset[TableName] = frozenset()
    calls: frozenset[RoutineName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    name: TableName
    base_type: str
    not_null: bool = False
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: ordinary, partitioned, or a partition (``partition_of``). ``rows`` and ``bytes`` are the planner's estimates."""

    name: TableName
    kind: TableKind = TableKind.PLAIN
    columns: tuple[Column, ...] = ()
    keys: tuple[UniqueKey, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    checks: tuple[Check, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    policies: tuple[Policy, ...] = ()
    partition_of: TableName | None = None
    partition_bound: str | None = None  # as pg_get_expr spells it
    partition_key: tuple[str | None, ...] = ()  # of a partitioned table: columns, None for an expression
    partition_strategy: str | None = None  # r range, l list, h hash
    inherits: tuple[TableName, ...] = ()  # old-style inheritance
    inherited_by: tuple[TableName, ...] = ()
    owner: str = field(default="", metadata=_UNPRINTED)
    persistence: str = "p"  # p permanent, u unlogged
    row_security: bool = False
    row_security_forced: bool = False
    replica_identity: str = "d"
    rows: int = field(default=-1, metadata=_UNPRINTED)  # -1: never analysed
    bytes: int = field(default=0, metadata=_UNPRINTED)
    columns_by_name: Mapping[str, Column] = field(init=False, compare=False, repr=False, hash=False, metadata=_UNPRINTED)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns_by_name", {column.name: column for column in self.columns})

    def column(self, name: str) -> Column:
        """The column of that exact name; KeyError where there is none."""
        return self.columns_by_name[name]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Its columns, in the key's order; empty where the table has none."""
        return next((key.columns for key in self.keys if key.primary), ())

    @property
    def identifying_key(self) -> tuple[str, ...]:
        """The columns that tell its rows apart: the primary key, or the first total unique key over NOT NULL columns; empty: none."""
        if self.primary_key:
            return self.primary_key
        for key in self.keys:
            total = key.columns and key.predicate is None and key.valid and not key.deferrable
            if total and all(self.column(name).not_null for name in key.columns):
                return key.columns
        return ()

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """The columns that a row carries: all but the generated ones."""
        return tuple(column for column in self.columns if column.generated is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Everything ``read_schema`` found. Tables owned by an extension and the schema ``orglift`` are left out."""

    server_version: int  # 150018, 180004
    tables: Mapping[TableName, Table]
    sequences: Mapping[TableName, Sequence] = field(default_factory=dict)
    views: Mapping[TableName, View] = field(default_factory=dict)
    enums: Mapping[TableName, tuple[str, ...]] = field(default_factory=dict)
    domains: Mapping[TableName, Domain] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)  # name -> version
    foreign_tables: Mapping[TableName, TableName | None] = field(default_factory=dict)  # -> the table whose partition it is
    routines: Mapping[RoutineName, Routine] = field(default_factory=dict)
    dependents: tuple[Dependent, ...] = ()

    def fingerprint(self, names: Iterable[TableName] | None = None) -> str:
        """SHA-256 (hex) over these tables' structure and the sequences that feed them; of all tables where ``names`` is None.

        Equal structure gives the same on every server, whatever its estimates, owners and OIDs. A table that isn't there counts as absent.
        """
        asked = sorted(set(self.tables if names is None else names))
        tables = [_without_inherited_identity(self.tables[name]) for name in asked if name in self.tables]
        fed = sorted({column.sequence for table in tables for column in table.columns if column.sequence})
        sequences = (self.sequences[name] for name in fed if name in self.sequences)
        structure = (tuple(asked), *tables, *sequences)
        return hashlib.sha256(_json([_printable(part) for part in structure]).encode()).hexdigest()

    def roots(self) -> Iterable[Table]:
        """The tables that hold rows of their own for us: all but partitions, whose rows are read through their root."""
        return (table for table in self.tables.values() if table.partition_of is None)

    def routines_by_name(self) -> Mapping[TableName, tuple[RoutineName, ...]]:
        """The routines of each qualified name: those that their arguments alone tell apart."""
        groups: dict[TableName, tuple[RoutineName, ...]] = {}
        for routine in self.routines:
            name = TableName(routine.schema, routine.name)
            groups[name] = (*groups.get(name, ()), routine)
        return groups

    def root_of(self, name: TableName) -> TableName:
        """The partitioned table at the top of a partition; of any other table, itself."""
        table = self.tables[name]
        while table.partition_of is not None:
            table = self.tables[table.partition_of]
        return table.name

    def partitions(self, name: TableName) -> tuple[Table, ...]:
        """The leaves below a partitioned table, at any depth."""
        below = [table for table in self.tables.values() if table.partition_of == name]
        leaves: list[Table] = []
        for table in below:
            leaves.extend(self.partitions(table.name) if table.kind is TableKind.PARTITIONED else (table,))
        return tuple(leaves)


def _without_inherited_identity(table: Table) -> Table:
    """A partition as servers before 17 describe it: they don't say that its root has an identity column."""
    if table.partition_of is None:
        return table
    columns = (replace(column, identity="", sequence=None) if column.identity else column for column in table.columns)
    return replace(table, columns=tuple(columns))


def _printable(value: Any) -> Any:
    """``value`` as JSON that is equal for equal structure: columns and names are in order, a table's other parts have none."""
    if is_dataclass(value):
        printed = (each for each in fields(value) if each.metadata.get("fingerprint", True))
        said = {each.name: (getattr(value, each.name), each.default) for each in printed}
        # without what is at its default, so that a field of a later orglift changes nothing where it says nothing
        return {name: _printable(found) for name, (found, default) in said.items() if found != default}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        shown = [_printable(item) for item in value]
        unordered = any(is_dataclass(item) and not isinstance(item, Column) for item in value)
        return sorted(shown, key=_json) if unordered else shown
    return value


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
