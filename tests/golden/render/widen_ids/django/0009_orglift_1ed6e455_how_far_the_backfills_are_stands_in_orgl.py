"""how far the backfills are stands in orglift.backfills"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 9 of 39
# how far the backfills are stands in orglift.backfills
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "how far the backfills are stands in orglift.backfills",
        "sql": r"""
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.backfills (
    place text PRIMARY KEY,  -- the table, quoted
    file oid NOT NULL,  -- relfilenode: rows stand elsewhere after a rewrite
    next_block bigint NOT NULL DEFAULT 0,
    blocks bigint NOT NULL,  -- what came later has its twins from the trigger
    rows bigint NOT NULL DEFAULT 0,
    seconds double precision NOT NULL DEFAULT 0,  -- at work, over all runs
    begun_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
)
""",
        "precondition": r"""
SELECT pg_catalog.to_regclass('orglift.backfills') IS NULL
""",
        "action": "run",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0008_orglift_1ed6e455_c_no_trigger_of_the_application_fires_fo")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
