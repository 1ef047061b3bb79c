"""The swap: one short transaction in which every twin of a component takes the other's name and place. The way back is its mirror.

All statements are known beforehand, nothing in it reads a table, save materialized views that are filled again (small ones only).
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from splitter.dependents import IndexFacts, WideColumn
from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, name_of, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.names import Side, twin_name, wanted
from splitter.plans.widen_ids.prepare import (
    check_temporary,
    index_temporary,
    key_temporary,
    not_null_temporary,
    prepare,
    proof_temporary,
    statistics_temporary,
)
from splitter.plans.widen_ids.sequences import audit_values, fed, identity_text, range_text
from splitter.plans.widen_ids.twin import render_function
from splitter.schema import TableName
from splitter.steps import Lock, Step

_GUARD = """DO {body}"""
_GUARD_BODY = """BEGIN
    IF ({count}) <> {expected} THEN
        RAISE EXCEPTION 'what depends on the columns has changed since the plan was made'
            USING HINT = 'undo the plan, and make it anew';
    END IF;
END"""


def swap_step(component: Component, count: str, expected: int) -> Step:
    """``count``: the query of how many things depend on the columns, ``expected`` its answer."""
    body = sql.SQL(_GUARD_BODY).format(count=sql.SQL(count), expected=sql.Literal(expected))
    guard = sql.SQL(_GUARD).format(body=sql.Literal(body.as_string())).as_string()
    back = (*audit_values(component), *prepare(component, Side.NARROW), _step(component, Side.NARROW, "", None))
    return _step(component, Side.WIDE, guard, back)


def _step(component: Component, side: Side, guard: str, undo: tuple[Step, ...] | None) -> Step:
    statements = [*([guard] if guard else []), *_Swap(component, side).statements()]
    text = sql.SQL(";\n".join(statements))
    return Step(
        purpose=f"{', '.join(map(str, component.tables))}: the {side.value} columns have the names",
        sql=under_lock(component.schema, component.locked, Lock.ACCESS_EXCLUSIVE, text),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=component.locked,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="all these tables wait for a moment; prepared statements that return the columns have to be prepared anew",
        undo=undo,
        precondition=wanted(component.columns[0], side, sql.SQL("true")),
    )


def _text(template: str, *parts: sql.Composable) -> str:
    return sql.SQL(template).format(*parts).as_string()


class _Swap:
    def __init__(self, component: Component, side: Side) -> None:
        self.component = component
        self.found = component.found
        self.side = side

    def statements(self) -> Iterator[str]:
        yield from (bound.drop for bound in self.component.bound)
        yield from self._drop()
        for column in self.component.columns:
            yield from self._hand_over(column)
        yield from self._rename()
        for index in self.found.indexes:
            yield from self._index(index)
        yield from self._names()
        for table in self.component.tables:
            yield render_function(self.component, table, self.side).as_string()
        yield from self._settings()
        yield from (text for bound in reversed(self.component.bound) for text in bound.create)
        yield from dict.fromkeys(statement for _, statement in self.found.touched)

    def _alter(self, table: TableName, template: str, *names: str) -> str:
        return _text(f"ALTER TABLE ONLY {{}} {template}", name_of(table), *map(sql.Identifier, names))

    def _drop(self) -> Iterator[str]:
        """Whatever holds the columns that lose their names."""
        for key in self.component.keys:
            yield self._alter(key.table, "DROP CONSTRAINT {}", key.name)
        for table in self.component.tables:
            yield self._alter(table, "DROP CONSTRAINT {}", proof_temporary(table, self.side))
        for check in self.found.checks:
            yield self._alter(check.table, "DROP CONSTRAINT {}", check.name)
        for index in self.found.indexes:
            if index.constraint:
                yield self._alter(index.table, "DROP CONSTRAINT {}", index.name.name)
            else:
                yield _text("DROP INDEX {}", name_of(index.name))
        for one in self.found.statistics:
            yield _text("DROP STATISTICS {}", name_of(one.name))

    def _hand_over(self, column: WideColumn) -> Iterator[str]:
        """Default and identity: on one of them only, or every row takes two ids."""
        twin = twin_name(column, self.side)
        if column.identity:
            yield identity_text(column, self.side).removesuffix(";")
        elif column.default is not None:
            yield self._alter(column.table, "ALTER COLUMN {} DROP DEFAULT", column.name)
            default = sql.SQL(column.default)
            yield _text("ALTER TABLE ONLY {} ALTER COLUMN {} SET DEFAULT {}", name_of(column.table), sql.Identifier(twin), default)
        if column.not_null:
            yield self._alter(column.table, "ALTER COLUMN {} DROP NOT NULL", column.name)

    def _rename(self) -> Iterator[str]:
        for column in self.component.columns:
            yield self._alter(column.table, "RENAME COLUMN {} TO {}", column.name, twin_name(column, self.side.other))
            yield self._alter(column.table, "RENAME COLUMN {} TO {}", twin_name(column, self.side), column.name)

    def _index(self, index: IndexFacts) -> Iterator[str]:
        name = index_temporary(index, self.side)
        if index.constraint:
            kind = "PRIMARY KEY" if index.constraint == "p" else "UNIQUE"
            yield self._alter(index.table, f"ADD CONSTRAINT {{}} {kind} USING INDEX {{}}", index.name.name, name.name)
        else:
            yield _text("ALTER INDEX {} RENAME TO {}", name_of(name), sql.Identifier(index.name.name))
        if index.clustered:
            yield self._alter(index.table, "CLUSTER ON {}", index.name.name)
        if index.replica_identity:
            yield self._alter(index.table, "REPLICA IDENTITY USING INDEX {}", index.name.name)
        if index.comment is not None:
            yield _text("COMMENT ON INDEX {} IS {}", name_of(index.name), sql.Literal(index.comment))
        if index.constraint_comment is not None:
            yield self._comment(index.table, index.name.name, index.constraint_comment)

    def _comment(self, table: TableName, name: str, comment: str) -> str:
        return _text("COMMENT ON CONSTRAINT {} ON {} IS {}", sql.Identifier(name), name_of(table), sql.Literal(comment))

    def _names(self) -> Iterator[str]:
        """Of everything that was made beside the old one."""
        renames = [(check.table, check_temporary(check, self.side), check.name, check.comment) for check in self.found.checks]
        renames += [
            (key.table, key_temporary(key, self.side), key.name, self.found.comments.get((key.table, key.name)))
            for key in self.component.keys
        ]
        for table, old, new, comment in renames:
            yield self._alter(table, "RENAME CONSTRAINT {} TO {}", old, new)
            if comment is not None:
                yield self._comment(table, new, comment)
        for column in self.component.columns:
            yield from self._not_null_name(column)
        for one in self.found.statistics:
            made = statistics_temporary(one, self.side)
            yield _text("ALTER STATISTICS {} RENAME TO {}", name_of(made), sql.Identifier(one.name.name))
            if one.comment is not None:
                yield _text("COMMENT ON STATISTICS {} IS {}", name_of(one.name), sql.Literal(one.comment))

    def _not_null_name(self, column: WideColumn) -> Iterator[str]:
        if not column.not_null or column.not_null_name is None:
            return
        made = not_null_temporary(column, self.side)
        yield self._alter(column.table, "RENAME CONSTRAINT {} TO {}", made, column.not_null_name)
        if column.not_null_comment is not None:
            yield self._comment(column.table, column.not_null_name, column.not_null_comment)

    def _settings(self) -> Iterator[str]:
        for column in self.component.columns:
            yield from column.settings if self.side is Side.WIDE else ()
        for column, known in fed(self.component):
            if not column.identity:
                yield from filter(None, [range_text(column, known, self.side).removesuffix(";")])
            if known.owned and not column.identity:
                yield _text("ALTER SEQUENCE {} OWNED BY {}.{}", name_of(known.name), name_of(column.table), sql.Identifier(column.name))
