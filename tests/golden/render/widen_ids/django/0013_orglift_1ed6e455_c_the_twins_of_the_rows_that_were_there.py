"""c: the twins of the rows that were there"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 13 of 39
# c: the twins of the rows that were there
#   lock: ROW EXCLUSIVE on c, waits at most 100 ms, runs without a limit, in a transaction
#   hazard: writes every row once: WAL, and room for as many row versions until they are vacuumed
# nothing to take back
# state: as it was

from django.db import migrations

from . import _orglift_1ed6e455

UP = [
    {
        "purpose": "c: the twins of the rows that were there",
        "sql": r"""
DO $orglift$
#variable_conflict use_column
DECLARE
    orglift_end CONSTANT timestamptz := pg_catalog.clock_timestamp() + interval '1.0 s';
    orglift_done bigint;
    orglift_stop bigint;
    orglift_chunk bigint;
    orglift_at bigint;
    orglift_until bigint;
    orglift_size bigint := 8;
    orglift_shared boolean;
    orglift_rows bigint;
    orglift_begun timestamptz;
    orglift_took double precision;
    orglift_told timestamptz := pg_catalog.clock_timestamp();
    orglift_since double precision;
    orglift_wal pg_catalog.pg_lsn := pg_catalog.pg_current_wal_insert_lsn();
    orglift_written double precision;
    orglift_wanted double precision;
    orglift_debt double precision := 0;
    orglift_owed double precision := 0;
    -- The application's triggers stay quiet; and a tenth less WAL, by the images of pages that are written first after a checkpoint.
    orglift_settings CONSTANT jsonb := (SELECT coalesce(pg_catalog.jsonb_object_agg(w.name, w.value), '{}')
      FROM (VALUES ('session_replication_role', 'replica'), ('wal_compression', 'lz4')) AS w (name, value)
      JOIN pg_catalog.pg_settings AS s ON s.name = w.name AND w.value = ANY (s.enumvals) AND s.setting IN ('origin', 'off')
     WHERE pg_catalog.has_parameter_privilege(w.name, 'SET'));
BEGIN
    -- A turn that nobody waits for any more ends with its session. Elsewhere than on Unix the server cannot see that.
    PERFORM pg_catalog.set_config('client_connection_check_interval', '1s', false) WHERE pg_catalog.version() !~ 'mingw|Visual C';
    SELECT b.next_block, least(b.blocks, (b.next_block / p.blocks + 1) * p.blocks) INTO STRICT orglift_done, orglift_stop
      FROM orglift.backfills AS b, LATERAL (SELECT greatest(b.blocks / 4, 1) AS blocks) AS p WHERE b.place = '"public"."c"';
    WHILE orglift_done < orglift_stop LOOP
        WHILE EXISTS (SELECT FROM pg_catalog.pg_stat_replication AS r
                       WHERE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn) > NULL) LOOP
            PERFORM pg_catalog.pg_sleep(0.5);
            COMMIT;
        END LOOP;
        orglift_chunk := least(orglift_done + 256, orglift_stop);
        orglift_shared := EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a
         WHERE coalesce(a.backend_type, 'client backend') = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()
           AND a.application_name NOT LIKE 'splitter %'
           AND (a.state IS NULL OR a.state = 'active' OR a.state_change > pg_catalog.clock_timestamp() - interval '2 s'));
        FOR orglift_round IN 0..3 LOOP
            orglift_at := orglift_done;
            WHILE orglift_at < orglift_chunk LOOP
                orglift_begun := pg_catalog.clock_timestamp();
                orglift_until := least(orglift_at + orglift_size, orglift_chunk);
                PERFORM pg_catalog.set_config('orglift.first_row', '(' || orglift_at || ',0)', true),
                        pg_catalog.set_config('orglift.last_row', '(' || orglift_until || ',0)', true),
                        pg_catalog.set_config('orglift.round', orglift_round::text, true);
                PERFORM pg_catalog.set_config(s.key, s.value, true) FROM pg_catalog.jsonb_each_text(orglift_settings) AS s;
                -- lost together with what says how far it is, should the server crash
                PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
                UPDATE ONLY "public"."c" SET "id_orglift_wide" = "id", "org_orglift_wide" = "org"
WHERE ctid >= pg_catalog.current_setting('orglift.first_row')::pg_catalog.tid
  AND ctid < pg_catalog.current_setting('orglift.last_row')::pg_catalog.tid AND ("id_orglift_wide" IS DISTINCT FROM "id" OR "org_orglift_wide" IS DISTINCT FROM "org")
  AND pg_catalog.hashtid(ctid) & 3 <= (SELECT pg_catalog.current_setting('orglift.round')::pg_catalog.int4);
                GET DIAGNOSTICS orglift_rows = ROW_COUNT;
                orglift_took := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - orglift_begun);
                orglift_since := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - orglift_told);
                orglift_told := pg_catalog.clock_timestamp();
                UPDATE orglift.backfills
                   SET next_block = CASE WHEN orglift_round = 3 THEN greatest(next_block, orglift_until) ELSE next_block END,
                       rows = rows + orglift_rows, seconds = seconds + orglift_since
                 WHERE place = '"public"."c"';
                COMMIT;
                orglift_at := orglift_until;
                orglift_written := pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), orglift_wal);
                orglift_wal := pg_catalog.pg_current_wal_insert_lsn();
                orglift_wanted := CASE WHEN orglift_shared THEN 0.002 ELSE 0.05 END / greatest(orglift_took, 0.0001);
                orglift_wanted := least(orglift_wanted, 0.05 * NULL::float8 / greatest(orglift_written, 1));
                orglift_size := greatest(1, least(256, orglift_size * least(2.0, greatest(0.5, orglift_wanted))))::bigint;
                -- orglift_since has the sleep before this batch in it: so a debt of WAL is paid by that once
                orglift_debt := greatest(0, orglift_debt + orglift_written / NULL::float8 - orglift_since);
                orglift_owed := greatest(0, orglift_owed + CASE WHEN orglift_shared THEN orglift_took * 0.25 ELSE 0 END);
                IF greatest(orglift_owed, orglift_debt) >= 0.001 THEN
                    orglift_begun := pg_catalog.clock_timestamp();
                    PERFORM pg_catalog.pg_sleep(greatest(orglift_owed, orglift_debt));
                    orglift_owed := greatest(0, orglift_owed - pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - orglift_begun));
                END IF;
            END LOOP;
        END LOOP;
        orglift_done := orglift_chunk;
        EXIT WHEN pg_catalog.clock_timestamp() >= orglift_end;
    END LOOP;
END
$orglift$
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "backfill",
        "transactional": True,
        "tables": ["c"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 0,
        "remedy": "",
        "place": '"public"."c"',
        "begin": r"""
INSERT INTO orglift.backfills AS b (place, file, blocks)
SELECT '"public"."c"', pg_catalog.pg_relation_filenode(c.oid),
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
  FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass('"public"."c"')
    ON CONFLICT (place) DO UPDATE SET file = excluded.file, blocks = excluded.blocks, next_block = 0, rows = 0, seconds = 0
 WHERE b.file <> excluded.file
""",
    },
]


def forwards(apps, schema_editor):
    _orglift_1ed6e455.run(schema_editor, UP)


def backwards(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [("split", "0012_orglift_1ed6e455_org_the_twins_of_the_rows_that_were_ther")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
