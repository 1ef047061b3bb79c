"""Shared rows of the source and the rows that stand for them in the target, found by natural key.

The key must be unique on both sides, and the other columns must say the same on both, unless silos.toml ignores them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from exports.ids import IdRule, IdRules, is_own_id
from exports.membership import table_sql
from exports.rewrite import Minting, SharedMap, raw
from exports.shared import Row, SharedRows
from exports.snapshot import Connection
from splitter.errors import Problem
from splitter.schema import Schema, Table, TableName
from splitter.silos import SiloMap, TableRules

Maps = Mapping[tuple[TableName, tuple[str, ...]], SharedMap]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRow:
    """A shared row that the target lacks and that is to be inserted, with the values that it has there."""

    table: TableName
    values: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The outcome: maps for the rewriting, rows to insert first, and what stands in the way."""

    maps: Maps = field(default_factory=dict)
    inserts: tuple[MissingRow, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a table's matching rows are looked up: a connection and the schema behind it."""

    connection: Connection
    schema: Schema


def match_rows(
    needed: Sequence[SharedRows], silos: SiloMap, source: Schema, rules: IdRules, minting: Minting, place: Callable[[TableName], Place]
) -> Matched:
    """``needed`` as ``read_needed`` orders it; ``place`` gives where a table's rows are (a region, or control)."""
    matcher = _Matcher(silos, source, rules, minting, place)
    for shared in reversed(needed):  # a natural key may hold the id of another shared row: that one first
        matcher.match(shared)
    matcher.compare()  # contents may hold ids of any of them: once all are matched
    return Matched(maps=matcher.maps, inserts=tuple(matcher.inserts), problems=tuple(matcher.problems))


class _Matcher:
    def __init__(self, silos: SiloMap, source: Schema, rules: IdRules, minting: Minting, place: Callable[[TableName], Place]) -> None:
        self.silos, self.source, self.rules, self.minting, self.place = silos, source, rules, minting, place
        self.maps: dict[tuple[TableName, tuple[str, ...]], SharedMap] = {}
        self.inserts: list[MissingRow] = []
        self.problems: list[Problem] = []
        self._pairs: list[tuple[TableName, tuple[str, ...], Row, Row | None]] = []  # table, natural key, the source's row, the target's

    def match(self, shared: SharedRows) -> None:
        name, rules = shared.table, self.silos.rules(shared.table)
        if not rules.match:
            self._problem(
                "no-natural-key", name, f"{len(shared.rows)} of its rows are needed", "say which columns name a row: match = [[...]]"
            )
            return
        place = self.place(name)
        if name not in place.schema.tables:
            self._problem("missing-table", name, "the target has no such table", "run the application's migrations there")
            return
        pairs: list[tuple[Row, Row]] = []
        for key, rows in self._by_key(shared, rules).items():
            pairs.extend(self._match_by(shared.table, key, rows, rules, place))
        for columns in shared.referred:
            found = tuple((_values(old, columns), _values(new, columns)) for old, new in pairs)
            self.maps[name, columns] = SharedMap(columns=columns, pairs=found)

    def _by_key(self, shared: SharedRows, rules: TableRules) -> dict[tuple[str, ...], list[Row]]:
        """The rows by the first of the alternatives in which none of their values is NULL."""
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in shared.rows:
            key = next((key for key in rules.match if all(row[column] is not None for column in key)), None)
            if key is None:
                self._problem("null-natural-key", shared.table, f"a needed row has NULL in every natural key: {_shown(row)}", "fill it in")
            else:
                groups.setdefault(key, []).append(row)
        return groups

    def _match_by(
        self, name: TableName, key: tuple[str, ...], rows: list[Row], rules: TableRules, place: Place
    ) -> Iterable[tuple[Row, Row]]:
        expected = [self._expected(name, row) for row in rows]
        there = _lookup(place, name, key, expected, rules.shared_where or "true")
        seen: dict[tuple[str, ...], Row] = {}
        for row, wanted in zip(rows, expected, strict=True):
            value = _values(wanted, key)
            found = there.get(value, [])
            if value in seen or len(found) > 1:
                side = "source" if value in seen else "target"
                remedy = "a natural key must be unique on both sides"
                self._problem(
                    "ambiguous-natural-key", name, f"several rows of the {side} have {', '.join(key)} = {', '.join(value)}", remedy
                )
                continue
            seen[value] = row
            if found:
                self._pairs.append((name, key, row, found[0]))
                yield row, found[0]
            elif rules.on_missing == "insert":
                self._pairs.append((name, key, row, None))
                yield row, wanted
            else:
                remedy = 'bring it into the target, or set on_missing = "insert"'
                self._problem("missing-shared-row", name, f"the target has no row with {', '.join(key)} = {', '.join(value)}", remedy)

    def compare(self) -> None:
        """Hold every matched row against the target's, and put together what is to be inserted."""
        for name, key, row, found in self._pairs:
            wanted = self._expected(name, row)
            if found is None:
                self.inserts.append(MissingRow(table=name, values=wanted))
            else:
                self._compare(name, key, wanted, found, self.silos.rules(name))

    def _expected(self, name: TableName, row: Row) -> Row:
        """The row as it would be in the target: its references rewritten, its own ids shifted."""
        table = self.source.tables[name]
        return {column.name: self._rewritten(table, column.name, row[column.name]) for column in table.stored_columns}

    def _rewritten(self, table: Table, column: str, value: str | None) -> str | None:
        treatment = self.rules.of(table.name, column)
        if value is None or treatment.unset:
            return None
        rule, reference = treatment.rule, treatment.reference
        if rule.shared is not None and reference is not None:
            shared = self.maps.get((reference.target, reference.target_columns))
            position = reference.columns.index(column)
            for old, new in shared.pairs if shared else ():
                if old[position] == value:
                    return new[position]
        if rule.rule is IdRule.SHIFT and self.minting.origin is not None and value.isdigit():
            return str(self.minting.layout.shift(int(value), self.minting.origin))
        return value

    def _compare(self, name: TableName, key: tuple[str, ...], wanted: Row, found: Row, rules: TableRules) -> None:
        table = self.source.tables[name]
        ignored = {*rules.ignore, *table.identifying_key, *key}
        ignored |= {column.name for column in table.stored_columns if is_own_id(table, column.name, self.silos)}
        ignored |= {column.name for column in table.stored_columns if self.rules.of(name, column.name).inner}
        for column, value in wanted.items():
            if column not in ignored and column in found and found[column] != value:
                self._problem(
                    "shared-row-differs",
                    name,
                    f"{', '.join(key)} = {', '.join(_values(wanted, key))}: {column} is {value!r} at the source, {found[column]!r} in the target",
                    f'make both rows equal, or ignore = ["{column}"]',
                )

    def _problem(self, code: str, name: TableName, found: str, remedy: str) -> None:
        self.problems.append(Problem(code=code, object=str(name), found=found, remedy=remedy))


def _values(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row[column]) for column in columns)


def _shown(row: Row) -> str:
    return ", ".join(f"{column}={value}" for column, value in list(row.items())[:4])


def _lookup(place: Place, name: TableName, key: tuple[str, ...], rows: Sequence[Row], where: str) -> dict[tuple[str, ...], list[Row]]:
    """The rows of the table behind ``place`` that have one of the keys, by key; ``where`` tells its shared part."""
    table = place.schema.tables[name]
    columns = [column.name for column in table.stored_columns]
    arrays = [[row[column] for row in rows] for column in key]
    query = sql.SQL(
        "SELECT DISTINCT {columns} FROM {table} AS t JOIN unnest({arrays}) AS u({names}) ON {on}"
        " WHERE t.ctid IN (SELECT ctid FROM {table} WHERE {where})"
    ).format(
        columns=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier("t", column)) for column in columns),
        table=table_sql(table),
        where=sql.SQL(where),  # type: ignore[arg-type]
        arrays=sql.SQL(", ").join(sql.SQL("{}::text[]").format(sql.Literal(array)) for array in arrays),
        names=sql.SQL(", ").join(sql.Identifier(f"c{n}") for n in range(len(key))),
        on=sql.SQL(" AND ").join(
            sql.SQL("{mine} = {value}::{type}").format(
                mine=sql.Identifier("t", column), value=sql.Identifier("u", f"c{n}"), type=raw(table.column(column).base_type)
            )
            for n, column in enumerate(key)
        ),
    )
    found: dict[tuple[str, ...], list[Row]] = {}
    for values in place.connection.execute(query).fetchall():
        row = {column: None if value is None else str(value) for column, value in zip(columns, values, strict=True)}
        found.setdefault(_values(row, key), []).append(row)
    return found


def insert_missing(connection: Connection, schema: Schema, missing: MissingRow) -> None:
    """Insert one shared row, as it is to be in the target."""
    table = schema.tables[missing.table]
    columns = [column for column in table.stored_columns if column.name in missing.values]
    connection.execute(
        sql.SQL("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values}) ON CONFLICT DO NOTHING").format(
            table=sql.Identifier(*missing.table),
            columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            values=sql.SQL(", ").join(
                sql.SQL("{}::{}").format(sql.Literal(missing.values[column.name]), raw(column.type)) for column in columns
            ),
        )
    )
