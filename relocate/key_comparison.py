"""One unique key of the target held against the organization's rows, which pass through a temporary table there, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from exports.membership import column_sql, table_sql
from exports.rows import Source
from exports.snapshot import Connection
from exports.streams import copy_out
from relocate.arrivals import arriving, has_rows
from relocate.move import Move
from relocate.unique_keys import KeyPart, Place, TargetKey
from splitter.db import translated
from splitter.errors import Problem
from splitter.schema import Column, Table, TableName

SHOWN = 5
BATCH = 1 << 20  # bytes of COPY text: some 25,000 uuids
LONGEST = 60  # characters of a value that are shown
_STAGE_NAME = "orglift_keys"
STAGE = sql.Identifier("pg_temp", _STAGE_NAME)
# The key's own index is there: with it a batch costs what it has rows, whatever the table's size.
_BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"


@dataclass(frozen=True, slots=True)
class Sides:
    """Where both come from: ``source`` is in the snapshot of ``reading``; ``resuming``: rows that the move has brought don't count."""

    move: Move
    reading: Source
    source: Connection
    target: Connection
    resuming: bool


@dataclass(slots=True)
class Taken:
    """How many rows are in conflict, and the keys of some."""

    rows: int = 0
    shown: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            self.rows += int(str(rows[0][0]))
            for row in rows[: SHOWN - len(self.shown)]:
                assert isinstance(row[1], list)
                self.shown.append(tuple("NULL" if value is None else _short(str(value)) for value in row[1]))

    def problem(self, name: TableName, key: TargetKey) -> Problem:
        named = ", ".join(part.column or _bare(part.expression) for part in key.parts)
        values = ", ".join(f"({', '.join(values)})" for values in self.shown)
        more = f" and {self.rows - len(self.shown)} more" if self.rows > len(self.shown) else ""
        return Problem(
            code="unique",
            object=f"{name}: {key.name}",
            found=f"rows of the target already have ({named}) = {values}{more}",
            remedy="change or remove one of the two rows",
        )


def _bare(expression: str) -> str:
    return expression[1:-1] if expression.startswith("((") and expression.endswith("))") else expression


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One key: the columns that go over (``staged``), and what the target makes of them."""

    sides: Sides
    table: Table  # of the target
    key: TargetKey
    staged: tuple[str, ...]
    generated: tuple[Column, ...]
    filled: tuple[Column, ...]  # columns that the source hasn't: they get their defaults

    @classmethod
    def of(cls, sides: Sides, name: TableName, key: TargetKey, generated: dict[str, frozenset[str]]) -> Comparison:
        table = sides.move.target.schema.tables[name]
        needs = set(key.needs) | _bound_columns(sides.move, key)
        needs |= {column for made in needs & generated.keys() for column in generated[made]}
        ours = sides.reading.columns(name)
        return cls(
            sides=sides,
            table=table,
            key=key,
            staged=tuple(column for column in ours if column in needs),
            generated=tuple(column for column in table.columns if column.name in needs and column.generated is not None),
            filled=tuple(column for column in table.stored_columns if column.name in needs and column.name not in ours),
        )

    def taken(self) -> Taken:
        taken = Taken()
        if (
            not self.staged
            or not has_rows(self.sides.reading, self.table.name)
            or any(column.sequence is not None for column in self.filled)
        ):
            return taken  # nothing of it comes from the source
        with translated(f"comparing {self.key.name} of {self.table.name} with the target"):
            self._make_stage()
            try:
                for batch in self._batches():
                    self._compare(batch, taken)
            finally:
                self.sides.target.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(STAGE))
        return taken

    def _make_stage(self) -> None:
        self.sides.target.execute(
            sql.SQL("CREATE TEMP TABLE {stage} AS SELECT {columns} FROM {table} AS t WITH NO DATA").format(
                stage=sql.Identifier(_STAGE_NAME), columns=_names(self.staged), table=table_sql(self.table)
            )
        )

    def _batches(self) -> Iterator[bytes]:
        """The staged columns of all rows, rewritten, as COPY text."""
        query = sql.SQL("SELECT {} FROM {}").format(_names(self.staged), arriving(self.sides.reading, self.table.name))
        held: list[bytes] = []
        for block in copy_out(self.sides.source, query, binary=False):
            held.append(block)
            if sum(map(len, held)) >= BATCH:
                yield b"".join(held)
                held.clear()
        if held:
            yield b"".join(held)

    def _compare(self, batch: bytes, taken: Taken) -> None:
        target = self.sides.target
        with target.transaction():
            target.execute(_BY_INDEX)
            with target.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(STAGE)) as copy:
                copy.write(batch)
            for place in self.key.places:
                for nulls in self._null_patterns():
                    taken.add(target.execute(self._conflicts(place, nulls)).fetchall())
            target.execute(sql.SQL("TRUNCATE {}").format(STAGE))

    def _null_patterns(self) -> Iterable[tuple[bool, ...]]:
        """Which parts are NULL, where NULL equals NULL: each combination is a question of its own, so that the index answers it."""
        if not self.key.nulls_not_distinct:
            return [(False,) * len(self.key.parts)]
        flags = sql.SQL(", ").join(sql.SQL("({}) IS NULL").format(_verbatim(part.expression)) for part in self.key.parts)
        rows = self.sides.target.execute(sql.SQL("SELECT DISTINCT {} FROM {}").format(flags, self._rows())).fetchall()
        return [tuple(bool(flag) for flag in row) for row in rows]

    def _rows(self) -> sql.Composable:
        """The batch as rows of the target's table, by its name, as the key's expressions want it."""
        alias = sql.Identifier(self.table.name.name)
        defaults = [sql.SQL("({})::{}").format(_verbatim(column.default or "NULL"), _verbatim(column.type)) for column in self.filled]
        filled = [
            sql.SQL("{} AS {}").format(value, sql.Identifier(column.name)) for value, column in zip(defaults, self.filled, strict=True)
        ]
        made = [sql.SQL("({}) AS {}").format(_verbatim(column.generated or ""), sql.Identifier(column.name)) for column in self.generated]
        star = sql.SQL("{}.*").format(alias)
        inner = sql.SQL("(SELECT {columns} FROM {stage} AS {alias}) AS {alias}").format(
            columns=sql.SQL(", ").join([star, *filled]), stage=STAGE, alias=alias
        )
        return sql.SQL("(SELECT {columns} FROM {inner}) AS {alias}").format(
            columns=sql.SQL(", ").join([star, *made]), inner=inner, alias=alias
        )

    def _conflicts(self, place: Place, nulls: Sequence[bool]) -> sql.Composed:
        """A SELECT of (how many, the key's values) of the batch's rows that the target's rows at ``place`` stand in the way of."""
        parts = self.key.parts
        values = sql.SQL(", ").join(sql.SQL("({}) AS {}").format(_verbatim(part.expression), _value(n)) for n, part in enumerate(parts))
        conditions = [_verbatim(f"({text})") for text in (self.key.predicate, place.bound) if text is not None]
        compared = [_equal(part, n, is_null) for n, (part, is_null) in enumerate(zip(parts, nulls, strict=True))]
        predicate = [_verbatim(f"({self.key.predicate})")] if self.key.predicate is not None else []
        held = sql.SQL("EXISTS (SELECT FROM {table} AS {alias} WHERE {compared})").format(
            table=table_sql(self.sides.move.target.schema.tables[place.table]),
            alias=sql.Identifier(self.table.name.name),
            compared=_and([*compared, *predicate, *self._not_ours()]),
        )
        empty = [sql.SQL("orglift_key.{} IS NULL").format(_value(n)) for n, is_null in enumerate(nulls) if is_null]
        return sql.SQL(
            "SELECT count(*) OVER (), ARRAY[{shown}] FROM (SELECT {values} FROM {rows} WHERE {conditions}) AS orglift_key"
            " WHERE {held} LIMIT {limit}"
        ).format(
            shown=sql.SQL(", ").join(sql.SQL("orglift_key.{}::text").format(_value(n)) for n in range(len(parts))),
            values=values,
            rows=self._rows(),
            conditions=_and(conditions),
            held=_and([*empty, held]),
            limit=sql.Literal(SHOWN),
        )

    def _not_ours(self) -> Iterable[sql.Composable]:
        """The row of the target isn't one that this move brought: by its address, in an anti-join."""
        if not self.sides.resuming:
            return
        alias = self.table.name.name
        there = self.sides.move.there(self.sides.reading.membership)
        own = there.rows(self.table.name, [column_sql("k", "tableoid"), column_sql("k", "ctid")])
        yield sql.SQL("NOT EXISTS (SELECT FROM ({own}) AS orglift_own(rel, tid) WHERE rel = {rel} AND tid = {tid})").format(
            own=own, rel=column_sql(alias, "tableoid"), tid=column_sql(alias, "ctid")
        )


def _bound_columns(move: Move, key: TargetKey) -> set[str]:
    """What the bounds of the key's places read: the partition keys above them."""
    schema, found = move.target.schema, set[str]()
    for place in key.places:
        table = schema.tables.get(place.table)
        while table is not None and table.partition_of is not None:
            table = schema.tables[table.partition_of]
            plain = {column for column in table.partition_key if column is not None}
            found |= plain if len(plain) == len(table.partition_key) else table.columns_by_name.keys()
    return found


def _names(columns: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _verbatim(text: str) -> sql.SQL:
    """An expression as the target's catalog spells it. Only ever a value of ``format``, never its template: braces stay what they are."""
    return sql.SQL(text)


def _value(number: int) -> sql.Identifier:
    return sql.Identifier(f"v{number}")


def _equal(part: KeyPart, number: int, is_null: bool) -> sql.Composable:
    """The key's part of a row of the target is that of the batch's row."""
    collated = f"({part.expression})" + (f" COLLATE {part.collation}" if part.collation else "")
    if is_null:
        return sql.SQL("{} IS NULL").format(_verbatim(collated))
    return sql.SQL("{} {} orglift_key.{}").format(_verbatim(collated), _verbatim(part.operator), _value(number))


def _and(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")
