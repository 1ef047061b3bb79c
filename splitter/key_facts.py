"""What a plan about foreign keys needs and the schema does not hold: operators, comments, the database's name, what is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from splitter.addresses import GIVEN
from splitter.cascade import Cascade
from splitter.db import Connection, translated
from splitter.identity import CONTROL, check_identity, derive_uuid, physical_identity, read_identity
from splitter.plans.break_fks import BreakFacts, plan_break_fks
from splitter.plans.crossed_keys import Keys
from splitter.plans.foreign_keys import KeyFacts
from splitter.registry import cascades_of, read_cascades
from splitter.schema import Schema, TableName
from splitter.silos import SiloMap
from splitter.steps import Plan, PlanDatabase
from splitter.tombstones import render_triggers_precondition

_READ = """
SELECT n.nspname::text, c.relname::text, k.conname::text, pg_catalog.obj_description(k.oid, 'pg_constraint'),
       ARRAY(SELECT 'OPERATOR(' || pg_catalog.quote_ident(s.nspname) || '.' || o.oprname || ')'
               FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS x (oid, position)
               JOIN pg_catalog.pg_operator AS o ON o.oid = x.oid JOIN pg_catalog.pg_namespace AS s ON s.oid = o.oprnamespace
              ORDER BY x.position),
       (SELECT pg_catalog.min(g.tgname::text COLLATE "C") FROM pg_catalog.pg_trigger AS g
         WHERE g.tgconstraint = k.oid AND g.tgrelid = k.confrelid AND g.tgtype & 8 <> 0),
       EXISTS (SELECT FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = k.conrelid AND r.ev_type = '2')
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0
"""


def read_key_facts(conn: Connection) -> Keys:
    """Of every foreign key that no partition has inherited, by (table, name)."""
    with translated("reading the foreign keys"):
        rows = conn.execute(_READ).fetchall()
    return {
        (TableName(schema, table), name): KeyFacts(operators=tuple(operators), comment=comment, fires=fires, ruled=ruled)
        for schema, table, name, comment, operators, fires, ruled in rows
    }


def read_plan_database(conn: Connection, name: str, silos: SiloMap) -> PlanDatabase:
    """By what a plan knows the database: its uuid, or, before `relocate init`, one that follows from where it stands.

    ``name``: what silos.toml calls it, or ``GIVEN``. Raises Clone where its identity was written for another database.
    """
    found = read_identity(conn)
    if name == GIVEN:
        known = found.region if found is not None and found.region in (*silos.regions, CONTROL) else None
        alone = next(iter(silos.regions)) if silos.is_monolith and len(silos.regions) == 1 else GIVEN
        name = known or alone
    if found is None:
        return PlanDatabase(silo=name, uuid=derive_uuid(physical_identity(conn)))
    check_identity(conn, found.region)
    return PlanDatabase(silo=name, uuid=found.database)


def find_stale(conn: Connection, schema: Schema, registered: Iterable[Cascade]) -> Iterator[TableName]:
    """The parents in this database whose triggers are missing, on a later partition too, or are not what the registry asks for."""
    known = tuple(registered)
    for parent in dict.fromkeys(cascade.parent for cascade in known):
        if parent not in schema.tables:
            continue
        columns = schema.tables[parent].columns_by_name
        acting = tuple(each for each in cascades_of(known, parent) if set(each.parent_columns) <= set(columns))
        with translated(f"looking at the triggers of {parent}"):
            row = conn.execute(render_triggers_precondition(schema, parent, acting).encode()).fetchone()
        if row and row[0]:
            yield parent


def make_break_fks_plan(
    conn: Connection, schema: Schema, silos: SiloMap, name: str, tables: Iterable[TableName] = (), *, repair: bool = False
) -> Plan:
    """The plan for the database that ``conn`` leads to; reads only. Raises as ``plan_break_fks`` and ``read_plan_database`` do."""
    registered = read_cascades(conn)
    facts = BreakFacts(
        database=read_plan_database(conn, name, silos),
        keys=read_key_facts(conn),
        registered=registered,
        stale=tuple(find_stale(conn, schema, registered)),
    )
    return plan_break_fks(schema, silos, facts, tuple(tables), repair=repair)
