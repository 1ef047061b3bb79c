"""foreign key c_org_fkey of c between the twins, not yet proved"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 27 of 39
# foreign key c_org_fkey of c between the twins, not yet proved
#   lock: SHARE ROW EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: writers wait for a moment
# back: no foreign key orglift_wide_8b1cd253aa5f
# back: lock: ACCESS EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "foreign key c_org_fkey of c between the twins, not yet proved",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_wide_8b1cd253aa5f" FOREIGN KEY ("org_orglift_wide") REFERENCES "public"."org" ("id_orglift_wide") ON DELETE CASCADE NOT VALID
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_wide_8b1cd253aa5f') AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_attribute AS a ON (a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
      OR (a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey))
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_org_fkey' AND a.attname = 'id_orglift_wide'
      AND a.attrelid = pg_catalog.to_regclass('"public"."org"')) WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org", "c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "no foreign key orglift_wide_8b1cd253aa5f",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT "orglift_wide_8b1cd253aa5f"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_wide_8b1cd253aa5f') WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org", "c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, DOWN)


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0026_orglift_1ed6e455_org_the_twins_are_not_null_by_the_proof")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
