"""c: a wide twin of id, org, which follows it from here on"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 11 of 39
# c: a wide twin of id, org, which follows it from here on
#   lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: readers and writers wait for a moment; COPY and INSERT without a list of columns see one more
# back: c: no twins and no trigger
# back: lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment

from alembic import context

revision = "1ed6e455d93b_0011"
down_revision = "1ed6e455d93b_0010"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "c: a wide twin of id, org, which follows it from here on",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD COLUMN "id_orglift_wide" bigint, ADD COLUMN "org_orglift_wide" bigint;
CREATE OR REPLACE FUNCTION "orglift"."widen_2665033b33f5"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS 'BEGIN
    NEW."id_orglift_wide" := NEW."id";
    NEW."org_orglift_wide" := NEW."org";
    RETURN NEW;
END';
CREATE TRIGGER "~orglift_widen" BEFORE INSERT OR UPDATE ON "public"."c" FOR EACH ROW WHEN (NEW."id_orglift_wide" IS DISTINCT FROM NEW."id" OR NEW."org_orglift_wide" IS DISTINCT FROM NEW."org") EXECUTE FUNCTION "orglift"."widen_2665033b33f5"();
ALTER TABLE ONLY "public"."c" ENABLE ALWAYS TRIGGER "~orglift_widen";
DELETE FROM orglift.backfills WHERE place IN ('"public"."c"')
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = pg_catalog.to_regclass('"public"."c"') AND g.tgname = '~orglift_widen') WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "c: no twins and no trigger",
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
ALTER TABLE ONLY "public"."c" DROP COLUMN "id_orglift_wide", DROP COLUMN "org_orglift_wide"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = pg_catalog.to_regclass('"public"."c"') AND g.tgname = '~orglift_widen') WHEN 'bigint' THEN false END
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
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
