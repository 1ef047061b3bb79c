"""The trigger functions of one parent: what each writes into the outbox, as SQL composed for that table's key columns.

An UPDATE of a plain table is watched row by row, and only where the key's bytes changed, as the foreign key did: other updates pay a
comparison. In a partitioned table a changed key may move the row, and then no row trigger sees old and new together: there it is
watched by statement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from splitter.cascade import Cascade, ChildAction
from splitter.schema import Column, Table, TableKind, TableName
from splitter.sql import load_queries

FUNCTION_KINDS = ("deleted", "updated", "truncated")

_SQL = load_queries("outbox.sql")
# Types whose text is the same in every session; for all others the function pins what it depends on.
_STABLE = frozenset({"smallint", "integer", "bigint", "numeric", "text", "bpchar", "character varying", "uuid", "boolean"})
_PINS = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
}
_UNFILTERED = {"row_security": "off"}  # TRUNCATE empties what a policy hides, too: an error is better than rows that nobody wrote down


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentTrigger:
    """One trigger and its function: ``name`` on every partition of the parent, ``body`` in PL/pgSQL."""

    name: str
    parent: TableName
    function: str
    body: str
    settings: tuple[tuple[str, str], ...] = ()
    head: sql.Composable
    tail: sql.Composable

    def create_function(self) -> sql.Composed:
        settings = (sql.SQL("\nSET {} = {}").format(sql.Identifier(name), sql.Literal(value)) for name, value in self.settings)
        function = sql.Identifier("orglift", self.function)
        create = sql.SQL(_SQL["function"]).format(function=function, settings=sql.SQL("").join(settings), body=quoted_body(self.body))
        told = sql.SQL("COMMENT ON FUNCTION {}() IS {}").format(function, sql.Literal(f"writes the tombstones of {self.parent}"))
        return sql.SQL("{};\nREVOKE ALL ON FUNCTION {}() FROM PUBLIC;\n{}").format(create, function, told)

    def create(self) -> tuple[sql.Composable, sql.Composable]:
        """The statement's text before and after the table's name."""
        return sql.SQL("{} ").format(self.head), sql.SQL(" {}").format(self.tail)


def function_name(parent: TableName, kind: str) -> str:
    """Short whatever the table's name is, and never that of another table."""
    return f"tombstone_{hashlib.sha256(chr(0).join(parent).encode()).hexdigest()[:20]}_{kind}"


def find_triggers(parent: Table, cascades: tuple[Cascade, ...]) -> tuple[ParentTrigger, ...]:
    """What the cascades of ``parent`` need, in whatever order they come; nothing where none of them acts."""
    cascades = tuple(sorted(cascades, key=lambda each: (each.child, each.name)))
    on_delete = _Written(parent, tuple(each for each in cascades if each.on_delete is not ChildAction.NONE))
    on_update = _Written(parent, tuple(each for each in cascades if each.on_update is not ChildAction.NONE))
    triggers = [on_delete.deleted(), on_delete.truncated()] if on_delete.cascades else []
    return (*triggers, on_update.updated()) if on_update.cascades else tuple(triggers)


@dataclass(frozen=True, slots=True)
class _Written:
    """What is written of a parent's row for these cascades."""

    parent: Table
    cascades: tuple[Cascade, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for cascade in self.cascades for name in cascade.parent_columns))

    def deleted(self) -> ParentTrigger:
        body = sql.SQL(_SQL["write_deleted"]).format(**self._row("o"))
        return self._trigger("deleted", body, "for_deleted")

    def truncated(self) -> ParentTrigger:
        row = self._row("o")
        before = sql.SQL(_SQL["select_from"]).format(**row).as_string()
        after = sql.SQL(_SQL["where_referenced"]).format(**row).as_string()
        slots = {"select_from": sql.Literal(f"{before} "), "where_referenced": sql.Literal(f" {after}")}
        return self._trigger("truncated", sql.SQL(_SQL["write_truncated"]).format(**slots), "for_truncated", _UNFILTERED)

    def updated(self) -> ParentTrigger:
        by_row = self.parent.kind is TableKind.PLAIN
        old: LiteralString = "OLD" if by_row else "o"
        new: LiteralString = "NEW" if by_row else "n"
        slots = {**self._row(old), "new_key": self._key(new)}
        if by_row:
            body = sql.SQL(_SQL["write_updated_row"]).format(**slots)
        else:
            body = sql.SQL(_SQL["write_updated"]).format(**slots, changed=self._changed(old, new))
        return self._trigger("updated", body, "for_updated_row" if by_row else "for_updated")

    def _trigger(self, kind: str, body: sql.Composed, tail: str, settings: dict[str, str] | None = None) -> ParentTrigger:
        name = f"orglift_{kind}"
        function = function_name(self.parent.name, kind)
        slots = {"function": sql.Identifier("orglift", function), "changed": self._changed("OLD", "NEW")}
        return ParentTrigger(
            name=name,
            parent=self.parent.name,
            function=function,
            body=body.as_string(),
            settings=tuple(({} if self._is_stable() else _PINS).items()) + tuple((settings or {}).items()),
            head=sql.SQL(_SQL[f"on_{kind}"]).format(trigger=sql.Identifier(name)),
            tail=sql.SQL(_SQL[tail]).format(**slots),
        )

    def _is_stable(self) -> bool:
        lane = self._lane_column()
        columns = [self.parent.column(name) for name in self.columns] + ([lane] if lane else [])
        return all(column.base_type in _STABLE for column in columns)

    def _row(self, row: LiteralString) -> dict[str, sql.Composable]:
        parent = sql.Literal(str(self.parent.name))
        return {"parent": parent, "old_key": self._key(row), "old_lane": self._lane(row), "referenced": self._referenced(row)}

    def _key(self, row: LiteralString) -> sql.Composed:
        pairs = (sql.SQL("{}, {}").format(sql.Literal(name), self._text(row, name)) for name in self.columns)
        return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))

    def _text(self, row: LiteralString, name: str) -> sql.Composed:
        """By the type's output function: a cast might be the user's own, and would run with the rights of this function's owner."""
        value = _of(row, name)
        if self.parent.column(name).not_null:
            return sql.SQL("concat({})").format(value)
        return sql.SQL("CASE WHEN NOT {value} IS NULL THEN concat({value}) END").format(value=value)

    def _lane_column(self) -> Column | None:
        name = next((each.lane_column for each in self.cascades if each.lane_column), None)
        return self.parent.columns_by_name.get(name) if name else None

    def _lane(self, row: LiteralString) -> sql.Composable:
        """Transactions in the order of their numbers, as text."""
        transaction = sql.SQL("'transaction ' || lpad(pg_current_xact_id()::text, 20, '0')")
        column = self._lane_column()
        if column is None:
            return transaction
        lane = sql.SQL("'organization ' || concat({})").format(_of(row, column.name))
        if column.not_null:
            return lane
        slots = {"value": _of(row, column.name), "lane": lane, "transaction": transaction}
        return sql.SQL("CASE WHEN {value} IS NULL THEN {transaction} ELSE {lane} END").format(**slots)

    def _referenced(self, row: LiteralString) -> sql.Composable:
        """Whether anybody can refer to the row: a key with a NULL in it has no children."""
        keys = dict.fromkeys(tuple(self._nullable(each.parent_columns)) for each in self.cascades)
        if () in keys:
            return sql.SQL("true")
        return sql.SQL(" OR ").join(sql.SQL(" AND ").join(sql.SQL("NOT {} IS NULL").format(_of(row, name)) for name in key) for key in keys)

    def _nullable(self, columns: Iterable[str]) -> Iterator[str]:
        return (name for name in columns if not self.parent.column(name).not_null)

    def _changed(self, old: LiteralString, new: LiteralString) -> sql.Composed:
        """By the bytes, as the foreign key did: 'a' to 'A' counts, even if the column's type calls them equal."""
        return sql.SQL("CAST({} AS record) OPERATOR(pg_catalog.*<>) CAST({} AS record)").format(self._columns(old), self._columns(new))

    def _columns(self, row: LiteralString) -> sql.Composed:
        return sql.SQL("ROW({})").format(sql.SQL(", ").join(_of(row, name) for name in self.columns))


def _of(row: LiteralString, column: str) -> sql.Composed:
    return sql.SQL("{}.{}").format(sql.SQL(row), sql.Identifier(column))


def quoted_body(body: str) -> sql.SQL:
    """In dollar quotes, so that a person can read it."""
    tag = "$orglift$"
    while tag in body:
        tag = tag.replace("orglift", "orglift_")
    return sql.SQL(f"{tag}\n{body}\n{tag}")
