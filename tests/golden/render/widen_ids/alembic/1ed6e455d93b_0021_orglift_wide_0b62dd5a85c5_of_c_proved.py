"""orglift_wide_0b62dd5a85c5 of c proved"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 21 of 39
# orglift_wide_0b62dd5a85c5 of c proved
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
#   hazard: reads the table
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0021"
down_revision = "1ed6e455d93b_0020"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "orglift_wide_0b62dd5a85c5 of c proved",
        "sql": r"""
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "orglift_wide_0b62dd5a85c5"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_wide_0b62dd5a85c5' AND NOT k.convalidated) WHEN 'bigint' THEN false END
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
    return context.script.get_revision("1ed6e455d93b_0000").module
