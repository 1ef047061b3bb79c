"""every row of c.x refers to one of u"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 5 of 17
# every row of c.x refers to one of u
#   lock: ACCESS SHARE on c, u, waits at most 600000 ms, runs without a limit, in a transaction
#   hazard: reads both tables
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_68bc411a

UP = [
    {
        "purpose": "every row of c.x refers to one of u",
        "sql": r"""
SELECT 'c.x' AS object,
    o.total || ' rows refer to rows of u that do not exist: ' || pg_catalog.string_agg(o.shown, '; ' ORDER BY o.shown)
        || CASE WHEN o.total > 10 THEN '; ...' ELSE '' END AS found
FROM (SELECT pg_catalog.count(*) OVER () AS total,
        '(' || pg_catalog.concat_ws(', ', c."id"::text) || ') refers to (' || pg_catalog.concat_ws(', ', c."x"::text) || ')' AS shown
    FROM ONLY "public"."c" AS c WHERE (c."x" IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY "public"."u" AS p WHERE p."id" OPERATOR(pg_catalog.=) c."x")) LIMIT 10) AS o
GROUP BY o.total
""",
        "precondition": r"""
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NULL OR pg_catalog.to_regclass('"public"."u"') IS NULL THEN NULL ELSE EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_x_fkey' AND k.contype = 'f' AND k.confrelid = pg_catalog.to_regclass('"public"."u"') AND k.conparentid = 0) END
""",
        "action": "audit",
        "transactional": True,
        "tables": ["c", "u"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "bring the rows that are missing, change these, or make the plan with `--orphans apply`: it does what ON DELETE says",
    },
]


def forwards(apps, schema_editor):
    _orglift_68bc411a.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0004_orglift_68bc411a_every_row_of_c_a_b_refers_to_one_of_u")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
