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
# state: as it was

from django.db import migrations

from . import _orglift_68bc411a

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


def forwards(apps, schema_editor):
    _orglift_68bc411a.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_68bc411a.run(schema_editor, DOWN)


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0008_orglift_68bc411a_index_c_orglift_72171a2b_c_is_found_by_a")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
