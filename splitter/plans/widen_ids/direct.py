"""Small tables: one ALTER TABLE ... TYPE in one transaction, because nobody would notice. Everything that refuses it steps aside."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, name_of
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.names import Side, named, type_of, wanted
from splitter.plans.widen_ids.replaced_views import swap_under_lock
from splitter.plans.widen_ids.sequences import audit_values, closed_range, fed
from splitter.steps import Lock, Step


def direct_step(component: Component, budget_ms: int) -> Step:
    back = (*audit_values(component), _step(component, Side.NARROW, budget_ms, None))
    return _step(component, Side.WIDE, budget_ms, back)


def _step(component: Component, side: Side, budget_ms: int, undo: tuple[Step, ...] | None) -> Step:
    return Step(
        purpose=f"{named(component.tables)}: small enough to be rewritten at once, in less than {budget_ms} ms",
        sql=swap_under_lock(component, side, component.locked, _statements(component, side)),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=(*component.views, *component.reached(component.locked)),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="readers and writers wait while the tables are rewritten",
        undo=undo,
        precondition=wanted(component.first, side, sql.SQL("true")),
    )


def _statements(component: Component, side: Side) -> Iterator[str]:
    yield from (bound.drop for bound in component.bound)
    # A temporal key takes a narrower column that refers to a wider one, and not the other way round.
    for table in component.tables if side is Side.WIDE else reversed(component.tables):
        parts = [
            sql.SQL("ALTER COLUMN {} TYPE {}").format(sql.Identifier(column.name), sql.SQL(type_of(column, side)))
            for column in component.of(table)
            if not column.inherited
        ]
        if parts:
            yield sql.SQL("ALTER TABLE {} {}").format(component.whole(table), sql.SQL(", ").join(parts)).as_string()
    for column, known in fed(component):
        closed, free = closed_range(column, known), (known.minimum, known.maximum)
        minimum, maximum = closed if side is Side.WIDE else free
        if column.identity or closed != free:
            text = sql.SQL("ALTER SEQUENCE {} MINVALUE {} MAXVALUE {}")
            yield text.format(name_of(known.name), sql.Literal(minimum), sql.Literal(maximum)).as_string()
    yield from _targets(component)
    yield from _comments(component)
    yield from (text for bound in reversed(component.bound) for text in bound.create)
    yield from dict.fromkeys(statement for _, statement in component.found.touched)


def _comments(component: Component) -> Iterator[str]:
    """ALTER TYPE gives the partitions' indexes that of their parent's."""
    for index in component.found.indexes:
        if index.parent is not None:
            text = sql.SQL("COMMENT ON INDEX {} IS {}")
            yield text.format(name_of(index.name), sql.NULL if index.comment is None else sql.Literal(index.comment)).as_string()


def _targets(component: Component) -> Iterator[str]:
    """Statistics targets of what ALTER TYPE makes anew: it forgets them."""
    for index in component.found.indexes:
        for position, target in index.targets:
            text = sql.SQL("ALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}")
            yield text.format(name_of(index.name), sql.Literal(position), sql.Literal(target)).as_string()
    for one in component.found.statistics:
        if one.target >= 0:
            yield sql.SQL("ALTER STATISTICS {} SET STATISTICS {}").format(name_of(one.name), sql.Literal(one.target)).as_string()
