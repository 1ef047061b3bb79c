"""From "this chunk differs" down to rows: which keys are missing, extra or changed, with flat memory.

Both sides send (key, row hash) ordered by the key's text in byte order; the two streams are merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from psycopg import sql

from exports.chunks import Chunk
from exports.membership import Membership, table_sql
from exports.rows import Source, chunk_where
from exports.snapshot import Connection

SHOWN = 20
Keyed = tuple[str, str]


def differing_rows(source: Source, there: Membership, at: Connection, target: Connection, chunk: Chunk) -> tuple[str, ...]:
    """Up to ``SHOWN`` lines, each naming one row (its key as it is in the target) and what is wrong with it."""
    name = chunk.table
    chosen = source.select_list(name)
    key = source.membership.scope.table(name).identifying_key or chosen.columns
    position = {column: number for number, column in enumerate(chosen.columns)}
    here = _query(
        [chosen.expressions[position[column]] for column in key if column in position],
        chosen.expressions,
        sql.SQL("{} AS k{}").format(table_sql(source.membership.scope.table(name)), chosen.joins),
        source.where(chunk),
    )
    stored = [sql.Identifier("k", column) for column in chosen.columns]
    rows = _query(
        [sql.Identifier("k", column) for column in key if column in position],
        stored,
        sql.SQL("{} AS k").format(table_sql(there.scope.table(name))),
        chunk_where(there, chunk, chunk.target, "k"),
    )
    return tuple(_merge(_stream(at, here), _stream(target, rows)))


def _query(key: Sequence[sql.Composable], columns: Sequence[sql.Composable], table: sql.Composable, where: sql.Composable) -> sql.Composed:
    return sql.SQL('SELECT ROW({key})::text COLLATE "C" AS key, md5(ROW({columns})::text) FROM {table} WHERE {where} ORDER BY 1, 2').format(
        key=sql.SQL(", ").join(key), columns=sql.SQL(", ").join(columns), table=table, where=where
    )


def _stream(connection: Connection, query: sql.Composed) -> Iterator[Keyed]:
    with connection.cursor() as cursor:
        for row in cursor.stream(query):
            yield str(row[0]), str(row[1])


def _merge(source: Iterator[Keyed], target: Iterator[Keyed]) -> Iterable[str]:
    """Walk both sorted streams to their ends (a connection can't be used before), saying what is on one side only."""
    left, right = next(source, None), next(target, None)
    said = 0
    while left is not None or right is not None:
        if left == right:
            left, right = next(source, None), next(target, None)
            continue
        changed = left is not None and right is not None and left[0] == right[0]
        only_left = left is not None and (right is None or left < right)
        what = "changed" if changed else "missing in the target" if only_left else "only in the target"
        row = left if changed or only_left else right
        assert row is not None
        if said < SHOWN:
            yield f"{row[0]}: {what}"
        said += 1
        if changed or only_left:
            left = next(source, None)
        if changed or not only_left:
            right = next(target, None)
    if said > SHOWN:
        yield f"and {said - SHOWN} more"
