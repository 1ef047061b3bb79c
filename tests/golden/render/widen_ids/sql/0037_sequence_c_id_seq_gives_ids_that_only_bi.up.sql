-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 37 of 39: up
-- sequence c_id_seq gives ids that only bigint holds: from the first of them on there is no way back
--   the point of no return: only after somebody has watched the application run on what the steps before have made
--   lock: SHARE ROW EXCLUSIVE on c_id_seq, waits at most 100 ms, runs at most 150 ms, in a transaction
--   hazard: waits for transactions that have taken an id; who wants one waits behind it

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
SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = pg_catalog.to_regclass('"public"."c_id_seq"')
    AND (s.seqtypid <> 'bigint'::pg_catalog.regtype OR s.seqmax <> 9223372036854775807 OR s.seqmin <> 1))
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'sequence c_id_seq gives ids that only bigint holds: from the first of them on there is no way back: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ALTER SEQUENCE "public"."c_id_seq" AS bigint MINVALUE 1 MAXVALUE 9223372036854775807;
\endif
COMMIT;
