"""every table can be updated that is published"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 5 of 39
# every table can be updated that is published
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "every table can be updated that is published",
        "sql": r"""
SELECT w.shown AS object, 'has no replica identity, and its updates are published by ' || b.pubname
       || ': PostgreSQL does not let it be updated, and so not be filled' AS found
  FROM (VALUES ('org', '"public"."org"'), ('c', '"public"."c"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_publication_tables AS t ON t.schemaname = n.nspname AND t.tablename = c.relname
  JOIN pg_catalog.pg_publication AS b ON b.pubname = t.pubname AND b.pubupdate
 WHERE c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_index AS x WHERE x.indrelid = c.oid AND x.indisprimary))
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
        "remedy": "ALTER TABLE ... REPLICA IDENTITY FULL, or USING INDEX, until the plan is finished",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0004_orglift_1ed6e455_no_vacuum_against_wraparound_is_due")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
