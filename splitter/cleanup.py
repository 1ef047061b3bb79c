"""Cleans up the children of parents that are gone, batch by batch, in the database where the children are.

Each batch is one transaction with one snapshot. The snapshot is taken first, then the parents' database is asked which of the keys are
there again, and only rows of that snapshot are touched: a child of a parent that came back was inserted after that parent, so it is
either not in the snapshot, or its parent is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from psycopg import IsolationLevel, sql

from splitter.brakes import Pace
from splitter.cascade import Cascade, ChildAction
from splitter.cleanup_sql import Batch, CleanUp, ColumnFacts, Key, NewKey, TableFacts, holdable, render_default
from splitter.db import DEADLOCK, SERIALIZATION_FAILURE, Connection, retrying, translated
from splitter.errors import Busy, Conflict, RefusedError
from splitter.identity import has_relation
from splitter.schema import TableName
from splitter.sql import load_queries

_SQL = load_queries("cascades.sql")
LOCK_MS = 50  # how long a batch waits for a row before it goes around rows that are locked
LAST_LOCK_MS = 3000  # how long the last pass waits for what is still locked
BATCHES_BEFORE_SURVEY = 3
RACES = frozenset({SERIALIZATION_FAILURE, DEADLOCK})
PAGES_A_ROW = 4  # children that are further apart than that are looked up by the index, not read page by page

Existing = Callable[[Sequence[Key]], frozenset[int]]  # positions of the keys that the parent's table has now


class Outcome(str, Enum):
    FINISHED = "finished"  # no child of these keys is left but those of parents that are there again
    OUT_OF_TIME = "out of time"
    HELD = "held"  # a move is in this database


class _Step(Enum):
    MORE = "more"  # a whole batch, or rows in between were locked
    LAST = "last"  # less than a batch
    NONE = "none"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """``returned``: positions of keys whose parents are there again; their children were left."""

    outcome: Outcome
    rows: int = 0
    returned: frozenset[int] = frozenset()


def read_table_facts(conn: Connection, table: TableName, columns: Sequence[str]) -> TableFacts:
    """RefusedError where the table or one of the columns is not in this database."""
    name = sql.Literal(sql.Identifier(*table).as_string())
    with translated(f"looking at {table}"):
        row = conn.execute(sql.SQL(_SQL["table_facts"]).format(table=name)).fetchone()
        query = sql.SQL(_SQL["column_facts"]).format(table=name, columns=sql.Literal(list(columns)))
        found = {each[0]: _column_facts(each) for each in conn.execute(query).fetchall()}
    missing = [column for column in columns if column not in found]
    if row is None or missing:
        what = str(table) if row is None else f"{table}.{missing[0]}"
        hint = "if it was renamed or dropped, make the plan anew, so that the registry orglift.cascades knows it"
        raise RefusedError(f"there is no {what} in database {conn.info.dbname!r}", hint=hint)
    return TableFacts(table=table, columns=found, is_partitioned=row[0], partition_columns=frozenset(row[1]))


def _column_facts(row: tuple[object, ...]) -> ColumnFacts:
    name, type_, schema, operator, default = row
    return ColumnFacts(
        name=str(name), type=str(type_), operator=(str(schema), str(operator)), default=None if default is None else str(default)
    )


@dataclass(slots=True)
class Cleaner:
    """Works in one database of children. ``size``: rows of a batch."""

    conn: Connection
    pace: Pace
    size: int = 10_000
    clock: Callable[[], float] = time.monotonic
    over: tuple[str, ...] = ()  # moves into this database that have nothing to do here any more
    _facts: dict[tuple[TableName, tuple[str, ...]], TableFacts] = field(default_factory=dict)
    _has_moves: bool = False
    _lock_ms: int = 0

    def __post_init__(self) -> None:
        # the application's triggers run in this session: they find their tables as they do in its own
        with translated("opening a session for children"):
            self.conn.execute("RESET search_path; RESET TimeZone")
        self.conn.isolation_level = IsolationLevel.REPEATABLE_READ
        self.look_again()

    def look_again(self) -> None:
        """Forget what is known of tables: they may have changed."""
        self._facts.clear()
        self._has_moves = has_relation(self.conn, "orglift.moves")

    def is_held(self) -> bool:
        """Whether an organization is being moved into or out of this database: rows have to stay as they are until that is over."""
        query = sql.SQL(_SQL["is_held"] if self._has_moves else "SELECT false").format(over=sql.Literal(list(self.over)))
        with translated("looking for moves"):
            row = self.conn.execute(query).fetchone()
        return bool(row and row[0])

    def wait_for_locks(self, milliseconds: int) -> None:
        """From now on, for each lock."""
        if self._lock_ms != milliseconds:
            with translated("setting lock_timeout"):
                self.conn.execute("SELECT pg_catalog.set_config('lock_timeout', %s, false)", (str(milliseconds),))
            self._lock_ms = milliseconds

    def clean(self, cascade: Cascade, keys: Sequence[Key], existing: Existing, until: float) -> Cleaned:
        """After parents with these keys were deleted. ``until``: the clock's time at which to stop between batches."""
        return self._run(cascade, keys, None, existing, until)

    def follow(self, cascade: Cascade, pairs: Sequence[tuple[Key, NewKey]], existing: Existing, until: float) -> Cleaned:
        """After parents got other keys; no old key of the pairs may be a new one of them."""
        return self._run(cascade, [old for old, _ in pairs], [new for _, new in pairs], existing, until)

    def _run(self, cascade: Cascade, keys: Sequence[Key], new: Sequence[NewKey] | None, existing: Existing, until: float) -> Cleaned:
        run = _Run(cleaner=self, cascade=cascade, facts=self._table_facts(cascade), keys=keys, new=new, existing=existing, until=until)
        if not run.left:
            return Cleaned(outcome=Outcome.FINISHED)
        action = cascade.on_delete if new is None else cascade.on_update
        if action is ChildAction.SET_DEFAULT:
            run.check_default(cascade.delete_columns if new is None else ())
        outcome = run.all_partitions()
        return Cleaned(outcome=outcome, rows=run.rows, returned=frozenset(run.returned))

    def _table_facts(self, cascade: Cascade) -> TableFacts:
        columns = (*cascade.columns, cascade.type_column) if cascade.type_column else cascade.columns
        place = (cascade.child, columns)
        if place not in self._facts:
            self._facts[place] = read_table_facts(self.conn, cascade.child, columns)
        return self._facts[place]


@dataclass(slots=True)
class _Run:
    """One cascade, for some keys, until all is done or the time is over."""

    cleaner: Cleaner
    cascade: Cascade
    facts: TableFacts
    keys: Sequence[Key]
    new: Sequence[NewKey] | None
    existing: Existing
    until: float
    rows: int = 0
    returned: set[int] = field(default_factory=set)
    left: list[int] = field(init=False)  # positions of the keys that a child of this table could have

    def __post_init__(self) -> None:
        columns = self.cascade.columns
        self.left = [number for number, key in enumerate(self.keys) if holdable(self.facts, columns, key) is not None]

    def check_default(self, columns: Sequence[str]) -> None:
        """Raises Conflict where children would get a default that refers to a parent that isn't there."""
        chosen = columns or self.cascade.columns
        default = dict(zip(chosen, self._read_default(chosen), strict=True))
        if None in default.values() or set(chosen) != set(self.cascade.columns):
            return  # a key with a NULL in it refers to nobody; one that is changed in parts is another key for each child
        key = tuple(str(default[name]) for name in self.cascade.columns)
        if not self.existing([key]):
            told = f"{self.cascade}: the default {', '.join(key)} is in no row of {self.cascade.parent}"
            raise Conflict(told, hint=f"insert that row, or give {self.cascade.child} another default")

    def _read_default(self, columns: Sequence[str]) -> Sequence[object]:
        """NULLs where there is no child that would get them."""
        conn = self.cleaner.conn
        with translated(f"reading the defaults of {self.cascade.child}"):
            found = conn.execute(self._clean_up().render_any()).fetchone()
            if not found or not found[0]:
                return (None,) * len(columns)
            row = conn.execute(render_default(self.facts, columns)).fetchone()
        assert row is not None
        return row

    def all_partitions(self) -> Outcome:
        for partition in self._partitions():
            outcome = self._partition(partition)
            if outcome is not Outcome.FINISHED:
                return outcome
        return Outcome.FINISHED

    def _partitions(self) -> Sequence[str | None]:
        if not self.facts.is_partitioned:
            return [None]
        with translated(f"looking for children in {self.cascade.child}"):
            return [row[0] for row in self.cleaner.conn.execute(self._clean_up().render_partitions()).fetchall()]

    def _partition(self, partition: str | None) -> Outcome:
        """By the index until it looks like many; then page by page, so that the index is not read over dead rows again and again."""
        ranges: Iterator[tuple[int, int]] = iter(())
        batch, number = self._batch(partition), 0
        while self.left:
            if number and self.cleaner.clock() >= self.until:
                return Outcome.OUT_OF_TIME
            step = self._one(batch)
            number += 1
            if step is _Step.HELD:
                return Outcome.HELD
            if step is not _Step.MORE and batch.between is None:
                return Outcome.FINISHED
            if step is not _Step.MORE:
                batch = replace(batch, between=next(ranges, None))
            elif number == BATCHES_BEFORE_SURVEY:
                ranges = self._page_ranges(partition)
                batch = replace(batch, between=next(ranges, None))
        return Outcome.FINISHED

    def _batch(self, partition: str | None) -> Batch:
        return Batch(limit=self.cleaner.size, partition=partition)

    def _page_ranges(self, partition: str | None) -> Iterator[tuple[int, int]]:
        """Ranges of pages with about a batch of children each; nothing where they are few, or far apart."""
        with translated(f"counting children in {self.cascade.child}"):
            row = self.cleaner.conn.execute(self._clean_up().render_survey(partition)).fetchone()
        assert row is not None
        if not row[0]:
            return
        count, first, last = int(row[0]), _page(row[1]), _page(row[2])
        if count < BATCHES_BEFORE_SURVEY * self.cleaner.size or last - first > PAGES_A_ROW * count:
            return
        step = max(1, (last - first) * self.cleaner.size // count)
        for page in range(first, last + 1, step):
            yield page, min(page + step, last + 1)

    def _one(self, batch: Batch) -> _Step:
        """One batch. Rows that are locked are gone around; the last of them are waited for."""
        self.cleaner.pace.wait_for_standbys(self.cleaner.conn)
        try:
            return self._transaction(batch, LOCK_MS)
        except Busy:
            around = self._transaction(replace(batch, skip_locked=True), LOCK_MS)
        if around is _Step.NONE:
            return self._transaction(batch, LAST_LOCK_MS)
        return _Step.MORE if around is _Step.LAST else around

    def _transaction(self, batch: Batch, lock_ms: int) -> _Step:
        self.cleaner.wait_for_locks(lock_ms)
        return retrying(lambda: self._try(batch), on=RACES)

    def _try(self, batch: Batch) -> _Step:
        conn = self.cleaner.conn
        with translated(f"cleaning up {self.cascade}"), conn.transaction():
            if self.cleaner.is_held():  # this takes the snapshot, too
                return _Step.HELD
            self._leave_returned()
            if not self.left:
                return _Step.NONE
            rows = conn.execute(self._clean_up().render_batch(batch)).rowcount
        self.rows += rows
        self.cleaner.pace.spent(rows)
        return _Step.NONE if rows == 0 else _Step.LAST if rows < batch.limit else _Step.MORE

    def _leave_returned(self) -> None:
        there = self.existing([self.keys[number] for number in self.left])
        if there:
            self.returned.update(self.left[position] for position in there)
            self.left = [number for position, number in enumerate(self.left) if position not in there]

    def _clean_up(self) -> CleanUp:
        def chosen(keys: Sequence[Key]) -> tuple[Key, ...]:
            found = (holdable(self.facts, self.cascade.columns, keys[number]) for number in self.left)
            return tuple(key for key in found if key is not None)

        new = None if self.new is None else tuple(self.new[number] for number in self.left)
        return CleanUp(cascade=self.cascade, facts=self.facts, keys=chosen(self.keys), new_keys=new)


def _page(place: str) -> int:
    return int(place.strip("()").partition(",")[0])
