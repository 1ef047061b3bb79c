-- plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 13 of 17: down
-- back: triggers of u as they were
-- back: lock: ACCESS EXCLUSIVE on u, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: readers and writers wait for a moment

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
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_138b90a10bd7634b6938_deleted', 'tombstone_138b90a10bd7634b6938_updated', 'tombstone_138b90a10bd7634b6938_truncated']::text[]))
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'triggers of u as they were: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."u" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."u" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
DO $orglift$
DECLARE
    trigger record;
    function regprocedure;
BEGIN
    FOR trigger IN
        SELECT g.tgname, g.tgrelid::pg_catalog.regclass AS relation
        FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_138b90a10bd7634b6938_deleted', 'tombstone_138b90a10bd7634b6938_updated', 'tombstone_138b90a10bd7634b6938_truncated']::text[])
        ORDER BY g.tgrelid
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger.tgname, trigger.relation);
    END LOOP;
    FOR function IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_138b90a10bd7634b6938_deleted', 'tombstone_138b90a10bd7634b6938_updated', 'tombstone_138b90a10bd7634b6938_truncated']::text[])
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION %s', function);
    END LOOP;
END
$orglift$;
\endif
COMMIT;
