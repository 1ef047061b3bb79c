"""c: no row whose twins are not equal, and the checks of the twins, not yet proved"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 20 of 39
# c: no row whose twins are not equal, and the checks of the twins, not yet proved
#   lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: readers and writers wait for a moment
# back: c: no proof and no checks of the twins
# back: lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "c: no row whose twins are not equal, and the checks of the twins, not yet proved",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_wide_e1bb7bc01579" CHECK (("org_orglift_wide" > 0)) NOT VALID, ADD CONSTRAINT "orglift_wide_0b62dd5a85c5" CHECK ("id_orglift_wide" IS NOT NULL AND "id_orglift_wide" = "id" AND "org_orglift_wide" IS NOT NULL AND "org_orglift_wide" = "org") NOT VALID
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_wide_0b62dd5a85c5') WHEN 'bigint' THEN false END
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
        "purpose": "c: no proof and no checks of the twins",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT IF EXISTS "orglift_wide_e1bb7bc01579", DROP CONSTRAINT IF EXISTS "orglift_wide_0b62dd5a85c5"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_wide_0b62dd5a85c5') WHEN 'bigint' THEN false END
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
    _orglift_1ed6e455.run(schema_editor, DOWN)


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0019_orglift_1ed6e455_index_c_org_idx_of_the_twins")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
