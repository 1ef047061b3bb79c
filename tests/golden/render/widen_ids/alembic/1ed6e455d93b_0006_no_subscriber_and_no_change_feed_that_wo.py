"""no subscriber and no change feed that would stop"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 6 of 39
# no subscriber and no change feed that would stop
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0006"
down_revision = "1ed6e455d93b_0005"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "no subscriber and no change feed that would stop",
        "sql": r"""
SELECT 'replication slot ' || s.slot_name || ' (' || s.plugin || ')' AS object,
       'gets columns from the first step on that its reader may not know, and would stop at' AS found
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_type = 'logical' AND s.database = pg_catalog.current_database() AND s.wal_status IS DISTINCT FROM 'lost'
   AND (s.plugin <> 'pgoutput' OR false)
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
        "remedy": "see that whoever reads the slot takes more columns, then make the plan with --followers-ready",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
