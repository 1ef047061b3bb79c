"""What the roles of both regions may not do and have to: as the exact GRANTs, so that a least-privileged role is enough for a move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.checks import inbound_references
from exports.scope import Scope
from exports.snapshot import Connection
from exports.survey import Survey
from splitter.db import in_recovery, translated
from splitter.errors import NoRights, Problem
from splitter.graph import Reference
from splitter.ownership import EXPORTED, Standing
from splitter.plans.region_ids import find_uses
from splitter.schema import TableName

SHOWN = 5
_READ = ("SELECT",)
_LOAD = ("SELECT", "INSERT", "DELETE")
_RECORDS = {"moves": ("SELECT", "INSERT", "UPDATE"), "chunks": ("SELECT", "INSERT", "UPDATE", "DELETE"), "inserted": _LOAD}

_MISSING = """
SELECT w.kind, w.schema, w.name, w.col, w.privilege
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS w(kind, schema, name, col, privilege, n)
LEFT JOIN pg_namespace AS s ON s.nspname = w.schema
LEFT JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relname = w.name
WHERE NOT CASE w.kind
    WHEN 'DATABASE' THEN has_database_privilege(current_database(), w.privilege)
    WHEN 'SCHEMA' THEN has_schema_privilege(s.oid, w.privilege)
    WHEN 'SEQUENCE' THEN has_sequence_privilege(c.oid, w.privilege)
    WHEN 'COLUMN' THEN has_column_privilege(c.oid, w.col, w.privilege)
    ELSE has_table_privilege(c.oid, w.privilege) END
ORDER BY w.n
"""
_OWN_TABLES = "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('orglift') AND relkind = 'r' ORDER BY relname"
# Schemas of the types of these tables' columns, and of what those are made of: a cast names them.
_TYPE_SCHEMAS = """
SELECT DISTINCT s.nspname::text
FROM unnest(%s::text[], %s::text[]) AS w(schema, name)
JOIN pg_namespace AS n ON n.nspname = w.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_type AS u ON u.oid IN (t.typelem, t.typbasetype)
JOIN pg_namespace AS s ON s.oid IN (t.typnamespace, u.typnamespace)
WHERE s.nspname <> 'pg_catalog' ORDER BY 1
"""
_WHO = "SELECT current_user::text, current_database()::text"
_HIDDEN = """
SELECT n.nspname::text, c.relname::text
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS w(schema, name, n)
JOIN pg_namespace AS n ON n.nspname = w.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE row_security_active(c.oid) ORDER BY w.n
"""


@dataclass(frozen=True, slots=True)
class Need:
    """One privilege on one object. ``kind``: DATABASE, SCHEMA, TABLE, COLUMN or SEQUENCE."""

    kind: str
    name: TableName  # of a schema: the schema and nothing; of a database: nothing
    privilege: str
    column: str = ""

    def __str__(self) -> str:
        if self.kind == "DATABASE":
            return f"{self.privilege} in the database"
        shown = f"schema {self.name.schema}" if self.kind == "SCHEMA" else str(self.name)
        return f"{self.privilege} on {shown}" + (f".{self.column}" if self.column else "")


def may_set_replica(target: Connection) -> bool:
    """Whether the role may switch the application's triggers off for a session; the session stays as it was."""
    try:
        with translated("trying session_replication_role"), target.transaction(force_rollback=True):
            target.execute("SET LOCAL session_replication_role = replica")
    except NoRights:
        return False
    return True


def find_missing_rights(source: Survey, target: Survey, here: Connection, there: Connection) -> Iterator[Problem]:
    """What the role of each side lacks, and the tables whose row-level security would hide rows from it."""
    tables = read_tables(source.scope)
    yield from _lacking(here, source, [*_table_needs(tables, _READ), *_hide_needs(source, here), *_own_needs(here, {})])
    yield from _hiding(here, source, tables)
    present = [name for name in tables if name in target.schema.tables]
    yield from _lacking(there, target, [*_target_needs(source, target, present), *_own_needs(there, _RECORDS)])
    yield from _hiding(there, target, present)


def find_purge_rights(source: Survey, here: Connection) -> Iterator[Problem]:
    """What the source's role lacks for the purge that follows a move one day."""
    owned = [table.name for table in source.scope.exported if table.standing is Standing.OWNED]
    holding = sorted({reference.table for reference in inbound_references(source.scope)})
    yield from _lacking(here, source, [*_table_needs(owned, ("DELETE",)), *_table_needs(holding, _READ), *_own_needs(here, _RECORDS)])


def read_tables(scope: Scope) -> tuple[TableName, ...]:
    """The tables that the queries of a move read: those that go or are shared, those on a way, and those that hold on to them.

    Not those that are left out and on nobody's way: what holds on to the organization there, the purge asks.
    """
    read = {name for name, table in scope.tables.items() if table.standing in EXPORTED or table.standing is Standing.SHARED}
    read |= {each.table for each in inbound_references(scope) if scope.standing(each.table) is not Standing.NONE}
    read |= {reference.target for table in scope.exported for reference in scope.references_of(table.name) if _is_looked_up(reference)}
    wanted = list(read)
    while wanted:
        table = scope.tables.get(wanted.pop())
        found = {way.target for way in (*table.ways, *table.back_ways)} - read if table else set()
        read |= found
        wanted += found
    return tuple(sorted(name for name in read if name in scope.schema.tables))


def _is_looked_up(reference: Reference) -> bool:
    """Whether it is asked if its target exists."""
    return reference.declared is not None and reference.declared.dangling != "keep"


def _target_needs(source: Survey, target: Survey, tables: Sequence[TableName]) -> Iterator[Need]:
    yield Need("DATABASE", TableName("", ""), "TEMPORARY")
    loaded = [name for name in tables if _is_written(source, name)]
    yield from _table_needs(loaded, _LOAD)
    using = sorted(_using_inserted(source, target, loaded) - set(tables))
    yield from _table_needs([*(name for name in tables if name not in loaded), *using], _READ)
    yield from _hide_needs(target, None)
    for use in find_uses(target.schema, target.silos):
        yield from (Need("SEQUENCE", use.sequence.name, privilege) for privilege in ("SELECT", "UPDATE"))


def _using_inserted(source: Survey, target: Survey, loaded: Iterable[TableName]) -> set[TableName]:
    """The tables that may come to refer to rows that a move inserts for all: an abort asks them whether they do."""
    inserted = (name for name in loaded if source.scope.standing(name) in (Standing.SHARED, Standing.REFERENCED))
    using = {reference.table for name in inserted for reference in target.scope.graph.to(name)}
    return using & target.schema.tables.keys()


def _is_written(source: Survey, name: TableName) -> bool:
    standing = source.scope.standing(name)
    return standing in EXPORTED or (standing is Standing.SHARED and source.silos.rules(name).on_missing == "insert")


def _table_needs(tables: Iterable[TableName], privileges: Sequence[str]) -> Iterator[Need]:
    return (Need("TABLE", name, privilege) for name in tables for privilege in privileges)


def _hide_needs(survey: Survey, here: Connection | None) -> Iterator[Need]:
    """``here``: the source, where a standby can't hide the organization anyway."""
    hide = survey.silos.organization.hide
    if hide is not None and survey.scope.root in survey.schema.tables and not (here is not None and in_recovery(here)):
        yield Need("COLUMN", survey.scope.root, "UPDATE", hide.column)


def _own_needs(connection: Connection, written: dict[str, tuple[str, ...]]) -> Iterator[Need]:
    with translated("reading the schema orglift"):
        names = [str(row[0]) for row in connection.execute(_OWN_TABLES).fetchall()]
    for name in names:
        yield from _table_needs([TableName("orglift", name)], written.get(name, _READ))


def _lacking(connection: Connection, side: Survey, needs: Sequence[Need]) -> Iterator[Problem]:
    named = [need.name for need in needs if need.kind == "TABLE"]
    schemas = dict.fromkeys([*(need.name.schema for need in needs if need.name.schema), *_type_schemas(connection, named)])
    missing = _ask(connection, [*(Need("SCHEMA", TableName(schema, ""), "USAGE") for schema in schemas), *needs])
    if not missing:
        return
    role, database = _who(connection)
    yield Problem(
        code="rights",
        object=f"region {side.region}",
        found=f"the role {role} lacks {_shown(missing)}",
        remedy=" ".join(f"{statement};" for statement in _grants(missing, role, database)),
    )


def _type_schemas(connection: Connection, tables: Sequence[TableName]) -> list[str]:
    with translated("reading the schemas of types"):
        return [str(row[0]) for row in connection.execute(_TYPE_SCHEMAS, _arrays(tables)).fetchall()]


def _ask(connection: Connection, needs: Sequence[Need]) -> list[Need]:
    """Those that the role has not."""
    rows = [(need.kind, need.name.schema, need.name.name, need.column, need.privilege) for need in dict.fromkeys(needs)]
    with translated("asking for the role's rights"):
        found = connection.execute(_MISSING, [list(column) for column in zip(*rows, strict=True)]).fetchall()
    return [Need(str(kind), TableName(str(schema), str(name)), str(privilege), str(col)) for kind, schema, name, col, privilege in found]


def _who(connection: Connection) -> tuple[str, str]:
    row = connection.execute(_WHO).fetchone()
    assert row is not None
    return str(row[0]), str(row[1])


def _shown(missing: Sequence[Need]) -> str:
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return ", ".join(str(need) for need in missing[:SHOWN]) + more


def _grants(missing: Sequence[Need], role: str, database: str) -> Iterator[str]:
    """One statement for all objects of a kind that lack the same."""
    objects: dict[tuple[str, TableName, str], list[str]] = {}
    for need in missing:
        objects.setdefault((need.kind, need.name, need.column), []).append(need.privilege)
    groups: dict[tuple[str, str, tuple[str, ...]], list[TableName]] = {}
    for (kind, name, column), privileges in objects.items():
        groups.setdefault((kind, column, tuple(privileges)), []).append(name)
    for (kind, column, lacking), names in groups.items():
        yield _grant(kind, column, lacking, [_object(kind, name, database) for name in names], role)


def _grant(kind: str, column: str, privileges: Sequence[str], names: Sequence[sql.Identifier], role: str) -> str:
    columns = sql.SQL(" ({})").format(sql.Identifier(column)) if column else sql.SQL("")
    statement = sql.SQL("GRANT {privileges}{columns} ON {kind} {names} TO {role}").format(
        privileges=sql.SQL(", ").join(map(sql.SQL, privileges)),
        columns=columns,
        kind=sql.SQL("TABLE" if kind == "COLUMN" else kind),
        names=sql.SQL(", ").join(names),
        role=sql.Identifier(role),
    )
    return statement.as_string(None)


def _object(kind: str, name: TableName, database: str) -> sql.Identifier:
    if kind == "DATABASE":
        return sql.Identifier(database)
    return sql.Identifier(name.schema) if kind == "SCHEMA" else sql.Identifier(*name)


def _arrays(tables: Sequence[TableName]) -> tuple[list[str], list[str]]:
    return [name.schema for name in tables], [name.name for name in tables]


def _hiding(connection: Connection, side: Survey, tables: Sequence[TableName]) -> Iterator[Problem]:
    """Tables with row-level security that holds for the role: our sessions have it off, so that a query fails instead of seeing less."""
    with translated("looking for row-level security"):
        found = connection.execute(_HIDDEN, _arrays(tables)).fetchall()
    for schema, name in found:
        role, _ = _who(connection)
        yield Problem(
            code="row-security",
            object=f"region {side.region}: {TableName(str(schema), str(name))}",
            found=f"its row-level security holds for the role {role}, so rows would be hidden",
            remedy=f"connect as a role with BYPASSRLS: ALTER ROLE {sql.Identifier(role).as_string(None)} BYPASSRLS, or as the table's owner"
            " where it isn't forced on the owner too",
        )
