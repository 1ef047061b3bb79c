"""Rows that an organization needs but doesn't own: shared reference data, read at the source as plain values.

``exports.match`` finds the target's rows that stand for them by natural key; an archive carries them when no target is known yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.key_sql import all_sql, column_sql, label_conditions, points_at, reference_values, set_sql, shared_sql, table_sql
from exports.membership import Membership
from exports.scope import follows
from exports.snapshot import Connection, ask
from splitter.errors import Problem
from splitter.graph import Reference, components
from splitter.ownership import EXPORTED, Standing
from splitter.schema import TableName

Row = Mapping[str, str | None]
Address = tuple[str, str]  # tableoid and ctid, which a snapshot keeps still


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRows:
    """The needed rows of one shared table, as texts by column."""

    table: TableName
    rows: tuple[Row, ...]
    referred: tuple[tuple[str, ...], ...]  # the sets of columns by which references hold its rows
    doubles: tuple[str, ...] = ()  # natural keys of theirs that other rows of the source have too


def matched_tables(membership: Membership, *, control_too: bool) -> tuple[TableName, ...]:
    """The tables whose rows are matched, those that refer to others of them first; control's too where the source has its own."""
    scope = membership.scope
    standings = {Standing.SHARED, Standing.CONTROL} if control_too else {Standing.SHARED}
    names = [table.name for table in scope.tables.values() if table.standing in standings or table.shared_where]
    order = components(names, lambda name: [reference.target for reference in scope.references_of(name)])
    return tuple(name for group in reversed(order) for name in group)


def read_needed(membership: Membership, connection: Connection, *, control_too: bool = False) -> tuple[SharedRows, ...]:
    """The rows of shared tables that the organization's rows refer to, straight or through other shared rows.

    They come in an order in which a table stands before the shared tables that it refers to, as far as there is one.
    """
    reader = _Reader(membership, connection, matched_tables(membership, control_too=control_too))
    reader.read()
    return tuple(reader.shared_rows(name) for name in reader.names if reader.found[name])


class _Reader:
    """Follows references from row to row until nothing new turns up."""

    def __init__(self, membership: Membership, connection: Connection, names: Sequence[TableName]) -> None:
        self.membership = membership
        self.scope = membership.scope
        self.connection = connection
        self.names = names
        self.found: dict[TableName, dict[Address, Row]] = {name: {} for name in names}

    def read(self) -> None:
        fresh = {name: self._add(name, self._from_outside(name)) for name in self.names}
        while any(fresh.values()):
            pointers = [(pointer, fresh[name]) for name in self.names for pointer in self._pointers(name) if fresh[name]]
            fresh = dict.fromkeys(self.names, ())
            for pointer, addresses in pointers:
                found = self._add(pointer.target, [self._pointed(pointer, self._held_by(pointer, addresses))])
                fresh[pointer.target] = (*fresh[pointer.target], *found)

    def shared_rows(self, name: TableName) -> SharedRows:
        rows = tuple(self.found[name].values())
        used = [each for each in self.scope.graph.to(name) if follows(each) and self._counts(each)]
        referred = tuple(dict.fromkeys(each.target_columns for each in used))
        return SharedRows(table=name, rows=rows, referred=referred, doubles=tuple(self._doubles(name, rows)))

    def _counts(self, reference: Reference) -> bool:
        return self.scope.standing(reference.table) in EXPORTED or bool(self.found.get(reference.table))

    def _pointers(self, name: TableName) -> list[Reference]:
        """What a shared table refers to, of other shared rows or its own."""
        return [each for each in self.scope.references_of(name) if each.target in self.found and follows(each)]

    def _from_outside(self, name: TableName) -> list[sql.Composable]:
        """The addresses that references of exported rows lead to."""
        holding = [each for each in self.scope.graph.to(name) if follows(each) and self.scope.standing(each.table) in EXPORTED]
        return [self._pointed(each, self.membership.values(each)) for each in holding]

    def _pointed(self, pointer: Reference, values: sql.Composable) -> sql.Composable:
        return sql.SQL("SELECT p.tableoid, p.ctid FROM ({values}) AS w JOIN {target} AS p ON {on}").format(
            values=values, target=table_sql(self.scope.table(pointer.target)), on=points_at(self.scope, pointer, "w", "p")
        )

    def _held_by(self, pointer: Reference, addresses: Iterable[Address]) -> sql.Composable:
        """What shared rows hold in a reference."""
        holder = self.scope.table(pointer.table)
        values, source = reference_values(holder, pointer, "k", self.scope.schema.server_version)
        rels, tids = zip(*addresses, strict=True)
        return sql.SQL(
            "SELECT {values} FROM {holder} AS k{lateral} WHERE (k.tableoid, k.ctid) IN (SELECT * FROM unnest({rels}::oid[], {tids}::tid[]))"
            " AND {conditions}"
        ).format(
            values=sql.SQL(", ").join(sql.SQL("{} AS {}").format(each, sql.Identifier(f"v{n}")) for n, each in enumerate(values)),
            holder=table_sql(holder),
            lateral=sql.SQL(" CROSS JOIN LATERAL {} AS x(id)").format(source) if source else sql.SQL(""),
            rels=sql.Literal(list(rels)),
            tids=sql.Literal(list(tids)),
            conditions=all_sql([*label_conditions(holder, pointer, "k"), *set_sql(pointer, values)]),
        )

    def _add(self, name: TableName, addresses: Sequence[sql.Composable]) -> tuple[Address, ...]:
        """Read the rows at these addresses; those that are new."""
        if not addresses:
            return ()
        table, known = self.scope.table(name), self.found[name]
        columns = [column.name for column in table.stored_columns]
        query = sql.SQL(
            "SELECT k.tableoid::text, k.ctid::text, {columns} FROM {table} AS k WHERE (k.tableoid, k.ctid) IN ({wanted}){where}"
        )
        rows = ask(
            self.connection,
            query.format(
                columns=sql.SQL(", ").join(sql.SQL("{}::text").format(column_sql("k", column)) for column in columns),
                table=table_sql(table),
                wanted=sql.SQL(" UNION ").join(addresses),
                where=self._shared(name, "k"),
            ),
        )
        fresh = {(str(rel), str(tid)): dict(zip(columns, map(_text, values), strict=True)) for rel, tid, *values in rows}
        new = tuple(address for address in fresh if address not in known)
        known.update({address: fresh[address] for address in new})
        return new

    def _shared(self, name: TableName, alias: str) -> sql.Composable:
        where = self.scope.tables[name].shared_where
        return sql.SQL(" AND {}").format(shared_sql(name, where, alias)) if where else sql.SQL("")

    def _doubles(self, name: TableName, rows: Iterable[Row]) -> Iterable[str]:
        """Natural keys of ``rows`` that several rows of the table have."""
        before: list[tuple[str, ...]] = []
        by_key = group_by_key(rows, self.scope.tables[name].match)
        for key in self.scope.tables[name].match:
            if by_key.get(key):
                yield from (str(double) for (double,) in ask(self.connection, self._doubles_of(name, key, by_key[key], before)))
            before.append(key)

    def _doubles_of(self, name: TableName, key: tuple[str, ...], rows: Sequence[Row], before: Sequence[tuple[str, ...]]) -> sql.Composable:
        names = [f"c{number}" for number in range(len(key))]
        own = [
            sql.SQL("{}::text = {}").format(column_sql("k", column), column_sql("u", each)) for column, each in zip(key, names, strict=True)
        ]
        own += [sql.SQL("NOT ({})").format(_is_full(other)) for other in before]  # such a row is known by that key
        return sql.SQL(
            "SELECT {shown} FROM {table} AS k JOIN (SELECT DISTINCT * FROM unnest({arrays})) AS u({names}) ON {own}{shared}"
            " GROUP BY {all} HAVING count(*) > 1"
        ).format(
            shown=sql.SQL("concat_ws(', ', {})").format(sql.SQL(", ").join(column_sql("u", each) for each in names)),
            table=table_sql(self.scope.table(name)),
            arrays=sql.SQL(", ").join(sql.SQL("{}::text[]").format(sql.Literal([row[column] for row in rows])) for column in key),
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            own=all_sql(own),
            shared=self._shared(name, "k"),
            all=sql.SQL(", ").join(column_sql("u", each) for each in names),
        )


def _is_full(key: Sequence[str]) -> sql.Composable:
    return all_sql([sql.SQL("{} IS NOT NULL").format(column_sql("k", column)) for column in key])


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def group_by_key(rows: Iterable[Row], match: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...] | None, list[Row]]:
    """The rows by the first of the natural keys in which none of their values is NULL; None: those without one."""
    groups: dict[tuple[str, ...] | None, list[Row]] = {}
    for row in rows:
        key = next((key for key in match if all(row[column] is not None for column in key)), None)
        groups.setdefault(key, []).append(row)
    return groups


def double_problems(needed: Iterable[SharedRows]) -> Iterable[Problem]:
    """Natural keys that don't tell the source's own rows apart."""
    for shared in needed:
        for double in shared.doubles:
            yield Problem(
                code="ambiguous-natural-key",
                object=str(shared.table),
                found=f"several rows of the source have the natural key {double}",
                remedy="a natural key must be unique on both sides",
            )
