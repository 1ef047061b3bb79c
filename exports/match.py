"""Shared rows of the source and the rows that stand for them in the target, found by natural key.

The key must be unique on both sides, and the other columns must say the same on both, unless silos.toml ignores them by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TypeVar

from psycopg import sql

from exports.id_sql import TEXT_ID
from exports.ids import IdRule, IdRules, is_own_id
from exports.key_sql import LARGEST, raw, shared_sql, table_sql
from exports.rewrite import Minting, SharedMap
from exports.shared import Row, SharedRows, double_problems, group_by_key
from exports.snapshot import Connection, ask
from splitter.errors import Conflict, Problem
from splitter.graph import Reference, components
from splitter.schema import Schema, TableName
from splitter.silos import Silo, SiloMap, TableRules

T = TypeVar("T")
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
    expecting = _Expecting(source=source, rules=rules, minting=minting)
    matcher = _Matcher(silos, expecting, place)
    matcher.match(list(reversed(needed)))  # a natural key may hold the id of another shared row: that one first
    maps = {
        (shared.table, columns): SharedMap(columns=columns, pairs=tuple(expecting.found.get((shared.table, columns), {}).items()))
        for shared in needed
        for columns in shared.referred
    }
    return Matched(maps=maps, inserts=tuple(matcher.inserts), problems=tuple(dict.fromkeys(matcher.problems)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expecting:
    """What a shared row of the source should be in the target: ids shifted, references to other shared rows led to theirs."""

    source: Schema
    rules: IdRules
    minting: Minting
    found: dict[tuple[TableName, tuple[str, ...]], dict[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

    def row(self, name: TableName, row: Row) -> Row:
        return {column: self._value(name, column, row) for column in row}

    def learn(self, shared: SharedRows, old: Row, new: Row) -> None:
        """``new`` of the target stands for ``old``."""
        for columns in shared.referred:
            if all(old[column] is not None for column in columns):
                self.found.setdefault((shared.table, columns), {})[_values(old, columns)] = _values(new, columns)

    def knows(self, name: TableName, row: Row, columns: Sequence[str]) -> bool:
        """Whether all shared rows that these columns lead to have been found."""
        return all(self._leads_to(name, column, row) is not None for column in columns if self._key(name, column, row))

    def _key(self, name: TableName, column: str, row: Row) -> Reference | None:
        """The reference by which a column leads to a shared row."""
        treatment = self.rules.of(name, column)
        key = treatment.rule.key or treatment.reference
        if treatment.rule.shared is None or key is None or any(row[each] is None for each in key.columns):
            return None
        return key

    def _leads_to(self, name: TableName, column: str, row: Row) -> str | None:
        key = self._key(name, column, row)
        if key is None:
            return None
        new = self.found.get((key.target, key.target_columns), {}).get(_values(row, key.columns))
        return None if new is None else new[key.columns.index(column)]

    def leads_to(self, name: TableName, row: Row, keys: Mapping[tuple[TableName, tuple[str, ...], tuple[str, ...]], T]) -> list[T]:
        """Those of ``keys`` (table, columns, values) that the row refers to."""
        held = (key for column in row if (key := self._key(name, column, row)))
        wanted = ((key.target, key.target_columns, _values(row, key.columns)) for key in held)
        return [keys[each] for each in wanted if each in keys]

    def _value(self, name: TableName, column: str, row: Row) -> str | None:
        value, treatment = row[column], self.rules.of(name, column)
        if value is None or treatment.unset:
            return None
        found = self._leads_to(name, column, row)
        if found is not None:
            return found
        shifts = treatment.rule.rule is IdRule.SHIFT and self.minting.changes and re.fullmatch(TEXT_ID, value)
        return str(self.minting.image(int(value))) if shifts else value


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """A needed row with the natural key that it is known by; ``found``: the target's, None where it is to be inserted."""

    shared: SharedRows
    key: tuple[str, ...]
    row: Row
    found: Row | None = None

    @property
    def table(self) -> TableName:
        return self.shared.table


class _Matcher:
    """Row after row, those first whose natural keys can be told; several rounds where shared rows refer to their own kind."""

    def __init__(self, silos: SiloMap, expecting: _Expecting, place: Callable[[TableName], Place]) -> None:
        self.silos, self.expecting, self.place = silos, expecting, place
        self.inserts: list[MissingRow] = []
        self.problems: list[Problem] = []
        self.matched: list[_Wanted] = []

    def match(self, needed: Sequence[SharedRows]) -> None:
        pending = [wanted for shared in needed for wanted in self._keyed(shared)]
        while pending:
            knows = [self.expecting.knows(each.table, each.row, each.key) for each in pending]
            if not any(knows):
                break
            groups: dict[tuple[TableName, tuple[str, ...]], list[_Wanted]] = {}
            for wanted in compress(pending, knows):
                groups.setdefault((wanted.table, wanted.key), []).append(wanted)
            for (name, key), group in groups.items():
                self._match_by(name, key, group)
            pending = [wanted for wanted, known in zip(pending, knows, strict=True) if not known]
        if pending and not self.problems:
            names = ", ".join(dict.fromkeys(str(wanted.table) for wanted in pending))
            self._problem("circular-natural-key", names, "its natural keys hold ids of each other's rows", "name other columns in match")
        self._finish()

    def _keyed(self, shared: SharedRows) -> Iterable[_Wanted]:
        """The rows with their natural keys; none where the table can't be matched at all."""
        name, rules, place = shared.table, self.silos.rules(shared.table), self.place(shared.table)
        if not rules.match:
            remedy = "say which columns name a row: match = [[...]]"
            self._problem("no-natural-key", name, f"{len(shared.rows)} of its rows are needed", remedy)
            return
        if name not in place.schema.tables:
            self._problem("missing-table", name, "the target has no such table", "run the application's migrations there")
            return
        self.problems += double_problems([shared])
        for key, rows in group_by_key(shared.rows, rules.match).items():
            if key is None:
                shown = "; ".join(_shown(row) for row in rows[:3])
                self._problem("null-natural-key", name, f"needed rows have NULL in every natural key: {shown}", "fill it in")
            else:
                yield from (_Wanted(shared, key, row) for row in rows)

    def _match_by(self, name: TableName, key: tuple[str, ...], group: Sequence[_Wanted]) -> None:
        rules = self.silos.rules(name)
        expected = [self.expecting.row(name, wanted.row) for wanted in group]
        there = _look_up(self.place(name), name, key, expected, rules)
        seen: set[tuple[str, ...]] = set()
        for wanted, new, found in zip(group, expected, there, strict=True):
            said = f"{', '.join(key)} = {', '.join(_values(new, key))}"
            if _values(new, key) in seen or len(found) > 1:
                self._ambiguous(name, f"several rows of the {'target' if len(found) > 1 else 'source'} have {said}")
            elif found or (rules.on_missing == "insert" and self.silos.silo_of(name) is Silo.REGION):
                self.matched.append(replace(wanted, found=found[0] if found else None))
                self.expecting.learn(wanted.shared, wanted.row, found[0] if found else new)
            else:
                remedy = 'bring it into the target, or set on_missing = "insert"'
                if self.silos.silo_of(name) is Silo.CONTROL:
                    remedy = "make it in control first, as the application does: it needs an id of control's own"
                self._problem("missing-shared-row", name, f"the target has no row with {said}", remedy)
            seen.add(_values(new, key))

    def _finish(self) -> None:
        """What refers to other shared rows can be told now that all of them are known."""
        missing = [wanted for wanted in self.matched if wanted.found is None]
        for wanted in self.matched:
            if wanted.found is not None:
                self._compare(wanted.table, wanted.key, self.expecting.row(wanted.table, wanted.row), wanted.found)
        keys = {(each.table, columns, _values(each.row, columns)): each for each in missing for columns in each.shared.referred}
        for group in components(missing, lambda each: self.expecting.leads_to(each.table, each.row, keys)):
            for each in group:
                self._insert(MissingRow(table=each.table, values=self.expecting.row(each.table, each.row)))

    def _insert(self, missing: MissingRow) -> None:
        narrow = list(self._narrow(missing))
        for column in narrow:
            found = f"the target's column is too narrow for {missing.values[column]}, the id of a row that it lacks"
            self._problem("narrow-id", f"{missing.table}.{column}", found, "widen it first: splitter plan widen-ids")
        if not narrow:
            self._require_free(missing)
            self.inserts.append(missing)

    def _require_free(self, missing: MissingRow) -> None:
        """The key that it is to have, which an earlier move may have given to a row that has another name today."""
        place = self.place(missing.table)
        key = place.schema.tables[missing.table].identifying_key
        if not key or any(missing.values.get(column) is None for column in key):
            return
        (there,) = _look_up(place, missing.table, key, [missing.values], TableRules(table=missing.table))
        for row in there:
            said = f"{', '.join(key)} = {', '.join(_values(missing.values, key))}"
            found = f"a row that the target lacks would get {said}, which another row has there: {_shown(row)}"
            self._problem("shared-key-taken", missing.table, found, "correct the natural key of one of both")

    def _narrow(self, missing: MissingRow) -> Iterable[str]:
        columns = self.place(missing.table).schema.tables[missing.table].columns_by_name
        for name, value in missing.values.items():
            largest = LARGEST.get(columns[name].base_type) if name in columns else None
            if largest is not None and value is not None and int(value) > largest:
                yield name

    def _compare(self, name: TableName, key: tuple[str, ...], wanted: Row, found: Row) -> None:
        table, rules = self.expecting.source.tables[name], self.silos.rules(name)
        ignored = {*rules.ignore, *table.identifying_key, *key}
        ignored |= {column.name for column in table.stored_columns if is_own_id(table, column.name, self.silos)}
        ignored |= {column.name for column in table.stored_columns if self.expecting.rules.of(name, column.name).inner}
        said = f"{', '.join(key)} = {', '.join(_values(wanted, key))}"
        for column, value in wanted.items():
            if column not in ignored and column in found and found[column] != value:
                differ = f"{said}: {column} is {value!r} at the source, {found[column]!r} in the target"
                self._problem("shared-row-differs", name, differ, f'make both rows equal, or ignore = ["{column}"]')

    def _ambiguous(self, name: TableName, found: str) -> None:
        self._problem("ambiguous-natural-key", name, found, "a natural key must be unique on both sides")

    def _problem(self, code: str, name: TableName | str, found: str, remedy: str) -> None:
        self.problems.append(Problem(code=code, object=str(name), found=found, remedy=remedy))


def _values(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row[column]) for column in columns)


def _shown(row: Row) -> str:
    return ", ".join(f"{column}={value}" for column, value in list(row.items())[:4])


def _look_up(place: Place, name: TableName, key: tuple[str, ...], rows: Sequence[Row], rules: TableRules) -> list[list[Row]]:
    """For each of ``rows`` the rows of the table behind ``place`` that have its key; of a table that is part shared, shared ones."""
    table = place.schema.tables[name]
    columns = [column.name for column in table.stored_columns]
    names = [f"c{number}" for number in range(len(key))]
    same: list[sql.Composable] = [
        sql.SQL("{} = {}::{}").format(sql.Identifier("t", column), sql.Identifier("u", each), raw(table.column(column).base_type))
        for column, each in zip(key, names, strict=True)
    ]
    same += [shared_sql(name, rules.shared_where, "t")] if rules.shared_where else []
    query = sql.SQL("SELECT u.n, {columns} FROM {table} AS t JOIN unnest({arrays}) WITH ORDINALITY AS u({names}, n) ON {same}").format(
        columns=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier("t", column)) for column in columns),
        table=table_sql(table),
        arrays=sql.SQL(", ").join(sql.SQL("{}::text[]").format(sql.Literal([row[column] for row in rows])) for column in key),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        same=sql.SQL(" AND ").join(same),
    )
    found: list[list[Row]] = [[] for _ in rows]
    for number, *values in ask(place.connection, query):
        texts = (None if value is None else str(value) for value in values)
        found[int(str(number)) - 1].append(dict(zip(columns, texts, strict=True)))
    return found


def insert_missing(connection: Connection, schema: Schema, missing: MissingRow) -> bool:
    """Insert one shared row, as it is to be in the target; False: somebody else has done it. Conflict: something else is there."""
    table = schema.tables[missing.table]
    columns = [column for column in table.stored_columns if column.name in missing.values]
    done = connection.execute(
        sql.SQL("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values}) ON CONFLICT DO NOTHING").format(
            table=sql.Identifier(*missing.table),
            columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            values=sql.SQL(", ").join(
                sql.SQL("{}::{}").format(sql.Literal(missing.values[column.name]), raw(column.type)) for column in columns
            ),
        )
    )
    if done.rowcount == 1:
        return True
    same = [
        sql.SQL("{}::text IS NOT DISTINCT FROM {}").format(sql.Identifier("t", column.name), sql.Literal(missing.values[column.name]))
        for column in columns
    ]
    found = sql.SQL("SELECT FROM {} AS t WHERE {} LIMIT 1").format(table_sql(table), sql.SQL(" AND ").join(same))
    if connection.execute(found).rowcount != 1:
        raise Conflict(
            f"{missing.table}: a row that was missing can't be inserted, another one has a key of it now: {_shown(missing.values)}",
            hint="run the same command again: it looks for the row anew",
        )
    return False
