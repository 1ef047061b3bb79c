-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 4 of 39: up
-- no vacuum against wraparound is due
--   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 60000;
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
    RAISE EXCEPTION USING MESSAGE = 'no vacuum against wraparound is due: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT w.shown AS object, 'has row versions that are ' || x.age
       || ' transactions old: a vacuum against wraparound is due, which gives way to nobody' AS found
  FROM (VALUES ('org', '"public"."org"'), ('c', '"public"."c"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 CROSS JOIN LATERAL (SELECT greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) AS age) AS x
 WHERE c.relkind = 'r' AND x.age > pg_catalog.current_setting('autovacuum_freeze_max_age')::bigint
UNION ALL
SELECT 'database ' || d.datname,
       'has row versions that are ' || pg_catalog.age(d.datfrozenxid) || ' transactions old, and the server stops at 2^31'
  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
   AND pg_catalog.age(d.datfrozenxid) > pg_catalog.current_setting('vacuum_failsafe_age')::bigint
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'no vacuum against wraparound is due: not so', DETAIL = orglift_found, HINT = 'VACUUM (FREEZE) it first, then apply again';
    END IF;
END
$orglift$;
\endif
COMMIT;
