"""What a parent's transactions do in the place of foreign keys that were broken: its triggers write tombstones into an outbox.

SQL as text, for plans; every text may be run again. A DELETE fires the statement triggers of the table that it is addressed to, and of
no other: so the root of a partitioned parent has them, and each partition, and every row is written once. TRUNCATE fires those of every
table that it empties. They fire as the foreign key's own did: for what cascades inside the database, and not where
session_replication_role is replica, which logical replication sets. A partition that is attached later gets its triggers when this is
run again; until then what is addressed to its root is written, and what is addressed to itself is not (finding cascade-trigger-missing).

The functions are SECURITY DEFINER: the application's roles need no right on the schema orglift.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from splitter.cascade import Cascade
from splitter.schema import Schema, TableName
from splitter.sql import load_queries
from splitter.tombstone_triggers import FUNCTION_KINDS, ParentTrigger, find_triggers, function_name, quoted_body

_SQL = load_queries("outbox.sql")


def render_outbox() -> str:
    """The registry and the outbox, in the database of the parents."""
    return _SQL["outbox"]


def render_registration(cascade: Cascade) -> str:
    """Tells the worker; what was registered under the name before is replaced."""
    return _registry("register", cascade)


def render_registration_removal(cascade: Cascade) -> str:
    return _registry("unregister", cascade)


def render_registration_precondition(cascade: Cascade) -> str:
    """True while the registry does not say what the cascade says."""
    return _registry("is_unregistered", cascade)


def render_registration_removal_precondition(cascade: Cascade) -> str:
    """True while the registry knows it."""
    return _registry("is_registered", cascade)


def _registry(query: str, cascade: Cascade) -> str:
    values = {
        "child": sql.Literal(str(cascade.child)),
        "name": sql.Literal(cascade.name),
        "columns": _array(cascade.columns),
        "parent": sql.Literal(str(cascade.parent)),
        "parent_columns": _array(cascade.parent_columns),
        "on_delete": sql.Literal(cascade.on_delete.value),
        "delete_columns": _array(cascade.delete_columns),
        "on_update": sql.Literal(cascade.on_update.value),
        "type_column": _nullable(cascade.type_column),
        "type_value": _nullable(cascade.type_value),
        "lane_column": _nullable(cascade.lane_column),
        "definition": sql.Literal(cascade.definition),
    }
    return sql.SQL(_SQL[query]).format(**values).as_string()


def _array(texts: Iterable[str]) -> sql.Composed:
    return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(map(sql.Literal, texts)))


def _nullable(text: str | None) -> sql.Composed:
    return sql.SQL("{}::text").format(sql.Literal(text))


def trigger_tables(schema: Schema, parent: TableName) -> tuple[TableName, ...]:
    """The tables that ``render_triggers`` locks (SHARE ROW EXCLUSIVE), in its order: the parent, then its partitions of every level."""
    below = [name for name, table in schema.tables.items() if table.partition_of == parent]
    return (parent, *(name for child in below for name in trigger_tables(schema, child)))


def render_triggers(schema: Schema, parent: TableName, cascades: Iterable[Cascade]) -> str:
    """The functions and triggers that these cascades of ``parent`` need, on all its partitions; what no cascade needs is removed.

    ``cascades`` are all that there are for the parent, those of earlier plans too. Partitions are looked up when it runs.
    """
    wanted = find_triggers(schema.tables[parent], tuple(cascades))
    parts = [_do(sql.SQL(_SQL["may_write"]))] if wanted else []
    parts += [_removal(parent, kept=wanted)]
    for trigger in wanted:
        parts += [trigger.create_function(), _on_every_partition(parent, trigger.create())]
    return ";\n".join(part.as_string() for part in parts)


def render_triggers_precondition(schema: Schema, parent: TableName, cascades: Iterable[Cascade]) -> str:
    """True while a trigger is missing or of another making, or one is there that none of them needs; null where the parent is gone."""
    wanted = find_triggers(schema.tables[parent], tuple(cascades))
    rows = [sql.SQL("({}, {}, {})").format(*map(sql.Literal, (each.function, each.name, each.body))) for each in wanted]
    listed = sql.SQL("VALUES {}").format(sql.SQL(", ").join(rows)) if rows else sql.SQL("SELECT ''::text, ''::text, ''::text WHERE false")
    slots = {"table": sql.Literal(_name(parent).as_string()), "functions": _functions(parent), "wanted": listed}
    return sql.SQL(_SQL["are_triggers_missing"]).format(**slots).as_string()


def render_triggers_removal(parent: TableName) -> str:
    """Takes the triggers from the parent and its partitions, also from those that are no longer attached, and drops the functions."""
    return _removal(parent).as_string()


def render_triggers_removal_precondition(parent: TableName) -> str:
    """True while a function of the parent's triggers is there."""
    return sql.SQL(_SQL["are_triggers_there"]).format(functions=_functions(parent)).as_string()


def _removal(parent: TableName, kept: Iterable[ParentTrigger] = ()) -> sql.Composed:
    return _do(sql.SQL(_SQL["remove_triggers"]).format(functions=_functions(parent, {each.function for each in kept})))


def _functions(parent: TableName, kept: Iterable[str] = ()) -> sql.Composed:
    return _array(name for name in (function_name(parent, kind) for kind in FUNCTION_KINDS) if name not in set(kept))


def _on_every_partition(parent: TableName, create: tuple[sql.Composable, sql.Composable]) -> sql.Composed:
    """``create`` is what stands before and after the table's name."""
    before, after = (sql.Literal(part.as_string()) for part in create)
    return _do(sql.SQL(_SQL["on_every_partition"]).format(table=sql.Literal(_name(parent).as_string()), before=before, after=after))


def _do(body: sql.Composable) -> sql.Composed:
    return sql.SQL("DO {}").format(quoted_body(body.as_string()))


def _name(table: TableName) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name)
