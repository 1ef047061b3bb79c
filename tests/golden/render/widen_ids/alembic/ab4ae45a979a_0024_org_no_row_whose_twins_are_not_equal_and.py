"""org: no row whose twins are not equal, and the checks of the twins, not yet proved"""
# plan widen-ids ab4ae45a979ad618f88a5161a42a6230 for us, step 24 of 37
# org: no row whose twins are not equal, and the checks of the twins, not yet proved
#   lock: ACCESS EXCLUSIVE on org, waits at most 300 ms, runs at most 500 ms, in a transaction
#   hazard: readers and writers wait for a moment
# back: org: no proof and no checks of the twins
# back: lock: ACCESS EXCLUSIVE on org, waits at most 300 ms, runs at most 500 ms, in a transaction
# back: hazard: readers and writers wait for a moment

from alembic import context

revision = "ab4ae45a979a_0024"
down_revision = "ab4ae45a979a_0023"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "org: no row whose twins are not equal, and the checks of the twins, not yet proved",
        "sql": r"""
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" ADD CONSTRAINT "orglift_wide_50bcf5499db5" CHECK ("id_orglift_wide" IS NOT NULL AND "id_orglift_wide" = "id") NOT VALID
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_wide_50bcf5499db5') WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 300,
        "statement_timeout_ms": 500,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "org: no proof and no checks of the twins",
        "sql": r"""
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" DROP CONSTRAINT IF EXISTS "orglift_wide_50bcf5499db5"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_wide_50bcf5499db5') WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 300,
        "statement_timeout_ms": 500,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("ab4ae45a979a_0000").module
