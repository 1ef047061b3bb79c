"""A chunk as a value: which rows of a table's part it is, on both sides of a move."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql

from exports.intervals import Bound
from exports.key_sql import INTEGERS, column_sql, raw
from splitter.errors import RefusedError
from splitter.schema import BYTES, Table, TableName


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """``fixed`` columns have one value each, ``column`` lies between the bounds; no column: everything.

    ``order``: of texts, what orders the column where the range was cut (``Column.order``); None: its type alone does.
    """

    fixed: tuple[tuple[str, str], ...] = ()
    column: str | None = None
    low: Bound | None = None
    high: Bound | None = None
    order: str | None = None

    def holds_in(self, table: Table) -> bool:
        """Whether the table's column can be compared with the bounds at all; bytes can be on any server."""
        return self.column is None or self.order in (None, BYTES, table.column(self.column).order)

    def condition(self, table: Table, alias: str) -> list[sql.Composable]:
        """The conditions on ``alias``, to be joined with AND. RefusedError where the column's texts have got another order."""
        parts = [_compare(table, alias, column, "=", value) for column, value in self.fixed]
        if self.column and self.low:
            parts.append(self._bounded(table, alias, ">=" if self.low.inclusive else ">", self.low.value))
        if self.column and self.high:
            parts.append(self._bounded(table, alias, "<=" if self.high.inclusive else "<", self.high.value))
        return parts

    def _bounded(self, table: Table, alias: str, operator: str, value: str) -> sql.Composable:
        assert self.column is not None
        mine = table.column(self.column).order
        if self.order in (None, mine):
            return _compare(table, alias, self.column, operator, value)
        if self.order != BYTES:
            raise RefusedError(
                f"the texts of {table.name}.{self.column} are in the order of {mine or 'something unknown'} now, and were cut in that of"
                f" {self.order}",
                hint="the server's libraries have changed during the move: `relocate abort` and start again",
            )
        return sql.SQL("pg_catalog.convert_to({column}, 'UTF8') {operator} pg_catalog.convert_to({value}, 'UTF8')").format(
            column=column_sql(alias, self.column), operator=raw(operator), value=sql.Literal(value)
        )


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
        order=None if value.get("order") is None else str(value["order"]),
    )


def _bound_from_json(value: object) -> Bound | None:
    if value is None:
        return None
    assert isinstance(value, dict)
    return Bound(str(value["value"]), bool(value["inclusive"]))
