"""org: a wide twin of id, which follows it from here on"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 10 of 39
# org: a wide twin of id, which follows it from here on
#   lock: ACCESS EXCLUSIVE on org, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: readers and writers wait for a moment; COPY and INSERT without a list of columns see one more
# back: org: no twins and no trigger
# back: lock: ACCESS EXCLUSIVE on org, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment

from alembic import context

revision = "1ed6e455d93b_0010"
down_revision = "1ed6e455d93b_0009"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "org: a wide twin of id, which follows it from here on",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" ADD COLUMN "id_orglift_wide" bigint;
CREATE OR REPLACE FUNCTION "orglift"."widen_ddb26059ad6c"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS 'BEGIN
    NEW."id_orglift_wide" := NEW."id";
    RETURN NEW;
END';
CREATE TRIGGER "~orglift_widen" BEFORE INSERT OR UPDATE ON "public"."org" FOR EACH ROW WHEN (NEW."id_orglift_wide" IS DISTINCT FROM NEW."id") EXECUTE FUNCTION "orglift"."widen_ddb26059ad6c"();
ALTER TABLE ONLY "public"."org" ENABLE ALWAYS TRIGGER "~orglift_widen";
DELETE FROM orglift.backfills WHERE place IN ('"public"."org"')
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = pg_catalog.to_regclass('"public"."org"') AND g.tgname = '~orglift_widen') WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "org: no twins and no trigger",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
DROP TRIGGER "~orglift_widen" ON "public"."org";
DROP FUNCTION "orglift"."widen_ddb26059ad6c"();
ALTER TABLE ONLY "public"."org" DROP COLUMN "id_orglift_wide"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = pg_catalog.to_regclass('"public"."org"') AND g.tgname = '~orglift_widen') WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
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
