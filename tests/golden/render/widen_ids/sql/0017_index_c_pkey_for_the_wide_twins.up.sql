-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 17 of 39: up
-- nothing left of an index orglift_wide_36f3a3825f7e that was begun
--   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
--   hazard: waits for every transaction that is older than it
-- index c_pkey, for the wide twins
--   lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, outside a transaction
--   hazard: waits for every transaction that is older than it

\set ON_ERROR_STOP on
\encoding UTF8

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
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN (pg_catalog.to_regclass('"public"."orglift_wide_36f3a3825f7e"') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_wide_36f3a3825f7e"') AND x.indisvalid)) WHEN 'bigint' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'nothing left of an index orglift_wide_36f3a3825f7e that was begun: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DROP INDEX CONCURRENTLY IF EXISTS "public"."orglift_wide_36f3a3825f7e";
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
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass('"public"."orglift_wide_36f3a3825f7e"') AND x.indisvalid) WHEN 'bigint' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'index c_pkey, for the wide twins: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
CREATE UNIQUE INDEX CONCURRENTLY "orglift_wide_36f3a3825f7e" ON ONLY "public"."c" USING btree ("id_orglift_wide");
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;
