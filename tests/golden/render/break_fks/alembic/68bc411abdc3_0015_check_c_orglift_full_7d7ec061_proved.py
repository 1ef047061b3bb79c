"""check c_orglift_full_7d7ec061 proved"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 15 of 17
# check c_orglift_full_7d7ec061 proved
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
#   hazard: reads the table
# nothing to take back

from alembic import context

revision = "68bc411abdc3_0015"
down_revision = "68bc411abdc3_0014"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "check c_orglift_full_7d7ec061 proved",
        "sql": r"""
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "c_orglift_full_7d7ec061"
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_orglift_full_7d7ec061' AND k.contype = 'c' AND NOT k.convalidated)
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
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
    return context.script.get_revision("68bc411abdc3_0000").module
