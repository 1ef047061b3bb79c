-- plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 12 of 17: up
-- c.x -> u.id is cleaned up: on delete cascade, on update cascade
--   lock: ROW EXCLUSIVE, waits at most 100 ms, runs at most 60000 ms, in a transaction

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED;
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
SELECT NOT EXISTS (
    SELECT FROM orglift.cascades
    WHERE (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, definition)
            = ('c', 'c_x_fkey', ARRAY['x']::text[], 'u', ARRAY['id']::text[], 'cascade', ARRAY[]::text[], 'cascade', 'FOREIGN KEY ("x") REFERENCES "public"."u" ("id") ON DELETE CASCADE')
        AND (type_column, type_value, lane_column) IS NOT DISTINCT FROM (NULL::text, NULL::text, NULL::text))
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'c.x -> u.id is cleaned up: on delete cascade, on update cascade: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
INSERT INTO orglift.cascades AS it (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, type_column,
    type_value, lane_column, definition)
VALUES ('c', 'c_x_fkey', ARRAY['x']::text[], 'u', ARRAY['id']::text[], 'cascade', ARRAY[]::text[], 'cascade', NULL::text,
    NULL::text, NULL::text, 'FOREIGN KEY ("x") REFERENCES "public"."u" ("id") ON DELETE CASCADE')
ON CONFLICT (child, name) DO UPDATE SET columns = excluded.columns, parent = excluded.parent, parent_columns = excluded.parent_columns,
    on_delete = excluded.on_delete, delete_columns = excluded.delete_columns, on_update = excluded.on_update,
    type_column = excluded.type_column, type_value = excluded.type_value, lane_column = excluded.lane_column,
    definition = excluded.definition, registered_at = pg_catalog.clock_timestamp();
\endif
COMMIT;
