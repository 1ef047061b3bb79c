"""Who keeps row versions from being cleared: transactions that have been open for long."""

from __future__ import annotations

from psycopg.rows import class_row

from splitter.blockers import Blocker
from splitter.db import Connection, translated

_READ = """
SELECT a.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename::text, '') AS role, coalesce(a.state, '') AS state,
       coalesce(a.backend_type, '') AS backend, coalesce(a.query, '') AS query,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::float8 AS age
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   AND a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %s)
 ORDER BY a.xact_start
"""


def read_holders(conn: Connection, seconds: float) -> tuple[Blocker, ...]:
    """Sessions whose transaction is older than that, the oldest first."""
    with translated("looking for long transactions"), conn.cursor(row_factory=class_row(Blocker)) as cursor:
        return tuple(cursor.execute(_READ, (seconds,)).fetchall())
