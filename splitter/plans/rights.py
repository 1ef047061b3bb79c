"""The audit that a plan begins with: whether the role may do all of it. What it may not is said before the first step, all at once."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from splitter.plans.foreign_keys import LOCK_TIMEOUT_MS, regclass
from splitter.schema import TableName
from splitter.steps import Action, Lock, Step

_AUDIT_DOMAINS = """
UNION ALL
SELECT w.shown, 'the role ' || current_user || ' is not its owner'
FROM (VALUES {domains}) AS w (shown, name) JOIN pg_catalog.pg_type AS t ON t.oid = pg_catalog.to_regtype(w.name)
WHERE NOT pg_catalog.pg_has_role(t.typowner, 'USAGE')"""
_AUDIT = """SELECT w.shown AS object, 'the role ' || current_user || ' is not its owner' AS found
FROM (VALUES {tables}) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT 'schema ' || w.name, 'the role ' || current_user || ' may create nothing in it'
FROM (VALUES {schemas}) AS w (name) JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.name
WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
UNION ALL
SELECT 'database ' || pg_catalog.current_database(), 'the role ' || current_user || ' may not create the schema orglift in it'
WHERE pg_catalog.to_regnamespace('orglift') IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"""


def audit_rights(tables: Iterable[TableName], schemas: Iterable[str], domains: Iterable[TableName] = ()) -> Step:
    """``tables``: all that are altered, indexed or get triggers; ``schemas``: where something is created, beside orglift's; ``domains``:
    those that are altered."""
    shown = [sql.SQL("({}, {})").format(sql.Literal(str(table)), regclass(table)) for table in tables]
    named = [sql.SQL("({})").format(sql.Literal(name)) for name in ("orglift", *schemas)]
    text = sql.SQL(_AUDIT).format(tables=sql.SQL(", ").join(shown), schemas=sql.SQL(", ").join(named))
    typed = [sql.SQL("({}, {})").format(sql.Literal(f"domain {domain}"), regclass(domain)) for domain in domains]
    if typed:
        text += sql.SQL(_AUDIT_DOMAINS).format(domains=sql.SQL(", ").join(typed))
    return Step(
        purpose="the role may do all this",
        sql=text.as_string(),
        lock=Lock.NONE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=60_000,
        action=Action.AUDIT,
        remedy="apply as the owner of the tables, or GRANT that role to the one that applies; and GRANT CREATE where it is missing",
        undo=(),
    )
