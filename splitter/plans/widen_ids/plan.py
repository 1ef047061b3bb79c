"""The plan that widens ids to bigint while the application runs: the whole family of an id, so that both sides of every key agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from psycopg import sql

from splitter.dependents import BY_HAND, NOT_CARRIED, Dependents
from splitter.errors import Problem, RefusedError
from splitter.id_columns import Place
from splitter.plans.foreign_keys import LOCK_TIMEOUT_MS
from splitter.plans.rights import Remade, audit_rights
from splitter.plans.widen_ids.closing import finish_steps, leftover_steps
from splitter.plans.widen_ids.component import Component, find_components
from splitter.plans.widen_ids.direct import direct_step
from splitter.plans.widen_ids.domains import Domains, proved_under_lock
from splitter.plans.widen_ids.late_keys import late_steps
from splitter.plans.widen_ids.names import MAX_NAME, TRIGGER, Side, named, twin_name, wanted
from splitter.plans.widen_ids.parts import cut
from splitter.plans.widen_ids.preflight import NEEDS, Followers, preflight_steps, subscriber_statements
from splitter.plans.widen_ids.prepare import prepare
from splitter.plans.widen_ids.replaced_views import told_views
from splitter.plans.widen_ids.sequences import open_steps
from splitter.plans.widen_ids.swap import swap_step
from splitter.plans.widen_ids.twin import audit_checks, audit_triggers, backfill_step, twin_step
from splitter.schema import Schema, TableName
from splitter.sql import load_queries
from splitter.steps import Action, Lock, Plan, PlanDatabase, Step

KIND = "widen-ids"
BUDGET_MS = 200
_OLD_SESSIONS = "what a session has prepared before the swap with a parameter of it stays narrow: all are new before --commit"
_CHANGED = "SELECT {name}, 'was changed since the plan was made' WHERE ({query}) IS DISTINCT FROM {digest}"
_BACKFILLS = load_queries("books.sql")["backfills"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """What a component costs, measured: ``rewrite_ms`` of one ALTER TYPE of all its tables; and the guards of its swap.

    ``guards``, of each of its parts: the query of how many things depend on its columns, and what it has to answer; ``digests`` are
    (name, query, answer).
    """

    rewrite_ms: float
    guards: tuple[tuple[str, int], ...]
    digests: tuple[tuple[str, str, str | None], ...]
    builds: Mapping[TableName, float] = field(default_factory=dict)  # milliseconds of each index that is built under a lock
    rewrites: Mapping[TableName, float] = field(default_factory=dict)  # of each table with a stored generated column
    scans: Mapping[TableName, float] = field(default_factory=dict)  # of each domain: of reading all that have it


@dataclass(frozen=True, slots=True, kw_only=True)
class WidenFacts:
    """What the planner needs beside the schema. ``problems``: what the catalog's reader could not carry; ``published``: (publication,
    table); ``followed``: somebody has said that whoever reads a logical slot is ready."""

    database: PlanDatabase
    found: Dependents
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    published: tuple[tuple[str, TableName], ...] = ()
    publishes_all: bool = False
    followed: bool = False


def divide(schema: Schema, families: Iterable[frozenset[Place]], found: Dependents) -> tuple[Component, ...]:
    return find_components(schema, families, found)


def plan_widen_ids(
    schema: Schema, components: Collection[Component], facts: WidenFacts, sizes: Mapping[int, Sized], budget_ms: int = BUDGET_MS
) -> Plan:
    """The whole plan; without steps where every id is wide. ``sizes`` by the components' place.

    Raises RefusedError with everything that cannot be carried along, by name.
    """
    direct = {place for place, component in enumerate(components) if is_direct(component, sizes[place], budget_ms)}
    problems = [*facts.problems]
    for place, component in enumerate(components):
        problems += [] if place in direct else [*_built_under_lock(component, sizes[place], budget_ms), *_online(component)]
    _refuse(problems)
    tables = tuple(sorted({table for component in components for table in component.reached(component.locked)}))
    return Plan(
        kind=KIND,
        database=facts.database,
        fingerprint=schema.fingerprint(tables),
        tables=tables,
        steps=tuple(_steps(tuple(components), facts, sizes, direct, budget_ms)),
        notes=(*_notes(tuple(components), sizes, direct, budget_ms), *_told_followers(facts), *facts.notes) if components else (),
    )


def is_direct(component: Component, sized: Sized, budget_ms: int) -> bool:
    """ALTER TYPE changes no column that another is generated from, loses a NOT NULL that is inherited under another name, and knows one
    domain of a name.

    A materialized view that is filled for long is none of the work of that moment.
    """
    hinders = (one.generated is not None or component.not_nulls_above(one) - {one.not_null_name} for one in component.columns)
    return sized.rewrite_ms < budget_ms and not any(hinders) and not component.replaced and not component.domains


def _refuse(problems: Collection[Problem]) -> None:
    if problems:
        first = next(iter(problems))
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        told = f"{first.object}: {first.found}{more}"
        raise RefusedError(told, hint="nothing has been changed; what cannot be carried along is listed by name", problems=problems)


def _built_under_lock(component: Component, sized: Sized, budget_ms: int) -> Iterator[Problem]:
    for index in component.found.indexes:
        took = sized.builds.get(index.name, 0.0)
        if (index.needs_lock or index.temporal) and took >= budget_ms:
            kind = "a temporal" if index.temporal else "an exclusion" if index.constraint == "x" else "a deferrable unique"
            found = f"is {kind} constraint, which is built under a lock: for some {took:.0f} ms, and {budget_ms} may block"
            yield _problem(f"{index.name.name} of {index.table}", found, f"give it that time with --budget, or {BY_HAND}")

    for tree in component.trees:
        took = sum(sized.rewrites.get(table, 0.0) for table in tree if table in component.holders)
        for column in (column for table in tree for column in component.generated(table)):
            if not column.virtual and not column.inherited and took >= budget_ms:
                found = f"is a stored generated column, whose twin rewrites the table: for some {took:.0f} ms, and {budget_ms} may block"
                yield _problem(f"{column.table}.{column.name}", found, f"give it that time with --budget, or {BY_HAND}")

    for domain in component.domains:
        took = sized.scans.get(domain.name, 0.0) * proved_under_lock(domain)
        if took and took >= budget_ms:
            found = f"has constraints, which are proved while writers wait: for some {took:.0f} ms, and {budget_ms} may block"
            yield _problem(f"domain {domain.name}", found, f"give it that time with --budget, or {BY_HAND}")


def _online(component: Component) -> Iterator[Problem]:
    for table in component.tables:
        known = component.schema.tables[table]
        for trigger in known.triggers:
            if trigger.row and trigger.before and trigger.name.encode() >= TRIGGER.encode():
                yield _problem(f"trigger {trigger.name} of {table}", "fires after the one that keeps the twins equal")
        names = [twin_name(column, side) for column in component.columns if column.table == table for side in Side]
        for name in names:
            if name in known.columns_by_name or len(name.encode()) > MAX_NAME:
                yield _problem(f"{table}.{name}", "is there already", "rename it, or undo the plan that made it")


def _problem(name: str, found: str, remedy: str = BY_HAND) -> Problem:
    return Problem(code=NOT_CARRIED, object=name, found=found, remedy=remedy)


def _steps(
    components: tuple[Component, ...], facts: WidenFacts, sizes: Mapping[int, Sized], direct: set[int], budget_ms: int
) -> Iterator[Step]:
    if not components:
        return
    online = [(component, sizes[place]) for place, component in enumerate(components) if place not in direct]
    yield _rights(components)
    for component, sized in enumerate_sized(components, sizes):
        yield _unchanged(component, sized)
    columns = [column for component, _ in online for column in component.columns if column.generated is None]
    followers = Followers(published={table for _, table in facts.published}, publishes_all=facts.publishes_all, ready=facts.followed)
    yield from preflight_steps(columns, followers)
    for component, _ in online:
        yield from (audit_triggers(component, table) for table in component.holders)
        yield from (step for table in component.holders for step in audit_checks(component, table))
    if online:
        yield _backfills()
    for place, component in enumerate(components):
        if place in direct:
            yield direct_step(component, budget_ms)
    for component, sized in online:
        yield from _one_by_one(component, sized)
    for component in components:
        yield from open_steps(component)
    for component, _ in online:
        yield from finish_steps(component)


def enumerate_sized(components: tuple[Component, ...], sizes: Mapping[int, Sized]) -> Iterator[tuple[Component, Sized]]:
    return ((component, sizes[place]) for place, component in enumerate(components))


def _one_by_one(component: Component, sized: Sized) -> Iterator[Step]:
    yield from Domains(component, Side.WIDE).create()
    yield from (twin_step(component, tree) for tree in component.trees)
    yield from (backfill_step(component, table) for table in component.holders)
    if any(component.in_tree(table) for table in component.tables):
        yield _unchanged(component, sized, ("partitions and children",))
    yield from prepare(component, Side.WIDE)
    yield _unchanged(component, sized)
    for part, (count, expected) in zip(cut(component), sized.guards, strict=True):
        yield swap_step(part, count, expected)
    yield from late_steps(component, Side.WIDE)
    yield from leftover_steps(component)


def _rights(components: Iterable[Component]) -> Step:
    tables = dict.fromkeys(table for component in components for table in component.reached(component.locked))
    domains = dict.fromkeys(domain.name for component in components for domain in component.domains)
    views = dict.fromkeys(view for component in components for view in component.views)
    routines = dict.fromkeys(bound.routine for component in components for bound in component.bound if bound.routine is not None)
    return audit_rights(tables, dict.fromkeys(table.schema for table in tables), Remade(views=views, domains=domains, routines=routines))


def _unchanged(component: Component, sized: Sized, only: tuple[str, ...] = ("",)) -> Step:
    """What hangs on the columns is put back as the plan knows it: so it must be that. ``only``: what the digests' names begin with."""
    texts = [
        sql.SQL(_CHANGED).format(name=sql.Literal(name), query=sql.SQL(query), digest=sql.Literal(digest))
        for name, query, digest in sized.digests
        if name.startswith(only)
    ]
    return Step(
        purpose=f"{named(component.tables)}: what hangs on the columns is what the plan was made for",
        sql=sql.SQL("\nUNION ALL\n").join(texts).as_string(),
        lock=Lock.NONE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=60_000,
        action=Action.AUDIT,
        remedy="undo the plan where it was begun, and make it anew",
        undo=(),
        precondition=wanted(component.first, Side.WIDE, sql.SQL("true")),
    )


def _backfills() -> Step:
    return Step(
        purpose="how far the backfills are stands in orglift.backfills",
        sql=_BACKFILLS,
        lock=Lock.NONE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=60_000,
        undo=(),
        precondition="SELECT pg_catalog.to_regclass('orglift.backfills') IS NULL",
    )


def _told_followers(facts: WidenFacts) -> Iterator[str]:
    published = sorted({table for _, table in facts.published})
    for name in dict.fromkeys(name for name, _ in facts.published):
        yield f"publication {name} publishes {', '.join(str(table) for other, table in facts.published if other == name)}"
    if published:
        yield from (f"{NEEDS}: {statement}" for statement in subscriber_statements(facts.found.columns, published, facts.publishes_all))
        yield "before --commit the ids are bigint on every subscriber; after --finish it may drop the columns that were added there"


def _notes(components: tuple[Component, ...], sizes: Mapping[int, Sized], direct: set[int], budget_ms: int) -> Iterator[str]:
    columns = [column for component in components for column in component.columns]
    yield f"{len(columns)} column{'s' if len(columns) > 1 else ''} of {len({column.table for column in columns})} tables become bigint"
    for place, component in enumerate(components):
        shown = ", ".join(map(str, component.tables))
        for domain in component.domains:
            yield f"domain {domain.name} becomes one of bigint: {_OLD_SESSIONS}"
        if place in direct:
            yield f"{shown}: rewritten at once, in some {sizes[place].rewrite_ms:.0f} ms: less than the {budget_ms} ms that may block"
        else:
            told = f"{shown}: twins and a swap, for a rewrite would block for some {sizes[place].rewrite_ms:.0f} ms"
            yield f"{told}; the columns stand in another order after it"
            yield from told_views(component)
            if len(sizes[place].guards) > 1:
                yield f"they swap in {len(sizes[place].guards)} transactions: between the first and the last some are wide and some are not"
    if any(place not in direct for place in range(len(components))):
        yield "after the swap the plan waits: watch the application, then `splitter apply --commit --finish`, or `splitter undo`"
        yield "from the first step to the last, no COPY and no INSERT without a list of columns is safe on these tables"
