"""registry and outbox of the clean-up"""
# plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 3 of 8
# registry and outbox of the clean-up
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back

from alembic import context

revision = "21df7129f774_0003"
down_revision = "21df7129f774_0002"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "registry and outbox of the clean-up",
        "sql": r"""
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
""",
        "precondition": r"""
SELECT pg_catalog.to_regclass('orglift.tombstones') IS NULL OR pg_catalog.to_regclass('orglift.cascades') IS NULL
""",
        "action": "run",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("21df7129f774_0000").module
