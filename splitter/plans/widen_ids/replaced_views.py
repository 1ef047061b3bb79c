"""Materialized views that take too long to be filled in the swap: another, made and filled over the twins before, takes its place there.

The server itself makes the other one: for the moment of one transaction the twins have the names, and the definition is read as it stands.
So do views that a materialized view reads. The old ones are kept for the way back, and follow the narrow columns as those go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from psycopg import sql

from splitter.dependents import Replaced
from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, PATIENT_MS, VACUUM_MS, name_of, regclass, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.domains import exchange_names
from splitter.plans.widen_ids.names import Side, temporary, wanted
from splitter.plans.widen_ids.twin import exchange_columns
from splitter.schema import TableName
from splitter.steps import Lock, Stage, Step

# The session's are pinned, and rows may hang on them: a REFRESH of the application goes by those of the server, database and role.
_OWN_SETTINGS = (
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "bytea_output",
    "extra_float_digits",
    "lc_monetary",
    "row_security",
    "search_path",
)
_REFRESH = "{settings};\nREFRESH MATERIALIZED VIEW {view};\nSET LOCAL search_path = '';\nANALYZE {view}"
# LOCK TABLE takes no materialized view: what this sets is what stands there, and an autovacuum gives way to the lock that it waits for.
_NO_VACUUM = """DECLARE
    stood text := pg_catalog.obj_description({name}::pg_catalog.regclass, 'pg_class');
BEGIN
    EXECUTE pg_catalog.format('COMMENT ON MATERIALIZED VIEW %s IS %L', {name}, stood);
END"""
_FILLED = """(SELECT c.relispopulated FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass({view}))"""
_THERE = "pg_catalog.to_regclass({view}) IS NOT NULL"


def view_temporary(view: Replaced, side: Side) -> TableName:
    """What the view over the columns of that side is called while the other one has the name."""
    return TableName(view.name.schema, temporary(side, "view", view.name, ""))


def make_views(component: Component) -> Iterator[Step]:
    """Those over the wide twins, without rows."""
    if not component.replaced:
        return
    tables = _read(component)
    live = ", ".join(str(view.name) for view in component.replaced)
    made = [text for view in reversed(component.replaced) for text in view.create]
    views = tuple(view.name for view in component.replaced)
    texts = [*_away(component, Side.NARROW), *_names(component, Side.WIDE), *made]
    texts += [*_away(component, Side.WIDE), *_names(component, Side.NARROW), *_taken(component, Side.NARROW)]
    yield Step(
        purpose=f"{live}: the same over the wide twins, without rows",
        sql=_without_vacuum(_materialized(component)) + _under_lock(component, views, tables, texts),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=(*views, *component.reached(tables)),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="readers and writers of the tables and of the views wait for a moment",
        undo=(_gone(component, Side.WIDE),),
        precondition=_wanted(component, Side.WIDE, sql.SQL("NOT {}").format(_any_there(component, Side.WIDE))),
    )


def fill_views(component: Component, side: Side) -> Iterator[Step]:
    """As late as can be, for its rows are those of that moment; one that is not populated stays so."""
    for view in reversed(component.replaced):
        if view.materialized:
            name = view_temporary(view, side)
            settings = sql.SQL(";\n").join(sql.SQL("SET LOCAL {} TO DEFAULT").format(sql.Identifier(each)) for each in _OWN_SETTINGS)
            yield Step(
                purpose=f"materialized view {view.name}, for the {side.value} columns, is filled",
                sql=sql.SQL(_REFRESH).format(settings=settings, view=name_of(name)).as_string(),
                lock=Lock.ACCESS_EXCLUSIVE,
                tables=(name,),
                lock_timeout_ms=PATIENT_MS,
                statement_timeout_ms=0,
                hazard=f"runs its query; a REFRESH of {view.name} from here on to the swap has to be done again after it",
                undo=(),
                precondition=_wanted(component, side, sql.SQL(_FILLED).format(view=regclass(view.name))),
            )


def swap_under_lock(component: Component, side: Side, tables: Iterable[TableName], texts: Iterable[str]) -> str:
    """A swap to that side, ``texts``, under the locks of all views and then of ``tables``.

    It begins with views that get the names of those that they take the place of.
    """
    made = [view_temporary(view, side) for view in component.replaced if view.materialized]
    renamed = [*_away(component, side.other), *_taken(component, side)]
    return _without_vacuum([*_materialized(component), *made]) + _under_lock(component, component.views, tables, [*renamed, *texts])


def finish_views(component: Component) -> Iterator[Step]:
    """The old ones hold the narrow columns."""
    if component.replaced:
        yield replace(_gone(component, Side.NARROW), stage=Stage.FINISH)


def told_views(component: Component) -> Iterator[str]:
    """For the plan's notes."""
    for view in component.replaced:
        if view.materialized:
            told = f"materialized view {view.name} is filled anew right before the swap, and right before an undo swaps back"
            yield f"{told}: its rows are those of that moment, and a REFRESH between the two has to be done again after the swap"


def _gone(component: Component, side: Side) -> Step:
    """Those of that side, which do not have the names."""
    drop = sql.SQL("DROP {} IF EXISTS {}")
    texts = [drop.format(_kind(view), name_of(view_temporary(view, side))).as_string() for view in component.replaced]
    return Step(
        purpose=f"{', '.join(str(view.name) for view in component.replaced)}: no second one over the {side.value} columns",
        sql=_joined(texts),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=tuple(view_temporary(view, side) for view in component.replaced),
        lock_timeout_ms=PATIENT_MS,  # nobody knows them, so nobody waits behind it
        statement_timeout_ms=0,
        undo=None,
        precondition=_wanted(component, side, _any_there(component, side)),
    )


def _kind(view: Replaced) -> sql.SQL:
    return sql.SQL("MATERIALIZED VIEW" if view.materialized else "VIEW")


def _read(component: Component) -> tuple[TableName, ...]:
    """The tables whose columns they read, with all that the names of those columns are shared with."""
    read = {table for table, bound in component.found.bound if bound.replaced is not None}
    trees = [tree for tree in component.trees if not read.isdisjoint(tree)]
    return tuple(table for tree in trees for table in tree if table in component.triggered)


def _materialized(component: Component) -> Iterator[TableName]:
    return (view.name for view in component.replaced if view.materialized)


def _without_vacuum(views: Iterable[TableName]) -> str:
    """No vacuum of these is waited for any more while others wait."""
    bodies = [sql.SQL(_NO_VACUUM).format(name=regclass(view)).as_string() for view in views]
    blocks = [sql.SQL("DO {}").format(sql.Literal(body)).as_string() for body in bodies]
    patient = [f"SET LOCAL lock_timeout = {VACUUM_MS}", "SET LOCAL statement_timeout = 0", *blocks]
    return f"{_joined(patient)};\n" if blocks else ""


def _under_lock(component: Component, views: Iterable[TableName], tables: Iterable[TableName], texts: Iterable[str]) -> str:
    """Who reads a view locks it before its tables: so do we. LOCK TABLE would go on to all that the view reads, in an order of its own."""
    lock = sql.SQL("ALTER TABLE {} SET SCHEMA {}")  # the one that it is in: nothing is changed
    first = [lock.format(name_of(view), sql.Identifier(view.schema)) for view in views]
    return under_lock(component.schema, tables, Lock.ACCESS_EXCLUSIVE, sql.SQL(_joined(texts)), first)


def _names(component: Component, side: Side) -> Iterator[str]:
    """The columns and domains of that side get the names."""
    yield from exchange_names(component, side)
    tables = {table for tree in component.trees if not set(_read(component)).isdisjoint(tree) for table in tree}
    yield from exchange_columns(component, tables, side)


def _away(component: Component, side: Side) -> Iterator[str]:
    """The views that have the names are those of that side, and give them up."""
    for view in component.replaced:
        yield from _rename(view, view.name, view_temporary(view, side), [(name, _index(view, name, side)) for name in view.indexes])


def _taken(component: Component, side: Side) -> Iterator[str]:
    """Those of that side get the names."""
    for view in component.replaced:
        yield from _rename(view, view_temporary(view, side), view.name, [(_index(view, name, side), name) for name in view.indexes])


def _rename(view: Replaced, old: TableName, new: TableName, indexes: list[tuple[str, str]]) -> Iterator[str]:
    yield sql.SQL("ALTER {} {} RENAME TO {}").format(_kind(view), name_of(old), sql.Identifier(new.name)).as_string()
    for one, other in indexes:
        text = sql.SQL("ALTER INDEX {} RENAME TO {}")
        yield text.format(name_of(TableName(view.name.schema, one)), sql.Identifier(other)).as_string()


def _index(view: Replaced, index: str, side: Side) -> str:
    return temporary(side, "index", view.name, index)


def _any_there(component: Component, side: Side) -> sql.Composed:
    parts = [sql.SQL(_THERE).format(view=regclass(view_temporary(view, side))) for view in component.replaced]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(parts))


def _wanted(component: Component, side: Side, condition: sql.Composable) -> str:
    return wanted(component.first, side, condition)


def _joined(texts: Iterable[str]) -> str:
    return ";\n".join(texts)
