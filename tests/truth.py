"""The tests' own ground truth: the rows that an organization must have in the target, computed in Python from the source's.

It shares no code with orglift. Who owns a row is read from a case's owners.json, which was computed apart as well; foreign keys come from
the catalog, by queries of its own; what was decided for a schema, from ``tests.cases_facts``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from tests.cases_facts import Facts
from tests.truth_catalog import KEYLESS, Catalog, Link, Row, Rows, Table
from tests.truth_json import compact, parse_path, rewrite_json

Values = tuple[str | None, ...]
Expected = dict[str, Counter[Values]]
_INTEGERS = ("smallint", "integer", "bigint")


@dataclass(frozen=True, slots=True)
class Ids:
    """How the source's local ids are shifted; origin 0 keeps them."""

    origin: int
    serial_bits: int = 36

    def shift(self, value: str) -> str:
        number = int(value)
        assert number >= 0, f"a negative id: {number}"
        return str(number + (self.origin << self.serial_bits)) if number < 1 << self.serial_bits else value


@dataclass(frozen=True)
class Region:
    """One region's database as it was read."""

    catalog: Catalog
    rows: Rows


@dataclass(frozen=True)
class Truth:
    """``source`` before the move, and ``target`` for the ids of its shared rows (None: shared references stay)."""

    facts: Facts
    owners: Mapping[str, Any]
    source: Region
    target: Region | None
    ids: Ids
    _shifts: dict[tuple[str, str], bool] = field(default_factory=dict, init=False, repr=False)

    # what refers to what

    @cached_property
    def links(self) -> dict[str, list[Link]]:
        """Hard references and plain soft ones, by the table that holds them."""
        found = [*self.source.catalog.links, *self.facts.links, *(self._link(*entry) for entry in self._undeclared("virtual"))]
        return {name: [link for link in found if link.table == name] for name in self.source.catalog.tables}

    def _undeclared(self, kind: str) -> list[Any]:
        return list(self.owners["undeclared"][kind])

    def _link(self, table: str, column: str, target: str, target_column: str) -> Link:
        return Link(table, (column,), target, (target_column,))

    def _primary(self, table: str) -> str:
        (column,) = self.owners["tables"][table]["key"]
        return str(column)

    # which columns are ids

    def shifts(self, table: str, column: str) -> bool:
        """Whether the column holds ids of rows that move under new ids."""
        if (table, column) not in self._shifts:
            self._shifts[table, column] = self._decide(table, column, frozenset())
        return self._shifts[table, column]

    def _decide(self, table: str, column: str, asking: frozenset[tuple[str, str]]) -> bool:
        """A reference decides before all else."""
        if self._stays(table):
            return False
        asked = asking | {(table, column)}
        links = [link for link in self.links[table] if column in link.columns]
        targets = [(link.target, link.target_columns[link.columns.index(column)]) for link in links]
        verdicts = {self._decide(*target, asked) for target in targets if target not in asked}
        assert len(verdicts) <= 1, f"{table}.{column}: its references disagree"
        return verdicts.pop() if verdicts else self._is_id(self.source.catalog.tables[table], column)

    def _stays(self, table: str) -> bool:
        shared = self.facts.shared.get(table)
        return table in self.facts.control or (shared is not None and shared.null is None) or table not in self.source.catalog.tables

    def _is_id(self, table: Table, name: str) -> bool:
        column = table.column(name)
        if column.type not in _INTEGERS:
            return False
        keyed = any(name in key for key in table.keys)
        return (column.fed and keyed) or table.primary == (name,) or (table.name, name) in self.facts.ids

    # shared rows

    def _is_shared(self, table: str, row: Row) -> bool:
        shared = self.facts.shared.get(table)
        return shared is not None and (shared.null is None or row[shared.null] is None)

    def _natural_key(self, region: Region, table: str, row: Row) -> tuple[object, ...]:
        """The values of the first alternative without NULL; a reference to a shared row counts as that row's natural key."""
        shared = self.facts.shared[table]
        for place, columns in enumerate(shared.match):
            if all(row[column] is not None for column in columns):
                return (place, *(self._natural_value(region, table, row, column) for column in columns))
        raise AssertionError(f"{table}: nothing to match {dict(row)} by")

    def _natural_value(self, region: Region, table: str, row: Row, column: str) -> object:
        for link in self.links.get(table, ()):
            if link.columns == (column,) and link.target in self.facts.shared:
                referred = next(there for there in region.rows[link.target] if there[link.target_columns[0]] == row[column])
                return self._natural_key(region, link.target, referred)
        return row[column]

    @cached_property
    def shared_ids(self) -> dict[tuple[str, str, str], str | None]:
        """(table, referred column, source's value) -> target's value, for the shared rows that the target has."""
        assert self.target is not None
        found: dict[tuple[str, str, str], str | None] = {}
        for table in self.facts.shared:
            here = {self._natural_key(self.source, table, row): row for row in self.source.rows[table] if self._is_shared(table, row)}
            there = {self._natural_key(self.target, table, row): row for row in self.target.rows[table] if self._is_shared(table, row)}
            for key in here.keys() & there.keys():
                for column, value in here[key].items():
                    if value is not None and column != KEYLESS:
                        found[table, column, value] = there[key][column]
        return found

    @cached_property
    def shared_values(self) -> set[tuple[str, str, str | None]]:
        """(table, column, value) of every shared row of the source."""
        return {
            (table, column, value)
            for table in self.facts.shared
            for row in self.source.rows[table]
            if self._is_shared(table, row)
            for column, value in row.items()
        }

    # rewriting

    def rewritten(self, table: str, row: Row) -> Values:
        """The row as the target must have it, in the order of its stored columns."""
        return tuple(self._new_value(table, column, row) for column in self.source.catalog.tables[table].stored)

    def _new_value(self, table: str, column: str, row: Row) -> str | None:
        value = row[column]
        if value is None or (table, column) in self.facts.unset:
            return None
        if value in self.facts.none_values.get((table, column), ()):
            return value
        documents = self._documents(table, column)
        if self.source.catalog.tables[table].column(column).type == "json":
            return compact(rewrite_json(value, documents))
        if documents:
            return rewrite_json(value, documents)
        for target, target_column in self._referred(table, column, row):
            return self._follow(target, target_column, value)
        if any(self.shifts(*listed) for listed in self._listed(table, column)):
            return re.sub(r"\d+", lambda found: self.ids.shift(found.group()), value)
        return self.ids.shift(value) if self.shifts(table, column) else value

    def _referred(self, table: str, column: str, row: Row) -> Iterator[tuple[str, str]]:
        for link in self.links.get(table, ()):
            if column in link.columns:
                yield link.target, link.target_columns[link.columns.index(column)]
        for name, label, id_column, targets in self._undeclared("polymorphic"):
            if (name, id_column) == (table, column) and row[label] in targets:
                yield targets[row[label]], self._primary(targets[row[label]])

    def _listed(self, table: str, column: str) -> Iterator[tuple[str, str]]:
        for name, listed, target, target_column in self._undeclared("arrays"):
            if (name, listed) == (table, column):
                yield target, target_column

    def _documents(self, table: str, column: str) -> list[tuple[tuple[str, ...], Callable[[str], str | None]]]:
        return [
            (parse_path(path), partial(self._follow, target, self._primary(target)))
            for name, document, path, target in self._undeclared("json")
            if (name, document) == (table, column)
        ]

    def _follow(self, table: str, column: str, value: str) -> str | None:
        """What becomes of a value of that table's column, wherever it stands."""
        if self.target is not None and (table, column, value) in self.shared_values:
            assert (table, column, value) in self.shared_ids, f"the target has no row for {table}.{column} {value}"
            return self.shared_ids[table, column, value]
        return self.ids.shift(value) if self.shifts(table, column) else value

    # whole organizations

    def owned(self, tenant: str) -> dict[str, list[Row]]:
        """The organization's rows, by table, as owners.json names them."""
        return {name: self._named(name, entry["key"], entry["tenants"].get(tenant, [])) for name, entry in self.owners["tables"].items()}

    def _named(self, table: str, key: Sequence[str] | None, names: list[list[str]]) -> list[Row]:
        if not names:
            return []
        wanted = {tuple(name) for name in names}
        rows = [row for row in self.source.rows[table] if tuple(row[column] for column in key or (KEYLESS,)) in wanted]
        assert len(rows) == len(names), f"{table}: owners.json names {len(names)} rows, the database has {len(rows)}"
        return rows

    def referenced(self, tenant: str) -> dict[str, list[Row]]:
        """Rows of tables that travel along: what the organization's rows refer to, and what those refer to."""
        found: dict[str, dict[Values, Row]] = {name: {} for name in self.facts.referenced}
        todo = [(table, row) for table, rows in self.owned(tenant).items() for row in rows]
        while todo:
            table, row = todo.pop()
            for link in self.links.get(table, ()):
                for target, there in self._targets(link, row):
                    key = tuple(there.values())
                    if key not in found[target]:
                        found[target][key] = there
                        todo.append((target, there))
        return {name: list(rows.values()) for name, rows in found.items()}

    def _targets(self, link: Link, row: Row) -> Iterator[tuple[str, Row]]:
        wanted = tuple(row[column] for column in link.columns)
        if link.target in self.facts.referenced and None not in wanted:
            for there in self.source.rows[link.target]:
                if tuple(there[column] for column in link.target_columns) == wanted:
                    yield link.target, there

    def expected(self, tenant: str) -> Expected:
        """The rows that the target gains, by table."""
        gained = self.owned(tenant) | {name: rows for name, rows in self.referenced(tenant).items() if rows}
        return {name: Counter(self.rewritten(name, row) for row in rows) for name, rows in gained.items() if rows}

    def given(self, tenant: str) -> Expected:
        """The organization's own rows as the source has them."""
        tables = self.source.catalog.tables
        return {name: Counter(values_of(tables[name], row) for row in rows) for name, rows in self.owned(tenant).items() if rows}

    def untouched(self, tenant: str) -> set[tuple[str, str, str]]:
        """(table, column, document) of type json without an id that could change: to be found in the target to the last blank."""
        return {
            (table, column.name, text)
            for table, rows in self.owned(tenant).items()
            for column in (self.source.catalog.tables[table].columns if rows else ())
            for text in (row[column.name] for row in rows if column.type == "json")
            if text is not None and compact(rewrite_json(text, self._probes(table, column.name))) == compact(text)
        }

    def _probes(self, table: str, column: str) -> list[tuple[tuple[str, ...], Callable[[str], str | None]]]:
        return [(path, lambda value: f"{value}0") for path, _ in self._documents(table, column)]


def as_values(region: Region) -> Expected:
    """All rows of a region, as ``Truth.expected`` has them."""
    tables = region.catalog.tables
    return {name: Counter(values_of(tables[name], row) for row in rows) for name, rows in region.rows.items()}


def values_of(table: Table, row: Row) -> Values:
    """Documents of type json count without the blanks between their tokens: ``Truth.untouched`` is what else must hold of them."""
    json_columns = {column.name for column in table.columns if column.type == "json"}
    values = ((name, row[name]) for name in table.stored)
    return tuple(compact(value) if value is not None and name in json_columns else value for name, value in values)


def added(before: Expected, after: Expected) -> Expected:
    """What ``after`` has more; nothing of ``before`` may be missing from it."""
    lost = {name: before[name] - after.get(name, Counter()) for name in before}
    assert not any(lost.values()), f"rows were changed or lost: {shorten({name: rows for name, rows in lost.items() if rows})}"
    more = {name: rows - before.get(name, Counter()) for name, rows in after.items()}
    return {name: rows for name, rows in more.items() if rows}


def assert_same(expected: Mapping[str, Counter[Values]], found: Mapping[str, Counter[Values]], catalog: Catalog) -> None:
    """Equal as multisets, table by table; otherwise an error that shows for each table the rows that differ, and in which columns."""
    told = [line for name in sorted({*expected, *found}) for line in _differences(name, expected, found, catalog)]
    assert not told, "\n" + "\n".join(told)


def _differences(name: str, expected: Mapping[str, Counter[Values]], found: Mapping[str, Counter[Values]], catalog: Catalog) -> list[str]:
    missing = list((expected.get(name, Counter()) - found.get(name, Counter())).elements())
    strangers = list((found.get(name, Counter()) - expected.get(name, Counter())).elements())
    if not missing and not strangers:
        return []
    columns = catalog.tables[name].stored
    lines = [f"{name}: {len(missing)} rows missing, {len(strangers)} that should not be there"]
    for row in missing[:3]:
        near = min(strangers, key=partial(_distance, row), default=None)
        pairs = zip(columns, row, near or row, strict=True)
        lines.append("  " + (", ".join(f"{c}: expected {a!r}, found {b!r}" for c, a, b in pairs if a != b) or f"missing {row!r}"))
    return lines + [f"  not expected: {row!r}" for row in strangers[:2] if not missing]


def _distance(one: Values, other: Values) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def shorten(rows: Mapping[str, Counter[Any]]) -> dict[str, Any]:
    """A few rows of each table, for a message."""
    return {name: list(found)[:3] for name, found in rows.items()}
