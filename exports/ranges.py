"""A chunk as a value: which rows of a table's part it is, on both sides of a move."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql

from exports.intervals import Bound
from exports.key_sql import INTEGERS, column_sql, raw
from splitter.schema import Table, TableName


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """``fixed`` columns have one value each, ``column`` lies between the bounds; no column: everything."""

    fixed: tuple[tuple[str, str], ...] = ()
    column: str | None = None
    low: Bound | None = None
    high: Bound | None = None

    def condition(self, table: Table, alias: str) -> list[sql.Composable]:
        """The conditions on ``alias``, to be joined with AND."""
        parts = [_compare(table, alias, column, "=", value) for column, value in self.fixed]
        if self.column and self.low:
            parts.append(_compare(table, alias, self.column, ">=" if self.low.inclusive else ">", self.low.value))
        if self.column and self.high:
            parts.append(_compare(table, alias, self.column, "<=" if self.high.inclusive else "<", self.high.value))
        return parts


def _compare(table: Table, alias: str, column: str, operator: str, value: str) -> sql.Composable:
    """A bound may be a distributed id, which the column's own int4 would refuse."""
    base = table.column(column).base_type
    return sql.SQL("{column} {operator} {value}::{type}").format(
        column=column_sql(alias, column),
        operator=raw(operator),
        value=sql.Literal(value),
        type=raw("bigint" if base in INTEGERS else base),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One piece of a table's part: the same rows as a range at the source and, rewritten, at the target."""

    table: TableName
    part: int
    number: int
    source: Range = Range()
    target: Range = Range()
    rows: int | None = None  # as counted when the chunk was cut; None: not counted

    def bounds(self) -> dict[str, Any]:
        """The ranges as JSON."""
        return {"source": asdict(self.source), "target": asdict(self.target)}


def range_from_json(value: dict[str, object]) -> Range:
    """The inverse of ``Chunk.bounds`` for one of its ranges."""
    fixed = value["fixed"]
    assert isinstance(fixed, list)
    return Range(
        fixed=tuple((str(column), str(each)) for column, each in fixed),
        column=None if value["column"] is None else str(value["column"]),
        low=_bound_from_json(value["low"]),
        high=_bound_from_json(value["high"]),
    )


def _bound_from_json(value: object) -> Bound | None:
    if value is None:
        return None
    assert isinstance(value, dict)
    return Bound(str(value["value"]), bool(value["inclusive"]))
