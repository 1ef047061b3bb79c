"""Rows that no partition of the target would take: asked of the source, in the organization's rows as they will be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from psycopg import sql

from exports.membership import type_family
from exports.rows import Source
from exports.snapshot import Connection
from relocate.arrivals import arriving, ask_source, has_rows
from relocate.move import Move
from splitter.db import translated
from splitter.errors import Problem
from splitter.schema import Table, TableKind, TableName

SHOWN = 5
_TREE = """
SELECT t.relid::bigint, t.parentrelid::bigint, p.partstrat::text, pg_get_expr(c.relpartbound, c.oid), pg_get_partition_constraintdef(c.oid)
FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
CROSS JOIN LATERAL pg_partition_tree(r.oid) AS t
JOIN pg_class AS c ON c.oid = t.relid
LEFT JOIN pg_partitioned_table AS p ON p.partrelid = c.oid
WHERE n.nspname = %s AND r.relname = %s ORDER BY t.level, c.relname
"""
_LITERAL = r"(MINVALUE|MAXVALUE|-?[0-9.]+|'(?:[^']|'')*')"
_RANGE = re.compile(rf"FOR VALUES FROM \({_LITERAL}\) TO \({_LITERAL}\)")
_HASH = re.compile(r"FOR VALUES WITH \(modulus (\d+), remainder \d+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A partitioned table or a partition of it. ``strategy``: r, l, h; None for a leaf. ``constraint``: of all levels; None: takes all."""

    id: int
    parent: int | None
    strategy: str | None
    bound: str | None
    constraint: str | None


def find_missing_partitions(move: Move, reading: Source, source: Connection, target: Connection) -> Iterator[Problem]:
    """One problem for each partitioned table of the target in which some of the rows have no place."""
    for scope in move.scope.exported:
        table = move.target.schema.tables.get(scope.name)
        if table is not None and table.kind is TableKind.PARTITIONED:
            yield from _missing(_read_tree(target, table.name), reading, source, table)


def _read_tree(target: Connection, name: TableName) -> list[_Node]:
    with translated(f"reading the partitions of {name}"):
        rows = target.execute(_TREE, tuple(name)).fetchall()
    return [
        _Node(
            id=int(str(id_)),
            parent=None if parent is None else int(str(parent)),
            strategy=None if strategy is None else str(strategy),
            bound=None if bound is None else str(bound),
            constraint=None if constraint is None else str(constraint),
        )
        for id_, parent, strategy, bound, constraint in rows
    ]


def _missing(tree: Sequence[_Node], reading: Source, source: Connection, table: Table) -> Iterator[Problem]:
    broken = [node for node in tree if node.strategy == "h" and not _is_whole(node, tree)]
    if broken:
        yield _problem(table, "a hash partition of it is missing, so some rows have none", "create the missing remainders in the target")
        return
    covered = None if _takes_all(tree) else _merged(tree, table) or _covered(tree)
    if covered is None or not has_rows(reading, table.name) or not _is_known(reading, table):
        return
    shown = _Shown.of(table)
    found = ask_source(source, shown.query(reading, table, covered), f"looking for the partitions of {table.name}")
    if found:
        yield _problem(table, shown.told(found), "create partitions for these rows in the target, or a DEFAULT one")


def _is_whole(node: _Node, tree: Sequence[_Node]) -> bool:
    """Whether the remainders of a hash-partitioned table cover everything."""
    found = [_HASH.fullmatch(child.bound or "") for child in tree if child.parent == node.id]
    return sum(Fraction(1, int(each[1])) for each in found if each) == 1


def _takes_all(tree: Sequence[_Node]) -> bool:
    return any(node.bound == "DEFAULT" and node.parent == tree[0].id and node.strategy is None for node in tree)


def _covered(tree: Sequence[_Node]) -> str | None:
    """A condition for the rows that some partition takes; None: all of them. What is below a hash-partitioned table is taken as whole."""
    root = tree[0]
    if root.strategy == "h":
        return None
    by_id = {node.id: node for node in tree}
    ends = [node for node in tree[1:] if node.strategy in (None, "h") and not _is_below_hash(node, by_id)]
    if any(node.constraint is None for node in ends):
        return None
    return " OR ".join(f"({node.constraint})" for node in ends) or "false"


def _is_below_hash(node: _Node, by_id: dict[int, _Node]) -> bool:
    parent = by_id.get(node.parent) if node.parent is not None else None
    return parent is not None and (parent.strategy == "h" or _is_below_hash(parent, by_id))


def _merged(tree: Sequence[_Node], table: Table) -> str | None:
    """The same for the usual case, ranges of one column at one level: partitions that touch become one range, however many they are."""
    root, column = tree[0], table.partition_key[0] if len(table.partition_key) == 1 else None
    found = [_RANGE.fullmatch(node.bound or "") for node in tree[1:]]
    if root.strategy != "r" or column is None or any(node.strategy for node in tree[1:]) or not all(found):
        return None
    ends: dict[str, str] = {each[1]: each[2] for each in found if each}
    starts = [low for low in ends if low not in ends.values()]
    ranges = []
    for low in starts:
        high = ends[low]
        while high in ends:
            high = ends[high]
        ranges.append(_between(column, low, high, table.column(column).base_type))
    return " OR ".join(ranges) or "false"


def _between(column: str, low: str, high: str, type_: str) -> str:
    name = '"' + column.replace('"', '""') + '"'
    conditions = [f"{name} IS NOT NULL"]
    conditions += [f"{name} >= {low}::{type_}"] if low != "MINVALUE" else []
    conditions += [f"{name} < {high}::{type_}"] if high != "MAXVALUE" else []
    return f"({' AND '.join(conditions)})"


def _is_known(reading: Source, table: Table) -> bool:
    """Whether the source has the columns that decide."""
    ours = reading.columns(table.name)
    return all(column is None or column in ours for column in table.partition_key)


def _problem(table: Table, found: str, remedy: str) -> Problem:
    return Problem(code="partition", object=str(table.name), found=found, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What is told of the rows without a partition: the extremes of one column, or some values of several."""

    columns: tuple[str, ...]
    extremes: bool

    @classmethod
    def of(cls, table: Table) -> _Shown:
        columns = tuple(column for column in table.partition_key if column is not None) or table.identifying_key
        ordered = len(columns) == 1 and table.partition_strategy == "r" and type_family(table.column(columns[0])) != "text"
        return cls(columns=columns, extremes=ordered)

    def query(self, reading: Source, table: Table, covered: str) -> sql.Composed:
        """A SELECT of (how many rows, values); several rows where it isn't extremes."""
        columns = [sql.Identifier(table.name.name, column) for column in self.columns]
        among = sql.SQL("FROM {} WHERE ({}) IS NOT TRUE").format(arriving(reading, table.name), sql.SQL(covered))
        if self.extremes:
            return sql.SQL("SELECT count(*), min({0})::text, max({0})::text {1} HAVING count(*) > 0").format(columns[0], among)
        return sql.SQL("SELECT sum(count(*)) OVER (), ROW({0})::text {1} GROUP BY {2} LIMIT {3}").format(
            sql.SQL(", ").join(columns), among, sql.SQL(", ").join(columns) if columns else sql.SQL("()"), sql.Literal(SHOWN + 1)
        )

    def told(self, found: Sequence[tuple[object, ...]]) -> str:
        count = int(str(found[0][0]))
        rows = f"{count} rows of the organization have no partition" if count > 1 else "1 row of the organization has no partition"
        if self.extremes:
            low, high = found[0][1:]
            return f"{rows}: {self.columns[0]} {low}" + (f" to {high}" if low != high else "")
        more = " and more" if len(found) > SHOWN else ""
        return f"{rows}: ({', '.join(self.columns)}) = {', '.join(str(row[1]) for row in found[:SHOWN])}{more}"
