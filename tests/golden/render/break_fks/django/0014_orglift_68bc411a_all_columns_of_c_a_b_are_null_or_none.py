"""all columns of c.a, b are NULL or none"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 14 of 17
# all columns of c.a, b are NULL or none
#   lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: no check c_orglift_full_7d7ec061
# back: lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
# state: as it was

from django.db import migrations

from . import _orglift_68bc411a

UP = [
    {
        "purpose": "all columns of c.a, b are NULL or none",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "c_orglift_full_7d7ec061" CHECK (pg_catalog.num_nulls("a", "b") IN (0, 2)) NOT VALID
""",
        "precondition": r"""
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NOT NULL THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_orglift_full_7d7ec061' AND k.contype = 'c') END
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
        "purpose": "no check c_orglift_full_7d7ec061",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT "c_orglift_full_7d7ec061"
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_orglift_full_7d7ec061' AND k.contype = 'c')
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
    _orglift_68bc411a.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_68bc411a.run(schema_editor, DOWN)


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0013_orglift_68bc411a_deletes_and_new_keys_of_u_are_written_do")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
