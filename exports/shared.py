"""Rows that an organization needs but doesn't own: shared reference data, read at the source as plain values.

``exports.match`` finds the target's rows that stand for them by natural key; an archive carries them when no target is known yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.membership import Membership, column_sql, label_of, points_at, reference_values, table_sql
from exports.scope import EXPORTED, Standing, follows
from exports.snapshot import Connection
from splitter.graph import Reference, components
from splitter.schema import TableName

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRows:
    """The needed rows of one shared table, as texts by column."""

    table: TableName
    rows: tuple[Row, ...]
    referred: tuple[tuple[str, ...], ...]  # the sets of columns by which references hold its rows


def matched_tables(membership: Membership, *, control_too: bool) -> tuple[TableName, ...]:
    """The tables whose rows are matched, those that refer to others of them first; control's too where the source has its own."""
    scope = membership.scope
    standings = {Standing.SHARED, Standing.CONTROL} if control_too else {Standing.SHARED}
    names = [table.name for table in scope.tables.values() if table.standing in standings or table.shared_where]
    order = components(names, lambda name: [reference.target for reference in scope.references_of(name)])
    return tuple(name for group in reversed(order) for name in group)


def read_needed(membership: Membership, connection: Connection, *, control_too: bool = False) -> tuple[SharedRows, ...]:
    """The rows of shared tables that the organization's rows refer to, straight or through other shared rows.

    They come in an order in which a table stands before the shared tables that it refers to.
    """
    names = matched_tables(membership, control_too=control_too)
    found: dict[TableName, SharedRows] = {}
    while True:  # tables that refer to each other in a circle may bring in more of each other's rows
        sizes = {name: len(shared.rows) for name, shared in found.items()}
        for name in names:
            _read_table(membership, connection, name, found)
        if not _circular(membership, names) or sizes == {name: len(shared.rows) for name, shared in found.items()}:
            return tuple(found[name] for name in names if name in found)


def _circular(membership: Membership, names: Sequence[TableName]) -> bool:
    position = {name: number for number, name in enumerate(names)}
    held = (reference for name in names for reference in membership.scope.graph.of(name))
    return any(reference.target in position and position[reference.target] <= position[reference.table] for reference in held)


def _read_table(membership: Membership, connection: Connection, name: TableName, found: dict[TableName, SharedRows]) -> None:
    """The needed rows of one table into ``found``, as far as those of the others are known."""
    pointers = [
        reference
        for reference in membership.scope.graph.to(name)
        if follows(reference) and (membership.scope.standing(reference.table) in EXPORTED or reference.table in found)
    ]
    rows = _read(membership, connection, name, pointers, found) if pointers else ()
    if rows:
        found[name] = SharedRows(table=name, rows=rows, referred=tuple(dict.fromkeys(each.target_columns for each in pointers)))


def _read(
    membership: Membership,
    connection: Connection,
    name: TableName,
    pointers: Iterable[Reference],
    found: Mapping[TableName, SharedRows],
) -> tuple[Row, ...]:
    scope = membership.scope
    table = scope.table(name)
    where = scope.tables[name].shared_where
    pointed = [_pointed(membership, pointer, found) for pointer in pointers]
    columns = [column.name for column in table.stored_columns]
    query = sql.SQL("SELECT {columns} FROM {table} WHERE (tableoid, ctid) IN ({pointed}) AND ({where})").format(
        columns=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns),
        table=table_sql(table),
        pointed=sql.SQL(" UNION ").join(each for each in pointed if each is not None),
        where=sql.SQL(where) if where else sql.SQL("true"),  # type: ignore[arg-type]
    )
    rows = connection.execute(query).fetchall()
    return tuple({column: None if value is None else str(value) for column, value in zip(columns, row, strict=True)} for row in rows)


def _pointed(membership: Membership, pointer: Reference, found: Mapping[TableName, SharedRows]) -> sql.Composable | None:
    scope = membership.scope
    values = membership.values(pointer) if scope.standing(pointer.table) in EXPORTED else _values_of_shared(membership, pointer, found)
    return sql.SQL("SELECT p.tableoid, p.ctid FROM ({values}) AS w JOIN {target} AS p ON {on}").format(
        values=values, target=table_sql(scope.table(pointer.target)), on=points_at(scope, pointer, "w", "p")
    )


def _values_of_shared(membership: Membership, pointer: Reference, found: Mapping[TableName, SharedRows]) -> sql.Composable:
    """What the needed rows of another shared table hold in a reference."""
    holder = membership.scope.table(pointer.table)
    columns, source = reference_values(holder, pointer, "k", membership.scope.schema.server_version)
    key = holder.identifying_key
    wanted = [[str(row[column]) for row in found[pointer.table].rows] for column in key]
    return sql.SQL("SELECT {values} FROM {holder} AS k{lateral} WHERE ({key}) IN (SELECT * FROM unnest({wanted})) AND {label}").format(
        values=sql.SQL(", ").join(sql.SQL("{} AS {}").format(each, sql.Identifier(f"v{n}")) for n, each in enumerate(columns)),
        holder=table_sql(holder),
        lateral=sql.SQL(" CROSS JOIN LATERAL {} AS x(id)").format(source) if source else sql.SQL(""),
        key=sql.SQL(", ").join(sql.SQL("{}::text").format(column_sql("k", column)) for column in key),
        wanted=sql.SQL(", ").join(sql.SQL("{}::text[]").format(sql.Literal(each)) for each in wanted),
        label=label_of(holder, pointer, "k"),
    )
