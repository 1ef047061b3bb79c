"""How much a widening needs on the server's disk, and whether that is free, where it can be known from here."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator

from psycopg import sql

from splitter.db import Connection, translated
from splitter.figures import spell_bytes
from splitter.plans.widen_ids.component import Component
from splitter.schema import TableName

_GROWTH = 0.6  # of a table, as row versions come and are cleared up in turn
_WAL = 3.5  # times the table and its indexes: every row once, the twins' indexes, what vacuums write
_SIZES = """
SELECT coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c.oid)), 0)::float8,
       coalesce(pg_catalog.sum(pg_catalog.pg_indexes_size(c.oid)), 0)::float8
  FROM pg_catalog.unnest(%s::text[]) AS w (name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
"""
_FOLDER = """
SELECT pg_catalog.current_setting('data_directory') WHERE pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
   AND (SELECT d.dattablespace FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()) = 1663
"""


def read_room(conn: Connection, components: Iterable[Component]) -> Iterator[str]:
    """Notes for the plan that gives twins to these tables: bytes at the most, bytes of WAL in all, and what is free."""
    chosen = tuple(components)
    if not chosen:
        return
    with translated("reading the sizes of the tables"):
        heap, indexes = _sum(conn, (table for component in chosen for table in component.tables))
        twins, _ = _sum(conn, (index.name for component in chosen for index in component.found.indexes))
        views = sum(sum(_sum(conn, (view.name for view in component.replaced))) for component in chosen)
    needed = heap * _GROWTH + twins + views
    told = f"the tables grow by some {spell_bytes(needed)} on the disk until the plan is finished, and some"
    told += f" {spell_bytes((heap + indexes) * _WAL + views)} of WAL are written"
    free = _read_free(conn)
    if free is None:
        yield f"{told}: see that the server has that room"
    elif free < needed * 1.2:
        yield f"{told}: only {spell_bytes(free)} are free there: make room before you apply it"
    else:
        yield f"{told}: {spell_bytes(free)} are free there"


def _sum(conn: Connection, names: Iterable[TableName]) -> tuple[float, float]:
    """Bytes of these relations, and of the indexes of those that are tables."""
    row = conn.execute(_SIZES, ([sql.Identifier(*name).as_string() for name in names],)).fetchone()
    assert row is not None
    return row[0], row[1]


def _read_free(conn: Connection) -> int | None:
    """Bytes; None where the server is elsewhere, keeps its tables in a tablespace, or does not show its folder."""
    if not (conn.info.host or "").startswith("/"):
        return None
    with translated("asking for the server's folder"):
        row = conn.execute(_FOLDER).fetchone()
    try:
        return shutil.disk_usage(str(row[0])).free if row else None
    except OSError:
        return None
