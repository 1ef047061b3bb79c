"""the role may do all this"""
# plan break-fks 2958d13f70a259aa1c6e0a07657ffb2e for us, step 1 of 8
# the role may do all this
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_2958d13f

UP = [
    {
        "purpose": "the role may do all this",
        "sql": (
            "SELECT w.shown AS object, 'the role ' || current_user || ' is not its owner' AS found\n"
            'FROM (VALUES ( E\'"Us%s{0}""\n'
            '$orglift$;\\\\! x"\',  E\'"public"."Us%s{0}""\n'
            '$orglift$;\\\\! x"\'), ( E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n"\',  E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)\n'
            "WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')\n"
            'UNION ALL\n'
            "SELECT 'schema ' || w.name, 'the role ' || current_user || ' may create nothing in it'\n"
            "FROM (VALUES ('orglift'), ( E'a\\\\b')) AS w (name) JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.name\n"
            "WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')\n"
            'UNION ALL\n'
            "SELECT 'database ' || pg_catalog.current_database(), 'the role ' || current_user || ' may not create the schema orglift in it'\n"
            "WHERE pg_catalog.to_regnamespace('orglift') IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"
        ),
        "precondition": None,
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "apply as the owner of the tables, or GRANT that role to the one that applies; and GRANT CREATE where it is missing",
    },
]


def forwards(apps, schema_editor):
    _orglift_2958d13f.run(schema_editor, UP)


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
