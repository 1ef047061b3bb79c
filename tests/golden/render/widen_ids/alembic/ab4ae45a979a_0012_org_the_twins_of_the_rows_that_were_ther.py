"""org: the twins of the rows that were there"""
# plan widen-ids ab4ae45a979ad618f88a5161a42a6230 for us, step 12 of 37
# org: the twins of the rows that were there
#   lock: ROW EXCLUSIVE on org, waits at most 300 ms, runs without a limit, in a transaction
#   hazard: writes every row once: WAL, and room for as many row versions until they are vacuumed
# nothing to take back

from alembic import context

revision = "ab4ae45a979a_0012"
down_revision = "ab4ae45a979a_0011"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("ab4ae45a979a_0000").module
