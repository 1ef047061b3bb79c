"""rows of c.a, b that refer to nothing: set null"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 2 of 17
# rows of c.a, b that refer to nothing: set null
#   lock: ROW EXCLUSIVE on c, u, waits at most 100 ms, runs without a limit, in a transaction
#   hazard: these rows are changed for good: the key would not take them back
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_68bc411a

UP = [
    {
        "purpose": "rows of c.a, b that refer to nothing: set null",
        "sql": r"""
UPDATE ONLY "public"."c" AS d SET "a" = NULL, "b" = NULL FROM (SELECT c.tableoid AS relation, c.ctid AS place FROM ONLY "public"."c" AS c WHERE c."a" IS NOT NULL AND c."b" IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY "public"."u" AS p WHERE p."a" OPERATOR(pg_catalog.=) c."a" AND p."b" OPERATOR(pg_catalog.=) c."b") LIMIT 5000 FOR UPDATE OF c) AS o
WHERE d.tableoid = o.relation AND d.ctid = o.place
""",
        "precondition": r"""
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NULL OR pg_catalog.to_regclass('"public"."u"') IS NULL THEN NULL ELSE EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_whole' AND k.contype = 'f' AND k.confrelid = pg_catalog.to_regclass('"public"."u"') AND k.conparentid = 0) END
""",
        "action": "repeat",
        "transactional": True,
        "tables": ["c", "u"],
        "lock_timeout_ms": 100,
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

    dependencies = [("split", "0001_orglift_68bc411a_the_role_may_do_all_this")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
