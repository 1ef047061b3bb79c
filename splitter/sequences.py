"""Where a region's sequences stand, read from the database for the planner of ``plans.region_ids``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from psycopg import sql

from splitter.db import Connection, translated
from splitter.identity import check_identity
from splitter.layout import IdLayout
from splitter.plans.region_ids import FedColumn, RegionOrigin, SequenceFacts, SequenceUse, find_uses, plan_region_ids
from splitter.schema import Schema, TableName
from splitter.silos import SiloMap
from splitter.steps import Plan

_AT_ONCE = 20  # sequences a statement: one for each is slow for its round trips, and planning grows faster than their number
_FACTS = "SELECT {number} AS number, {local} AS local, {own} AS own, s.last_value, s.is_called FROM {sequence} AS s"
_LARGEST = "(SELECT pg_catalog.max(t.{column}) FROM {table} AS t WHERE t.{column} BETWEEN {first} AND {last})::bigint"


def read_sequence_facts(conn: Connection, uses: Iterable[SequenceUse], layout: IdLayout, origin: int) -> tuple[SequenceFacts, ...]:
    """Last values and largest ids. Where no index leads a column, its table is read."""
    known = tuple(uses)
    batches = (known[start : start + _AT_ONCE] for start in range(0, len(known), _AT_ONCE))
    return tuple(fact for batch in batches for fact in _read_batch(conn, batch, layout, origin))


def _read_batch(conn: Connection, uses: tuple[SequenceUse, ...], layout: IdLayout, origin: int) -> Iterator[SequenceFacts]:
    """The statement's snapshot is older than its look at the sequences, which know none: an id that it sees is below their values."""
    queries = [_query(number, use, layout, origin) for number, use in enumerate(uses)]
    with translated(f"reading sequences from {uses[0].sequence.name} to {uses[-1].sequence.name}"):
        rows = conn.execute(sql.SQL(" UNION ALL ").join(queries)).fetchall()
    for number, local, own, last_value, is_called in sorted(rows):
        yield SequenceFacts(use=uses[number], last_value=last_value, is_called=is_called, largest_local=local, largest_own=own)


def _query(number: int, use: SequenceUse, layout: IdLayout, origin: int) -> sql.Composed:
    return sql.SQL(_FACTS).format(
        number=sql.Literal(number),
        local=_largest(use.columns, 0, layout.serials - 1),
        own=_largest(use.columns, layout.first(origin), layout.last(origin)),
        sequence=_name(use.sequence.name),
    )


def _largest(columns: Iterable[FedColumn], first: int, last: int) -> sql.Composable:
    found = [
        sql.SQL(_LARGEST).format(
            table=_name(column.table), column=sql.Identifier(column.column), first=sql.Literal(first), last=sql.Literal(last)
        )
        for column in columns
    ]
    return sql.SQL("greatest({})").format(sql.SQL(", ").join(found)) if found else sql.SQL("NULL::bigint")


def _name(name: TableName) -> sql.Identifier:
    return sql.Identifier(name.schema, name.name)


def make_region_ids_plan(conn: Connection, schema: Schema, silos: SiloMap, region: str, tables: Iterable[TableName] = ()) -> Plan:
    """The plan for the database of ``region``; reads only. Raises as ``plan_region_ids`` and ``check_identity`` do."""
    identity = check_identity(conn, region)
    uses = find_uses(schema, silos, tables) if identity.origin else ()
    origin = RegionOrigin(name=region, database=identity.database, origin=identity.origin, former=identity.former)
    return plan_region_ids(schema, silos, origin, read_sequence_facts(conn, uses, silos.ids, identity.origin))


def find_local_ids(conn: Connection, schema: Schema, silos: SiloMap) -> Iterator[tuple[TableName, str]]:
    """The id columns in which the database holds local ids, (table, column)."""
    for use in find_uses(schema, silos):
        for column in use.columns:
            if _holds_local(conn, column, silos.ids):
                yield column.table, column.column


def _holds_local(conn: Connection, column: FedColumn, layout: IdLayout) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {table} AS t WHERE t.{column} >= 0 AND t.{column} < {limit})").format(
        table=_name(column.table), column=sql.Identifier(column.column), limit=sql.Literal(layout.serials)
    )
    with translated(f"looking for local ids in {column.table}"):
        row = conn.execute(query).fetchone()
    return bool(row and row[0])
