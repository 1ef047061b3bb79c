-- plan widen-ids ab4ae45a979ad618f88a5161a42a6230 for us, step 12 of 37: up
-- org: the twins of the rows that were there
--   lock: ROW EXCLUSIVE on org, waits at most 300 ms, runs without a limit, in a transaction
--   hazard: writes every row once: WAL, and room for as many row versions until they are vacuumed

\set ON_ERROR_STOP on
\encoding UTF8

SET search_path = '';
SET row_security = off;
SET lock_timeout = 300;
SET statement_timeout = 0;
SET default_transaction_isolation = 'read committed';
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
    RAISE EXCEPTION USING MESSAGE = 'org: the twins of the rows that were there: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
INSERT INTO orglift.backfills AS b (place, file, blocks)
SELECT '"public"."org"', pg_catalog.pg_relation_filenode(c.oid),
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
  FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass('"public"."org"')
    ON CONFLICT (place) DO UPDATE SET file = excluded.file, blocks = excluded.blocks, next_block = 0, rows = 0, seconds = 0
 WHERE b.file <> excluded.file;
SELECT 'DO $orglift_$
DECLARE
    orglift_at bigint;
    orglift_stop bigint;
    orglift_until bigint;
    orglift_size bigint := 8;
    orglift_rows bigint;
    orglift_begun timestamptz;
    orglift_took double precision;
BEGIN
    SELECT b.next_block, least(b.blocks, b.next_block + greatest(b.blocks / 4, 1)) INTO STRICT orglift_at, orglift_stop
      FROM orglift.backfills AS b WHERE b.place = ''"public"."org"'';
    WHILE orglift_at < orglift_stop LOOP
        orglift_begun := pg_catalog.clock_timestamp();
        orglift_until := least(orglift_at + orglift_size, orglift_stop);
        PERFORM pg_catalog.set_config(''orglift.first_row'', ''('' || orglift_at || '',0)'', true),
                pg_catalog.set_config(''orglift.last_row'', ''('' || orglift_until || '',0)'', true),
                pg_catalog.set_config(''orglift.round'', ''3'', true);
        PERFORM pg_catalog.set_config(''session_replication_role'', ''replica'', true)
          WHERE pg_catalog.has_parameter_privilege(''session_replication_role'', ''SET'');
        EXECUTE $orglift$
UPDATE ONLY "public"."org" SET "id_orglift_wide" = "id"
WHERE ctid >= pg_catalog.current_setting(''orglift.first_row'')::pg_catalog.tid
  AND ctid < pg_catalog.current_setting(''orglift.last_row'')::pg_catalog.tid AND ("id_orglift_wide" IS DISTINCT FROM "id")
  AND pg_catalog.hashtid(ctid) & 3 <= (SELECT pg_catalog.current_setting(''orglift.round'')::pg_catalog.int4)
$orglift$;
        GET DIAGNOSTICS orglift_rows = ROW_COUNT;
        orglift_took := pg_catalog.date_part(''epoch'', pg_catalog.clock_timestamp() - orglift_begun);
        UPDATE orglift.backfills SET next_block = orglift_until, rows = rows + orglift_rows, seconds = seconds + orglift_took
         WHERE place = ''"public"."org"'';
        COMMIT;
        orglift_at := orglift_until;
        orglift_size := greatest(1, least(8192, orglift_size * least(2.0, greatest(0.5, 0.05 / greatest(orglift_took, 0.001)))))::bigint;
        PERFORM pg_catalog.pg_sleep(orglift_took * 0.25);
        COMMIT;
        WHILE EXISTS (SELECT FROM pg_catalog.pg_stat_replication AS r
                       WHERE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn) > 67108864) LOOP
            PERFORM pg_catalog.pg_sleep(0.5);
            COMMIT;
        END LOOP;
    END LOOP;
END
$orglift_$;', 'VACUUM (TRUNCATE OFF, SKIP_LOCKED) "public"."org";'
  FROM orglift.backfills AS b,
       pg_catalog.generate_series(1, pg_catalog.ceil((b.blocks - b.next_block)::numeric / greatest(b.blocks / 4, 1))::bigint)
 WHERE b.place = '"public"."org"' \gexec
\endif
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;
RESET default_transaction_isolation;
