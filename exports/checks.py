"""What stops an export although every table is decided: rows that two organizations claim, references that leave.

Each check is one query that gives a few offending rows. They run in the snapshot that will be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from exports.membership import Membership, columns_sql, points_at, table_sql
from exports.scope import EXPORTED, Scope, Standing, follows
from splitter.errors import Problem
from splitter.graph import Kind, Reference
from splitter.schema import TableName

SAMPLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query whose rows are what is wrong (keys, as text), and what to say of them."""

    code: str
    object: str
    query: sql.Composable
    said: str
    remedy: str

    def problem(self, rows: list[tuple[object, ...]]) -> Problem:
        shown = ", ".join(str(row[0]) for row in rows[:SAMPLE])
        more = " and more" if len(rows) > SAMPLE else ""
        return Problem(code=self.code, object=self.object, found=f"{self.said}: {shown}{more}", remedy=self.remedy)


def scope_checks(membership: Membership) -> Iterable[Check]:
    """The checks of one organization's scope, for all references of exported rows."""
    anybody = Membership(membership.scope, None, membership.selection)
    for table in membership.scope.exported:
        for reference in membership.scope.references_of(table.name):
            if follows(reference):
                yield from _checks_of(membership, anybody, reference)


def _checks_of(membership: Membership, anybody: Membership, reference: Reference) -> Iterable[Check]:
    scope = membership.scope
    standing = scope.standing(reference.target)
    if standing is Standing.OWNED and not _trivial(membership, reference):
        yield _leaving(membership, anybody, reference)
    if standing is Standing.NONE and reference.kind is Kind.HARD:
        yield _excluded(membership, reference)
    declared = reference.declared
    if declared and declared.dangling == "refuse" and reference.target in scope.schema.tables and reference.label is None:
        yield _dangling(membership, reference)


def _trivial(membership: Membership, reference: Reference) -> bool:
    """A reference that is the one way by which its table's rows are found leads to the organization by definition."""
    table = membership.scope.tables[reference.table]
    live = membership.parts(table.name)
    if reference.target == membership.scope.root and reference.table == membership.scope.root:
        return False
    return table.standing is Standing.OWNED and len(live) == 1 and live[0] >= 0 and bool(table.ways) and table.ways[live[0]] == reference


def _leaving(membership: Membership, anybody: Membership, reference: Reference) -> Check:
    """Rows of the organization that refer to a row that isn't the organization's.

    A foreign key must not leave at all; a soft reference must not lead to another organization (to nobody's row it dangles).
    """
    scope = membership.scope
    key = _target_key(scope, reference.target)
    inside = membership.rows(reference.target, [columns_sql("k", [name]) for name in key])
    others = (
        sql.SQL("")
        if reference.kind is Kind.HARD
        else sql.SQL(" AND EXISTS (SELECT FROM ({rows}) AS a({names}) WHERE {on})").format(
            rows=anybody.rows(reference.target, [columns_sql("k", [name]) for name in key]),
            names=sql.SQL(", ").join(map(sql.Identifier, _names(key))),
            on=_same(key, "a"),
        )
    )
    query = sql.SQL(
        "SELECT DISTINCT concat_ws(' -> ', {values}, ({shown})::text) FROM ({held}) AS w JOIN {target} AS p ON {on}"
        " WHERE NOT EXISTS (SELECT FROM ({inside}) AS i({names}) WHERE {same}) AND ({shared}) IS NOT TRUE{others} LIMIT {limit}"
    ).format(
        values=columns_sql("w", ["v0"]),
        shown=sql.SQL("ROW({})").format(columns_sql("p", key)),
        held=membership.values(reference),
        target=table_sql(scope.table(reference.target)),
        on=points_at(scope, reference, "w", "p"),
        inside=inside,
        names=sql.SQL(", ").join(map(sql.Identifier, _names(key))),
        same=_same(key, "i"),
        shared=sql.SQL(scope.tables[reference.target].shared_where or "false"),  # type: ignore[arg-type]
        others=others,
        limit=sql.Literal(SAMPLE + 1),
    )
    hard = reference.kind is Kind.HARD
    return Check(
        code="leaves-organization",
        object=str(reference),
        query=query,
        said="rows of the organization refer to rows " + ("outside of it" if hard else "of another organization"),
        remedy=f"correct the rows, or say which reference decides with [tables.{reference.table}] owner",
    )


def _target_key(scope: Scope, name: TableName) -> tuple[str, ...]:
    table = scope.table(name)
    return table.identifying_key or tuple(column.name for column in table.stored_columns if column.comparable)


def _names(key: tuple[str, ...]) -> list[str]:
    return [f"c{number}" for number in range(len(key))]


def _same(key: tuple[str, ...], alias: str) -> sql.Composable:
    return sql.SQL(" AND ").join(
        sql.SQL("{theirs} = {mine}").format(theirs=sql.Identifier(alias, name), mine=sql.Identifier("p", column))
        for name, column in zip(_names(key), key, strict=True)
    )


def _excluded(membership: Membership, reference: Reference) -> Check:
    width = len(reference.columns)
    query = sql.SQL("SELECT DISTINCT ROW({values})::text FROM ({held}) AS w WHERE {set} LIMIT {limit}").format(
        values=columns_sql("w", [f"v{number}" for number in range(width)]),
        held=membership.values(reference),
        set=sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier("w", f"v{number}")) for number in range(width)),
        limit=sql.Literal(SAMPLE + 1),
    )
    return Check(
        code="refers-to-excluded",
        object=str(reference),
        query=query,
        said=f"a foreign key of the organization's rows refers to {reference.target}, which is not exported",
        remedy=f"export {reference.target} too (referenced, shared or rows), or unset the reference before the move",
    )


def _dangling(membership: Membership, reference: Reference) -> Check:
    scope = membership.scope
    assert reference.declared is not None
    nobody = [str(value) for value in reference.declared.none_values]
    query = sql.SQL(
        "SELECT DISTINCT w.v0::text FROM ({held}) AS w WHERE w.v0 IS NOT NULL AND NOT (w.v0::text = ANY({nobody}::text[]))"
        " AND NOT EXISTS (SELECT FROM {target} AS p WHERE {on}) LIMIT {limit}"
    ).format(
        held=membership.values(reference),
        nobody=sql.Literal(nobody),
        target=table_sql(scope.table(reference.target)),
        on=points_at(scope, reference, "w", "p"),
        limit=sql.Literal(SAMPLE + 1),
    )
    return Check(
        code="dangling",
        object=str(reference),
        query=query,
        said="values that no row has",
        remedy='correct the rows, name the values in none_values, or set dangling = "keep" or "null"',
    )


def inbound_checks(membership: Membership) -> Iterable[Check]:
    """Foreign keys by which rows of others hold on to the organization's: moving those would break them, or a CASCADE take them along."""
    scope = membership.scope
    for table in scope.exported:
        if table.standing is not Standing.OWNED:
            continue
        for reference in scope.graph.to(table.name):
            holder = scope.tables.get(reference.table)
            # a row that a way ties to the organization is the organization's
            if reference.kind is Kind.HARD and holder and reference not in (*holder.ways, *holder.back_ways):
                yield _inbound(membership, reference)


def _inbound(membership: Membership, reference: Reference) -> Check:
    """Rows that point into the organization without being its own."""
    scope = membership.scope
    holder = scope.table(reference.table)
    targets = membership.rows(reference.target, [columns_sql("k", [column]) for column in reference.target_columns])
    columns = reference.columns
    stranger = sql.SQL("")
    if scope.standing(reference.table) in EXPORTED:
        own = membership.rows(reference.table, [sql.SQL("k.tableoid"), sql.SQL("k.ctid")])
        stranger = sql.SQL(" AND NOT EXISTS (SELECT FROM ({own}) AS o(rel, tid) WHERE o.rel = h.tableoid AND o.tid = h.ctid)").format(
            own=own
        )
    mine = columns_sql("h", columns)
    row = mine if len(columns) == 1 else sql.SQL("({})").format(mine)
    query = sql.SQL("SELECT DISTINCT ROW({mine})::text FROM {holder} AS h WHERE {row} IN ({targets}){stranger} LIMIT {limit}").format(
        mine=mine, holder=table_sql(holder), row=row, targets=targets, stranger=stranger, limit=sql.Literal(SAMPLE + 1)
    )
    return Check(
        code="held-by-others",
        object=str(reference),
        query=query,
        said="rows that are not the organization's refer to its rows",
        remedy="correct those rows first: once the organization is gone they would point nowhere, or a CASCADE would delete them",
    )
