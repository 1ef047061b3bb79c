"""index c_orglift_72171a2b: c is found by a, b"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 8 of 17
# nothing left of an index c_orglift_72171a2b that was begun
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# index c_orglift_72171a2b: c is found by a, b
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# back: no index c_orglift_72171a2b
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# state: as it was

from django.db import migrations

from . import _orglift_68bc411a

UP = [
    {
        "purpose": "nothing left of an index c_orglift_72171a2b that was begun",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."c_orglift_72171a2b"
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid = pg_catalog.to_regclass('"public"."c_orglift_72171a2b"') AND i.indrelid = pg_catalog.to_regclass('"public"."c"') AND NOT i.indisvalid)
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "index c_orglift_72171a2b: c is found by a, b",
        "sql": r"""
CREATE INDEX CONCURRENTLY "c_orglift_72171a2b" ON "public"."c" ("a", "b")
""",
        "precondition": r"""
SELECT pg_catalog.to_regclass('"public"."c"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid = pg_catalog.to_regclass('"public"."c_orglift_72171a2b"') AND i.indrelid = pg_catalog.to_regclass('"public"."c"') AND i.indisvalid)
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
        "purpose": "no index c_orglift_72171a2b",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."c_orglift_72171a2b"
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid = pg_catalog.to_regclass('"public"."c_orglift_72171a2b"') AND i.indrelid = pg_catalog.to_regclass('"public"."c"')) AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = pg_catalog.to_regclass('"public"."c_orglift_72171a2b"'))
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

    dependencies = [("split", "0006_orglift_68bc411a_registry_and_outbox_of_the_clean_up")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
