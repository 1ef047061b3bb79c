"""orglift_wide_50bcf5499db5 of org proved"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 25 of 39
# orglift_wide_50bcf5499db5 of org proved
#   lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, in a transaction
#   hazard: reads the table
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0025"
down_revision = "1ed6e455d93b_0024"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "orglift_wide_50bcf5499db5 of org proved",
        "sql": r"""
ALTER TABLE ONLY "public"."org" VALIDATE CONSTRAINT "orglift_wide_50bcf5499db5"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_wide_50bcf5499db5' AND NOT k.convalidated) WHEN 'bigint' THEN false END
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
