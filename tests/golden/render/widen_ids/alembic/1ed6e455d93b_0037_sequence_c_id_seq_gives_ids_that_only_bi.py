"""sequence c_id_seq gives ids that only bigint holds: from the first of them on there is no way back"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 37 of 39
# sequence c_id_seq gives ids that only bigint holds: from the first of them on there is no way back
#   the point of no return: only after somebody has watched the application run on what the steps before have made
#   lock: SHARE ROW EXCLUSIVE on c_id_seq, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: waits for transactions that have taken an id; who wants one waits behind it
# back: org: every id fits the narrow column
# back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
# back: c: every id fits the narrow column
# back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
# back: sequence c_id_seq stands within the narrow column's range
# back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
# back: sequence c_id_seq stays within the narrow column's range
# back: the point of no return: only after somebody has watched the application run on what the steps before have made
# back: lock: SHARE ROW EXCLUSIVE on c_id_seq, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: waits for transactions that have taken an id; who wants one waits behind it

from alembic import context

revision = "1ed6e455d93b_0037"
down_revision = "1ed6e455d93b_0036"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "sequence c_id_seq gives ids that only bigint holds: from the first of them on there is no way back",
        "sql": r"""
ALTER SEQUENCE "public"."c_id_seq" AS bigint MINVALUE 1 MAXVALUE 9223372036854775807
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = pg_catalog.to_regclass('"public"."c_id_seq"')
    AND (s.seqtypid <> 'bigint'::pg_catalog.regtype OR s.seqmax <> 9223372036854775807 OR s.seqmin <> 1))
""",
        "action": "run",
        "transactional": True,
        "tables": ["c_id_seq"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "org: every id fits the narrow column",
        "sql": r"""
(SELECT 'org', 'id' || ' is ' || t."id"::text || ', which no narrow column holds' FROM ONLY "public"."org" AS t
    WHERE t."id" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 0,
        "remedy": "the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back",
    },
    {
        "purpose": "c: every id fits the narrow column",
        "sql": r"""
(SELECT 'c', 'id' || ' is ' || t."id"::text || ', which no narrow column holds' FROM ONLY "public"."c" AS t
    WHERE t."id" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
UNION ALL
(SELECT 'c', 'org' || ' is ' || t."org"::text || ', which no narrow column holds' FROM ONLY "public"."c" AS t
    WHERE t."org" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 0,
        "remedy": "the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back",
    },
    {
        "purpose": "sequence c_id_seq stands within the narrow column's range",
        "sql": r"""
SELECT 'c_id_seq', 'stands at ' || s.last_value || ', which a narrow column does not hold'
FROM "public"."c_id_seq" AS s WHERE s.last_value > 2147483647
""",
        "precondition": r"""
SELECT pg_catalog.to_regclass('"public"."c_id_seq"') IS NOT NULL
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 0,
        "remedy": "the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back",
    },
    {
        "purpose": "sequence c_id_seq stays within the narrow column's range",
        "sql": r"""
ALTER SEQUENCE "public"."c_id_seq" AS bigint MINVALUE 1 MAXVALUE 2147483647
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = pg_catalog.to_regclass('"public"."c_id_seq"')
    AND (s.seqtypid <> 'bigint'::pg_catalog.regtype OR s.seqmax <> 2147483647 OR s.seqmin <> 1))
""",
        "action": "run",
        "transactional": True,
        "tables": ["c_id_seq"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
