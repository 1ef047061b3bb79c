"""What the steps that prepare a swap have in common: how they lock, and how they see whether they are still to be done."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, PATIENT_MS, regclass, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.names import Side, wanted
from splitter.schema import TableName
from splitter.steps import Lock, Step

_CONSTRAINT = """EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass({table}) AND k.conname = {name}{more})"""


def constraint_exists(table: TableName, name: str, more: str = "") -> sql.Composed:
    return sql.SQL(_CONSTRAINT).format(table=regclass(table), name=sql.Literal(name), more=sql.SQL(more))


def negated(condition: sql.Composable) -> sql.Composed:
    return sql.SQL("NOT {}").format(condition)


class StepMaker:
    """For the twins of one side of a component; ``done``: the swap that gives them the names is behind."""

    def __init__(self, component: Component, side: Side, *, done: bool = False) -> None:
        self.component = component
        self.schema = component.schema
        self.side = side
        self.done = done

    def wanted(self, table: TableName, condition: sql.Composable) -> str:
        columns = self.component.of(table) or (self.component.first,)
        return wanted(columns[0], self.side.other if self.done else self.side, condition)

    def renamed(self, table: TableName, text: str) -> sql.SQL:
        return self.component.twin_text(table, text, self.side)

    def parts(self, table: TableName, parts: Iterable[sql.Composable]) -> sql.Composed:
        return sql.SQL("ALTER TABLE {} {}").format(self.component.parts(table), sql.SQL(", ").join(parts))

    def whole(self, table: TableName, parts: Iterable[sql.Composable]) -> sql.Composed:
        return sql.SQL("ALTER TABLE {} {}").format(self.component.whole(table), sql.SQL(", ").join(parts))

    def alter(
        self,
        table: TableName,
        purpose: str,
        statement: sql.Composable,
        condition: sql.Composable,
        undo: tuple[Step, ...] | None,
        locked: tuple[TableName, ...] = (),
    ) -> Step:
        tables = tuple(dict.fromkeys(locked or (table,)))
        return Step(
            purpose=purpose,
            sql=under_lock(self.schema, tables, Lock.ACCESS_EXCLUSIVE, statement),
            lock=Lock.ACCESS_EXCLUSIVE,
            tables=self.component.reached(tables),
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=LOCK_BUDGET_MS,
            hazard="readers and writers wait for a moment",
            undo=undo,
            precondition=self.wanted(table, condition),
        )

    def validate(self, table: TableName, name: str) -> Step:
        return Step(
            purpose=f"{name} of {table} proved",
            sql=self.whole(table, [sql.SQL("VALIDATE CONSTRAINT {}").format(sql.Identifier(name))]).as_string(),
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            tables=self.component.reached((table,)),
            lock_timeout_ms=PATIENT_MS,
            statement_timeout_ms=0,
            hazard="reads the table",
            undo=(),
            precondition=self.wanted(table, constraint_exists(table, name, " AND NOT k.convalidated")),
        )
