"""no subscriber and no change feed that would stop"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 6 of 39
# no subscriber and no change feed that would stop
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "no subscriber and no change feed that would stop",
        "sql": r"""
SELECT 'replication slot ' || s.slot_name || ' (' || s.plugin || ')' AS object,
       'gets columns from the first step on that its reader may not know, and would stop at' AS found
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_type = 'logical' AND s.database = pg_catalog.current_database() AND s.wal_status IS DISTINCT FROM 'lost'
   AND (s.plugin <> 'pgoutput' OR false)
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "see that whoever reads the slot takes more columns, then make the plan with --followers-ready",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0005_orglift_1ed6e455_every_table_can_be_updated_that_is_publi")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
