"""org: nothing left of an undo that was begun"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 35 of 39
# org: nothing left of an undo that was begun
#   lock: ACCESS EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0035"
down_revision = "1ed6e455d93b_0034"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "org: nothing left of an undo that was begun",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" DROP CONSTRAINT IF EXISTS "orglift_narrow_50bcf5499db5";
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT IF EXISTS "orglift_narrow_8b1cd253aa5f";
ALTER TABLE ONLY "public"."org" ALTER COLUMN "id_orglift_narrow" DROP NOT NULL;
DROP INDEX IF EXISTS "public"."orglift_narrow_22d4ce3ec744"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_narrow_50bcf5499db5') OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f') OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"')
    AND a.attname = ANY ('{id_orglift_narrow}') AND a.attnotnull AND NOT a.attisdropped) OR pg_catalog.to_regclass('"public"."orglift_narrow_22d4ce3ec744"') IS NOT NULL) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org", "c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
