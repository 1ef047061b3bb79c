"""Foreign keys between the twins: added, proved, and, where nothing stands against it, put in the others' place before the swap.

Twins are equal by then, so that either key lets the same rows in. What refers to each other by such keys need not swap at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psycopg import sql

from splitter.dependents import WideColumn
from splitter.plans.foreign_keys import name_of, regclass, render_definition, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.late_keys import comment_texts, goes_before, writes_children
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
    """Those that change over in the swap itself, having been made beside the others: on the way back alone."""
    return tuple(key for key in component.keys if side is Side.NARROW and goes_before(component, key) and is_home(component, key))


def _is_told(key: ForeignKey) -> bool:
    """Whether a transaction may put it off, by its name: so what stands beside it, under another one, waits for the end of each."""
    return key.deferrable and not key.deferred and key.enforced


def named_texts(component: Component, key: ForeignKey) -> Iterator[str]:
    """What is left to do for a key that was made beside another, once it has the name."""
    if _is_told(key):
        text = sql.SQL("ALTER TABLE ONLY {} ALTER CONSTRAINT {} DEFERRABLE INITIALLY IMMEDIATE")
        yield text.format(name_of(key.table), sql.Identifier(key.name)).as_string()
    yield from comment_texts(component, key)


class Keys(StepMaker):
    def steps(self) -> Iterator[Step]:
        """Actions fire in the order in which their keys were made: so are the others', and whatever changes over, the last one first."""
        if self.side is Side.NARROW:
            for key in swapped_keys(self.component, self.side):
                yield from self._proved(key, self._twin(key), None)
            return
        early = tuple(key for key in self.component.keys if goes_before(self.component, key))
        for key in early:
            yield from self._proved(key, self._twin(key), negated(self._on_twins(key)))
        for key in reversed(early):
            yield self._taken_over(key, early if key == early[0] else (key,))
        for table in self.component.locked:
            mine = [key for key in early if key.table == table]
            if mine:
                yield self._nothing_left(table, mine)

    def _twin(self, key: ForeignKey) -> ForeignKey:
        return self.component.twin_key(key, self.side, key_temporary(key, self.side))

    def _proved(self, key: ForeignKey, made: ForeignKey, more: sql.Composable | None) -> Iterator[Step]:
        """``made``: the key to be added, under a name of its own."""
        is_back = (made.columns, made.target_columns) == (key.columns, key.target_columns)
        which = "beside that of the twins" if is_back else "between the twins"
        shown = f"foreign key {key.name} of {key.table} {which}, not yet proved"
        there = constraint_exists(key.table, made.name)
        patient = replace(made, validated=False, deferred=made.deferred or _is_told(made))
        add = sql.SQL("ADD CONSTRAINT {} {}").format(sql.Identifier(made.name), sql.SQL(render_definition(patient)))
        drop = self.parts(key.table, [sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(made.name))])
        gone = self._alter(key, f"no foreign key {made.name}", drop, there, None)
        missing = negated(there) if more is None else sql.SQL("{} AND {}").format(negated(there), more)
        step = self._alter(key, shown, self.parts(key.table, [add]), missing, (gone,))
        statement = under_lock(self.schema, self._both(key), Lock.SHARE_ROW_EXCLUSIVE, self.parts(key.table, [add]))
        yield replace(step, sql=statement, lock=Lock.SHARE_ROW_EXCLUSIVE, hazard="writers wait for a moment")
        if key.validated and key.enforced:
            unproved = constraint_exists(key.table, made.name, " AND NOT k.convalidated")
            yield replace(self.validate(key.table, made.name), precondition=self._asked(key, unproved))

    def _taken_over(self, key: ForeignKey, after: tuple[ForeignKey, ...]) -> Step:
        """``after``: all that are the twins' after it. The way back makes and proves all of them before the first one changes over."""
        back: list[Step] = []
        for each in after:
            narrow = replace(each, name=key_temporary(each, Side.NARROW))
            back += [replace(step, undo=None) for step in self._proved(each, narrow, self._on_twins(each))]
        for each in reversed(after):
            shown = f"foreign key {each.name} of {each.table} is not the twins'"
            back.append(self._renamed(each, key_temporary(each, Side.NARROW), shown, None))
        shown = f"foreign key {key.name} of {key.table} is the twins', which are equal"
        return self._renamed(key, key_temporary(key, Side.WIDE), shown, tuple(back))

    def _renamed(self, key: ForeignKey, made: str, shown: str, undo: tuple[Step, ...] | None) -> Step:
        drop = sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(key.name))
        rename = sql.SQL("RENAME CONSTRAINT {} TO {}").format(sql.Identifier(made), sql.Identifier(key.name))
        texts = [self.parts(key.table, [drop]), self.parts(key.table, [rename]), *map(sql.SQL, named_texts(self.component, key))]
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
