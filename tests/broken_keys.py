"""Breaks foreign keys as a plan does: outbox, registration, triggers, and only then the constraint goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from psycopg import sql

from splitter.cascade import Cascade, ChildAction, delete_action, make_cascade
from splitter.catalog import read_schema
from splitter.db import Connection
from splitter.graph import Reference, build_graph
from splitter.registry import cascades_of, read_cascades
from splitter.schema import ForeignKey, Schema, TableName
from splitter.silos import Effect, Organization, SiloMap
from splitter.tombstones import render_outbox, render_registration, render_triggers

NOBODY = SiloMap(organization=Organization(table=TableName("public", "organization")))


def always(_: ForeignKey) -> bool:
    return True


def deletes(_: ForeignKey) -> Effect:
    return "cascade"


def break_keys(
    conn: Connection,
    chosen: Callable[[ForeignKey], bool] = always,
    *,
    lanes: Callable[[TableName], str | None] = lambda _: None,
    soft: Iterable[Cascade] = (),
    restricts: Callable[[ForeignKey], Effect] = deletes,
) -> tuple[Cascade, ...]:
    """Every foreign key that is ``chosen``; ``restricts`` says what one that does becomes. What all became, after the ``soft`` ones."""
    schema = read_schema(conn)
    keys = [reference for reference in build_graph(schema, NOBODY).references if reference.foreign_key and chosen(reference.foreign_key)]
    cascades = (*soft, *(_cascade(reference, lanes(reference.target), restricts) for reference in keys))
    conn.execute(render_outbox())
    for cascade in cascades:
        conn.execute(render_registration(cascade).encode())
    install_triggers(conn, schema, {cascade.parent for cascade in cascades})
    for reference in keys:
        assert reference.foreign_key is not None
        conn.execute(_drop(reference.foreign_key))
    return cascades


def install_triggers(conn: Connection, schema: Schema, parents: Iterable[TableName]) -> None:
    known = read_cascades(conn)
    for parent in parents:
        conn.execute(render_triggers(schema, parent, cascades_of(known, parent)).encode())


def _cascade(reference: Reference, lane: str | None, restricts: Callable[[ForeignKey], Effect]) -> Cascade:
    key = reference.foreign_key
    assert key is not None
    return make_cascade(reference, delete_action(key, restricts(key)) or ChildAction.NONE, lane_column=lane)


def _drop(key: ForeignKey) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(*key.table), sql.Identifier(key.name))
