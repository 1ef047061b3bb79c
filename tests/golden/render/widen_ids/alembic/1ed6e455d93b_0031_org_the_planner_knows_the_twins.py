"""org: the planner knows the twins"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 31 of 39
# org: the planner knows the twins
#   lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0031"
down_revision = "1ed6e455d93b_0030"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "org: the planner knows the twins",
        "sql": r"""
ANALYZE "public"."org"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
