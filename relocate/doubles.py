"""Keys that are unique in the target and not at the source: the organization's own rows may break them among themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql

from exports.rows import Source
from exports.snapshot import Connection
from relocate.arrivals import arriving, ask_source, has_rows
from relocate.move import Move
from splitter.errors import Problem
from splitter.ownership import Standing
from splitter.schema import Table, TableName, UniqueKey

SHOWN = 5


def find_doubles(move: Move, reading: Source, source: Connection) -> Iterator[Problem]:
    """One problem for each such key that several of the rows, rewritten, would share."""
    for scope in move.scope.exported:
        theirs = move.target.schema.tables.get(scope.name)
        if theirs is None or scope.standing is not Standing.OWNED or not has_rows(reading, scope.name):
            continue
        for key in theirs.keys:
            if key.valid and not key.temporal and not _is_kept(move.scope.table(scope.name), theirs, key):
                yield from _doubles(reading, source, scope.name, key)


def _is_kept(mine: Table, theirs: Table, key: UniqueKey) -> bool:
    """Whether a key of the source already sees to it."""
    return any(_implies(theirs, each, key) for each in mine.keys if each.valid and not each.temporal)


def _implies(theirs: Table, mine: UniqueKey, key: UniqueKey) -> bool:
    if mine.expressions or mine.predicate is not None:
        same = (mine.expressions, mine.columns, mine.predicate) == (key.expressions, key.columns, key.predicate)
        return same and mine.nulls_not_distinct >= key.nulls_not_distinct
    never_null = all(column in theirs.columns_by_name and theirs.column(column).not_null for column in mine.columns)
    return (
        bool(mine.columns) and set(mine.columns) <= set(key.columns) and (mine.nulls_not_distinct >= key.nulls_not_distinct or never_null)
    )


def _doubles(reading: Source, source: Connection, name: TableName, key: UniqueKey) -> Iterator[Problem]:
    parts = key.expressions or tuple(sql.Identifier(column).as_string(None) for column in key.columns)
    if not set(key.columns) <= set(reading.columns(name)):
        return  # a column that the target makes or fills itself
    rows = ask_source(source, _query(reading, name, key, parts), f"looking for doubles in {name}")
    if rows:
        shown = ", ".join(str(row[0]) for row in rows[:SHOWN])
        yield Problem(
            code="unique",
            object=f"{name}: {key.name}",
            found=f"several rows of the organization have the same ({', '.join(parts)}), which the source allows and the target doesn't:"
            f" {shown}{' and more' if len(rows) > SHOWN else ''}",
            remedy="change the rows, or bring both schemas to the same version",
        )


def _query(reading: Source, name: TableName, key: UniqueKey, parts: Sequence[str]) -> sql.Composed:
    """A SELECT of the keys that occur more than once, as texts."""
    values = [sql.SQL("({})").format(sql.SQL(part)) for part in parts]
    conditions = [sql.SQL("({})").format(sql.SQL(key.predicate))] if key.predicate is not None else []
    conditions += [] if key.nulls_not_distinct else [sql.SQL("{} IS NOT NULL").format(value) for value in values]
    selected = sql.SQL("SELECT {values} FROM {rows} WHERE {conditions}").format(
        values=sql.SQL(", ").join(values),
        rows=arriving(reading, name),
        conditions=sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true"),
    )
    names = sql.SQL(", ").join(sql.Identifier(f"v{number}") for number in range(len(values)))
    return sql.SQL("SELECT ROW({names})::text FROM ({selected}) AS r({names}) GROUP BY {names} HAVING count(*) > 1 LIMIT {limit}").format(
        names=names, selected=selected, limit=sql.Literal(SHOWN + 1)
    )
