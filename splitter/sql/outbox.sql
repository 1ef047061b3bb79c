-- What takes the place of foreign keys that were broken: the registry, the outbox, and the triggers that write it. See tombstones.py.

-- name: outbox
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('orglift schema', 0));
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.cascades (
    child text NOT NULL,  -- tables in the spelling of silos.toml
    name text NOT NULL,  -- of the constraint that was broken
    columns text[] NOT NULL,
    parent text NOT NULL,
    parent_columns text[] NOT NULL,
    on_delete text NOT NULL CHECK (on_delete IN ('cascade', 'set null', 'set default', 'none')),
    delete_columns text[] NOT NULL DEFAULT '{}',  -- of SET NULL (a, b); empty: all
    on_update text NOT NULL CHECK (on_update IN ('cascade', 'set null', 'set default', 'none')),
    type_column text,  -- of a polymorphic reference: the column, and what it says where the row refers to this parent
    type_value text,
    lane_column text,  -- of the parent: its organization
    definition text NOT NULL DEFAULT '',  -- of the constraint, to put it back
    registered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (child, name)
);
COMMENT ON TABLE orglift.cascades IS 'references without a foreign key whose children orglift cleans up: one row each, beside the parent';
CREATE SEQUENCE IF NOT EXISTS orglift.tombstone_ids;
CREATE TABLE IF NOT EXISTS orglift.tombstones (
    -- A ring: each day has the next slot, and a slot whose tombstones are done is emptied as a whole. Every moment has its slot, so no
    -- delete ever fails for lack of one; where the worker stands still for longer than the ring is long, days share a slot.
    slot smallint NOT NULL DEFAULT (pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) / 86400)::bigint % 8),
    id bigint NOT NULL DEFAULT pg_catalog.nextval('orglift.tombstone_ids'),
    parent text NOT NULL,
    action text NOT NULL,  -- delete, update, truncate
    key jsonb NOT NULL,  -- column -> value as text, of all columns that references name
    new_key jsonb,  -- after an update
    lane text NOT NULL,  -- organization X, or transaction N
    xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    confirmed text[] NOT NULL DEFAULT '{}',  -- databases that have finished the present sweep
    swept_at timestamptz,  -- the last sweep of all databases
    due_at timestamptz,  -- the next one, for children that came late
    done_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz,  -- it failed, and is tried again then
    problem text,  -- what a person should know
    PRIMARY KEY (slot, id)
) PARTITION BY LIST (slot);
COMMENT ON TABLE orglift.tombstones IS 'parents that were deleted or got another key, written by their own transactions; their children wait to be cleaned up';
CREATE TABLE IF NOT EXISTS orglift.tombstones_0 PARTITION OF orglift.tombstones FOR VALUES IN (0);
CREATE TABLE IF NOT EXISTS orglift.tombstones_1 PARTITION OF orglift.tombstones FOR VALUES IN (1);
CREATE TABLE IF NOT EXISTS orglift.tombstones_2 PARTITION OF orglift.tombstones FOR VALUES IN (2);
CREATE TABLE IF NOT EXISTS orglift.tombstones_3 PARTITION OF orglift.tombstones FOR VALUES IN (3);
CREATE TABLE IF NOT EXISTS orglift.tombstones_4 PARTITION OF orglift.tombstones FOR VALUES IN (4);
CREATE TABLE IF NOT EXISTS orglift.tombstones_5 PARTITION OF orglift.tombstones FOR VALUES IN (5);
CREATE TABLE IF NOT EXISTS orglift.tombstones_6 PARTITION OF orglift.tombstones FOR VALUES IN (6);
CREATE TABLE IF NOT EXISTS orglift.tombstones_7 PARTITION OF orglift.tombstones FOR VALUES IN (7);
CREATE TABLE IF NOT EXISTS orglift.tombstones_rest PARTITION OF orglift.tombstones DEFAULT;
CREATE INDEX IF NOT EXISTS tombstones_waiting ON orglift.tombstones (lane, id) WHERE swept_at IS NULL;
CREATE INDEX IF NOT EXISTS tombstones_due ON orglift.tombstones (due_at) WHERE due_at IS NOT NULL;

-- name: register
INSERT INTO orglift.cascades AS it (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, type_column,
    type_value, lane_column, definition)
VALUES ({child}, {name}, {columns}, {parent}, {parent_columns}, {on_delete}, {delete_columns}, {on_update}, {type_column},
    {type_value}, {lane_column}, {definition})
ON CONFLICT (child, name) DO UPDATE SET columns = excluded.columns, parent = excluded.parent, parent_columns = excluded.parent_columns,
    on_delete = excluded.on_delete, delete_columns = excluded.delete_columns, on_update = excluded.on_update,
    type_column = excluded.type_column, type_value = excluded.type_value, lane_column = excluded.lane_column,
    definition = excluded.definition, registered_at = pg_catalog.clock_timestamp()

-- name: unregister
DELETE FROM orglift.cascades WHERE child = {child} AND name = {name}

-- name: is_unregistered
SELECT NOT EXISTS (
    SELECT FROM orglift.cascades
    WHERE (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, definition)
            = ({child}, {name}, {columns}, {parent}, {parent_columns}, {on_delete}, {delete_columns}, {on_update}, {definition})
        AND (type_column, type_value, lane_column) IS NOT DISTINCT FROM ({type_column}, {type_value}, {lane_column}))

-- name: is_registered
SELECT EXISTS (SELECT FROM orglift.cascades WHERE child = {child} AND name = {name})

-- name: write_deleted
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') NOT IN ('', 'off') THEN
        RETURN NULL;  -- rows that a move takes away or back are not deleted: they are elsewhere
    END IF;
    INSERT INTO orglift.tombstones (parent, action, key, lane)
    SELECT {parent}, 'delete', {old_key}, {old_lane} FROM orglift_old AS o WHERE {referenced};
    RETURN NULL;
END

-- name: write_updated_row
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') IN ('', 'off') AND ({referenced}) THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        VALUES ({parent}, 'update', {old_key}, {new_key}, {old_lane});
    END IF;
    RETURN NULL;
END

-- name: write_updated
DECLARE
    -- Both tables hold the rows in the order in which they were changed. Only where a trigger of a partition took back a row that
    -- was on its way there, nobody can say which new key belongs to which old one: then the new key stays unknown.
    paired CONSTANT boolean := (SELECT count(*) FROM orglift_old) = (SELECT count(*) FROM orglift_new);
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') NOT IN ('', 'off') THEN
        RETURN NULL;
    END IF;
    IF paired THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        SELECT {parent}, 'update', {old_key}, {new_key}, {old_lane}
        FROM (SELECT r.*, row_number() OVER () AS "orglift row" FROM orglift_old AS r) AS o
        JOIN (SELECT r.*, row_number() OVER () AS "orglift row" FROM orglift_new AS r) AS n USING ("orglift row")
        WHERE ({referenced}) AND {changed}
        ORDER BY "orglift row";
    ELSE
        INSERT INTO orglift.tombstones (parent, action, key, lane)
        SELECT {parent}, 'update', {old_key}, {old_lane} FROM orglift_old AS o
        WHERE ({referenced}) AND {old_key} NOT IN (SELECT {new_key} FROM orglift_new AS n);
    END IF;
    RETURN NULL;
END

-- name: write_truncated
DECLARE
    table_oid oid;
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') NOT IN ('', 'off') THEN
        RETURN NULL;
    END IF;
    -- A partition that has the trigger writes its own rows: it fires for every table that the statement empties.
    FOR table_oid IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relkind = 'r' AND (c.oid = TG_RELID OR c.oid IN (SELECT t.relid FROM pg_partition_tree(TG_RELID) AS t) AND NOT EXISTS (
            SELECT FROM pg_trigger AS theirs JOIN pg_trigger AS ours ON ours.tgfoid = theirs.tgfoid
            WHERE theirs.tgrelid = c.oid AND ours.tgrelid = TG_RELID AND ours.tgname = TG_NAME))
    LOOP
        EXECUTE {select_from} || table_oid::regclass || {where_referenced};
    END LOOP;
    RETURN NULL;
END

-- name: select_from
INSERT INTO orglift.tombstones (parent, action, key, lane)
SELECT {parent}, 'truncate', {old_key}, {old_lane} FROM ONLY 

-- name: where_referenced
 AS o WHERE {referenced}

-- name: function
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp{settings} AS {body}

-- name: may_write
BEGIN
    IF NOT pg_catalog.has_table_privilege('orglift.tombstones', 'INSERT') THEN
        RAISE EXCEPTION 'the role % may not write orglift.tombstones, and what it installs could not either', current_user
            USING ERRCODE = 'insufficient_privilege', HINT = 'apply as the owner of orglift.tombstones, or as a role that was granted INSERT';
    END IF;
END

-- name: remove_triggers
DECLARE
    trigger record;
    function regprocedure;
BEGIN
    FOR trigger IN
        SELECT g.tgname, g.tgrelid::pg_catalog.regclass AS relation
        FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY ({functions})
        ORDER BY g.tgrelid
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger.tgname, trigger.relation);
    END LOOP;
    FOR function IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY ({functions})
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION %s', function);
    END LOOP;
END

-- name: on_every_partition
DECLARE
    relation pg_catalog.regclass;
BEGIN
    FOR relation IN
        SELECT {table}::pg_catalog.regclass UNION ALL
        (SELECT t.relid FROM pg_catalog.pg_partition_tree({table}) AS t WHERE t.level > 0 ORDER BY t.level, t.relid)
    LOOP
        EXECUTE {before} || relation || {after};
    END LOOP;
END

-- name: are_triggers_missing
SELECT CASE WHEN pg_catalog.to_regclass({table}) IS NOT NULL THEN EXISTS (
    SELECT FROM ({wanted}) AS w (function, trigger, body)
    CROSS JOIN (
        SELECT pg_catalog.to_regclass({table}) AS relid UNION
        SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass({table}))) AS t
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE g.tgrelid = t.relid AND g.tgname = w.trigger AND g.tgenabled IN ('O', 'A')
            AND p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = w.function AND pg_catalog.btrim(p.prosrc, E'\n') = w.body)
) OR EXISTS (
    SELECT FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY ({functions})
        AND p.proname NOT IN (SELECT w.function FROM ({wanted}) AS w (function, trigger, body))
) END

-- name: are_triggers_there
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY ({functions}))

-- name: on_deleted
CREATE OR REPLACE TRIGGER {trigger} AFTER DELETE ON

-- name: for_deleted
REFERENCING OLD TABLE AS orglift_old FOR EACH STATEMENT EXECUTE FUNCTION {function}()

-- name: on_updated
CREATE OR REPLACE TRIGGER {trigger} AFTER UPDATE ON

-- name: for_updated
REFERENCING OLD TABLE AS orglift_old NEW TABLE AS orglift_new FOR EACH STATEMENT EXECUTE FUNCTION {function}()

-- name: for_updated_row
FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION {function}()

-- name: on_truncated
CREATE OR REPLACE TRIGGER {trigger} BEFORE TRUNCATE ON

-- name: for_truncated
FOR EACH STATEMENT EXECUTE FUNCTION {function}()
