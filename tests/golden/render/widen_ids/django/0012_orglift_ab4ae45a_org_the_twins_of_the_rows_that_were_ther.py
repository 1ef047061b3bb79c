"""org: the twins of the rows that were there"""
# plan widen-ids ab4ae45a979ad618f88a5161a42a6230 for us, step 12 of 37
# org: the twins of the rows that were there
#   lock: ROW EXCLUSIVE on org, waits at most 300 ms, runs without a limit, in a transaction
#   hazard: writes every row once: WAL, and room for as many row versions until they are vacuumed
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_ab4ae45a

UP = [
    {
        "purpose": "org: the twins of the rows that were there",
        "sql": r"""
UPDATE ONLY "public"."org" SET "id_orglift_wide" = "id"
WHERE ctid >= pg_catalog.current_setting('orglift.first_row')::pg_catalog.tid
  AND ctid < pg_catalog.current_setting('orglift.last_row')::pg_catalog.tid AND ("id_orglift_wide" IS DISTINCT FROM "id")
  AND pg_catalog.hashtid(ctid) & 3 <= (SELECT pg_catalog.current_setting('orglift.round')::pg_catalog.int4)
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "backfill",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 300,
        "statement_timeout_ms": 0,
        "remedy": "",
        "place": '"public"."org"',
        "begin": r"""
INSERT INTO orglift.backfills AS b (place, file, blocks)
SELECT '"public"."org"', pg_catalog.pg_relation_filenode(c.oid),
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
  FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass('"public"."org"')
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

    dependencies = [("split", "0011_orglift_ab4ae45a_c_a_wide_twin_of_id_org_which_follows_it")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
