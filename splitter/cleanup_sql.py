"""The statements that clean up the children of parents that are gone: pure text, for one table that holds such children.

A batch finds candidates by their place (ctid), at most ``limit``, and deletes or changes those rows in the same statement. Keys come as
text and are cast to what the child's column is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from psycopg import sql

from splitter.cascade import Cascade, ChildAction
from splitter.schema import TableName
from splitter.sql import load_queries

Key = tuple[str, ...]
NewKey = tuple[str | None, ...]

_SQL = load_queries("cascades.sql")
_INTEGERS = frozenset({"smallint", "integer", "bigint"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """``type`` without domains and modifiers, safe to cast to; ``operator``: what says that two values of it are equal."""

    name: str
    type: str
    operator: tuple[str, str]  # schema and name
    default: str | None = None

    @property
    def is_integer(self) -> bool:
        return self.type in _INTEGERS

    @property
    def cast(self) -> sql.SQL:
        """Any integer is compared as bigint: a parent's id may be wider than the column that holds it."""
        return sql.SQL("bigint") if self.is_integer else sql.SQL(self.type)

    def compare(self, left: sql.Composable, right: sql.Composable) -> sql.Composed:
        schema, name = self.operator
        return sql.SQL("{} OPERATOR({}.{}) {}").format(left, sql.Identifier(schema), sql.SQL(name), right)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What has to be known of a table whose rows are looked for by ``columns``. ``partition_columns``: of all levels; ``""`` is an
    expression."""

    table: TableName
    columns: Mapping[str, ColumnFacts]
    is_partitioned: bool = False
    partition_columns: frozenset[str] = frozenset()

    def as_root(self) -> sql.Composable:
        """The whole table, without tables that inherit from it: their rows are not its rows for a foreign key."""
        name = sql.Identifier(*self.table)
        return name if self.is_partitioned else sql.SQL("ONLY {}").format(name)


def holdable(facts: TableFacts, columns: Sequence[str], key: Key) -> Key | None:
    """The key as the columns could hold it; None where no row can: 7.5, or an id beyond 64 bits, in an integer column."""
    found = tuple(_integer(value) if facts.columns[name].is_integer else value for name, value in zip(columns, key, strict=True))
    return None if any(value is None for value in found) else tuple(value for value in found if value is not None)


def _integer(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    whole = number.is_finite() and abs(number) < 2**63 and number == int(number)
    return str(int(number)) if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Which rows one statement takes: ``limit`` of them, or about so many where they are ``between`` two pages.

    ``partition``: of that one alone, as regclass spells it. ``between``: from a page, up to before another.
    """

    limit: int
    partition: str | None = None
    between: tuple[int, int] | None = None
    skip_locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """What becomes of the children of ``keys``. ``new_keys``, in the order of ``keys``, are there after an update of the parents."""

    cascade: Cascade
    facts: TableFacts
    keys: tuple[Key, ...]
    new_keys: tuple[NewKey, ...] | None = None

    @property
    def action(self) -> ChildAction:
        return self.cascade.on_delete if self.new_keys is None else self.cascade.on_update

    @property
    def changed_columns(self) -> tuple[str, ...]:
        """What an UPDATE of the children would set."""
        chosen = self.cascade.delete_columns if self.new_keys is None else ()
        return chosen or self.cascade.columns

    def render_partitions(self) -> sql.Composed:
        """Which partitions hold children."""
        return self._select("partitions_that_hold", self.facts.as_root())

    def render_any(self) -> sql.Composed:
        """Whether there is a child at all."""
        return self._select("is_any", self.facts.as_root())

    def render_survey(self, partition: str | None) -> sql.Composed:
        """How many children there are, and between which places they stand."""
        return self._select("survey", self._table(partition))

    def render_batch(self, batch: Batch) -> sql.Composed:
        """Deletes or changes the rows of a batch."""
        table = self._table(batch.partition)
        deletes = self.action is ChildAction.CASCADE and self.new_keys is None
        if deletes and batch.between and not batch.skip_locked and len(self.cascade.columns) == 1:
            return sql.SQL(_SQL["delete_between"]).format(table=table, matches=self._matches(), **_places(batch.between))
        candidates = self._candidates(batch)
        if deletes:
            return sql.SQL(_SQL["delete"]).format(table=table, candidates=candidates)
        # addressed to the partition, a row that has to leave it would be refused
        moves = bool({*self.changed_columns, ""} & self.facts.partition_columns) and batch.partition is not None
        slots = {
            "target": self.facts.as_root() if moves else table,
            "assignments": self._assignments(),
            "candidates": candidates,
            "of_partition": self._of_partition(batch.partition) if moves else sql.SQL(""),
        }
        if self.action is ChildAction.CASCADE:
            return sql.SQL(_SQL["follow"]).format(**slots, keys=self._unnest(with_new=True), matches=self._matches_row())
        return sql.SQL(_SQL["unset"]).format(**slots)

    def _select(self, query: str, table: sql.Composable) -> sql.Composed:
        return sql.SQL(_SQL[query]).format(table=table, from_keys=self._from_keys(), matches=self._matches())

    def _table(self, partition: str | None) -> sql.Composable:
        return self.facts.as_root() if partition is None else sql.SQL("ONLY {}").format(sql.SQL(partition))

    def _candidates(self, batch: Batch) -> sql.Composed:
        table = self._table(batch.partition)
        slots = {"table": table, "from_keys": self._from_keys(), "matches": self._matches(), "limit": sql.Literal(batch.limit)}
        if batch.between is None:
            found = sql.SQL(_SQL["candidates"]).format(**slots)
        else:
            found = sql.SQL(_SQL["candidates_between"]).format(**slots, **_places(batch.between))
        return sql.SQL(_SQL["unlocked"]).format(table=table, candidates=found) if batch.skip_locked else found

    @staticmethod
    def _of_partition(partition: str | None) -> sql.Composed:
        return sql.SQL(" {}").format(sql.SQL(_SQL["of_partition"]).format(partition=sql.Literal(partition)))

    def _from_keys(self) -> sql.Composable:
        """One column is looked up by an array; several, by a join."""
        return sql.SQL("") if len(self.cascade.columns) == 1 else sql.SQL(", {}").format(self._unnest())

    def _matches(self) -> sql.Composable:
        if len(self.cascade.columns) > 1:
            return self._matches_row()
        column = self.facts.columns[self.cascade.columns[0]]
        values = sql.SQL("ANY ({}::{}[])").format(sql.Literal([key[0] for key in self.keys]), column.cast)
        return self._typed(column.compare(sql.Identifier("c", column.name), values))

    def _matches_row(self) -> sql.Composable:
        columns = [self.facts.columns[name] for name in self.cascade.columns]
        parts = (each.compare(sql.Identifier("c", each.name), _key_column(number)) for number, each in enumerate(columns))
        return self._typed(sql.SQL(" AND ").join(parts))

    def _typed(self, condition: sql.Composable) -> sql.Composable:
        """Of a polymorphic reference only the rows that say so."""
        if self.cascade.type_column is None:
            return condition
        column = self.facts.columns[self.cascade.type_column]
        value = sql.SQL("{}::{}").format(sql.Literal(self.cascade.type_value), column.cast)
        return sql.SQL("{} AND {}").format(condition, column.compare(sql.Identifier("c", column.name), value))

    def _unnest(self, *, with_new: bool = False) -> sql.Composed:
        return render_keys(self.facts, self.cascade.columns, self.keys, self.new_keys if with_new else None)

    def _assignments(self) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), self._value(name)) for name in self.changed_columns)

    def _value(self, column: str) -> sql.Composable:
        if self.action is ChildAction.CASCADE:
            return _key_column(self.cascade.columns.index(column), "new")
        return sql.SQL("NULL") if self.action is ChildAction.SET_NULL else sql.SQL("DEFAULT")


def _places(pages: tuple[int, int]) -> dict[str, sql.Literal]:
    low, high = (sql.Literal(f"({page},0)") for page in pages)
    return {"low": low, "high": high}


def render_keys(facts: TableFacts, columns: Sequence[str], keys: Sequence[Key], new_keys: Sequence[NewKey] | None = None) -> sql.Composed:
    """The keys as a row source ``k``: key0, key1, ..., and new0, new1, ... where there are new ones; ``number`` counts them from 1."""
    casts = [facts.columns[name].cast for name in columns]
    arrays = [_array(keys, number, cast) for number, cast in enumerate(casts)]
    names = [f"key{number}" for number in range(len(casts))]
    if new_keys is not None:
        arrays += [_array(new_keys, number, cast) for number, cast in enumerate(casts)]
        names += [f"new{number}" for number in range(len(casts))]
    shown = sql.SQL(", ").join(map(sql.Identifier, (*names, "number")))
    return sql.SQL("ROWS FROM ({}) WITH ORDINALITY AS k ({})").format(sql.SQL(", ").join(arrays), shown)


def _array(keys: Iterable[NewKey], number: int, cast: sql.Composable) -> sql.Composed:
    return sql.SQL("pg_catalog.unnest({}::{}[])").format(sql.Literal([key[number] for key in keys]), cast)


def _key_column(number: int, kind: str = "key") -> sql.Identifier:
    return sql.Identifier("k", f"{kind}{number}")


def render_existing(facts: TableFacts, columns: Sequence[str], keys: Sequence[Key]) -> sql.Composed:
    """The numbers, from 1, of those keys that the parent's table has."""
    pairs = (facts.columns[name].compare(sql.Identifier("c", name), _key_column(number)) for number, name in enumerate(columns))
    slots = {"keys": render_keys(facts, columns, keys), "table": facts.as_root(), "matches": sql.SQL(" AND ").join(pairs)}
    return sql.SQL(_SQL["existing"]).format(**slots)


def render_default(facts: TableFacts, columns: Sequence[str]) -> sql.Composed:
    """One row: what each column's default gives, as text."""
    values = (sql.SQL("({})::text").format(sql.SQL(facts.columns[name].default or "NULL")) for name in columns)
    return sql.SQL("SELECT {}").format(sql.SQL(", ").join(values))
