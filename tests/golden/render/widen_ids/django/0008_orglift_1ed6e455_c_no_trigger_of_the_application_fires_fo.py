"""c: no trigger of the application fires for the backfill"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 8 of 39
# c: no trigger of the application fires for the backfill
#   lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "c: no trigger of the application fires for the backfill",
        "sql": r"""
SELECT 'c', 'has trigger ' || g.tgname || ', which the role ' || current_user || ' cannot keep from firing'
FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = pg_catalog.to_regclass('"public"."c"') AND NOT g.tgisinternal AND g.tgenabled <> 'D'
 AND g.tgtype & 16 <> 0 AND g.tgname <> '~orglift_widen'
 AND (g.tgenabled = 'A'
      OR (g.tgenabled = 'R') = pg_catalog.has_parameter_privilege('session_replication_role', 'SET'))
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 0,
        "remedy": "GRANT SET ON PARAMETER session_replication_role to the role; an ENABLE ALWAYS trigger: DISABLE it for the backfill",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0007_orglift_1ed6e455_org_no_trigger_of_the_application_fires")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
