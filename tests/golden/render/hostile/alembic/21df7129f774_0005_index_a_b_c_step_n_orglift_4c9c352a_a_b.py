'index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a": a\\b."c""""""\\n-- $step$ ü:n" is found by x\\"\'%(y)s{z}'
# plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 5 of 8
# nothing left of an index a\b."c""""""\n-- $step$ ü:n_orglift_4c9c352a" that was begun
#   lock: SHARE UPDATE EXCLUSIVE on a\b."c""""""\n-- $step$ ü:n", waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# index a\b."c""""""\n-- $step$ ü:n_orglift_4c9c352a": a\b."c""""""\n-- $step$ ü:n" is found by x\"'%(y)s{z}
#   lock: SHARE UPDATE EXCLUSIVE on a\b."c""""""\n-- $step$ ü:n", waits at most 600000 ms, runs without a limit, outside a transaction
#   hazard: waits for every transaction that is older than it
# back: no index a\b."c""""""\n-- $step$ ü:n_orglift_4c9c352a"
# back: lock: SHARE UPDATE EXCLUSIVE on a\b."c""""""\n-- $step$ ü:n", waits at most 600000 ms, runs without a limit, outside a transaction
# back: hazard: waits for every transaction that is older than it

from alembic import context

revision = "21df7129f774_0005"
down_revision = "21df7129f774_0003"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": 'nothing left of an index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a" that was begun',
        "sql": (
            'DROP INDEX CONCURRENTLY IF EXISTS "a\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"'
        ),
        "precondition": (
            'SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i\n'
            '    WHERE i.indexrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\') AND i.indrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') AND NOT i.indisvalid)'
        ),
        "action": "run",
        "transactional": False,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
    {
        "purpose": 'index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a": a\\b."c""""""\\n-- $step$ ü:n" is found by x\\"\'%(y)s{z}',
        "sql": (
            'CREATE INDEX CONCURRENTLY "c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a" ON "a\\b"."c""""""\n'
            '-- $step$ ü:n" ("x\\""\'%(y)s{z}")'
        ),
        "precondition": (
            'SELECT pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i\n'
            '    WHERE i.indexrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\') AND i.indrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\') AND i.indisvalid)'
        ),
        "action": "run",
        "transactional": False,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": 'no index a\\b."c""""""\\n-- $step$ ü:n_orglift_4c9c352a"',
        "sql": (
            'DROP INDEX CONCURRENTLY IF EXISTS "a\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"'
        ),
        "precondition": (
            'SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i\n'
            '    WHERE i.indexrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\') AND i.indrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\')) AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = pg_catalog.to_regclass( E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n_orglift_4c9c352a"\'))'
        ),
        "action": "run",
        "transactional": False,
        "tables": ['a\\b."c""""""\n-- $step$ ü:n"'],
        "lock_timeout_ms": 600000,
        "statement_timeout_ms": 0,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("21df7129f774_0000").module
