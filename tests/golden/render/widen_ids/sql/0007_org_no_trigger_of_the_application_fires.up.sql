-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 7 of 39: up
-- org: no trigger of the application fires for the backfill
--   lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction

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
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'org: no trigger of the application fires for the backfill: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT 'org', 'has trigger ' || g.tgname || ', which the role ' || current_user || ' cannot keep from firing'
FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = pg_catalog.to_regclass('"public"."org"') AND NOT g.tgisinternal AND g.tgenabled <> 'D'
 AND g.tgtype & 16 <> 0 AND g.tgname <> '~orglift_widen'
 AND (g.tgenabled = 'A'
      OR (g.tgenabled = 'R') = pg_catalog.has_parameter_privilege('session_replication_role', 'SET'))
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'org: no trigger of the application fires for the backfill: not so', DETAIL = orglift_found, HINT = 'GRANT SET ON PARAMETER session_replication_role to the role; an ENABLE ALWAYS trigger: DISABLE it for the backfill';
    END IF;
END
$orglift$;
\endif
COMMIT;
