-- The schema orglift in control, version 1. Run in one transaction, under a lock; every statement may be repeated.

CREATE TABLE IF NOT EXISTS orglift.settings (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
COMMENT ON TABLE orglift.settings IS 'the layout of distributed ids: bits, serial_bits; never changed';

CREATE TABLE IF NOT EXISTS orglift.origins (
    origin integer PRIMARY KEY CHECK (origin >= 0),
    region text,  -- null: a database of somebody else, whose archive was imported
    database uuid,  -- of a region: the uuid in its orglift.identity
    system_identifier text,  -- where that database is, also by its identity: a copy that was left behind says the same of itself
    database_oid bigint,
    source_key text UNIQUE,  -- of a foreign archive: the database and origin that it names
    local_ids boolean NOT NULL DEFAULT false,  -- the region was seen to hold local ids, which are shifted with this one
    issued_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    confirmed_at timestamptz,  -- the region's own identity says so too
    retired_at timestamptz,  -- the region has a newer one; ids of this one stay valid
    CHECK ((region IS NULL) <> (source_key IS NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS origins_region ON orglift.origins (region) WHERE retired_at IS NULL;
COMMENT ON TABLE orglift.origins IS 'the high bits of distributed ids: who minted them';

CREATE TABLE IF NOT EXISTS orglift.mapping (
    organization text PRIMARY KEY,
    slug text UNIQUE,
    region text NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE orglift.mapping IS 'in which region each organization lives';

CREATE TABLE IF NOT EXISTS orglift.relocations (
    id uuid PRIMARY KEY,
    generation bigint NOT NULL DEFAULT 0,  -- one more for each process that moves it: what carries an older one is void
    organization_before text NOT NULL,
    organization_after text NOT NULL,
    slug text,
    source text,  -- a region, or the source_key of a foreign archive
    target text NOT NULL,
    phase text NOT NULL,
    snapshot_lsn pg_lsn,
    snapshot_xmin bigint,
    options jsonb NOT NULL DEFAULT '{}',  -- what every try of this relocation has to agree on
    saved jsonb NOT NULL DEFAULT '{}',  -- what a try leaves for the next one
    mover text,  -- host/pid
    backend_pid integer,  -- of the mover's session in control
    seen_at timestamptz,  -- its last sign of life
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    switched_at timestamptz,
    finished_at timestamptz,
    rows bigint,
    note text
);
CREATE UNIQUE INDEX IF NOT EXISTS relocations_before ON orglift.relocations (coalesce(source, ''), organization_before)
    WHERE phase NOT IN ('purged', 'aborted');
CREATE UNIQUE INDEX IF NOT EXISTS relocations_after ON orglift.relocations (organization_after)
    WHERE phase NOT IN ('purged', 'aborted');
CREATE INDEX IF NOT EXISTS relocations_old_id ON orglift.relocations (organization_before);
COMMENT ON TABLE orglift.relocations IS 'every move of an organization, also those of the past: an organization has one that is unfinished';

CREATE TABLE IF NOT EXISTS orglift.moved_ids (
    relocation uuid REFERENCES orglift.relocations (id),
    table_name text,  -- in the spelling of silos.toml; table.column for a key that isn't the table's primary one
    before bigint,
    after bigint NOT NULL,
    PRIMARY KEY (relocation, table_name, before)
);
CREATE INDEX IF NOT EXISTS moved_ids_before ON orglift.moved_ids (table_name, before);
COMMENT ON TABLE orglift.moved_ids IS 'ids that control refers to, before and after a move';

CREATE TABLE IF NOT EXISTS orglift.moved_keys (
    relocation uuid REFERENCES orglift.relocations (id),
    key_name text,  -- table.column, table.column
    before text[],
    after text[] NOT NULL,
    PRIMARY KEY (relocation, key_name, before)
);
COMMENT ON TABLE orglift.moved_keys IS 'the same for keys of several columns';

CREATE TABLE IF NOT EXISTS orglift.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    actor text NOT NULL,
    organization text,
    relocation uuid,
    action text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS audit_organization ON orglift.audit (organization);
COMMENT ON TABLE orglift.audit IS 'who did what; only ever added to; never a secret';

CREATE OR REPLACE FUNCTION orglift.resolve(table_name text, id bigint, region text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $resolve$
DECLARE
    serial_bits CONSTANT integer := (SELECT value FROM orglift.settings WHERE name = 'serial_bits');
    answers bigint[];
BEGIN
    -- What control had to be told: also the only source for ids that the formula does not give.
    SELECT array_agg(DISTINCT m.after) INTO answers
    FROM orglift.moved_ids AS m JOIN orglift.relocations AS r ON r.id = m.relocation
    WHERE m.table_name = resolve.table_name AND m.before = resolve.id
        AND r.phase IN ('switched', 'purging', 'purged') AND (resolve.region IS NULL OR r.source = resolve.region);
    IF answers IS NULL THEN
        IF id < 0 OR id >= 1::bigint << serial_bits THEN
            RETURN id;  -- distributed already
        END IF;
        IF EXISTS (SELECT FROM orglift.origins AS o WHERE o.origin = 0)
            AND NOT EXISTS (SELECT FROM orglift.origins AS o WHERE o.source_key = resolve.region) THEN
            RETURN id;  -- of the home region, wherever it is: its ids are final as they are
        END IF;
        SELECT array_agg((o.origin::bigint << serial_bits) + id) INTO answers
        FROM orglift.origins AS o  -- a retired one too: local ids go on to be shifted with the first that their database had
        WHERE CASE WHEN resolve.region IS NULL THEN o.local_ids
            ELSE resolve.region IN (o.region, o.source_key) AND (o.local_ids OR o.retired_at IS NULL AND NOT EXISTS (
                SELECT FROM orglift.origins AS p WHERE p.region = resolve.region AND p.local_ids)) END;
    END IF;
    IF cardinality(answers) = 1 THEN
        RETURN answers[1];
    END IF;
    IF resolve.region IS NOT NULL THEN
        RAISE EXCEPTION 'region % has no origin', quote_literal(resolve.region)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'run relocate init, or name a region of silos.toml';
    END IF;
    RAISE EXCEPTION 'id % of % could be of several regions, or of none', id, table_name
        USING ERRCODE = 'ambiguous_parameter', HINT = 'name the region: orglift.resolve(table, id, region)';
END
$resolve$;
COMMENT ON FUNCTION orglift.resolve(text, bigint, text) IS
    'what an id of before is everywhere, for ever; region: where it was minted, needed when several regions had local ids';
