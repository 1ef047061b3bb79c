"""check c_orglift_full_7d7ec061 proved"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 15 of 17
# check c_orglift_full_7d7ec061 proved
#   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
#   hazard: reads the table
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_68bc411a

UP = [
    {
        "purpose": "check c_orglift_full_7d7ec061 proved",
        "sql": r"""
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "c_orglift_full_7d7ec061"
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_orglift_full_7d7ec061' AND k.contype = 'c' AND NOT k.convalidated)
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def forwards(apps, schema_editor):
    _orglift_68bc411a.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0014_orglift_68bc411a_all_columns_of_c_a_b_are_null_or_none")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
