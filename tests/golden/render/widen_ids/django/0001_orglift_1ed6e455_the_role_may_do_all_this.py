"""the role may do all this"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 1 of 39
# the role may do all this
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "the role may do all this",
        "sql": r"""
SELECT w.shown AS object, 'the role ' || current_user || ' is not its owner' AS found
FROM (VALUES ('org', '"public"."org"'), ('c', '"public"."c"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT w.shown, pg_catalog.format('has FORCE ROW LEVEL SECURITY, which holds for the role %s: ALTER ROLE %I BYPASSRLS,'
    || ' or ALTER TABLE %s NO FORCE ROW LEVEL SECURITY until the plan is at its end', current_user, current_user, w.name)
FROM (VALUES ('org', '"public"."org"'), ('c', '"public"."c"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.row_security_active(c.oid)
UNION ALL
SELECT 'schema ' || w.name, 'the role ' || current_user || ' may create nothing in it'
FROM (VALUES ('orglift'), ('public')) AS w (name) JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.name
WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
UNION ALL
SELECT 'database ' || pg_catalog.current_database(), 'the role ' || current_user || ' may not create the schema orglift in it'
WHERE pg_catalog.to_regnamespace('orglift') IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
""",
        "precondition": None,
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "apply as the owner of the tables, or GRANT that role to the one that applies; GRANT CREATE or ALTER ROLE where that is missing",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
