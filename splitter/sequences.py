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

_POSITION = "SELECT last_value, is_called FROM {}"
_LARGEST = "SELECT pg_catalog.max(t.{column}) FROM {table} AS t WHERE t.{column} BETWEEN {first} AND {last}"


def read_sequence_facts(conn: Connection, uses: Iterable[SequenceUse], layout: IdLayout, origin: int) -> tuple[SequenceFacts, ...]:
    """Last values and largest ids. Where no index leads a column, its table is read."""
    return tuple(_facts(conn, use, layout, origin) for use in uses)


def _facts(conn: Connection, use: SequenceUse, layout: IdLayout, origin: int) -> SequenceFacts:
    with translated(f"reading sequence {use.sequence.name}"):
        # Ids first: one that is inserted in between would else look as if it had not come from the sequence.
        local = [_largest(conn, column, 0, layout.serials - 1) for column in use.columns]
        own = [_largest(conn, column, layout.first(origin), layout.last(origin)) for column in use.columns]
        row = conn.execute(sql.SQL(_POSITION).format(_name(use.sequence.name))).fetchone()
        assert row is not None
    return SequenceFacts(
        use=use,
        last_value=row[0],
        is_called=row[1],
        largest_local=max((value for value in local if value is not None), default=None),
        largest_own=max((value for value in own if value is not None), default=None),
    )


def _largest(conn: Connection, column: FedColumn, first: int, last: int) -> int | None:
    query = sql.SQL(_LARGEST).format(
        table=_name(column.table), column=sql.Identifier(column.column), first=sql.Literal(first), last=sql.Literal(last)
    )
    row = conn.execute(query).fetchone()
    return None if row is None else row[0]


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
