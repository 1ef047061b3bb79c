"""Foreign keys that the twins cannot have before the swap.

Those from and to partitioned tables: an index of all partitions takes its constraint's place only in the swap. Temporal ones: what they
refer to is built there. And those whose actions would do something else between the twins; nor may they stand beside the other ones, for
either may fire first. So such a key is dropped and added in the swap, where its old self has proved every row, and proved anew right
after it. Servers before 18 know no NOT VALID key of a partitioned table: there each partition gets its own first, and the root then takes
those over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from psycopg import sql

from splitter.plans.foreign_keys import FIRST_VALIDATES_PARTITIONS, name_of, render_definition
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.names import Side
from splitter.plans.widen_ids.step_maker import StepMaker, constraint_exists, negated
from splitter.schema import ForeignKey, TableName
from splitter.steps import Step


def goes_before(component: Component, key: ForeignKey) -> bool:
    """Whether it is the twins' before the swap, as no earlier one between the same tables is made anew there, and would fire after it."""
    between = (other for other in component.keys if other.table == key.table and other.target == key.target)
    return all(_may_go_before(component, other) for other in (*takewhile(lambda other: other != key, between), key))


def _may_go_before(component: Component, key: ForeignKey) -> bool:
    """SET DEFAULT finds a default on the column alone that has the name; and of what an action
    writes to a twin the application's own triggers and rules would not hear."""
    if _lacks_index(component, key) or "d" in (key.on_delete, key.on_update):
        return False
    written = {column.name for column in component.of(key.table)} & set(key.columns) if writes_children(key) else set()
    return not written or not (
        key.table in component.found.ruled
        or any(
            (trigger.row and trigger.before and "update" in trigger.events) or set(trigger.columns) & written
            for trigger in component.schema.tables[key.table].triggers
        )
    )


def _lacks_index(component: Component, key: ForeignKey) -> bool:
    known = (component.schema.tables.get(table) for table in (key.table, key.target))
    ends = [table for table in known if table is not None]
    return key.temporal or any(component.is_partitioned(table.name) or table.partition_of is not None for table in ends)


def writes_children(key: ForeignKey) -> bool:
    """Whether an action of it changes the columns that refer."""
    return key.on_delete == "n" or key.on_update in ("c", "n")


def late_keys(component: Component) -> tuple[ForeignKey, ...]:
    return tuple(key for key in component.keys if not goes_before(component, key))


def drop_changes(component: Component) -> Iterator[tuple[TableName, str]]:
    """What is altered in the tables; one that was not put together again has left its partitions their own."""
    keys = late_keys(component)
    drop = sql.SQL("DROP CONSTRAINT IF EXISTS {}")
    texts = [(key, drop.format(sql.Identifier(key.name)).as_string()) for key in keys]
    yield from _by_table([(key.table, text) for key, text in texts])
    yield from _by_table([(table, text) for key, text in texts for table in _first(component, key) if table != key.table])


def add_changes(component: Component) -> Iterator[tuple[TableName, str]]:
    """In the order in which they fired before."""
    for key in late_keys(component):
        definition = sql.SQL(render_definition(replace(key, validated=False)))
        add = sql.SQL("ADD CONSTRAINT {} {}").format(sql.Identifier(key.name), definition).as_string()
        yield from ((table, add) for table in _first(component, key))


def added_comments(component: Component) -> Iterator[str]:
    for key in late_keys(component):
        if _first(component, key) == (key.table,):
            yield from comment_texts(component, key)


def _by_table(changes: list[tuple[TableName, str]]) -> Iterator[tuple[TableName, str]]:
    """Those of one table after each other."""
    for table in dict.fromkeys(table for table, _ in changes):
        yield from (change for change in changes if change[0] == table)


def late_steps(component: Component, side: Side) -> Iterator[Step]:
    """What is left of them after the swap of that side."""
    made = StepMaker(component, side, done=True)
    for key in late_keys(component):
        if not (key.validated and key.enforced):
            continue
        first = _first(component, key)
        yield from (made.validate(table, key.name) for table in first)
        if first != (key.table,):
            yield _take_over(made, key)


def _take_over(made: StepMaker, key: ForeignKey) -> Step:
    add = sql.SQL("ADD CONSTRAINT {} {}").format(sql.Identifier(key.name), sql.SQL(render_definition(key)))
    texts = [made.parts(key.table, [add]), *map(sql.SQL, comment_texts(made.component, key))]
    there = constraint_exists(key.table, key.name)
    both = tuple(dict.fromkeys((key.target, key.table)))
    shown = f"foreign key {key.name} of {key.table} takes over those of its partitions"
    return made.alter(key.table, shown, sql.SQL(";\n").join(texts), negated(there), (), locked=both)


def _first(component: Component, key: ForeignKey) -> tuple[TableName, ...]:
    """The tables that get the key in the swap."""
    if component.schema.server_version >= FIRST_VALIDATES_PARTITIONS or not component.is_partitioned(key.table):
        return (key.table,)
    return tuple(table.name for table in component.schema.partitions(key.table))


def comment_texts(component: Component, key: ForeignKey) -> Iterator[str]:
    comment = component.found.comments.get((key.table, key.name))
    if comment is not None:
        text = sql.SQL("COMMENT ON CONSTRAINT {} ON {} IS {}")
        yield text.format(sql.Identifier(key.name), name_of(key.table), sql.Literal(comment)).as_string()
