'index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a": a\\b."c""""""\\n-- $step$ ü:n" is found by x\\"\'%(y)s{z}'
# plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 5 of 8
# nothing left of an index a\b."c""""""\n-- $step$ ü:n_orglift_4c9c352a" that was begun
#   lock: SHARE UPDATE EXCLUSIVE on a\b."c""""""\n-- $step$ ü:n", waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# index a\b."c""""""\n-- $step$ ü:n_orglift_4c9c352a": a\b."c""""""\n-- $step$ ü:n" is found by x\"'%(y)s{z}
#   lock: SHARE UPDATE EXCLUSIVE on a\b."c""""""\n-- $step$ ü:n", waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# back: no index a\b."c""""""\n-- $step$ ü:n_orglift_4c9c352a"
# back: lock: SHARE UPDATE EXCLUSIVE on a\b."c""""""\n-- $step$ ü:n", waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# state: as it was

from django.db import migrations

from . import _orglift_21df7129

UP = [
    {
        "purpose": 'nothing left of an index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a" that was begun',
        "sql": (
            'DROP INDEX CONCURRENTLY IF EXISTS "a\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"'
        ),
        "precondition": (
            'SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i\n'
            '    WHERE i.indexrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\') AND i.indrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') AND NOT i.indisvalid)'
        ),
        "action": "run",
        "transactional": False,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": 'index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a": a\\b."c""""""\\n-- $step$ ü:n" is found by x\\"\'%(y)s{z}',
        "sql": (
            'CREATE INDEX CONCURRENTLY "c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a" ON "a\\b"."c""""""\n'
            '-- $step$ ü:n" ("x\\""\'%(y)s{z}")'
        ),
        "precondition": (
            'SELECT pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i\n'
            '    WHERE i.indexrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\') AND i.indrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') AND i.indisvalid)'
        ),
        "action": "run",
        "transactional": False,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": 'no index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a"',
        "sql": (
            'DROP INDEX CONCURRENTLY IF EXISTS "a\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"'
        ),
        "precondition": (
            'SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i\n'
            '    WHERE i.indexrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\') AND i.indrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\')) AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\'))'
        ),
        "action": "run",
        "transactional": False,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def forwards(apps, schema_editor):
    _orglift_21df7129.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_21df7129.run(schema_editor, DOWN)


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0003_orglift_21df7129_registry_and_outbox_of_the_clean_up")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
