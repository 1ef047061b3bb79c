'every row of a\\b."c""""""\\n-- $step$ ü:n".x\\"\'%(y)s{z} refers to one of "Us%s{0}""\\n$orglift$;\\! x"'
# plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 2 of 8
# every row of a\b."c""""""\n-- $step$ ü:n".x\"'%(y)s{z} refers to one of "Us%s{0}""\n$orglift$;\! x"
#   lock: ACCESS SHARE on a\b."c""""""\n-- $step$ ü:n", "Us%s{0}""\n$orglift$;\! x", waits at most 600000 ms, runs without a limit, in a transaction
#   hazard: reads both tables
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_21df7129

UP = [
    {
        "purpose": 'every row of a\\b."c""""""\\n-- $step$ ü:n".x\\"\'%(y)s{z} refers to one of "Us%s{0}""\\n$orglift$;\\! x"',
        "sql": (
            'SELECT  E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n".x\\\\"\'\'%(y)s{z}\' AS object,\n'
            '    o.total ||  E\' rows refer to rows of "Us%s{0}""\n'
            '$orglift$;\\\\! x" that do not exist: \' || pg_catalog.string_agg(o.shown, \'; \' ORDER BY o.shown)\n'
            "        || CASE WHEN o.total > 10 THEN '; ...' ELSE '' END AS found\n"
            'FROM (SELECT pg_catalog.count(*) OVER () AS total,\n'
            '        \'(\' || pg_catalog.concat_ws(\', \', c."id"::text) || \') refers to (\' || pg_catalog.concat_ws(\', \', c."x\\""\'%(y)s{z}"::text) || \')\' AS shown\n'
            '    FROM ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" AS c WHERE (c."x\\""\'%(y)s{z}" IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY "public"."Us%s{0}""\n'
            '$orglift$;\\! x" AS p WHERE p."i:d" OPERATOR(pg_catalog.=) c."x\\""\'%(y)s{z}")) LIMIT 10) AS o\n'
            'GROUP BY o.total'
        ),
        "precondition": (
            'SELECT CASE WHEN pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') IS NULL OR pg_catalog.to_regclass( E\'"public"."Us%s{0}""\n'
            '$orglift$;\\\\! x"\') IS NULL THEN NULL ELSE EXISTS (\n'
            '    SELECT FROM pg_catalog.pg_constraint AS k\n'
            '    WHERE k.conrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') AND k.conname =  E\'k\n'
            '\\\\if %% $$ """ \'\' */\' AND k.contype = \'f\' AND k.confrelid = pg_catalog.to_regclass( E\'"public"."Us%s{0}""\n'
            '$orglift$;\\\\! x"\') AND k.conparentid = 0) END'
        ),
        "action": "audit",
        "transactional": True,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"', '"Us%s{0}""\n$orglift$;\\! x"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "bring the rows that are missing, change these, or make the plan with `--orphans apply`: it does what ON DELETE says",
    },
]


def forwards(apps, schema_editor):
    _orglift_21df7129.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0001_orglift_21df7129_the_role_may_do_all_this")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
