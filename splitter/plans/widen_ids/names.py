"""What the parts of a widening are called, and how a statement sees from the catalog on which side of the swap it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from psycopg import sql

from splitter.dependents import WideColumn
from splitter.plans.foreign_keys import name_of, regclass
from splitter.schema import TableName

MAX_NAME = 63  # bytes
_NAMED = 5  # tables
TRIGGER = "~orglift_widen"  # fires last: triggers of one table go by name
_LIVE = """(SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column} AND NOT a.attisdropped)"""
# of a domain, which is called the same on both sides
_LIVE_LENGTH = """(SELECT a.attlen FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column} AND NOT a.attisdropped)"""
_LENGTHS = {"smallint": 2, "integer": 4, "bigint": 8}
_WANTED = "SELECT CASE {live} WHEN {before} THEN {condition} WHEN {after} THEN false END"


class Side(str, Enum):
    """The column that is to have the name: the wide one on the way there, the narrow one on the way back."""

    WIDE = "wide"
    NARROW = "narrow"

    @property
    def other(self) -> Side:
        return Side.NARROW if self is Side.WIDE else Side.WIDE


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def twin_name(column: WideColumn, side: Side) -> str:
    """What the column of that side is called while the other one has the name."""
    tail = f"_orglift_{side.value}"
    whole = column.name.encode()
    if len(whole) + len(tail) > MAX_NAME:
        tail = f"_{digest(column.name)[:6]}{tail}"
    return whole[: MAX_NAME - len(tail)].decode(errors="ignore") + tail


def twins(columns: Iterable[WideColumn], table: TableName, side: Side) -> Mapping[str, str]:
    return {column.name: twin_name(column, side) for column in columns if column.table == table}


def temporary(side: Side, kind: str, table: TableName, name: str) -> str:
    """What an index, constraint or statistics object of the twin is called until the swap gives it its name."""
    return f"orglift_{side.value}_{digest(kind, *table, name)}"


def function_name(table: TableName) -> sql.Identifier:
    return sql.Identifier("orglift", f"widen_{digest(*table)}")


def type_of(column: WideColumn, side: Side) -> str:
    return column.wide_type if side is Side.WIDE else column.type


def domain_temporary(domain: TableName, side: Side) -> TableName:
    """What the domain of that side is called while the other one has the name."""
    return TableName(domain.schema, temporary(side, "domain", domain, ""))


def twin_type(column: WideColumn) -> sql.Composable:
    """The type of the wide twin before the swap."""
    return sql.SQL(column.wide_type) if column.domain is None else name_of(domain_temporary(column.domain, Side.WIDE))


def live_type(column: WideColumn) -> sql.Composed:
    """What tells the width of the column that has the name; NULL where none has."""
    text = _LIVE if column.domain is None else _LIVE_LENGTH
    return sql.SQL(text).format(table=regclass(column.table), column=sql.Literal(column.name))


def _told_type(column: WideColumn, side: Side) -> sql.Literal:
    spelled = type_of(column, side)
    return sql.Literal(spelled if column.domain is None else _LENGTHS[spelled])


def wanted(column: WideColumn, side: Side, condition: sql.Composable) -> str:
    """A precondition: only as long as the other side has the name. Null where neither has."""
    text = sql.SQL(_WANTED).format(
        live=live_type(column),
        before=_told_type(column, side.other),
        after=_told_type(column, side),
        condition=condition,
    )
    return text.as_string()


def quoted(table: TableName) -> str:
    return name_of(table).as_string()


def named(tables: Sequence[TableName]) -> str:
    """For a sentence: all of them, or the first ones of many."""
    shown = tables if len(tables) <= _NAMED else tables[:_NAMED]
    more = f" and {len(tables) - _NAMED} more" if len(tables) > _NAMED else ""
    return f"{', '.join(map(str, shown))}{more}"
