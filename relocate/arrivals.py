"""The organization's rows as they will be in the target, to be asked about while they are still at the source."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from exports.chunks import Chunk
from exports.rows import Source
from exports.snapshot import Connection
from splitter.db import translated
from splitter.errors import ServerError
from splitter.schema import TableName


def has_rows(reading: Source, name: TableName) -> bool:
    """Whether some of the table's rows may be the organization's."""
    return bool(reading.membership.parts(name))


def arriving(reading: Source, name: TableName) -> sql.Composed:
    """The rewritten rows of a table that ``has_rows``, in a FROM; by the table's own name, as its catalog's expressions want it."""
    columns = sql.SQL(", ").join(map(sql.Identifier, reading.columns(name)))
    selects = [reading.select(Chunk(table=name, part=part, number=0)) for part in reading.membership.parts(name)]
    rows = [sql.SQL("SELECT * FROM ({select}) AS r({columns})").format(select=select, columns=columns) for select in selects]
    return sql.SQL("({rows}) AS {alias}").format(rows=sql.SQL(" UNION ALL ").join(rows), alias=sql.Identifier(name.name))


def ask_source(source: Connection, query: sql.Composed, what: str) -> Sequence[tuple[object, ...]]:
    """The answer to a query with expressions of the target's catalog; nothing where the source can't evaluate them.

    It may lack a function or a label of an enum. The loading tells then; the snapshot stays open.
    """
    try:
        with translated(what), source.transaction():
            return source.execute(query).fetchall()
    except ServerError:
        return ()
