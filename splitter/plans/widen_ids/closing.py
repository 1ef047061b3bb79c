"""After the swap: nothing is left of an undo that was begun; and, when somebody says so, the narrow columns go for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psycopg import sql

from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, name_of, regclass, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.domains import Domains
from splitter.plans.widen_ids.indexes import index_temporary
from splitter.plans.widen_ids.keys import key_temporary
from splitter.plans.widen_ids.late_keys import goes_before
from splitter.plans.widen_ids.names import Side, twin_name, wanted
from splitter.plans.widen_ids.prepare import check_temporary, proof_temporary
from splitter.plans.widen_ids.replaced_views import finish_views
from splitter.plans.widen_ids.step_maker import constraint_exists
from splitter.plans.widen_ids.twin import has_column, has_trigger, render_removal, replace_undo
from splitter.schema import TableName
from splitter.steps import Lock, Stage, Step

_NOT_NULL = """EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass({table})
    AND a.attname = ANY ({columns}) AND a.attnotnull AND NOT a.attisdropped)"""
_INDEXED = "pg_catalog.to_regclass({index}) IS NOT NULL"


def leftover_steps(component: Component) -> Iterator[Step]:
    """What an undo had made that went no further: proofs would refuse the first id that is too large for the narrow column."""
    for table in component.tables:
        yield _step(component, table, *_leftover(component, table))
    yield from Domains(component, Side.NARROW).clear()


def _leftover(component: Component, table: TableName) -> tuple[list[sql.Composable], list[sql.Composable]]:
    """Statements, and the conditions of which any tells that they are needed."""
    side = Side.NARROW
    constraints = [(table, proof_temporary(table, side)), *_constraints(component, table, side)]
    keys = [key for key in component.keys if table in (key.table, key.target) and goes_before(component, key)]
    constraints += [(key.table, key_temporary(key, side)) for key in keys]
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}")
    statements: list[sql.Composable] = [drop.format(component.whole(owner), sql.Identifier(name)) for owner, name in constraints]
    conditions: list[sql.Composable] = [constraint_exists(owner, name) for owner, name in constraints]
    held = [column for column in (*component.of(table), *component.generated(table)) if column.not_null]
    columns = [twin_name(column, side) for column in held if not component.in_tree(table)]
    alters = [sql.SQL("ALTER COLUMN {} DROP NOT NULL").format(sql.Identifier(name)) for name in columns]
    if alters:
        statements.append(sql.SQL("ALTER TABLE ONLY {} {}").format(name_of(table), sql.SQL(", ").join(alters)))
        conditions.append(sql.SQL(_NOT_NULL).format(table=regclass(table), columns=sql.Literal(columns)))
    for index in (index for index in component.found.indexes if index.table == table and not (index.needs_lock or index.temporal)):
        name = index_temporary(index, side)
        statements.append(sql.SQL("DROP INDEX IF EXISTS {}").format(name_of(name)))
        conditions.append(sql.SQL(_INDEXED).format(index=regclass(name)))
    return statements, conditions


def _constraints(component: Component, table: TableName, side: Side) -> Iterator[tuple[TableName, str]]:
    """Of the twins, but for foreign keys; an inherited check goes with its parent's."""
    yield from ((table, check_temporary(one, side)) for one in component.found.checks if one.table == table and one.local)
    yield from ((table, index_temporary(one, side).name) for one in component.found.indexes if one.table == table and one.needs_lock)


def _step(component: Component, table: TableName, statements: list[sql.Composable], conditions: list[sql.Composable]) -> Step:
    swapped = wanted(component.of(table)[0], Side.NARROW, sql.SQL("({})").format(sql.SQL(" OR ").join(conditions)))
    keys = [key for key in component.keys if table in (key.table, key.target)]
    others = {end for key in keys for end in (key.table, key.target)}
    tables = tuple(name for name in component.locked if name in others or name == table) or (table,)
    return Step(
        purpose=f"{table}: nothing left of an undo that was begun",
        sql=under_lock(component.schema, dict.fromkeys((*tables, table)), Lock.ACCESS_EXCLUSIVE, sql.SQL(";\n").join(statements)),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=component.reached((*tables, table)),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        undo=(),
        precondition=swapped,
    )


def finish_steps(component: Component) -> Iterator[Step]:
    yield from finish_views(component)
    for tree in component.trees:
        column = component.of(tree[0])[0]
        there = sql.SQL("({} OR {})").format(has_trigger(tree[0]), has_column(tree[0], twin_name(column, Side.NARROW)))
        gone = replace_undo(render_removal(component, tree, Side.NARROW), tree, wanted(column, Side.NARROW, there))
        yield replace(gone, purpose=f"{tree[0]}: the narrow columns are gone, for good", stage=Stage.FINISH)
    yield from Domains(component, Side.NARROW).finish()
