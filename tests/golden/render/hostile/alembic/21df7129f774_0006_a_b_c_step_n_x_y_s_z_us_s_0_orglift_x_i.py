'a\\b."c""""""\\n-- $step$ ü:n".x\\"\'%(y)s{z} -> "Us%s{0}""\\n$orglift$;\\! x".i:d is cleaned up: on delete cascade, on update cascade'
# plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 6 of 8
# a\b."c""""""\n-- $step$ ü:n".x\"'%(y)s{z} -> "Us%s{0}""\n$orglift$;\! x".i:d is cleaned up: on delete cascade, on update cascade
#   lock: ROW EXCLUSIVE, waits at most 100 ms, runs at most 60000 ms, in a transaction
# back: a\b."c""""""\n-- $step$ ü:n".x\"'%(y)s{z} -> "Us%s{0}""\n$orglift$;\! x".i:d is not cleaned up any more
# back: lock: ROW EXCLUSIVE, waits at most 100 ms, runs at most 60000 ms, in a transaction

from alembic import context

revision = "21df7129f774_0006"
down_revision = "21df7129f774_0005"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": 'a\\b."c""""""\\n-- $step$ ü:n".x\\"\'%(y)s{z} -> "Us%s{0}""\\n$orglift$;\\! x".i:d is cleaned up: on delete cascade, on update cascade',
        "sql": (
            'INSERT INTO orglift.cascades AS it (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, type_column,\n'
            '    type_value, lane_column, definition)\n'
            'VALUES ( E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n"\',  E\'k\n'
            '\\\\if %% $$ """ \'\' */\', ARRAY[ E\'x\\\\"\'\'%(y)s{z}\']::text[],  E\'"Us%s{0}""\n'
            '$orglift$;\\\\! x"\', ARRAY[\'i:d\']::text[], \'cascade\', ARRAY[]::text[], \'cascade\', NULL::text,\n'
            '    NULL::text, NULL::text,  E\'FOREIGN KEY ("x\\\\""\'\'%(y)s{z}") REFERENCES "public"."Us%s{0}""\n'
            '$orglift$;\\\\! x" ("i:d") ON DELETE CASCADE\')\n'
            'ON CONFLICT (child, name) DO UPDATE SET columns = excluded.columns, parent = excluded.parent, parent_columns = excluded.parent_columns,\n'
            '    on_delete = excluded.on_delete, delete_columns = excluded.delete_columns, on_update = excluded.on_update,\n'
            '    type_column = excluded.type_column, type_value = excluded.type_value, lane_column = excluded.lane_column,\n'
            '    definition = excluded.definition, registered_at = pg_catalog.clock_timestamp()'
        ),
        "precondition": (
            'SELECT NOT EXISTS (\n'
            '    SELECT FROM orglift.cascades\n'
            '    WHERE (child, name, columns, parent, parent_columns, on_delete, delete_columns, on_update, definition)\n'
            '            = ( E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n"\',  E\'k\n'
            '\\\\if %% $$ """ \'\' */\', ARRAY[ E\'x\\\\"\'\'%(y)s{z}\']::text[],  E\'"Us%s{0}""\n'
            '$orglift$;\\\\! x"\', ARRAY[\'i:d\']::text[], \'cascade\', ARRAY[]::text[], \'cascade\',  E\'FOREIGN KEY ("x\\\\""\'\'%(y)s{z}") REFERENCES "public"."Us%s{0}""\n'
            '$orglift$;\\\\! x" ("i:d") ON DELETE CASCADE\')\n'
            '        AND (type_column, type_value, lane_column) IS NOT DISTINCT FROM (NULL::text, NULL::text, NULL::text))'
        ),
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
        "purpose": 'a\\b."c""""""\\n-- $step$ ü:n".x\\"\'%(y)s{z} -> "Us%s{0}""\\n$orglift$;\\! x".i:d is not cleaned up any more',
        "sql": (
            'DELETE FROM orglift.cascades WHERE child =  E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n"\' AND name =  E\'k\n'
            '\\\\if %% $$ """ \'\' */\''
        ),
        "precondition": (
            'SELECT EXISTS (SELECT FROM orglift.cascades WHERE child =  E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n"\' AND name =  E\'k\n'
            '\\\\if %% $$ """ \'\' */\')'
        ),
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
    return context.script.get_revision("21df7129f774_0000").module
