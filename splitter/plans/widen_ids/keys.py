"""Foreign keys between the twins: added, proved, and, where nothing stands against it, put in the others' place before the swap.

Twins are equal by then, so that either key lets the same rows in. What refers to each other by such keys need not swap at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psycopg import sql

from splitter.dependents import WideColumn
from splitter.plans.foreign_keys import regclass, render_definition, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.late_keys import comment_texts, is_late
from splitter.plans.widen_ids.names import Side, temporary, twin_name
from splitter.plans.widen_ids.step_maker import StepMaker, constraint_exists, negated
from splitter.schema import ForeignKey, TableName
from splitter.steps import Lock, Step

_ON_TWINS = """EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_attribute AS a ON (a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
      OR (a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey))
    WHERE k.conrelid = pg_catalog.to_regclass({child}) AND k.conname = {name} AND a.attname = {twin}
      AND a.attrelid = pg_catalog.to_regclass({table}))"""


def key_temporary(key: ForeignKey, side: Side) -> str:
    return temporary(side, "key", key.table, key.name)


def goes_before(component: Component, key: ForeignKey) -> bool:
    """Whether it is the twins' before the swap. SET DEFAULT finds a default on the column alone that has the name; and of what an action
    writes to a twin the application's own triggers would not hear."""
    if is_late(component, key) or "d" in (key.on_delete, key.on_update):
        return False
    written = {column.name for column in component.of(key.table)} & set(key.columns) if writes_children(key) else set()
    return not written or not any(
        (trigger.row and trigger.before and "update" in trigger.events) or set(trigger.columns) & written
        for trigger in component.schema.tables[key.table].triggers
    )


def writes_children(key: ForeignKey) -> bool:
    """Whether an action of it changes the columns that refer."""
    return key.on_delete == "n" or key.on_update in ("c", "n")


def written_by_actions(component: Component, table: TableName) -> frozenset[str]:
    """Columns whose twins a foreign key's action writes, before the swap."""
    keys = [key for key in component.keys if key.table == table and writes_children(key) and goes_before(component, key)]
    return frozenset(column for key in keys for column in key.columns)


def is_home(component: Component, key: ForeignKey) -> bool:
    """Whether a part has the columns by whose side the key goes: those that it refers to, where they are widened, or else its own."""
    theirs = [(key.target, name) for name in key.target_columns]
    return not component.elsewhere & set(theirs) and _told_by(component, key) is not None


def _told_by(component: Component, key: ForeignKey) -> WideColumn | None:
    places = [(key.target, name) for name in key.target_columns] + [(key.table, name) for name in key.columns]
    found = {(column.table, column.name): column for column in component.columns if column.table in (key.table, key.target)}
    return next((found[place] for place in places if place in found), None)


def swapped_keys(component: Component, side: Side) -> tuple[ForeignKey, ...]:
    """Those that change over in the swap itself: on the way back all that need no more than that."""
    return tuple(
        key
        for key in component.keys
        if not is_late(component, key) and is_home(component, key) and (side is Side.NARROW or not goes_before(component, key))
    )


class Keys(StepMaker):
    def steps(self) -> Iterator[Step]:
        early = {key for key in self.component.keys if self.side is Side.WIDE and goes_before(self.component, key)}
        swapped = set(swapped_keys(self.component, self.side))
        for key in self.component.keys:
            if key in early or key in swapped:
                twin = self.component.twin_key(key, self.side, key_temporary(key, self.side))
                shown = f"foreign key {key.name} of {key.table} between the twins, not yet proved"
                yield from self._proved(key, twin, shown, negated(self._on_twins(key)) if key in early else None)
            if key in early:
                yield self._taken_over(key)
        for table in self.component.locked:
            mine = [key for key in self.component.keys if key.table == table and key in early]
            if mine:
                yield self._nothing_left(table, mine)

    def _proved(self, key: ForeignKey, made: ForeignKey, shown: str, more: sql.Composable | None) -> Iterator[Step]:
        """``made``: the key to be added, under a name of its own."""
        there = constraint_exists(key.table, made.name)
        add = sql.SQL("ADD CONSTRAINT {} {}").format(sql.Identifier(made.name), sql.SQL(render_definition(replace(made, validated=False))))
        drop = self.parts(key.table, [sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(made.name))])
        gone = self._alter(key, f"no foreign key {made.name}", drop, there, None)
        missing = negated(there) if more is None else sql.SQL("{} AND {}").format(negated(there), more)
        step = self._alter(key, shown, self.parts(key.table, [add]), missing, (gone,))
        statement = under_lock(self.schema, self._both(key), Lock.SHARE_ROW_EXCLUSIVE, self.parts(key.table, [add]))
        yield replace(step, sql=statement, lock=Lock.SHARE_ROW_EXCLUSIVE, hazard="writers wait for a moment")
        if key.validated and key.enforced:
            unproved = constraint_exists(key.table, made.name, " AND NOT k.convalidated")
            yield replace(self.validate(key.table, made.name), precondition=self._asked(key, unproved))

    def _taken_over(self, key: ForeignKey) -> Step:
        narrow = replace(key, name=key_temporary(key, Side.NARROW))
        shown = f"foreign key {key.name} of {key.table}, beside that of the twins, not yet proved"
        back = [replace(each, undo=None) for each in self._proved(key, narrow, shown, self._on_twins(key))]
        back.append(self._renamed(key, narrow.name, f"foreign key {key.name} of {key.table} is not the twins'", None))
        return self._renamed(
            key, key_temporary(key, Side.WIDE), f"foreign key {key.name} of {key.table} is the twins', which are equal", tuple(back)
        )

    def _renamed(self, key: ForeignKey, made: str, shown: str, undo: tuple[Step, ...] | None) -> Step:
        drop = sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(key.name))
        rename = sql.SQL("RENAME CONSTRAINT {} TO {}").format(sql.Identifier(made), sql.Identifier(key.name))
        texts = [self.parts(key.table, [drop]), self.parts(key.table, [rename]), *map(sql.SQL, comment_texts(self.component, key))]
        return self._alter(key, shown, sql.SQL(";\n").join(texts), constraint_exists(key.table, made), undo)

    def _nothing_left(self, table: TableName, keys: list[ForeignKey]) -> Step:
        """Of an undo that was begun and went no further: it would hold the other key's index."""
        names = [key_temporary(key, Side.NARROW) for key in keys]
        drops = self.parts(table, [sql.SQL("DROP CONSTRAINT IF EXISTS {}").format(sql.Identifier(name)) for name in names])
        there = sql.SQL("({})").format(sql.SQL(" OR ").join(constraint_exists(table, name) for name in names))
        locked = (*(key.target for key in keys), table)
        step = self.alter(table, f"{table}: no foreign key left of an undo that was begun", drops, there, (), locked=locked)
        return replace(step, precondition=self._asked(keys[0], there))

    def _alter(
        self, key: ForeignKey, shown: str, statement: sql.Composable, condition: sql.Composable, undo: tuple[Step, ...] | None
    ) -> Step:
        step = self.alter(key.table, shown, statement, condition, undo, locked=self._both(key))
        return replace(step, precondition=self._asked(key, condition))

    def _both(self, key: ForeignKey) -> tuple[TableName, ...]:
        return tuple(dict.fromkeys((key.target, key.table)))

    def _asked(self, key: ForeignKey, condition: sql.Composable) -> str:
        return self.wanted(self._column(key).table, condition)

    def _column(self, key: ForeignKey) -> WideColumn:
        column = _told_by(self.component, key)
        assert column is not None
        return column

    def _on_twins(self, key: ForeignKey) -> sql.Composed:
        """As long as the twins are called that."""
        column = self._column(key)
        return sql.SQL(_ON_TWINS).format(
            child=regclass(key.table),
            name=sql.Literal(key.name),
            twin=sql.Literal(twin_name(column, Side.WIDE)),
            table=regclass(column.table),
        )
