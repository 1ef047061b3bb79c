"""no foreign key c_x_fkey of c"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 17 of 17
# no foreign key c_x_fkey of c
#   lock: ACCESS EXCLUSIVE on u, c, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: locks the table that the key refers to as well; from here on nothing stops a row that refers to nothing
# back: foreign key c_x_fkey of c again, not yet proved
# back: lock: SHARE ROW EXCLUSIVE on u, c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: new rows have to refer to something from here on
# back: every row of c.x refers to one of u
# back: lock: ACCESS SHARE on c, u, waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads both tables
# back: foreign key c_x_fkey of c proved
# back: lock: SHARE UPDATE EXCLUSIVE on c, u, waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads both tables
# state: no foreign key c_x_fkey of c (x): models.py needs db_constraint=False with this change, or makemigrations would bring it back

from django.db import migrations

from . import _orglift_68bc411a

UP = [
    {
        "purpose": "no foreign key c_x_fkey of c",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."u", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."u", ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT "c_x_fkey"
""",
        "precondition": r"""
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NULL OR pg_catalog.to_regclass('"public"."u"') IS NULL THEN NULL ELSE EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_x_fkey' AND k.contype = 'f' AND k.confrelid = pg_catalog.to_regclass('"public"."u"') AND k.conparentid = 0) END
""",
        "action": "run",
        "transactional": True,
        "tables": ["u", "c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "foreign key c_x_fkey of c again, not yet proved",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."u", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."u", ONLY "public"."c" IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "c_x_fkey" FOREIGN KEY ("x") REFERENCES "public"."u" ("id") ON DELETE CASCADE NOT VALID
""",
        "precondition": r"""
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NULL OR pg_catalog.to_regclass('"public"."u"') IS NULL THEN NULL ELSE NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_x_fkey' AND k.contype = 'f') END
""",
        "action": "run",
        "transactional": True,
        "tables": ["u", "c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
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
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_x_fkey' AND k.contype = 'f' AND NOT k.convalidated) END
""",
        "action": "audit",
        "transactional": True,
        "tables": ["c", "u"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "bring the rows that are missing, or let `splitter cascades run` and then you yourself clean up these; then undo again",
    },
    {
        "purpose": "foreign key c_x_fkey of c proved",
        "sql": r"""
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "c_x_fkey"
""",
        "precondition": r"""
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NULL OR pg_catalog.to_regclass('"public"."u"') IS NULL THEN NULL ELSE EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_x_fkey' AND k.contype = 'f' AND NOT k.convalidated) END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c", "u"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def forwards(apps, schema_editor):
    _orglift_68bc411a.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_68bc411a.run(schema_editor, DOWN)


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0016_orglift_68bc411a_no_foreign_key_c_whole_of_c")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[_orglift_68bc411a.WithoutConstraint(("public", "c"), "x")],
        ),
    ]
