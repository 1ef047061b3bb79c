"""the role may do all this"""
# plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 1 of 8
# the role may do all this
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back

from alembic import context

revision = "21df7129f774_0001"
down_revision = "21df7129f774_0000"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "the role may do all this",
        "sql": (
            "SELECT w.shown AS object, 'the role ' || current_user || ' is not its owner' AS found\n"
            'FROM (VALUES ( E\'"Us%s{0}""\n'
            '$orglift$;\\\\! x"\',  E\'"public"."Us%s{0}""\n'
            '$orglift$;\\\\! x"\'), ( E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n"\',  E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)\n'
            "WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')\n"
            'UNION ALL\n'
            "SELECT w.shown, pg_catalog.format('has FORCE ROW LEVEL SECURITY, which holds for the role %s: ALTER ROLE %I BYPASSRLS,'\n"
            "    || ' or ALTER TABLE %s NO FORCE ROW LEVEL SECURITY until the plan is at its end', current_user, current_user, w.name)\n"
            'FROM (VALUES ( E\'"Us%s{0}""\n'
            '$orglift$;\\\\! x"\',  E\'"public"."Us%s{0}""\n'
            '$orglift$;\\\\! x"\'), ( E\'a\\\\b."c""""""\n'
            '-- $step$ ü:n"\',  E\'"a\\\\b"."c""""""\n'
            '-- $step$ ü:n"\')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)\n'
            "WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.row_security_active(c.oid)\n"
            'UNION ALL\n'
            "SELECT 'schema ' || w.name, 'the role ' || current_user || ' may create nothing in it'\n"
            "FROM (VALUES ('orglift'), ( E'a\\\\b')) AS w (name) JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.name\n"
            "WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')\n"
            'UNION ALL\n'
            "SELECT 'database ' || pg_catalog.current_database(), 'the role ' || current_user || ' may not create the schema orglift in it'\n"
            "WHERE pg_catalog.to_regnamespace('orglift') IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"
        ),
        "precondition": None,
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "apply as the owner of the tables, or GRANT that role to the one that applies; GRANT CREATE or ALTER ROLE where that is missing",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("21df7129f774_0000").module
