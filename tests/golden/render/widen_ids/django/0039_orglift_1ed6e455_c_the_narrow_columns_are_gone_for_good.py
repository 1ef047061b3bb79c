"""c: the narrow columns are gone, for good"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 39 of 39
# c: the narrow columns are gone, for good
#   after it there is no way back at all
#   lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: readers and writers wait for a moment
# step 39 cannot be taken back: c: the narrow columns are gone, for good
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

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


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_1ed6e455.refuse("step 39 cannot be taken back: c: the narrow columns are gone, for good")


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0038_orglift_1ed6e455_org_the_narrow_columns_are_gone_for_good")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
