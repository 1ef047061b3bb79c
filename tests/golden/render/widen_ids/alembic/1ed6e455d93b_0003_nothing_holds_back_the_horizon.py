"""nothing holds back the horizon"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 3 of 39
# nothing holds back the horizon
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0003"
down_revision = "1ed6e455d93b_0002"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "nothing holds back the horizon",
        "sql": r"""
SELECT pg_catalog.format('pid %s (%s)', a.pid,
           pg_catalog.concat_ws(', ', nullif(a.application_name, ''), 'role ' || a.usename)) AS object,
       'its transaction is ' || pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::int
           || ' s old: no index can be built, and no row version be cleared, before it ends' AS found
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   AND a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => 600)
UNION ALL
SELECT 'prepared transaction ' || p.gid, 'is open since ' || p.prepared::text
  FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = pg_catalog.current_database()
   AND p.prepared < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => 600)
UNION ALL
SELECT 'replication slot ' || s.slot_name, 'holds the horizon back by ' || pg_catalog.age(s.xmin) || ' transactions'
  FROM pg_catalog.pg_replication_slots AS s WHERE s.xmin IS NOT NULL AND pg_catalog.age(s.xmin) > 1000000
UNION ALL
SELECT 'standby ' || r.application_name, 'holds the horizon back by ' || pg_catalog.age(r.backend_xmin) || ' transactions'
  FROM pg_catalog.pg_stat_replication AS r WHERE r.backend_xmin IS NOT NULL AND pg_catalog.age(r.backend_xmin) > 1000000
UNION ALL
SELECT 'replication slot ' || s.slot_name, 'is read by nobody, and the server keeps all WAL for it: also what this plan writes'
  FROM pg_catalog.pg_replication_slots AS s
 WHERE NOT s.active AND s.wal_status <> 'lost' AND pg_catalog.current_setting('max_slot_wal_keep_size') = '-1'
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "let it end, or end it: SELECT pg_terminate_backend(PID), ROLLBACK PREPARED, pg_drop_replication_slot; then apply again",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
