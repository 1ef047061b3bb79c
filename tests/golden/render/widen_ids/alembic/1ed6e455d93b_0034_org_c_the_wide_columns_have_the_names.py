"""org, c: the wide columns have the names"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 34 of 39
# org, c: the wide columns have the names
#   lock: ACCESS EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: all these tables wait for a moment; prepared statements that return the columns have to be prepared anew
# back: org: every id fits the narrow column
# back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
# back: c: every id fits the narrow column
# back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
# back: nothing left of an index orglift_narrow_22d4ce3ec744 that was begun
# back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# back: index org_pkey, for the narrow twins
# back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# back: nothing left of an index orglift_narrow_36f3a3825f7e that was begun
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# back: index c_pkey, for the narrow twins
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# back: nothing left of an index orglift_narrow_078c4cb81296 that was begun
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# back: index c_org_idx of the twins
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it
# back: c: no row whose twins are not equal, and the checks of the twins, not yet proved
# back: lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment
# back: orglift_narrow_0b62dd5a85c5 of c proved
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads the table
# back: orglift_narrow_e1bb7bc01579 of c proved
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads the table
# back: c: the twins are NOT NULL, by the proof
# back: lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment
# back: org: no row whose twins are not equal, and the checks of the twins, not yet proved
# back: lock: ACCESS EXCLUSIVE on org, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment
# back: orglift_narrow_50bcf5499db5 of org proved
# back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads the table
# back: org: the twins are NOT NULL, by the proof
# back: lock: ACCESS EXCLUSIVE on org, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment
# back: foreign key c_org_fkey of c between the twins, not yet proved
# back: lock: SHARE ROW EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: writers wait for a moment
# back: orglift_narrow_8b1cd253aa5f of c proved
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
# back: hazard: reads the table
# back: org: the planner knows the twins
# back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, in a transaction
# back: c: the planner knows the twins
# back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
# back: org, c: the narrow columns have the names
# back: lock: ACCESS EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: all these tables wait for a moment; prepared statements that return the columns have to be prepared anew

from alembic import context

revision = "1ed6e455d93b_0034"
down_revision = "1ed6e455d93b_0033"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "org, c: the wide columns have the names",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
DO  E'BEGIN
    IF (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES (''"public"."org"'', ''id''), (''"public"."c"'', ''id''), (''"public"."c"'', ''org'')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT pg_catalog.count(*) + (SELECT pg_catalog.count(*) FROM pg_catalog.pg_inherits WHERE inhparent IN (SELECT relid FROM chosen))
  FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refclassid = ''pg_catalog.pg_class''::pg_catalog.regclass
   AND d.refobjid = w.relid AND d.refobjsubid = w.attnum
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.oid = d.objid
                      AND d.classid = ''pg_catalog.pg_constraint''::pg_catalog.regclass AND k.conname LIKE ''orglift\\_%'')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g WHERE g.oid = d.objid
                      AND d.classid = ''pg_catalog.pg_trigger''::pg_catalog.regclass AND g.tgname = ''~orglift_widen'')) <> 10 THEN
        RAISE EXCEPTION ''what depends on the columns has changed since the plan was made''
            USING HINT = ''undo the plan, and make it anew'';
    END IF;
END';
DROP INDEX "public"."c_org_idx";
ALTER TABLE ONLY "public"."org" DROP CONSTRAINT "org_pkey", ALTER COLUMN "id" DROP NOT NULL, DROP CONSTRAINT "orglift_wide_50bcf5499db5", ADD CONSTRAINT "org_pkey" PRIMARY KEY USING INDEX "orglift_wide_22d4ce3ec744";
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT "c_org_check", DROP CONSTRAINT "c_pkey";
DO 'DECLARE
    stood record;
BEGIN
    ALTER SEQUENCE "public"."c_id_seq" CACHE 1;
    SELECT s.last_value, s.is_called INTO STRICT stood FROM "public"."c_id_seq" AS s;
    ALTER TABLE ONLY "public"."c" ALTER COLUMN "id" DROP IDENTITY;
    ALTER TABLE ONLY "public"."c" ALTER COLUMN "id_orglift_wide" ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "public"."c_id_seq" START WITH 1
        INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 CACHE 1 NO CYCLE);
    PERFORM pg_catalog.setval(''"public"."c_id_seq"''::pg_catalog.regclass, stood.last_value, stood.is_called);
END';
ALTER TABLE ONLY "public"."c" ALTER COLUMN "id" DROP NOT NULL, ALTER COLUMN "org" DROP NOT NULL, DROP CONSTRAINT "orglift_wide_0b62dd5a85c5", ADD CONSTRAINT "c_pkey" PRIMARY KEY USING INDEX "orglift_wide_36f3a3825f7e";
ALTER TABLE ONLY "public"."org" RENAME COLUMN "id" TO "id_orglift_narrow";
ALTER TABLE ONLY "public"."org" RENAME COLUMN "id_orglift_wide" TO "id";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "id" TO "id_orglift_narrow";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "id_orglift_wide" TO "id";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "org" TO "org_orglift_narrow";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "org_orglift_wide" TO "org";
ALTER INDEX "public"."orglift_wide_078c4cb81296" RENAME TO "c_org_idx";
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_wide_e1bb7bc01579" TO "c_org_check";
ALTER TABLE ONLY "public"."org" RENAME CONSTRAINT "orglift_wide_f972176ded58" TO "org_id_not_null";
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_wide_ae9f2afcfa05" TO "c_id_not_null";
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_wide_360ab53531aa" TO "c_org_not_null";
SET LOCAL check_function_bodies = off;
CREATE OR REPLACE FUNCTION "orglift"."widen_ddb26059ad6c"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS 'BEGIN
    NEW."id_orglift_narrow" := CASE WHEN NEW."id" BETWEEN  -2147483648 AND 2147483647 THEN NEW."id" END;
    RETURN NEW;
END';
CREATE OR REPLACE FUNCTION "orglift"."widen_2665033b33f5"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS 'BEGIN
    NEW."id_orglift_narrow" := CASE WHEN NEW."id" BETWEEN  -2147483648 AND 2147483647 THEN NEW."id" END;
    NEW."org_orglift_narrow" := CASE WHEN NEW."org" BETWEEN  -2147483648 AND 2147483647 THEN NEW."org" END;
    RETURN NEW;
END'
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org", "c"],
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
        "purpose": "nothing left of an index orglift_narrow_22d4ce3ec744 that was begun",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_narrow_22d4ce3ec744"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (pg_catalog.to_regclass('"public"."orglift_narrow_22d4ce3ec744"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_22d4ce3ec744"') AND x.indisvalid)) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["org"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "index org_pkey, for the narrow twins",
        "sql": r"""
CREATE UNIQUE INDEX CONCURRENTLY "orglift_narrow_22d4ce3ec744" ON ONLY "public"."org" USING btree ("id_orglift_narrow")
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_22d4ce3ec744"') AND x.indisvalid) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["org"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "nothing left of an index orglift_narrow_36f3a3825f7e that was begun",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_narrow_36f3a3825f7e"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (pg_catalog.to_regclass('"public"."orglift_narrow_36f3a3825f7e"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_36f3a3825f7e"') AND x.indisvalid)) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "index c_pkey, for the narrow twins",
        "sql": r"""
CREATE UNIQUE INDEX CONCURRENTLY "orglift_narrow_36f3a3825f7e" ON ONLY "public"."c" USING btree ("id_orglift_narrow")
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_36f3a3825f7e"') AND x.indisvalid) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "nothing left of an index orglift_narrow_078c4cb81296 that was begun",
        "sql": r"""
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_narrow_078c4cb81296"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (pg_catalog.to_regclass('"public"."orglift_narrow_078c4cb81296"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_078c4cb81296"') AND x.indisvalid)) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "index c_org_idx of the twins",
        "sql": r"""
CREATE INDEX CONCURRENTLY "orglift_narrow_078c4cb81296" ON ONLY "public"."c" USING btree ("org_orglift_narrow") WHERE ("id_orglift_narrow" > 5)
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_078c4cb81296"') AND x.indisvalid) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": False,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "c: no row whose twins are not equal, and the checks of the twins, not yet proved",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_narrow_e1bb7bc01579" CHECK (("org_orglift_narrow" > 0)) NOT VALID, ADD CONSTRAINT "orglift_narrow_0b62dd5a85c5" CHECK ("id_orglift_narrow" IS NOT NULL AND "id_orglift_narrow" = "id" AND "org_orglift_narrow" IS NOT NULL AND "org_orglift_narrow" = "org") NOT VALID
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_0b62dd5a85c5') WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
    {
        "purpose": "orglift_narrow_0b62dd5a85c5 of c proved",
        "sql": r"""
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "orglift_narrow_0b62dd5a85c5"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_0b62dd5a85c5' AND NOT k.convalidated) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "orglift_narrow_e1bb7bc01579 of c proved",
        "sql": r"""
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "orglift_narrow_e1bb7bc01579"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_e1bb7bc01579' AND NOT k.convalidated) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "c: the twins are NOT NULL, by the proof",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_narrow_ae9f2afcfa05" NOT NULL "id_orglift_narrow", ADD CONSTRAINT "orglift_narrow_360ab53531aa" NOT NULL "org_orglift_narrow"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = ANY ('{id_orglift_narrow,org_orglift_narrow}') AND NOT a.attnotnull AND NOT a.attisdropped) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
    {
        "purpose": "org: no row whose twins are not equal, and the checks of the twins, not yet proved",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" ADD CONSTRAINT "orglift_narrow_50bcf5499db5" CHECK ("id_orglift_narrow" IS NOT NULL AND "id_orglift_narrow" = "id") NOT VALID
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_narrow_50bcf5499db5') WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
    {
        "purpose": "orglift_narrow_50bcf5499db5 of org proved",
        "sql": r"""
ALTER TABLE ONLY "public"."org" VALIDATE CONSTRAINT "orglift_narrow_50bcf5499db5"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_narrow_50bcf5499db5' AND NOT k.convalidated) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "org: the twins are NOT NULL, by the proof",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" ADD CONSTRAINT "orglift_narrow_f972176ded58" NOT NULL "id_orglift_narrow"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = ANY ('{id_orglift_narrow}') AND NOT a.attnotnull AND NOT a.attisdropped) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
    {
        "purpose": "foreign key c_org_fkey of c between the twins, not yet proved",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_narrow_8b1cd253aa5f" FOREIGN KEY ("org_orglift_narrow") REFERENCES "public"."org" ("id_orglift_narrow") ON DELETE CASCADE NOT VALID
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f') WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org", "c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
    {
        "purpose": "orglift_narrow_8b1cd253aa5f of c proved",
        "sql": r"""
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "orglift_narrow_8b1cd253aa5f"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f' AND NOT k.convalidated) WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "org: the planner knows the twins",
        "sql": r"""
ANALYZE "public"."org"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "c: the planner knows the twins",
        "sql": r"""
ANALYZE "public"."c"
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": "org, c: the narrow columns have the names",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT "c_org_fkey";
DROP INDEX "public"."c_org_idx";
ALTER TABLE ONLY "public"."org" DROP CONSTRAINT "org_pkey", ALTER COLUMN "id" DROP NOT NULL, DROP CONSTRAINT "orglift_narrow_50bcf5499db5", ADD CONSTRAINT "org_pkey" PRIMARY KEY USING INDEX "orglift_narrow_22d4ce3ec744";
ALTER TABLE ONLY "public"."c" DROP CONSTRAINT "c_org_check", DROP CONSTRAINT "c_pkey";
DO 'DECLARE
    stood record;
BEGIN
    ALTER SEQUENCE "public"."c_id_seq" CACHE 1;
    SELECT s.last_value, s.is_called INTO STRICT stood FROM "public"."c_id_seq" AS s;
    ALTER TABLE ONLY "public"."c" ALTER COLUMN "id" DROP IDENTITY;
    ALTER TABLE ONLY "public"."c" ALTER COLUMN "id_orglift_narrow" ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "public"."c_id_seq" START WITH 1
        INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 CACHE 1 NO CYCLE);
    PERFORM pg_catalog.setval(''"public"."c_id_seq"''::pg_catalog.regclass, stood.last_value, stood.is_called);
END';
ALTER TABLE ONLY "public"."c" ALTER COLUMN "id" DROP NOT NULL, ALTER COLUMN "org" DROP NOT NULL, DROP CONSTRAINT "orglift_narrow_0b62dd5a85c5", ADD CONSTRAINT "c_pkey" PRIMARY KEY USING INDEX "orglift_narrow_36f3a3825f7e";
ALTER TABLE ONLY "public"."org" RENAME COLUMN "id" TO "id_orglift_wide";
ALTER TABLE ONLY "public"."org" RENAME COLUMN "id_orglift_narrow" TO "id";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "id" TO "id_orglift_wide";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "id_orglift_narrow" TO "id";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "org" TO "org_orglift_wide";
ALTER TABLE ONLY "public"."c" RENAME COLUMN "org_orglift_narrow" TO "org";
ALTER INDEX "public"."orglift_narrow_078c4cb81296" RENAME TO "c_org_idx";
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_narrow_e1bb7bc01579" TO "c_org_check";
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_narrow_8b1cd253aa5f" TO "c_org_fkey";
ALTER TABLE ONLY "public"."org" RENAME CONSTRAINT "orglift_narrow_f972176ded58" TO "org_id_not_null";
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_narrow_ae9f2afcfa05" TO "c_id_not_null";
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_narrow_360ab53531aa" TO "c_org_not_null";
SET LOCAL check_function_bodies = off;
CREATE OR REPLACE FUNCTION "orglift"."widen_ddb26059ad6c"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS 'BEGIN
    NEW."id_orglift_wide" := NEW."id";
    RETURN NEW;
END';
CREATE OR REPLACE FUNCTION "orglift"."widen_2665033b33f5"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS 'BEGIN
    NEW."id_orglift_wide" := NEW."id";
    NEW."org_orglift_wide" := NEW."org";
    RETURN NEW;
END'
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
""",
        "action": "run",
        "transactional": True,
        "tables": ["org", "c"],
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
