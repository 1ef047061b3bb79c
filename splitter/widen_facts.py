"""What the plan that widens ids needs and the schema does not hold: what hangs on the columns, and how long a rewrite takes here."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from splitter.db import Connection, translated
from splitter.dependents import Dependents
from splitter.dependents_read import (
    DIGESTED,
    DIGESTED_DOMAINS,
    read_dependents,
    read_published,
    render_count,
    render_digest,
    render_key_count,
    routines,
)
from splitter.families import find_families, find_narrow_columns, with_partitions_of
from splitter.key_facts import read_key_facts, read_plan_database
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.late_keys import goes_before
from splitter.plans.widen_ids.parts import cut
from splitter.plans.widen_ids.plan import BUDGET_MS, Sized, WidenFacts, divide, is_direct, plan_widen_ids
from splitter.room import read_room
from splitter.schema import Schema, TableName
from splitter.silos import SiloMap
from splitter.steps import Plan

_TRIAL_ROWS = 50_000
_TRIAL = "SELECT pg_catalog.sum(pg_catalog.hashint4(pg_catalog.hashtext(g::text))) FROM pg_catalog.generate_series(1, {}) AS g"
_HEAP, _INDEX, _KEY = 6, 3, 3  # trials that a row of a rewritten table, of an index over it, of a foreign key costs
_SCAN = 1  # that reading a row for a domain's constraint costs
_CATALOG_MS = 4.0  # for each table and index: new files
_LEAST_ROW = 40  # bytes
_SPELLED = {
    "touched": "trigger functions",
    "members": "partitions and children",
    "uses": "whatever has the domains",
    "constraints": "constraints of the domains",
}
_SIZE = """SELECT greatest(c.reltuples, 0)::float8, pg_catalog.pg_relation_size(c.oid)::bigint
  FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass(%s)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WidenOptions:
    """``budget_ms``: for how long a rewrite may block readers and writers; 0: never. ``followed``: who reads a logical slot is ready."""

    budget_ms: int = BUDGET_MS
    followed: bool = False


def make_widen_ids_plan(
    conn: Connection, schema: Schema, silos: SiloMap, name: str, tables: Iterable[TableName] = (), options: WidenOptions | None = None
) -> Plan:
    """The plan for the database that ``conn`` leads to; reads only. Raises as ``plan_widen_ids`` and ``read_plan_database`` do."""
    chosen = options or WidenOptions()
    families = find_families(schema, silos, tables)
    whole = [with_partitions_of(schema, family) for family in families]
    places = tuple(dict.fromkeys((table, column.name) for family in whole for table, column in find_narrow_columns(schema, family)))
    found, problems = read_dependents(conn, schema, places)
    found = _with_keys(conn, found)
    components = divide(schema, families, found)
    sizes = dict(enumerate(_measure(conn, components))) if not problems else dict.fromkeys(range(len(components)), _NOTHING)
    online = [each for place, each in enumerate(components) if not is_direct(each, sizes[place], chosen.budget_ms)]
    facts = WidenFacts(
        database=read_plan_database(conn, name, silos),
        found=found,
        problems=problems,
        notes=(*read_room(conn, online), *(routines(conn, places) if places else ())),
        published=read_published(conn, places) if places else (),
        publishes_all=bool(_ask(conn, "SELECT EXISTS (SELECT FROM pg_catalog.pg_publication AS p WHERE p.puballtables)")),
        followed=chosen.followed,
    )
    return plan_widen_ids(schema, components, facts, sizes, chosen.budget_ms)


def _with_keys(conn: Connection, found: Dependents) -> Dependents:
    keys = read_key_facts(conn)
    return replace(
        found,
        comments={key: facts.comment for key, facts in keys.items() if facts.comment is not None},
        fires={key: facts.fires for key, facts in keys.items() if facts.fires is not None},
        ruled=frozenset(table for (table, _), facts in keys.items() if facts.ruled),
    )


_NOTHING = Sized(rewrite_ms=float("inf"), guards=(), digests=())


def _measure(conn: Connection, components: Collection[Component]) -> Iterator[Sized]:
    trial = _time_trial(conn) if components else 0.0
    for component in components:
        places = [(column.table, column.name) for column in component.columns]
        named = (*DIGESTED, *(DIGESTED_DOMAINS if component.domains else ()))
        digests = [(f"{_spelled(name)} of {component.tables[0]} and those tied to it", render_digest(name, places)) for name in named]
        yield Sized(
            rewrite_ms=sum(_rewrite_ms(conn, component, table, trial) for table in component.reached(component.locked)),
            guards=tuple(_guard(conn, part) for part in cut(component)),
            digests=tuple((name, query, _text(_ask(conn, query))) for name, query in digests),
            rewrites={table: _rewrite_ms(conn, component, table, trial) for table in component.tables if component.generated(table)},
            scans={each.name: sum(_scan_ms(conn, table, trial) for table in component.having(each)) for each in component.domains},
            builds={
                index.name: _build_ms(conn, index.table, trial) for index in component.found.indexes if index.needs_lock or index.temporal
            },
        )


def _guard(conn: Connection, part: Component) -> tuple[str, int]:
    """By the time of the swap the foreign keys that go before it do not depend on the columns any more."""
    places = [(column.table, column.name) for column in part.columns]
    count = render_count(places, domains=bool(part.domains))
    gone = [key for key in part.keys if goes_before(part, key)]
    return count, int(_ask(conn, count) or 0) - (int(_ask(conn, render_key_count(places, gone)) or 0) if gone else 0)


def _spelled(block: str) -> str:
    return _SPELLED.get(block, block)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _ask(conn: Connection, query: str) -> Any:
    with translated("reading what hangs on the columns"):
        row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None


def _time_trial(conn: Connection) -> float:
    """Milliseconds that the server takes for a row of next to nothing; the better of two, the first one warms up."""
    query = sql.SQL(_TRIAL).format(sql.Literal(_TRIAL_ROWS))
    took = []
    for _ in range(2):
        begun = time.monotonic()
        with translated("measuring the server"):
            conn.execute(query)
        took.append(time.monotonic() - begun)
    return min(took) * 1000 / _TRIAL_ROWS


def _rewrite_ms(conn: Connection, component: Component, table: TableName, trial: float) -> float:
    rows = _rows(conn, table)
    known = component.schema.tables.get(table)
    if rows is None or known is None:
        return float("inf")
    keys = sum(table in (key.table, key.target) for key in component.keys)
    parts = _HEAP + _INDEX * len(known.indexes) + _KEY * keys
    return _CATALOG_MS * (1 + len(known.indexes)) + rows * parts * trial


def _build_ms(conn: Connection, table: TableName, trial: float) -> float:
    rows = _rows(conn, table)
    return float("inf") if rows is None else _CATALOG_MS + rows * _INDEX * trial


def _scan_ms(conn: Connection, table: TableName, trial: float) -> float:
    rows = _rows(conn, table)
    return float("inf") if rows is None else rows * _SCAN * trial


def _rows(conn: Connection, table: TableName) -> float | None:
    """What the planner knows, or, where that is little, what the file could hold."""
    with translated(f"reading the size of {table}"):
        row = conn.execute(_SIZE, (sql.Identifier(*table).as_string(),)).fetchone()
    return None if row is None else max(float(row[0]), float(row[1]) / (150 if row[0] else _LEAST_ROW))
