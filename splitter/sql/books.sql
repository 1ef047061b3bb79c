-- Tables in which plans keep their books, in the database that they change.

-- name: journal
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.journal (
    plan text NOT NULL,
    kind text NOT NULL,
    step integer NOT NULL,  -- 0 is the plan as a whole
    purpose text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    finished_at timestamptz,
    outcome text,  -- of a step: done or skipped; NULL as long as nobody can say
    undo_begun_at timestamptz,  -- of the plan
    undone_at timestamptz,
    watched_at timestamptz,  -- of the plan: its first stage is done, a later one is not
    content text,  -- the plan itself, for whoever has lost its file
    PRIMARY KEY (plan, step)
);

-- name: backfills
CREATE SCHEMA IF NOT EXISTS orglift;
CREATE TABLE IF NOT EXISTS orglift.backfills (
    place text PRIMARY KEY,  -- the table, quoted
    file oid NOT NULL,  -- relfilenode: rows stand elsewhere after a rewrite
    next_block bigint NOT NULL DEFAULT 0,
    blocks bigint NOT NULL,  -- what came later has its twins from the trigger
    rows bigint NOT NULL DEFAULT 0,
    seconds double precision NOT NULL DEFAULT 0,  -- at work, over all runs
    begun_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
)
