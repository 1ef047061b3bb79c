"""c: the twins of the rows that were there"""
# plan widen-ids ab4ae45a979ad618f88a5161a42a6230 for us, step 13 of 37
# c: the twins of the rows that were there
#   lock: ROW EXCLUSIVE on c, waits at most 300 ms, runs without a limit, in a transaction
#   hazard: writes every row once: WAL, and room for as many row versions until they are vacuumed
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_ab4ae45a

UP = [
    {
        "purpose": "c: the twins of the rows that were there",
        "sql": r"""
UPDATE ONLY "public"."c" SET "id_orglift_wide" = "id", "org_orglift_wide" = "org"
WHERE ctid >= pg_catalog.current_setting('orglift.first_row')::pg_catalog.tid
  AND ctid < pg_catalog.current_setting('orglift.last_row')::pg_catalog.tid AND ("id_orglift_wide" IS DISTINCT FROM "id" OR "org_orglift_wide" IS DISTINCT FROM "org")
  AND pg_catalog.hashtid(ctid) & 3 <= (SELECT pg_catalog.current_setting('orglift.round')::pg_catalog.int4)
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "backfill",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 300,
        "statement_timeout_ms": 0,
        "remedy": "",
        "place": '"public"."c"',
        "begin": r"""
INSERT INTO orglift.backfills AS b (place, file, blocks)
SELECT '"public"."c"', pg_catalog.pg_relation_filenode(c.oid),
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
  FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass('"public"."c"')
    ON CONFLICT (place) DO UPDATE SET file = excluded.file, blocks = excluded.blocks, next_block = 0, rows = 0, seconds = 0
 WHERE b.file <> excluded.file
""",
    },
]


def forwards(apps, schema_editor):
    _orglift_ab4ae45a.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0012_orglift_ab4ae45a_org_the_twins_of_the_rows_that_were_ther")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
