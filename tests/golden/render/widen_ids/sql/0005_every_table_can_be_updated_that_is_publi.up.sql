-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 5 of 39: up
-- every table can be updated that is published
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
    RAISE EXCEPTION USING MESSAGE = 'every table can be updated that is published: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT w.shown AS object, 'has no replica identity, and its updates are published by ' || b.pubname
       || ': PostgreSQL does not let it be updated, and so not be filled' AS found
  FROM (VALUES ('org', '"public"."org"'), ('c', '"public"."c"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_publication_tables AS t ON t.schemaname = n.nspname AND t.tablename = c.relname
  JOIN pg_catalog.pg_publication AS b ON b.pubname = t.pubname AND b.pubupdate
 WHERE c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_index AS x WHERE x.indrelid = c.oid AND x.indisprimary))
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'every table can be updated that is published: not so', DETAIL = orglift_found, HINT = 'ALTER TABLE ... REPLICA IDENTITY FULL, or USING INDEX, until the plan is finished';
    END IF;
END
$orglift$;
\endif
COMMIT;
