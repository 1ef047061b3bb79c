-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 3 of 39: up
-- nothing holds back the horizon
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
    RAISE EXCEPTION USING MESSAGE = 'nothing holds back the horizon: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT pg_catalog.format('pid %s (%s)', a.pid,
           pg_catalog.concat_ws(', ', nullif(a.application_name, ''), 'role ' || a.usename)) AS object,
       'its transaction is ' || pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::int
           || ' s old: no index can be built, and no row version be cleared, before it ends' AS found
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   AND a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => 600)
UNION ALL
SELECT 'prepared transaction ' || p.gid, 'is open since ' || p.prepared::text
  FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = pg_catalog.current_database()
   AND p.prepared < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => 600)
UNION ALL
SELECT 'replication slot ' || s.slot_name, 'holds the horizon back by ' || pg_catalog.age(s.xmin) || ' transactions'
  FROM pg_catalog.pg_replication_slots AS s WHERE s.xmin IS NOT NULL AND pg_catalog.age(s.xmin) > 1000000
UNION ALL
SELECT 'standby ' || r.application_name, 'holds the horizon back by ' || pg_catalog.age(r.backend_xmin) || ' transactions'
  FROM pg_catalog.pg_stat_replication AS r WHERE r.backend_xmin IS NOT NULL AND pg_catalog.age(r.backend_xmin) > 1000000
UNION ALL
SELECT 'replication slot ' || s.slot_name, 'is read by nobody, and the server keeps all WAL for it: also what this plan writes'
  FROM pg_catalog.pg_replication_slots AS s
 WHERE NOT s.active AND s.wal_status <> 'lost' AND pg_catalog.current_setting('max_slot_wal_keep_size') = '-1'
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'nothing holds back the horizon: not so', DETAIL = orglift_found, HINT = 'let it end, or end it: SELECT pg_terminate_backend(PID), ROLLBACK PREPARED, pg_drop_replication_slot; then apply again';
    END IF;
END
$orglift$;
\endif
COMMIT;
