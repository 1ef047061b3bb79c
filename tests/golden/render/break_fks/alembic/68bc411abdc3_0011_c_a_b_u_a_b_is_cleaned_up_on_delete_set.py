"""c.a, b -> u.a, b is cleaned up: on delete set null, on update cascade"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 11 of 17
# c.a, b -> u.a, b is cleaned up: on delete set null, on update cascade
#   lock: ROW EXCLUSIVE, waits at most 100 ms, runs at most 60000 ms, in a transaction
# back: c.a, b -> u.a, b is not cleaned up any more
# back: lock: ROW EXCLUSIVE, waits at most 100 ms, runs at most 60000 ms, in a transaction

from alembic import context

revision = "68bc411abdc3_0011"
down_revision = "68bc411abdc3_0010"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "c.a, b -> u.a, b is cleaned up: on delete set null, on update cascade",
        "sql": r"""
INSERT INTO orglift.cascades AS it (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, type_column,
    type_value, lane_column, definition)
VALUES ('c', 'c_whole', ARRAY['a', 'b']::text[], 'u', ARRAY['a', 'b']::text[], 'set null', ARRAY[]::text[], 'cascade', NULL::text,
    NULL::text, NULL::text, 'FOREIGN KEY ("a", "b") REFERENCES "public"."u" ("a", "b") MATCH FULL ON DELETE SET NULL')
ON CONFLICT (child, name) DO UPDATE SET columns = excluded.columns, parent = excluded.parent, parent_columns = excluded.parent_columns,
    on_delete = excluded.on_delete, delete_columns = excluded.delete_columns, on_update = excluded.on_update,
    type_column = excluded.type_column, type_value = excluded.type_value, lane_column = excluded.lane_column,
    definition = excluded.definition, registered_at = pg_catalog.clock_timestamp()
""",
        "precondition": r"""
SELECT NOT EXISTS (
    SELECT FROM orglift.cascades
    WHERE (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, definition)
            = ('c', 'c_whole', ARRAY['a', 'b']::text[], 'u', ARRAY['a', 'b']::text[], 'set null', ARRAY[]::text[], 'cascade', 'FOREIGN KEY ("a", "b") REFERENCES "public"."u" ("a", "b") MATCH FULL ON DELETE SET NULL')
        AND (type_column, type_value, lane_column) IS NOT DISTINCT FROM (NULL::text, NULL::text, NULL::text))
""",
        "action": "run",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "c.a, b -> u.a, b is not cleaned up any more",
        "sql": r"""
DELETE FROM orglift.cascades WHERE child = 'c' AND name = 'c_whole'
""",
        "precondition": r"""
SELECT EXISTS (SELECT FROM orglift.cascades WHERE child = 'c' AND name = 'c_whole')
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
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("68bc411abdc3_0000").module
