"""What the plan asks before its first step: whether anything holds the horizon, whether a vacuum is due that gives way to nobody, whether
somebody who follows the tables would stop. Each is told by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from splitter.dependents import WideColumn
from splitter.plans.foreign_keys import LOCK_TIMEOUT_MS, name_of, regclass
from splitter.plans.widen_ids.names import Side, twin_name, wanted
from splitter.schema import TableName
from splitter.sql import load_queries
from splitter.steps import Action, Lock, Step

LONG_SECONDS = 600  # for as long an index waits for older transactions
_TRANSACTIONS = 1_000_000  # by which a slot may hold the horizon back
_HORIZON = """SELECT pg_catalog.format('pid %s (%s)', a.pid,
           pg_catalog.concat_ws(', ', nullif(a.application_name, ''), 'role ' || a.usename)) AS object,
       'its transaction is ' || pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::int
           || ' s old: no index can be built, and no row version be cleared, before it ends' AS found
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   AND a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {seconds})
UNION ALL
SELECT 'prepared transaction ' || p.gid, 'is open since ' || p.prepared::text
  FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = pg_catalog.current_database()
   AND p.prepared < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {seconds})
UNION ALL
SELECT 'replication slot ' || s.slot_name, 'holds the horizon back by ' || pg_catalog.age(s.xmin) || ' transactions'
  FROM pg_catalog.pg_replication_slots AS s WHERE s.xmin IS NOT NULL AND pg_catalog.age(s.xmin) > {transactions}
UNION ALL
SELECT 'standby ' || r.application_name, 'holds the horizon back by ' || pg_catalog.age(r.backend_xmin) || ' transactions'
  FROM pg_catalog.pg_stat_replication AS r WHERE r.backend_xmin IS NOT NULL AND pg_catalog.age(r.backend_xmin) > {transactions}
UNION ALL
SELECT 'replication slot ' || s.slot_name, 'is read by nobody, and the server keeps all WAL for it: also what this plan writes'
  FROM pg_catalog.pg_replication_slots AS s
 WHERE NOT s.active AND s.wal_status <> 'lost' AND pg_catalog.current_setting('max_slot_wal_keep_size') = '-1'"""
_FROZEN = """SELECT w.shown AS object, 'has row versions that are ' || x.age
       || ' transactions old: a vacuum against wraparound is due, which gives way to nobody' AS found
  FROM (VALUES {tables}) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 CROSS JOIN LATERAL (SELECT greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) AS age) AS x
 WHERE c.relkind = 'r' AND x.age > pg_catalog.current_setting('autovacuum_freeze_max_age')::bigint
UNION ALL
SELECT 'database ' || d.datname,
       'has row versions that are ' || pg_catalog.age(d.datfrozenxid) || ' transactions old, and the server stops at 2^31'
  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
   AND pg_catalog.age(d.datfrozenxid) > pg_catalog.current_setting('vacuum_failsafe_age')::bigint"""
_UNPUBLISHABLE = """SELECT w.shown AS object, 'has no replica identity, and its updates are published by ' || b.pubname
       || ': PostgreSQL does not let it be updated, and so not be filled' AS found
  FROM (VALUES {tables}) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_publication_tables AS t ON t.schemaname = n.nspname AND t.tablename = c.relname
  JOIN pg_catalog.pg_publication AS b ON b.pubname = t.pubname AND b.pubupdate
 WHERE c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_index AS x WHERE x.indrelid = c.oid AND x.indisprimary))"""
# A change feed that decodes by itself sees every table; pgoutput those of a publication.
_FOLLOWERS = """SELECT 'replication slot ' || s.slot_name || ' (' || s.plugin || ')' AS object,
       {told} AS found
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_type = 'logical' AND s.database = pg_catalog.current_database() AND s.wal_status IS DISTINCT FROM 'lost'
   AND (s.plugin <> 'pgoutput' OR {published})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followers:
    """``published``: tables that a publication has; ``publishes_all``: one has every table, also those of orglift. ``ready``: whoever reads
    a logical slot has what it needs, as somebody has said."""

    published: Collection[TableName]
    publishes_all: bool
    ready: bool


def preflight_steps(columns: Collection[WideColumn], followers: Followers) -> Iterator[Step]:
    """``columns``: all that get a twin."""
    if not columns:
        return
    condition = wanted(next(iter(columns)), Side.WIDE, sql.SQL("true"))
    tables = dict.fromkeys(column.table for column in columns)
    seconds, transactions = sql.Literal(LONG_SECONDS), sql.Literal(_TRANSACTIONS)
    yield _audit(
        "nothing holds back the horizon",
        sql.SQL(_HORIZON).format(seconds=seconds, transactions=transactions),
        "let it end, or end it: SELECT pg_terminate_backend(PID), ROLLBACK PREPARED, pg_drop_replication_slot; then apply again",
        condition,
    )
    shown = sql.SQL(", ").join(sql.SQL("({}, {})").format(sql.Literal(str(table)), regclass(table)) for table in tables)
    frozen = sql.SQL(_FROZEN).format(tables=shown)
    yield _audit("no vacuum against wraparound is due", frozen, "VACUUM (FREEZE) it first, then apply again", condition)
    yield _audit(
        "every table can be updated that is published",
        sql.SQL(_UNPUBLISHABLE).format(tables=shown),
        "ALTER TABLE ... REPLICA IDENTITY FULL, or USING INDEX, until the plan is finished",
        condition,
    )
    if not followers.ready:
        yield _followers(columns, followers, condition)


def _followers(columns: Iterable[WideColumn], followers: Followers, condition: str) -> Step:
    needed = subscriber_statements(columns, followers.published, followers.publishes_all)
    published = sql.SQL("true" if needed else "false")
    return _audit(
        "no subscriber and no change feed that would stop",
        sql.SQL(_FOLLOWERS).format(told=sql.Literal(_STOPS), published=published),
        f"{NEEDS}: {'; '.join(needed)}; {_THEN}" if needed else _THEN,
        condition,
    )


NEEDS = "on every subscriber, before the plan begins"
_STOPS = "gets columns from the first step on that its reader may not know, and would stop at"
_THEN = "see that whoever reads the slot takes more columns, then make the plan with --followers-ready"


def subscriber_statements(columns: Iterable[WideColumn], published: Collection[TableName], publishes_all: bool) -> tuple[str, ...]:
    """What a subscriber needs to follow before the swap, after it and after an undo: one ALTER TABLE a table, without a rewrite; and
    orglift's own tables, which it may leave empty, where everything is published."""
    adds: Mapping[TableName, list[sql.Composed]] = {table: [] for table in published}
    for column in columns:
        if column.table in adds:
            wide, narrow = (sql.Identifier(twin_name(column, side)) for side in (Side.WIDE, Side.NARROW))
            adds[column.table] += [
                sql.SQL("ADD COLUMN {} {}").format(wide, sql.SQL(column.wide_type)),
                sql.SQL("ADD COLUMN {} {}").format(narrow, sql.SQL(column.type)),
            ]
    text = sql.SQL("ALTER TABLE {} {}")
    alters = (text.format(name_of(table), sql.SQL(", ").join(parts)).as_string() for table, parts in adds.items() if parts)
    return (*alters, *(_bare(load_queries("books.sql")[name]) for name in ("journal", "backfills") if publishes_all))


def _bare(script: str) -> str:
    """On one line, without comments."""
    return " ".join(line.partition("--")[0].strip() for line in script.splitlines()).strip()


def _audit(purpose: str, text: sql.Composed, remedy: str, precondition: str) -> Step:
    return Step(
        purpose=purpose,
        sql=text.as_string(),
        lock=Lock.NONE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=60_000,
        action=Action.AUDIT,
        remedy=remedy,
        undo=(),
        precondition=precondition,
    )
