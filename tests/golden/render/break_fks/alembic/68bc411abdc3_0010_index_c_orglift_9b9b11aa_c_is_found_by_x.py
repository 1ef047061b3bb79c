"""index c_orglift_9b9b11aa: c is found by x"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 10 of 17
# nothing left of an index c_orglift_9b9b11aa that was begun
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# index c_orglift_9b9b11aa: c is found by x
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# back: no index c_orglift_9b9b11aa
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it

from alembic import context

revision = "68bc411abdc3_0010"
down_revision = "68bc411abdc3_0008"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "nothing left of an index c_orglift_9b9b11aa that was begun",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."c_orglift_9b9b11aa"
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid = pg_catalog.to_regclass('"public"."c_orglift_9b9b11aa"') AND i.indrelid = pg_catalog.to_regclass('"public"."c"') AND NOT i.indisvalid)
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "index c_orglift_9b9b11aa: c is found by x",
        "sql": r"""
CREATE INDEX CONCURRENTLY "c_orglift_9b9b11aa" ON "public"."c" ("x")
""",
        "precondition": r"""
SELECT pg_catalog.to_regclass('"public"."c"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid = pg_catalog.to_regclass('"public"."c_orglift_9b9b11aa"') AND i.indrelid = pg_catalog.to_regclass('"public"."c"') AND i.indisvalid)
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "no index c_orglift_9b9b11aa",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."c_orglift_9b9b11aa"
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid = pg_catalog.to_regclass('"public"."c_orglift_9b9b11aa"') AND i.indrelid = pg_catalog.to_regclass('"public"."c"')) AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = pg_catalog.to_regclass('"public"."c_orglift_9b9b11aa"'))
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("68bc411abdc3_0000").module
