-- The schema orglift in a region, version 1. Run in one transaction, under a lock; every statement may be repeated.

CREATE TABLE IF NOT EXISTS orglift.moves (
    relocation uuid PRIMARY KEY,
    generation bigint NOT NULL,  -- every transaction of a mover locks this row and compares
    organization text NOT NULL,
    role text NOT NULL CHECK (role IN ('source', 'target')),
    mover text NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    finished_at timestamptz  -- the row stays: a mover that wakes up later finds that it is over
);
COMMENT ON TABLE orglift.moves IS 'which mover may write here for which relocation';

CREATE TABLE IF NOT EXISTS orglift.chunks (
    relocation uuid,
    table_name text,  -- in the spelling of silos.toml
    part integer,
    number integer,
    bounds jsonb NOT NULL,
    rows bigint,  -- this and what follows is null until the chunk's rows are there
    hash numeric,
    xid bigint,  -- of the transaction that inserted them
    loaded_at timestamptz,
    PRIMARY KEY (relocation, table_name, part, number)
);
COMMENT ON TABLE orglift.chunks IS 'what is to be loaded, and what has been: that is written by the transaction that loaded it';

CREATE TABLE IF NOT EXISTS orglift.inserted (
    relocation uuid NOT NULL,
    table_name text NOT NULL,
    key jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS inserted_relocation ON orglift.inserted (relocation, table_name);
COMMENT ON TABLE orglift.inserted IS 'shared and referenced rows that a relocation inserted, so that an abort takes back exactly those';
