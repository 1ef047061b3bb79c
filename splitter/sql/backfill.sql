-- A BACKFILL step, for whoever runs it: `splitter apply`, psql, Alembic, Django. {place} is its table, quoted, as a literal.

-- name: begin
INSERT INTO orglift.backfills AS b (place, file, blocks)
SELECT {place}, pg_catalog.pg_relation_filenode(c.oid),
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
  FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass({place})
    ON CONFLICT (place) DO UPDATE SET file = excluded.file, blocks = excluded.blocks, next_block = 0, rows = 0, seconds = 0
 WHERE b.file <> excluded.file

-- name: chunks
SELECT {chunk}, {vacuum}
  FROM orglift.backfills AS b,
       pg_catalog.generate_series(1, pg_catalog.ceil((b.blocks - b.next_block)::numeric / greatest(b.blocks / {parts}, 1))::bigint)
 WHERE b.place = {place}

-- name: chunk
DECLARE
    orglift_at bigint;
    orglift_stop bigint;
    orglift_until bigint;
    orglift_size bigint := 8;
    orglift_rows bigint;
    orglift_begun timestamptz;
    orglift_took double precision;
BEGIN
    SELECT b.next_block, least(b.blocks, b.next_block + greatest(b.blocks / {parts}, 1)) INTO STRICT orglift_at, orglift_stop
      FROM orglift.backfills AS b WHERE b.place = {place};
    WHILE orglift_at < orglift_stop LOOP
        orglift_begun := pg_catalog.clock_timestamp();
        orglift_until := least(orglift_at + orglift_size, orglift_stop);
        PERFORM pg_catalog.set_config('orglift.first_row', '(' || orglift_at || ',0)', true),
                pg_catalog.set_config('orglift.last_row', '(' || orglift_until || ',0)', true),
                pg_catalog.set_config('orglift.round', '3', true);
        PERFORM pg_catalog.set_config('session_replication_role', 'replica', true)
          WHERE pg_catalog.has_parameter_privilege('session_replication_role', 'SET');
        EXECUTE {batch};
        GET DIAGNOSTICS orglift_rows = ROW_COUNT;
        orglift_took := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - orglift_begun);
        UPDATE orglift.backfills SET next_block = orglift_until, rows = rows + orglift_rows, seconds = seconds + orglift_took
         WHERE place = {place};
        COMMIT;
        orglift_at := orglift_until;
        orglift_size := greatest(1, least(8192, orglift_size * least(2.0, greatest(0.5, 0.05 / greatest(orglift_took, 0.001)))))::bigint;
        PERFORM pg_catalog.pg_sleep(orglift_took * 0.25);
        COMMIT;
        WHILE EXISTS (SELECT FROM pg_catalog.pg_stat_replication AS r
                       WHERE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn) > {lag}) LOOP
            PERFORM pg_catalog.pg_sleep(0.5);
            COMMIT;
        END LOOP;
    END LOOP;
END
