"""how far the backfills are stands in orglift.backfills"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 9 of 39
# how far the backfills are stands in orglift.backfills
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0009"
down_revision = "1ed6e455d93b_0008"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "how far the backfills are stands in orglift.backfills",
        "sql": r"""
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.backfills (
    place text PRIMARY KEY,  -- the table, quoted
    file oid NOT NULL,  -- relfilenode: rows stand elsewhere after a rewrite
    next_block bigint NOT NULL DEFAULT 0,
    blocks bigint NOT NULL,  -- what came later has its twins from the trigger
    rows bigint NOT NULL DEFAULT 0,
    seconds double precision NOT NULL DEFAULT 0,  -- at work, over all runs
    begun_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
)
""",
        "precondition": r"""
SELECT pg_catalog.to_regclass('orglift.backfills') IS NULL
""",
        "action": "run",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
