"""org: no trigger of the application fires for the backfill"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 7 of 39
# org: no trigger of the application fires for the backfill
#   lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0007"
down_revision = "1ed6e455d93b_0006"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "org: no trigger of the application fires for the backfill",
        "sql": r"""
SELECT 'org', 'has trigger ' || g.tgname || ', which the role ' || current_user || ' cannot keep from firing'
FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = pg_catalog.to_regclass('"public"."org"') AND NOT g.tgisinternal AND g.tgenabled <> 'D'
 AND g.tgtype & 16 <> 0 AND g.tgname <> '~orglift_widen'
 AND (g.tgenabled = 'A'
      OR (g.tgenabled = 'R') = pg_catalog.has_parameter_privilege('session_replication_role', 'SET'))
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 0,
        "remedy": "GRANT SET ON PARAMETER session_replication_role to the role; an ENABLE ALWAYS trigger: DISABLE it for the backfill",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
