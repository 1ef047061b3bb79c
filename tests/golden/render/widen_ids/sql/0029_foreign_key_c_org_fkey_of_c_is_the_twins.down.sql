-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 29 of 39: down
-- back: foreign key c_org_fkey of c beside that of the twins, not yet proved
-- back: lock: SHARE ROW EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: writers wait for a moment
-- back: orglift_narrow_8b1cd253aa5f of c proved
-- back: lock: SHARE UPDATE EXCLUSIVE on c, waits at most 600000 ms, runs without a limit, in a transaction
-- back: hazard: reads the table
-- back: foreign key c_org_fkey of c is not the twins'
-- back: lock: ACCESS EXCLUSIVE on org, c, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: readers and writers wait for a moment
-- run.sh: a time-out of the statement is one of its locks

\set ON_ERROR_STOP on
\encoding UTF8

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
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f') AND EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_attribute AS a ON (a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
      OR (a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey))
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_org_fkey' AND a.attname = 'id_orglift_wide'
      AND a.attrelid = pg_catalog.to_regclass('"public"."org"')) WHEN 'bigint' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'foreign key c_org_fkey of c beside that of the twins, not yet proved: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
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
ALTER TABLE ONLY "public"."c" ADD CONSTRAINT "orglift_narrow_8b1cd253aa5f" FOREIGN KEY ("org") REFERENCES "public"."org" ("id") ON DELETE CASCADE NOT VALID;
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
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f' AND NOT k.convalidated) WHEN 'bigint' THEN false END
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
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'orglift_narrow_8b1cd253aa5f') WHEN 'bigint' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'foreign key c_org_fkey of c is not the twins'': what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
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
ALTER TABLE ONLY "public"."c" RENAME CONSTRAINT "orglift_narrow_8b1cd253aa5f" TO "c_org_fkey";
\endif
COMMIT;
