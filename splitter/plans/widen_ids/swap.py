"""The swap: one short transaction in which every twin of a component, or a part of it, takes the other's name and place; and its mirror.

All statements are known beforehand, nothing in it reads a table, save materialized views that are filled again (small ones only: others
take the place of large ones).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from psycopg import sql

from splitter.dependents import IndexFacts, WideColumn
from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, name_of, regclass
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.domains import Domains, audit_domains, refuses_null
from splitter.plans.widen_ids.indexes import index_temporary
from splitter.plans.widen_ids.keys import key_temporary, named_texts, swapped_keys
from splitter.plans.widen_ids.late_keys import add_changes, added_comments, drop_changes, late_steps
from splitter.plans.widen_ids.names import Side, named, twin_name, wanted
from splitter.plans.widen_ids.prepare import (
    NAMED_NOT_NULL,
    check_temporary,
    not_null_temporary,
    prepare,
    proof_temporary,
    statistics_temporary,
)
from splitter.plans.widen_ids.replaced_views import swap_under_lock
from splitter.plans.widen_ids.sequences import audit_values, fed, identity_text, sequence_texts
from splitter.plans.widen_ids.twin import exchange_columns, render_function
from splitter.schema import TableName
from splitter.steps import Action, Lock, Step

_GUARD = """DO {body}"""
_GUARD_BODY = """BEGIN
    IF ({count}) <> {expected} THEN
        RAISE EXCEPTION 'what depends on the columns has changed since the plan was made'
            USING HINT = 'undo the plan, and make it anew';
    END IF;
END"""


_STRANGERS = """SELECT k.oid::pg_catalog.regclass::text, 'is a partition or child of ' || i.inhparent::pg_catalog.regclass::text
    || ' that came after the plan was made'
FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS k ON k.oid = i.inhrelid
WHERE i.inhparent IN (SELECT pg_catalog.to_regclass(w.name) FROM (VALUES {tables}) AS w (name))
  AND NOT EXISTS (SELECT FROM (VALUES {tables}) AS w (name) WHERE pg_catalog.to_regclass(w.name) = k.oid)"""
_STRANGERS_REMEDY = "DETACH it, undo, make its columns what those of the others are, and ATTACH it again"


def swap_step(component: Component, count: str, expected: int) -> Step:
    """``count``: the query of how many things depend on the columns, ``expected`` its answer."""
    body = sql.SQL(_GUARD_BODY).format(count=sql.SQL(count), expected=sql.Literal(expected))
    guard = sql.SQL(_GUARD).format(body=sql.Literal(body.as_string())).as_string()
    swapped_back = _step(component, Side.NARROW, "", None)
    proved_back = (replace(step, undo=None) for step in late_steps(component, Side.NARROW))
    asked = (*_audit_strangers(component), *audit_domains(component), *audit_values(component))
    back = (*asked, *prepare(component, Side.NARROW), swapped_back, *proved_back)
    return _step(component, Side.WIDE, guard, back)


def _audit_strangers(component: Component) -> Iterator[Step]:
    """The way back is made of the tables that the plan knows."""
    tables = [table for table in component.tables if component.in_tree(table)]
    if tables:
        values = sql.SQL(", ").join(sql.SQL("({})").format(regclass(table)) for table in tables)
        yield Step(
            purpose=f"{named(tables)}: no partition or child that came after the plan was made",
            sql=sql.SQL(_STRANGERS).format(tables=values).as_string(),
            lock=Lock.NONE,
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=60_000,
            action=Action.AUDIT,
            remedy=_STRANGERS_REMEDY,
            undo=None,
            precondition=wanted(component.first, Side.NARROW, sql.SQL("true")),
        )


def _step(component: Component, side: Side, guard: str, undo: tuple[Step, ...] | None) -> Step:
    statements = [*([guard] if guard else []), *_Swap(component, side).statements()]
    ends = (end for key in swapped_keys(component, side) for end in (key.target, key.table))
    locked = tuple(dict.fromkeys((*component.locked, *ends)))
    return Step(
        purpose=f"{named(component.tables)}: the {side.value} columns have the names",
        sql=swap_under_lock(component, side, locked, statements),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=(*component.views, *component.reached(locked)),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard=f"all these tables wait {_while(component)}; prepared statements that return the columns have to be prepared anew",
        undo=undo,
        precondition=wanted(component.first, side, sql.SQL("true")),
    )


def _while(component: Component) -> str:
    works = [f"{index.name.name} is built" for index in component.found.indexes if index.temporal]
    works += [f"domain {domain.name} is proved" for domain in component.domains if refuses_null(domain)]
    return f"while {', '.join(works)}" if works else "for a moment"


def _text(template: str, *parts: sql.Composable) -> str:
    return sql.SQL(template).format(*parts).as_string()


@dataclass(frozen=True, slots=True)
class _Part:
    """What follows ALTER TABLE and the table."""

    table: str
    change: str

    def __str__(self) -> str:
        return f"ALTER TABLE {self.table} {self.change}"


def _merged(parts: Iterable[str | _Part]) -> Iterator[str]:
    """Those of one table that follow each other are one statement: the server reads the table's catalog anew for each."""
    for table, group in groupby(parts, key=lambda part: part.table if isinstance(part, _Part) else None):
        if table is None:
            yield from map(str, group)
        else:
            yield f"ALTER TABLE {table} {', '.join(part.change for part in group if isinstance(part, _Part))}"


def _is_added(index: IndexFacts) -> bool:
    """Whether an index that was built beside becomes the constraint's in the swap."""
    return index.constraint is not None and not (index.needs_lock or index.partitioned or index.temporal)


class _Swap:
    def __init__(self, component: Component, side: Side) -> None:
        self.component = component
        self.found = component.found
        self.side = side
        self.keys = swapped_keys(component, side)

    def statements(self) -> Iterator[str]:
        return _merged(self._parts())

    def _parts(self) -> Iterator[str | _Part]:
        yield from (bound.drop for bound in self.component.bound)
        domains = Domains(self.component, self.side)
        yield from self._drop_keys()
        yield from self._drop_apart()
        yield from domains.exchange()
        for tree in self.component.trees:
            yield from self._take_over(tree)
        yield from exchange_columns(self.component, self.component.tables, self.side)
        yield from domains.close()
        for index in sorted(self.found.indexes, key=self._depth, reverse=True):
            yield from self._index(index)
        yield from (self._alter_parts(table, change) for table, change in add_changes(self.component))
        yield from added_comments(self.component)
        yield from self._names()
        yield "SET LOCAL check_function_bodies = off"  # they are short, and the tables wait
        for table in self.component.triggered:
            yield render_function(self.component, table, self.side).as_string()
        yield from self._settings()
        yield from (text for bound in reversed(self.component.bound) for text in bound.create)
        yield from dict.fromkeys(statement for _, statement in self.found.touched)

    def _take_over(self, tree: tuple[TableName, ...]) -> Iterator[str | _Part]:
        """Of a table that stands alone it is one statement."""
        for table in tree:
            yield from self._drop(table)
        for table in tree:
            for column in (*self.component.of(table), *self.component.generated(table)):
                yield from self._hand_over(column)
        for table in tree:
            if table in self.component.holders:
                yield self._alter(table, "DROP CONSTRAINT {}", proof_temporary(table, self.side))
        for table in tree:
            if not self.component.in_tree(table):
                yield from (self._add(index) for index in self.found.indexes if index.table == table and _is_added(index))

    def _depth(self, index: IndexFacts) -> int:
        """How many indexes it hangs under."""
        above = next((other for other in self.found.indexes if other.name == index.parent), None)
        return 1 + self._depth(above) if above is not None else 0

    def _alter(self, table: TableName, template: str, *names: str) -> _Part:
        """Parts are merged: RENAME, which stands alone, is no part."""
        return _Part(_text("ONLY {}", name_of(table)), _text(template, *map(sql.Identifier, names)))

    def _alter_whole(self, table: TableName, template: str, *names: str) -> _Part:
        return _Part(self.component.whole(table).as_string(), _text(template, *map(sql.Identifier, names)))

    def _alter_parts(self, table: TableName, change: str) -> _Part:
        return _Part(self.component.parts(table).as_string(), change)

    def _drop_keys(self) -> Iterator[str | _Part]:
        yield from (self._alter_parts(table, change) for table, change in drop_changes(self.component))
        for key in self.keys:
            yield self._alter(key.table, "DROP CONSTRAINT {}", key.name)

    def _drop_apart(self) -> Iterator[str]:
        """What is no part of its table; of a partitioned table, with what hangs under it."""
        indexes = [name_of(index.name) for index in self.found.indexes if index.parent is None and index.constraint is None]
        if indexes:
            yield _text("DROP INDEX {}", sql.SQL(", ").join(indexes))
        if self.found.statistics:
            yield _text("DROP STATISTICS {}", sql.SQL(", ").join(name_of(one.name) for one in self.found.statistics))

    def _drop(self, table: TableName) -> Iterator[_Part]:
        """The constraints that hold the columns that lose their names."""
        for check in self.found.checks:
            if check.table == table and check.local:
                yield self._alter_whole(table, "DROP CONSTRAINT {}", check.name)
        for index in self.found.indexes:
            if index.table == table and index.parent is None and index.constraint:
                yield self._alter_whole(table, "DROP CONSTRAINT {}", index.name.name)

    def _hand_over(self, column: WideColumn) -> Iterator[str | _Part]:
        """Default and identity: on one of them only, or every row takes two ids."""
        twin = twin_name(column, self.side)
        not_null = list(self._not_null(column))
        if column.identity:
            between = [str(part) for part in not_null] if self.component.in_tree(column.table) else []
            yield identity_text(self.component, column, self.side, between).removesuffix(";")
        elif column.default is not None:
            yield self._alter(column.table, "ALTER COLUMN {} DROP DEFAULT", column.name)
            default = _text("ALTER COLUMN {} SET DEFAULT {}", sql.Identifier(twin), sql.SQL(column.default))
            yield _Part(_text("ONLY {}", name_of(column.table)), default)
        if not (column.identity and self.component.in_tree(column.table)):
            yield from not_null

    def _not_null(self, column: WideColumn) -> Iterator[_Part]:
        """Where a column is inherited, NOT NULL may be as well: it is set here, by the proof, in all tables that have it."""
        if not self.component.in_tree(column.table):
            yield from [self._alter(column.table, "ALTER COLUMN {} DROP NOT NULL", column.name)] if column.not_null else []
        elif not column.inherited:
            tables = self.component.below(column.table)
            below = [one for table in tables for one in self.component.columns if (one.table, one.name) == (table, column.name)]
            tree = [one for one in below if one.not_null]
            yield from (self._alter_whole(one.table, "ALTER COLUMN {} DROP NOT NULL", one.name) for one in tree)
            yield from (text for one in reversed(tree) for text in self._set_not_null(one))

    def _set_not_null(self, column: WideColumn) -> Iterator[_Part]:
        twin = twin_name(column, self.side)
        if self.component.schema.server_version < NAMED_NOT_NULL:
            yield self._alter_parts(column.table, _text("ALTER COLUMN {} SET NOT NULL", sql.Identifier(twin)))
        elif column.not_null_name is not None and self._is_own(column, column.not_null_name):
            yield self._alter_whole(column.table, "ADD CONSTRAINT {} NOT NULL {}", column.not_null_name, twin)

    def _is_own(self, column: WideColumn, name: str) -> bool:
        """Whether it would not be there, or have another name, were it left to the parent's."""
        return column.not_null_local or name not in self.component.not_nulls_above(column)

    def _add(self, index: IndexFacts) -> _Part:
        kind = "PRIMARY KEY" if index.constraint == "p" else "UNIQUE"
        return self._alter(
            index.table, f"ADD CONSTRAINT {{}} {kind} USING INDEX {{}}", index.name.name, index_temporary(index, self.side).name
        )

    def _index(self, index: IndexFacts) -> Iterator[str | _Part]:
        name = index_temporary(index, self.side)
        if index.needs_lock:
            yield str(self._alter(index.table, "RENAME CONSTRAINT {} TO {}", name.name, index.name.name))
        elif index.constraint and (index.partitioned or index.temporal):
            definition = sql.SQL(index.definition or "")
            if index.tablespace is not None:
                yield _text("SET LOCAL default_tablespace = {}", sql.Identifier(index.tablespace))
            yield _text("ALTER TABLE {} ADD CONSTRAINT {} {}", name_of(index.table), sql.Identifier(index.name.name), definition)
            if index.tablespace is not None:
                yield "SET LOCAL default_tablespace TO DEFAULT"
            if index.options:
                yield _text("ALTER INDEX {} SET ({})", name_of(index.name), sql.SQL(", ".join(index.options)))
        elif index.constraint:
            yield from [self._add(index)] if self.component.in_tree(index.table) else []
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
        checks = [check for check in self.found.checks if not check.inherited]
        for check in checks:
            yield str(self._alter_whole(check.table, "RENAME CONSTRAINT {} TO {}", check_temporary(check, self.side), check.name))
        for key in self.keys:
            yield str(self._alter(key.table, "RENAME CONSTRAINT {} TO {}", key_temporary(key, self.side), key.name))
            yield from named_texts(self.component, key)
        for check in self.found.checks:
            if check.comment is not None:
                yield self._comment(check.table, check.name, check.comment)
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
        if not self.component.in_tree(column.table):
            made = not_null_temporary(column, self.side)
            yield str(self._alter(column.table, "RENAME CONSTRAINT {} TO {}", made, column.not_null_name))
        if column.not_null_comment is not None:
            yield self._comment(column.table, column.not_null_name, column.not_null_comment)

    def _settings(self) -> Iterator[str]:
        for column in self.component.columns:
            yield from column.settings if self.side is Side.WIDE else ()
        for column, known in fed(self.component):
            if not column.identity:
                yield from sequence_texts(column, known, self.side)
