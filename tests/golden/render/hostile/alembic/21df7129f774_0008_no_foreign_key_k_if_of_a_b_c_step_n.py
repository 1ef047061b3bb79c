'no foreign key k\\n\\if %% $$ """ \' */ of a\\b."c""""""\\n-- $step$ ü:n"'
# plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 8 of 8
# no foreign key k\n\if %% $$ """ ' */ of a\b."c""""""\n-- $step$ ü:n"
#   lock: ACCESS EXCLUSIVE on "Us%s{0}""\n$orglift$;\! x", a\b."c""""""\n-- $step$ ü:n", waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: locks the table that the key refers to as well; from here on nothing stops a row that refers to nothing
# back: foreign key k\n\if %% $$ """ ' */ of a\b."c""""""\n-- $step$ ü:n" again, not yet proved
# back: lock: SHARE ROW EXCLUSIVE on "Us%s{0}""\n$orglift$;\! x", a\b."c""""""\n-- $step$ ü:n", waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: new rows have to refer to something from here on
# back: every row of a\b."c""""""\n-- $step$ ü:n".x\"'%(y)s{z} refers to one of "Us%s{0}""\n$orglift$;\! x"
# back: lock: ACCESS SHARE on a\b."c""""""\n-- $step$ ü:n", "Us%s{0}""\n$orglift$;\! x", waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads both tables
# back: foreign key k\n\if %% $$ """ ' */ of a\b."c""""""\n-- $step$ ü:n" proved
# back: lock: SHARE UPDATE EXCLUSIVE on a\b."c""""""\n-- $step$ ü:n", "Us%s{0}""\n$orglift$;\! x", waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads both tables
# in the models the ForeignKey goes too, or autogenerate would bring it back: no foreign key k\n\if %% $$ """ ' */ of a\b."c""""""\n-- $step$ ü:n" (x\"'%(y)s{z})

from alembic import context

revision = "21df7129f774_0008"
down_revision = "21df7129f774_0007"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": 'no foreign key k\\n\\if %% $$ """ \' */ of a\\b."c""""""\\n-- $step$ ü:n"',
        "sql": (
            'SET LOCAL lock_timeout = 10000;\n'
            'SET LOCAL statement_timeout = 0;\n'
            'LOCK TABLE ONLY "public"."Us%s{0}""\n'
            '$orglift$;\\! x", ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" IN SHARE UPDATE EXCLUSIVE MODE;\n'
            'SET LOCAL lock_timeout = 100;\n'
            'SET LOCAL statement_timeout = 150;\n'
            'LOCK TABLE ONLY "public"."Us%s{0}""\n'
            '$orglift$;\\! x", ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" IN ACCESS EXCLUSIVE MODE;\n'
            'SET LOCAL statement_timeout = 10000;\n'
            'ALTER TABLE ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" DROP CONSTRAINT "k\n'
            '\\if %% $$ """""" \' */"'
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
        "action": "run",
        "transactional": True,
        "tables": ['"Us%s{0}""\n$orglift$;\\! x"', 'a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": 'foreign key k\\n\\if %% $$ """ \' */ of a\\b."c""""""\\n-- $step$ ü:n" again, not yet proved',
        "sql": (
            'SET LOCAL lock_timeout = 10000;\n'
            'SET LOCAL statement_timeout = 0;\n'
            'LOCK TABLE ONLY "public"."Us%s{0}""\n'
            '$orglift$;\\! x", ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" IN SHARE UPDATE EXCLUSIVE MODE;\n'
            'SET LOCAL lock_timeout = 100;\n'
            'SET LOCAL statement_timeout = 150;\n'
            'LOCK TABLE ONLY "public"."Us%s{0}""\n'
            '$orglift$;\\! x", ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" IN SHARE ROW EXCLUSIVE MODE;\n'
            'SET LOCAL statement_timeout = 10000;\n'
            'ALTER TABLE ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" ADD CONSTRAINT "k\n'
            '\\if %% $$ """""" \' */" FOREIGN KEY ("x\\""\'%(y)s{z}") REFERENCES "public"."Us%s{0}""\n'
            '$orglift$;\\! x" ("i:d") ON DELETE CASCADE NOT VALID'
        ),
        "precondition": (
            'SELECT CASE WHEN pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') IS NULL OR pg_catalog.to_regclass( E\'"public"."Us%s{0}""\n'
            '$orglift$;\\\\! x"\') IS NULL THEN NULL ELSE NOT EXISTS (\n'
            '    SELECT FROM pg_catalog.pg_constraint AS k\n'
            '    WHERE k.conrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') AND k.conname =  E\'k\n'
            '\\\\if %% $$ """ \'\' */\' AND k.contype = \'f\') END'
        ),
        "action": "run",
        "transactional": True,
        "tables": ['"Us%s{0}""\n$orglift$;\\! x"', 'a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
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
            '\\\\if %% $$ """ \'\' */\' AND k.contype = \'f\' AND NOT k.convalidated) END'
        ),
        "action": "audit",
        "transactional": True,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"', '"Us%s{0}""\n$orglift$;\\! x"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "bring the rows that are missing, or let `splitter cascades run` and then you yourself clean up these; then undo again",
    },
    {
        "purpose": 'foreign key k\\n\\if %% $$ """ \' */ of a\\b."c""""""\\n-- $step$ ü:n" proved',
        "sql": (
            'ALTER TABLE ONLY "a\\b"."c""""""\n'
            '-- $step$ ü:n" VALIDATE CONSTRAINT "k\n'
            '\\if %% $$ """""" \' */"'
        ),
        "precondition": (
            'SELECT CASE WHEN pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') IS NULL OR pg_catalog.to_regclass( E\'"public"."Us%s{0}""\n'
            '$orglift$;\\\\! x"\') IS NULL THEN NULL ELSE EXISTS (\n'
            '    SELECT FROM pg_catalog.pg_constraint AS k\n'
            '    WHERE k.conrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') AND k.conname =  E\'k\n'
            '\\\\if %% $$ """ \'\' */\' AND k.contype = \'f\' AND NOT k.convalidated) END'
        ),
        "action": "run",
        "transactional": True,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"', '"Us%s{0}""\n$orglift$;\\! x"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("21df7129f774_0000").module
