"""index c_pkey, for the wide twins"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 17 of 39
# nothing left of an index orglift_wide_36f3a3825f7e that was begun
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# index c_pkey, for the wide twins
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# back: no index orglift_wide_36f3a3825f7e
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "nothing left of an index orglift_wide_36f3a3825f7e that was begun",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_wide_36f3a3825f7e"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN (pg_catalog.to_regclass('"public"."orglift_wide_36f3a3825f7e"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_wide_36f3a3825f7e"') AND x.indisvalid)) WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "index c_pkey, for the wide twins",
        "sql": r"""
CREATE UNIQUE INDEX CONCURRENTLY "orglift_wide_36f3a3825f7e" ON ONLY "public"."c" USING btree ("id_orglift_wide")
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_wide_36f3a3825f7e"') AND x.indisvalid) WHEN 'bigint' THEN false END
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
        "purpose": "no index orglift_wide_36f3a3825f7e",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_wide_36f3a3825f7e"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN pg_catalog.to_regclass('"public"."orglift_wide_36f3a3825f7e"') IS NOT NULL WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, DOWN)


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0015_orglift_1ed6e455_index_org_pkey_for_the_wide_twins")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
