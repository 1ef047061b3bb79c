-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 34 of 39: down
-- back: org: every id fits the narrow column
-- back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
-- back: c: every id fits the narrow column
-- back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
-- back: nothing left of an index orglift_narrow_22d4ce3ec744 that was begun
-- back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, outside a transaction
-- back: hazard: waits for every transaction that is older than it
-- back: index org_pkey, for the narrow twins
-- back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, outside a transaction
-- back: hazard: waits for every transaction that is older than it
-- back: nothing left of an index orglift_narrow_36f3a3825f7e that was begun
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
-- back: hazard: waits for every transaction that is older than it
-- back: index c_pkey, for the narrow twins
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
-- back: hazard: waits for every transaction that is older than it
-- back: nothing left of an index orglift_narrow_078c4cb81296 that was begun
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
-- back: hazard: waits for every transaction that is older than it
-- back: index c_org_idx of the twins
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
-- back: hazard: waits for every transaction that is older than it
-- back: c: no row whose twins are not equal, and the checks of the twins, not yet proved
-- back: lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: readers and writers wait for a moment
-- back: orglift_narrow_0b62dd5a85c5 of c proved
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
-- back: hazard: reads the table
-- back: orglift_narrow_e1bb7bc01579 of c proved
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
-- back: hazard: reads the table
-- back: c: the twins are NOT NULL, by the proof
-- back: lock: ACCESS EXCLUSIVE on c, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: readers and writers wait for a moment
-- back: org: no row whose twins are not equal, and the checks of the twins, not yet proved
-- back: lock: ACCESS EXCLUSIVE on org, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: readers and writers wait for a moment
-- back: orglift_narrow_50bcf5499db5 of org proved
-- back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, in a transaction
-- back: hazard: reads the table
-- back: org: the twins are NOT NULL, by the proof
-- back: lock: ACCESS EXCLUSIVE on org, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: readers and writers wait for a moment
-- back: foreign key c_org_fkey of c between the twins, not yet proved
-- back: lock: SHARE ROW EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: writers wait for a moment
-- back: orglift_narrow_8b1cd253aa5f of c proved
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
-- back: hazard: reads the table
-- back: org: the planner knows the twins
-- back: lock: SHARE UPDATE EXCLUSIVE on org, waits at most 600000 ms, runs without a limit, in a transaction
-- back: c: the planner knows the twins
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
-- back: org, c: the narrow columns have the names
-- back: lock: ACCESS EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: all these tables wait for a moment; prepared statements that return the columns have to be prepared anew
-- run.sh: a time-out of the statement is one of its locks

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'org: every id fits the narrow column: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
(SELECT 'org', 'id' || ' is ' || t."id"::text || ', which no narrow column holds' FROM ONLY "public"."org" AS t
    WHERE t."id" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'org: every id fits the narrow column: not so', DETAIL = orglift_found, HINT = 'the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back';
    END IF;
END
$orglift$;
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'c: every id fits the narrow column: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
(SELECT 'c', 'id' || ' is ' || t."id"::text || ', which no narrow column holds' FROM ONLY "public"."c" AS t
    WHERE t."id" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
UNION ALL
(SELECT 'c', 'org' || ' is ' || t."org"::text || ', which no narrow column holds' FROM ONLY "public"."c" AS t
    WHERE t."org" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'c: every id fits the narrow column: not so', DETAIL = orglift_found, HINT = 'the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back';
    END IF;
END
$orglift$;
\endif
COMMIT;

SET search_path = '';
SET row_security = off;
SET lock_timeout = 600000;
SET statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (pg_catalog.to_regclass('"public"."orglift_narrow_22d4ce3ec744"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_22d4ce3ec744"') AND x.indisvalid)) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'nothing left of an index orglift_narrow_22d4ce3ec744 that was begun: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_narrow_22d4ce3ec744";
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;

SET search_path = '';
SET row_security = off;
SET lock_timeout = 600000;
SET statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_22d4ce3ec744"') AND x.indisvalid) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'index org_pkey, for the narrow twins: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
CREATE UNIQUE INDEX CONCURRENTLY "orglift_narrow_22d4ce3ec744" ON ONLY "public"."org" USING btree ("id_orglift_narrow");
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;

SET search_path = '';
SET row_security = off;
SET lock_timeout = 600000;
SET statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (pg_catalog.to_regclass('"public"."orglift_narrow_36f3a3825f7e"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_36f3a3825f7e"') AND x.indisvalid)) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'nothing left of an index orglift_narrow_36f3a3825f7e that was begun: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_narrow_36f3a3825f7e";
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;

SET search_path = '';
SET row_security = off;
SET lock_timeout = 600000;
SET statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_36f3a3825f7e"') AND x.indisvalid) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'index c_pkey, for the narrow twins: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
CREATE UNIQUE INDEX CONCURRENTLY "orglift_narrow_36f3a3825f7e" ON ONLY "public"."c" USING btree ("id_orglift_narrow");
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;

SET search_path = '';
SET row_security = off;
SET lock_timeout = 600000;
SET statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN (pg_catalog.to_regclass('"public"."orglift_narrow_078c4cb81296"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_078c4cb81296"') AND x.indisvalid)) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'nothing left of an index orglift_narrow_078c4cb81296 that was begun: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_narrow_078c4cb81296";
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;

SET search_path = '';
SET row_security = off;
SET lock_timeout = 600000;
SET statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_narrow_078c4cb81296"') AND x.indisvalid) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'index c_org_idx of the twins: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
CREATE INDEX CONCURRENTLY "orglift_narrow_078c4cb81296" ON ONLY "public"."c" USING btree ("org_orglift_narrow") WHERE ("id_orglift_narrow" > 5);
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_0b62dd5a85c5') WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'c: no row whose twins are not equal, and the checks of the twins, not yet proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_narrow_e1bb7bc01579" CHECK (("org_orglift_narrow" > 0)) NOT VALID, ADD CONSTRAINT "orglift_narrow_0b62dd5a85c5" CHECK ("id_orglift_narrow" IS NOT NULL AND "id_orglift_narrow" = "id" AND "org_orglift_narrow" IS NOT NULL AND "org_orglift_narrow" = "org") NOT VALID;
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 600000;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_0b62dd5a85c5' AND NOT k.convalidated) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'orglift_narrow_0b62dd5a85c5 of c proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "orglift_narrow_0b62dd5a85c5";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 600000;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_e1bb7bc01579' AND NOT k.convalidated) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'orglift_narrow_e1bb7bc01579 of c proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "orglift_narrow_e1bb7bc01579";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = ANY ('{id_orglift_narrow,org_orglift_narrow}') AND NOT a.attnotnull AND NOT a.attisdropped) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'c: the twins are NOT NULL, by the proof: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."c" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_narrow_ae9f2afcfa05" NOT NULL "id_orglift_narrow", ADD CONSTRAINT "orglift_narrow_360ab53531aa" NOT NULL "org_orglift_narrow";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_narrow_50bcf5499db5') WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'org: no row whose twins are not equal, and the checks of the twins, not yet proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" ADD CONSTRAINT "orglift_narrow_50bcf5499db5" CHECK ("id_orglift_narrow" IS NOT NULL AND "id_orglift_narrow" = "id") NOT VALID;
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 600000;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."org"') AND k.conname = 'orglift_narrow_50bcf5499db5' AND NOT k.convalidated) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'orglift_narrow_50bcf5499db5 of org proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ALTER TABLE ONLY "public"."org" VALIDATE CONSTRAINT "orglift_narrow_50bcf5499db5";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = ANY ('{id_orglift_narrow}') AND NOT a.attnotnull AND NOT a.attisdropped) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'org: the twins are NOT NULL, by the proof: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."org" ADD CONSTRAINT "orglift_narrow_f972176ded58" NOT NULL "id_orglift_narrow";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f') WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'foreign key c_org_fkey of c between the twins, not yet proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."org", ONLY "public"."c" IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_narrow_8b1cd253aa5f" FOREIGN KEY ("org_orglift_narrow") REFERENCES "public"."org" ("id_orglift_narrow") ON DELETE CASCADE NOT VALID;
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 600000;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f' AND NOT k.convalidated) WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'orglift_narrow_8b1cd253aa5f of c proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ALTER TABLE ONLY "public"."c" VALIDATE CONSTRAINT "orglift_narrow_8b1cd253aa5f";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 600000;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'org: the planner knows the twins: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ANALYZE "public"."org";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 600000;
SET LOCAL statement_timeout = 0;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'c: the planner knows the twins: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ANALYZE "public"."c";
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'org, c: the narrow columns have the names: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
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
END';
\endif
COMMIT;
