"""no vacuum against wraparound is due"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 4 of 39
# no vacuum against wraparound is due
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0004"
down_revision = "1ed6e455d93b_0003"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "no vacuum against wraparound is due",
        "sql": r"""
SELECT w.shown AS object, 'has row versions that are ' || x.age
       || ' transactions old: a vacuum against wraparound is due, which gives way to nobody' AS found
  FROM (VALUES ('org', '"public"."org"'), ('c', '"public"."c"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 CROSS JOIN LATERAL (SELECT greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) AS age) AS x
 WHERE c.relkind = 'r' AND x.age > pg_catalog.current_setting('autovacuum_freeze_max_age')::bigint
UNION ALL
SELECT 'database ' || d.datname,
       'has row versions that are ' || pg_catalog.age(d.datfrozenxid) || ' transactions old, and the server stops at 2^31'
  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
   AND pg_catalog.age(d.datfrozenxid) > pg_catalog.current_setting('vacuum_failsafe_age')::bigint
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
        "remedy": "VACUUM (FREEZE) it first, then apply again",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
