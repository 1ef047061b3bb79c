"""The audit that a plan begins with: whether the role may do all of it. What it may not is said before the first step, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from splitter.plans.foreign_keys import LOCK_TIMEOUT_MS, regclass
from splitter.schema import TableName
from splitter.steps import Action, Lock, Step

_NOT_OWNER = "'the role ' || current_user || ' is not its owner'"
_NO_CREATE = "'the role ' || current_user || ' may create nothing in it'"
# Our sessions have row_security off: what a policy would hide from the role ends a statement.
_AUDIT = f"""SELECT w.shown AS object, {_NOT_OWNER} AS found
FROM (VALUES {{tables}}) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT w.shown, pg_catalog.format('has FORCE ROW LEVEL SECURITY, which holds for the role %s: ALTER ROLE %I BYPASSRLS,'
    || ' or ALTER TABLE %s NO FORCE ROW LEVEL SECURITY until the plan is at its end', current_user, current_user, w.name)
FROM (VALUES {{tables}}) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.row_security_active(c.oid)
UNION ALL
SELECT 'schema ' || w.name, {_NO_CREATE}
FROM (VALUES {{schemas}}) AS w (name) JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.name
WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
UNION ALL
SELECT 'database ' || pg_catalog.current_database(), 'the role ' || current_user || ' may not create the schema orglift in it'
WHERE pg_catalog.to_regnamespace('orglift') IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"""
# What ALTER ... OWNER TO asks for, unless it changes nothing, or a superuser says it.
_MADE = """WITH me AS (SELECT r.oid, r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user), made AS (
    SELECT w.shown, o.rolname AS owner_name, o.oid AS owner, n.nspname AS schema_name, n.oid AS namespace,
           NOT me.rolsuper AND o.oid <> me.oid AS given
      FROM me CROSS JOIN (VALUES {made}) AS w (kind, shown, name)
      LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(CASE w.kind WHEN 'view' THEN w.name END)
      LEFT JOIN pg_catalog.pg_type AS t ON t.oid = pg_catalog.to_regtype(CASE w.kind WHEN 'domain' THEN w.name END)
      LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(CASE w.kind WHEN 'routine' THEN w.name END)
      JOIN pg_catalog.pg_roles AS o ON o.oid = coalesce(c.relowner, t.typowner, p.proowner)
      JOIN pg_catalog.pg_namespace AS n ON n.oid = coalesce(c.relnamespace, t.typnamespace, p.pronamespace))
"""
_AUDIT_MADE = f"""
UNION
SELECT 'schema ' || m.schema_name, {_NO_CREATE} FROM made AS m WHERE NOT pg_catalog.has_schema_privilege(m.namespace, 'CREATE')
UNION ALL
SELECT m.shown, {_NOT_OWNER} FROM made AS m WHERE NOT pg_catalog.pg_has_role(m.owner, 'USAGE')
UNION ALL
SELECT m.shown, pg_catalog.format('is made anew and given to its owner, the role %s, to which the role %s may not SET ROLE:'
    || ' GRANT %I TO %I WITH SET TRUE', m.owner_name, current_user, m.owner_name, current_user)
FROM made AS m WHERE m.given AND pg_catalog.pg_has_role(m.owner, 'USAGE') AND NOT pg_catalog.pg_has_role(m.owner,
    CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
UNION ALL
SELECT m.shown, pg_catalog.format('is made anew and given to its owner, the role %s, which may create nothing in its schema:'
    || ' GRANT CREATE ON SCHEMA %I TO %I', m.owner_name, m.schema_name, m.owner_name)
FROM made AS m WHERE m.given AND NOT pg_catalog.has_schema_privilege(m.owner, m.namespace, 'CREATE')"""
_REMEDY = "apply as the owner of the tables, or GRANT that role to the one that applies; GRANT CREATE or ALTER ROLE where that is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remade:
    """What is made anew by the role, and given to whom it belonged; ``routines`` as regprocedure spells them."""

    views: Iterable[TableName] = ()
    domains: Iterable[TableName] = ()
    routines: Iterable[str] = ()


def audit_rights(tables: Iterable[TableName], schemas: Iterable[str], remade: Remade | None = None) -> Step:
    """``tables``: all that are altered, indexed, written or get triggers; ``schemas``: where something is created, beside orglift's."""
    shown = [sql.SQL("({}, {})").format(sql.Literal(str(table)), regclass(table)) for table in tables]
    named = [sql.SQL("({})").format(sql.Literal(name)) for name in ("orglift", *schemas)]
    text = sql.SQL(_AUDIT).format(tables=sql.SQL(", ").join(shown), schemas=sql.SQL(", ").join(named))
    made = _made(remade or Remade())
    if made:
        text = sql.SQL(_MADE).format(made=sql.SQL(", ").join(made)) + text + sql.SQL(_AUDIT_MADE)
    return Step(
        purpose="the role may do all this",
        sql=text.as_string(),
        lock=Lock.NONE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=60_000,
        action=Action.AUDIT,
        remedy=_REMEDY,
        undo=(),
    )


def _made(remade: Remade) -> list[sql.Composed]:
    parts = [(sql.Literal("view"), sql.Literal(f"view {view}"), regclass(view)) for view in remade.views]
    parts += [(sql.Literal("domain"), sql.Literal(f"domain {domain}"), regclass(domain)) for domain in remade.domains]
    parts += [(sql.Literal("routine"), sql.Literal(f"function {name}"), sql.Literal(name)) for name in remade.routines]
    return [sql.SQL("({}, {}, {})").format(*each) for each in parts]
