"""c: the narrow columns are gone, for good"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 39 of 39
# c: the narrow columns are gone, for good
#   after it there is no way back at all
#   lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: readers and writers wait for a moment
# step 39 cannot be taken back: c: the narrow columns are gone, for good

from alembic import context

revision = "1ed6e455d93b_0039"
down_revision = "1ed6e455d93b_0038"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "c: the narrow columns are gone, for good",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
DROP TRIGGER "~orglift_widen" ON "public"."c";
DROP FUNCTION "orglift"."widen_2665033b33f5"();
ALTER TABLE ONLY "public"."c" DROP COLUMN "id_orglift_narrow", DROP COLUMN "org_orglift_narrow"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = pg_catalog.to_regclass('"public"."c"') AND g.tgname = '~orglift_widen') OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id_orglift_narrow' AND NOT a.attisdropped)) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    _shipped().refuse("step 39 cannot be taken back: c: the narrow columns are gone, for good")


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
