"""What stops an export although every table is decided: rows that two organizations claim, references that leave.

Each check is one query that gives a few offending rows. They run in the snapshot that will be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.key_sql import (
    KeyType,
    all_sql,
    columns_sql,
    label_conditions,
    may_be_sql,
    points_at,
    same_sql,
    shared_sql,
    table_sql,
    value_types,
)
from exports.membership import Membership
from exports.scope import Scope, follows
from exports.snapshot import Row
from splitter.errors import Problem
from splitter.graph import Kind, Reference
from splitter.ownership import Standing
from splitter.schema import TableName

SAMPLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query whose rows are what is wrong (one text each), and what to say of them."""

    code: str
    object: str
    query: sql.Composable
    said: str
    remedy: str

    def problem(self, rows: Sequence[Row]) -> Problem:
        shown = ", ".join(str(row[0]) for row in rows[:SAMPLE])
        more = " and more" if len(rows) > SAMPLE else ""
        return Problem(code=self.code, object=self.object, found=f"{self.said}: {shown}{more}", remedy=self.remedy)


def scope_checks(membership: Membership) -> Iterable[Check]:
    """The checks of one organization's scope, for all references of exported rows."""
    for table in membership.scope.exported:
        for reference in membership.scope.references_of(table.name):
            if follows(reference):
                yield from _checks_of(membership, reference)


def _checks_of(membership: Membership, reference: Reference) -> Iterable[Check]:
    scope, declared = membership.scope, reference.declared
    standing = scope.standing(reference.target)
    if standing is Standing.OWNED and not _trivial(membership, reference):
        yield _leaving(membership, reference)
    if standing is Standing.NONE and reference.kind is Kind.HARD:
        yield _excluded(membership, reference)
    if declared is None or reference.target not in scope.schema.tables:
        return
    if declared.dangling == "refuse":
        remedy = 'correct the rows, name the values in none_values, or set dangling = "keep" or "null"'
        yield _dangling(membership, reference, "dangling", remedy)
    elif declared.dangling == "keep" and standing is Standing.SHARED:
        # the value would stay, and in the target it may be another shared row's
        remedy = 'correct the rows, name the values in none_values, or set dangling = "null"'
        yield _dangling(membership, reference, "dangling-shared", remedy, where=_may_be_keys(scope, reference))


def _may_be_keys(scope: Scope, reference: Reference) -> list[sql.Composable]:
    target = scope.table(reference.target)
    types = zip(value_types(scope.table(reference.table), reference), reference.target_columns, strict=True)
    return [
        condition
        for number, (mine, theirs) in enumerate(types)
        for condition in may_be_sql(mine, sql.Identifier("w", f"v{number}"), KeyType.of(target.column(theirs)))
    ]


def _trivial(membership: Membership, reference: Reference) -> bool:
    """A reference that is the one way by which its table's rows are found leads to the organization by definition."""
    table = membership.scope.tables[reference.table]
    live = membership.parts(table.name)
    if table.standing is not Standing.OWNED or table.name == membership.scope.root or not table.ways:
        return False
    return len(live) == 1 and live[0] >= 0 and table.ways[live[0]] == reference


def _leaving(membership: Membership, reference: Reference) -> Check:
    """Rows of the organization that refer to a row that isn't the organization's.

    A foreign key must not leave at all; a soft reference must not lead to another organization (to nobody's row it dangles). Whose a
    row is, is asked only of the rows that were found. The organization's values come first, each once: from the other end the planner
    would look at every row that refers to somebody else's.
    """
    scope, hard = membership.scope, reference.kind is Kind.HARD
    names, columns = _identifying(scope, reference.target)
    target = scope.tables[reference.target]
    outside = sql.SQL(
        "SELECT DISTINCT concat_ws(' -> ', {value}, ({shown})::text) AS said, {columns}"
        " FROM (SELECT DISTINCT * FROM ({held}) AS h) AS w JOIN {target} AS p ON {on}"
        " WHERE NOT EXISTS (SELECT FROM ({inside}) AS i({names}) WHERE {same}){owned}{limit}"
    ).format(
        value=_row([f"v{number}" for number in range(len(reference.columns))], "w"),
        shown=_row(scope.table(reference.target).identifying_key or reference.target_columns, "p"),
        columns=_named(columns, names, "p"),
        held=membership.values(reference),
        target=table_sql(scope.table(reference.target)),
        on=points_at(scope, reference, "w", "p"),
        inside=membership.rows(reference.target, _of("k", columns)),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        same=_same(scope, reference.target, names, columns, "i", "p"),
        owned=sql.SQL(" AND NOT {}").format(shared_sql(target.name, target.shared_where, "p")) if target.shared_where else sql.SQL(""),
        limit=sql.SQL(" LIMIT {}").format(sql.Literal(SAMPLE + 1)) if hard else sql.SQL(""),
    )
    return Check(
        code="leaves-organization",
        object=str(reference),
        query=sql.SQL("SELECT o.said FROM ({}) AS o").format(outside) if hard else _of_others(membership, reference.target, outside),
        said="rows of the organization refer to rows " + ("outside of it" if hard else "of another organization"),
        remedy=f"correct the rows, or say which reference decides with [tables.{reference.table}] owner",
    )


def _of_others(membership: Membership, name: TableName, outside: sql.Composable) -> sql.Composable:
    """Those of the rows ``outside`` that belong to an organization."""
    names, columns = _identifying(membership.scope, name)
    return sql.SQL(
        "WITH outside AS MATERIALIZED ({outside}) SELECT o.said FROM outside AS o"
        " WHERE EXISTS (SELECT FROM ({anybody}) AS a({a}) WHERE {same}) LIMIT {limit}"
    ).format(
        outside=outside,
        anybody=membership.anybody.rows(name, _of("k", columns)),
        a=sql.SQL(", ").join(map(sql.Identifier, names)),
        same=_same(membership.scope, name, names, names, "a", "o"),
        limit=sql.Literal(SAMPLE + 1),
    )


def _identifying(scope: Scope, name: TableName) -> tuple[list[str], tuple[str, ...]]:
    """Columns that tell a table's rows apart in one statement, and names for them in a subquery; without a key, the address."""
    columns = scope.table(name).identifying_key or ("tableoid", "ctid")
    return [f"c{number}" for number in range(len(columns))], columns


def _of(alias: str, columns: Iterable[str]) -> list[sql.Composable]:
    return [sql.Identifier(alias, column) for column in columns]


def _named(columns: Sequence[str], names: Sequence[str], alias: str) -> sql.Composable:
    pairs = zip(_of(alias, columns), map(sql.Identifier, names), strict=True)
    return sql.SQL(", ").join(sql.SQL("{} AS {}").format(column, name) for column, name in pairs)


def _row(columns: Sequence[str], alias: str) -> sql.Composable:
    """One value as it is, several as a row; as text."""
    row = sql.SQL("{}::text" if len(columns) == 1 else "ROW({})::text")
    return row.format(columns_sql(alias, columns))


def _same(scope: Scope, name: TableName, left: Sequence[str], right: Sequence[str], one: str, other: str) -> sql.Composable:
    key = scope.table(name).identifying_key
    if key:
        return same_sql(scope.table(name), key, (one, left), (other, right))
    pairs = zip(_of(one, left), _of(other, right), strict=True)
    return all_sql([sql.SQL("{} = {}").format(mine, theirs) for mine, theirs in pairs])


def _excluded(membership: Membership, reference: Reference) -> Check:
    names = [f"v{number}" for number in range(len(reference.columns))]
    query = sql.SQL("SELECT DISTINCT {row} FROM ({held}) AS w WHERE {set} LIMIT {limit}").format(
        row=_row(names, "w"),
        held=membership.values(reference),
        set=all_sql(_is_set(names)),
        limit=sql.Literal(SAMPLE + 1),
    )
    return Check(
        code="refers-to-excluded",
        object=str(reference),
        query=query,
        said=f"a foreign key of the organization's rows refers to {reference.target}, which is not exported",
        remedy=f"export {reference.target} too (referenced, shared or rows), or unset the reference before the move",
    )


def _is_set(names: Sequence[str]) -> list[sql.Composable]:
    return [sql.SQL("{} IS NOT NULL").format(sql.Identifier("w", name)) for name in names]


def _dangling(membership: Membership, reference: Reference, code: str, remedy: str, where: Sequence[sql.Composable] = ()) -> Check:
    scope = membership.scope
    names = [f"v{number}" for number in range(len(reference.columns))]
    query = sql.SQL(
        "SELECT DISTINCT {row} FROM ({held}) AS w WHERE {set} AND NOT EXISTS (SELECT FROM {target} AS p WHERE {on}) LIMIT {limit}"
    ).format(
        row=_row(names, "w"),
        held=membership.values(reference),
        set=all_sql([*_is_set(names), *where]),
        target=table_sql(scope.table(reference.target)),
        on=points_at(scope, reference, "w", "p"),
        limit=sql.Literal(SAMPLE + 1),
    )
    return Check(code=code, object=str(reference), query=query, said="values that no row has", remedy=remedy)


def inbound_references(scope: Scope) -> Iterator[Reference]:
    """Foreign keys by which rows that stay may hold on to an organization's: they would point nowhere, or a CASCADE take them along."""
    for table in scope.exported:
        if table.standing is not Standing.OWNED:
            continue
        for reference in scope.graph.to(table.name):
            holder = scope.tables.get(reference.table)
            if reference.kind is not Kind.HARD or holder is None:
                continue
            # a row that a way ties to the organization is the organization's, and goes with it if its table's rows do
            if holder.standing is not Standing.OWNED or reference not in (*holder.ways, *holder.back_ways) or holder.shared_where:
                yield reference


def inbound_checks(membership: Membership, *, excluded: bool = True) -> Iterable[Check]:
    """One for each such key; ``excluded``: also for those of tables that are left out."""
    for reference in inbound_references(membership.scope):
        if excluded or membership.scope.standing(reference.table) is not Standing.NONE:
            yield _inbound(membership, reference)


def _inbound(membership: Membership, reference: Reference) -> Check:
    """Rows that point into the organization and will not go with it."""
    return holding_check(membership, reference, membership.rows(reference.target, _of("k", reference.target_columns)))


def holding_check(membership: Membership, reference: Reference, held: sql.Composable, *, anybody: bool = False) -> Check:
    """Rows of others that refer to one of the keys that ``held`` selects; ``anybody``: of the organization's own too."""
    scope = membership.scope
    holder = scope.table(reference.table)
    names = [f"v{number}" for number in range(len(reference.columns))]
    stranger: sql.Composable = sql.SQL("")
    if scope.standing(reference.table) is Standing.OWNED and not anybody:
        own = membership.rows(reference.table, [sql.SQL("k.tableoid"), sql.SQL("k.ctid")])
        stranger = sql.SQL(" AND NOT EXISTS (SELECT FROM ({own}) AS o(rel, tid) WHERE o.rel = h.tableoid AND o.tid = h.ctid)").format(
            own=own
        )
    holding = sql.SQL("SELECT {values}, h.tableoid, h.ctid FROM {holder} AS h WHERE {label}").format(
        values=_named(reference.columns, names, "h"),
        holder=table_sql(holder),
        label=all_sql(label_conditions(holder, reference, "h")),
    )
    query = sql.SQL(
        "SELECT DISTINCT {row} FROM ({holding}) AS h WHERE EXISTS (SELECT FROM ({held}) AS t({columns}) WHERE {on}){stranger} LIMIT {limit}"
    ).format(
        row=_row(names, "h"),
        holding=holding,
        held=held,
        columns=sql.SQL(", ").join(map(sql.Identifier, reference.target_columns)),
        on=points_at(scope, reference, "h", "t"),
        stranger=stranger,
        limit=sql.Literal(SAMPLE + 1),
    )
    return Check(
        code="held-by-others",
        object=str(reference),
        query=query,
        said="rows that are not the organization's, or stay behind, refer to its rows",
        remedy="correct those rows first: once the organization is gone they would point nowhere, or a CASCADE would delete them",
    )
