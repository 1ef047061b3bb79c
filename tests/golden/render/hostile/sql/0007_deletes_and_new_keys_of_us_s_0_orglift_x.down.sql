-- plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 7 of 8: down
-- back: triggers of "Us%s{0}""\n$orglift$;\! x" as they were
-- back: lock: ACCESS EXCLUSIVE on "Us%s{0}""\n$orglift$;\! x", waits at most 100 ms, runs at most 150 ms, in a transaction
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
    WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_0b0f25e7322d93404d96_deleted', 'tombstone_0b0f25e7322d93404d96_updated', 'tombstone_0b0f25e7322d93404d96_truncated']::text[]))
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift_$
BEGIN
    RAISE EXCEPTION USING MESSAGE =  E'triggers of "Us%s{0}""\\n$orglift$;\\! x" as they were: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift_$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."Us%s{0}""
$orglift$;\! x" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."Us%s{0}""
$orglift$;\! x" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
DO $orglift$
DECLARE
    trigger record;
    function regprocedure;
BEGIN
    FOR trigger IN
        SELECT g.tgname, g.tgrelid::pg_catalog.regclass AS relation
        FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_0b0f25e7322d93404d96_deleted', 'tombstone_0b0f25e7322d93404d96_updated', 'tombstone_0b0f25e7322d93404d96_truncated']::text[])
        ORDER BY g.tgrelid
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger.tgname, trigger.relation);
    END LOOP;
    FOR function IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_0b0f25e7322d93404d96_deleted', 'tombstone_0b0f25e7322d93404d96_updated', 'tombstone_0b0f25e7322d93404d96_truncated']::text[])
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION %s', function);
    END LOOP;
END
$orglift$;
\endif
COMMIT;
