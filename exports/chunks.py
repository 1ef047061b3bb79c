"""A table's rows cut into chunks along an index of the way, so that a chunk reads its own rows and no neighbour's.

A chunk is a range on one column (a whole run of values of the way's column; or, within one value that has too many rows, a run of the next
column of the same index). Ranges of a part are half-open and leave no gap, so that a row written later falls into one of them. No range
crosses 2^serial_bits or the borders of the source's own origin: within each such class the formula keeps the order, and the chunk's
rewritten rows are a range again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from psycopg import sql

from exports.ids import IdRules
from exports.membership import CLOSURE, Membership, column_sql, table_sql
from exports.rewrite import Minting, raw
from exports.scope import Scope, Standing
from splitter.graph import Kind, Reference
from splitter.layout import IdLayout
from splitter.schema import Table, TableName

# Types whose order is the same on every server; texts are left out, since collations differ.
RANGE_TYPES = frozenset(
    {"smallint", "integer", "bigint", "numeric", "uuid", "date", "timestamp without time zone", "timestamp with time zone"}
)
_INTEGERS = frozenset({"smallint", "integer", "bigint"})

Ask = Callable[[sql.Composable], list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class Bound:
    value: str
    inclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """``fixed`` columns have one value each, ``column`` lies between the bounds; no column: everything."""

    fixed: tuple[tuple[str, str], ...] = ()
    column: str | None = None
    low: Bound | None = None
    high: Bound | None = None

    def condition(self, table: Table, alias: str) -> list[sql.Composable]:
        """The conditions on ``alias``, to be joined with AND."""
        parts = [_compare(table, alias, column, "=", value) for column, value in self.fixed]
        if self.column and self.low:
            parts.append(_compare(table, alias, self.column, ">=" if self.low.inclusive else ">", self.low.value))
        if self.column and self.high:
            parts.append(_compare(table, alias, self.column, "<=" if self.high.inclusive else "<", self.high.value))
        return parts


def _compare(table: Table, alias: str, column: str, operator: str, value: str) -> sql.Composable:
    return sql.SQL("{column} {operator} {value}::{type}").format(
        column=column_sql(alias, column), operator=raw(operator), value=sql.Literal(value), type=raw(_literal_type(table, column))
    )


def _literal_type(table: Table, column: str) -> str:
    """The type to compare in: a bound may be a distributed id, which the column's own int4 would refuse."""
    base = table.column(column).base_type
    return "bigint" if base in _INTEGERS else base


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One piece of a table's part: the same rows as a range at the source and, rewritten, at the target."""

    table: TableName
    part: int
    number: int
    source: Range = Range()
    target: Range = Range()
    rows: int | None = None  # as counted when the chunk was cut; None: not counted

    def bounds(self) -> dict[str, object]:
        """The ranges as JSON."""
        return {"source": asdict(self.source), "target": asdict(self.target)}


def range_from_json(value: dict[str, object]) -> Range:
    """The inverse of ``Chunk.bounds`` for one of its ranges."""
    fixed = value["fixed"]
    assert isinstance(fixed, list)
    return Range(
        fixed=tuple((str(column), str(each)) for column, each in fixed),
        column=None if value["column"] is None else str(value["column"]),
        low=_bound_from_json(value["low"]),
        high=_bound_from_json(value["high"]),
    )


def _bound_from_json(value: object) -> Bound | None:
    if value is None:
        return None
    assert isinstance(value, dict)
    return Bound(str(value["value"]), bool(value["inclusive"]))


@dataclass(frozen=True, slots=True)
class _Interval:
    """A class of ids: its borders at the source, and where they lie at the target once the class is rewritten."""

    number: int
    low: int | None
    high: int | None
    target_low: int | None
    target_high: int | None
    add: int


def intervals(layout: IdLayout, origin: int | None, first_native: int | None) -> tuple[_Interval, ...]:
    """The classes of an id column that is shifted with ``origin``: local, below the origin's range, in it, above.

    ``first_native`` is the smallest id in the column that the origin minted as a distributed one; the images of local ids lie below it.
    """
    if not origin:
        return (_Interval(0, None, None, None, None, 0),)
    first, after = layout.first(origin), layout.first(origin + 1)
    native = after if first_native is None else first_native
    classes = (
        _Interval(0, None, layout.serials, first, native, first),
        _Interval(1, layout.serials, first, layout.serials, first, 0),
        _Interval(2, first, after, native, after, 0),
        _Interval(3, after, None, after, None, 0),
    )
    return tuple(each for each in classes if each.low is None or each.high is None or each.low < each.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The columns to cut along: the way's own (``first``), then the next one of the same index (None: there is none)."""

    first: str
    second: str | None


def chunk_path(table: Table, way: Reference | None, direct: bool) -> Path | None:
    """The index columns to cut a way's rows along; None: no index serves, the part is read in one scan.

    ``direct``: the way's columns are held equal to the organization's key, so that the index's next column is cut.
    """
    if way is None or way.kind not in (Kind.HARD, Kind.SOFT, Kind.POLYMORPHIC):
        return None
    held = {way.type_column} if way.type_column else set()
    held |= set(way.columns) if direct else set()
    best: Path | None = None
    for index in table.indexes:
        if index.method != "btree" or not index.valid or index.predicate is not None or not index.default_opclass:
            continue
        if direct and not (set(index.columns[: len(held)]) == held):
            continue
        rest = [column for column in index.columns if column not in held]
        path = _usable(table, rest, () if direct else way.columns)
        if path and (best is None or (best.second is None and path.second is not None)):
            best = path
    return best


def _usable(table: Table, columns: Sequence[str | None], wanted: tuple[str, ...]) -> Path | None:
    if not columns or (wanted and columns[0] not in wanted):
        return None
    usable: list[str] = []
    for name in columns[:2]:
        column = table.columns_by_name.get(name) if name is not None else None
        never_null = column is not None and (column.not_null or column.name in wanted)
        if column is None or not never_null or column.base_type not in RANGE_TYPES:
            break
        usable.append(column.name)
    if not usable:
        return None
    return Path(first=usable[0], second=usable[1] if len(usable) > 1 else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutter:
    """Cuts parts into chunks of about ``rows`` rows, asking the source in the snapshot."""

    scope: Scope
    membership: Membership
    rules: IdRules
    minting: Minting
    rows: int
    small: int  # bytes: a smaller table is one chunk without a look
    ask: Ask

    def cut(self, name: TableName, part: int, size: int) -> tuple[Chunk, ...]:
        """The chunks of one part of a table of ``size`` bytes, in key order."""
        table = self.scope.table(name)
        way = self._way(name, part)
        direct = way is not None and way.target == self.scope.root and set(way.target_columns) == set(self.scope.root_key)
        path = chunk_path(table, way, direct) if size >= self.small else None
        if path is None:
            return (Chunk(table=name, part=part, number=0),)
        chunks = [replace(chunk, number=number) for number, chunk in enumerate(self._along(table, part, path))]
        return tuple(chunks)

    def _way(self, name: TableName, part: int) -> Reference | None:
        scope = self.scope.tables[name]
        if part == CLOSURE or scope.standing is not Standing.OWNED or name == self.scope.root:
            return None
        return scope.ways[part]

    def _origin(self, table: Table, column: str) -> int | None:
        return self.minting.origin if self.rules.shifts(table.name, column) else None

    def _along(self, table: Table, part: int, path: Path) -> Iterable[Chunk]:
        runs = self._runs(table, part, path.first)
        for interval in intervals(self.minting.layout, self._origin(table, path.first), _first_native(runs)):
            for run in _contiguous([run for run in runs if run.interval == interval.number]):
                if run.heavy and path.second:
                    yield from self._within(table, part, path.first, path.second, run, interval)
                else:
                    yield _chunk(table, part, path.first, (), (), run, interval)

    def _within(self, table: Table, part: int, first: str, second: str, run: _Run, outer: _Interval) -> Iterable[Chunk]:
        """One value with too many rows, cut along the next column."""
        assert run.lowest is not None
        source_fixed = ((first, run.lowest),)
        target_fixed = ((first, _image(run.lowest, outer)),)
        runs = self._slices(table, part, source_fixed, second)
        for interval in intervals(self.minting.layout, self._origin(table, second), _first_native(runs)):
            for each in _contiguous([one for one in runs if one.interval == interval.number]):
                yield _chunk(table, part, second, source_fixed, target_fixed, each, interval)

    def _class_sql(self, table: Table, column: str, value: sql.Composable) -> sql.Composable:
        classes = intervals(self.minting.layout, self._origin(table, column), None)
        if len(classes) == 1:
            return sql.SQL("0")
        whens = [
            sql.SQL("WHEN {value} < {high} THEN {number}").format(value=value, high=sql.Literal(each.high), number=sql.Literal(each.number))
            for each in classes
            if each.high is not None
        ]
        return sql.SQL("CASE {whens} ELSE {last} END").format(whens=sql.SQL(" ").join(whens), last=sql.Literal(classes[-1].number))

    def _runs(self, table: Table, part: int, column: str) -> list[_Run]:
        """Neighbouring values of ``column`` put together up to ``rows`` rows; a value with more stands alone, as heavy."""
        query = sql.SQL(
            "SELECT class, heavy, min(c)::text, max(c)::text, sum(n)::bigint FROM (SELECT c, n, class, n > {rows} AS heavy,"
            " count(*) FILTER (WHERE n > {rows}) OVER w AS heavies, div(sum(n) OVER w - 1, {rows}) AS pile"
            " FROM (SELECT {column} AS c, count(*) AS n, {class_of} AS class FROM {table} AS k WHERE {part} GROUP BY 1, 3) AS g"
            " WINDOW w AS (PARTITION BY class ORDER BY c)) AS r GROUP BY class, heavy, heavies, pile ORDER BY class, min(r.c)"
        ).format(
            rows=sql.Literal(self.rows),
            column=column_sql("k", column),
            class_of=self._class_sql(table, column, column_sql("k", column)),
            table=table_sql(table),
            part=self.membership.part(table.name, part, "k"),
        )
        return [_Run(int(str(c)), bool(h), str(low), str(high), int(str(n))) for c, h, low, high, n in self.ask(query)]

    def _slices(self, table: Table, part: int, fixed: tuple[tuple[str, str], ...], column: str) -> list[_Run]:
        """The rows of one value of the way, cut every ``rows`` rows along ``column``."""
        conditions = [self.membership.part(table.name, part, "k"), *Range(fixed=fixed).condition(table, "k")]
        query = sql.SQL(
            "SELECT class, false, min(c)::text, max(c)::text, count(*) FROM (SELECT c, class,"
            " div(rank() OVER (PARTITION BY class ORDER BY c) - 1, {rows}) AS pile FROM"
            " (SELECT {column} AS c, {class_of} AS class FROM {table} AS k WHERE {where}) AS g) AS r"
            " GROUP BY class, pile ORDER BY class, min(r.c)"
        ).format(
            rows=sql.Literal(self.rows),
            column=column_sql("k", column),
            class_of=self._class_sql(table, column, column_sql("k", column)),
            table=table_sql(table),
            where=sql.SQL(" AND ").join(conditions),
        )
        return [_Run(int(str(c)), bool(h), str(low), str(high), int(str(n))) for c, h, low, high, n in self.ask(query)]


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows whose column lies from ``lowest`` to ``highest``, both inclusive; both None: a gap, in which nothing lies yet."""

    interval: int
    heavy: bool
    lowest: str | None
    highest: str | None
    rows: int
    low: Bound | None = None
    high: Bound | None = None


def _first_native(runs: Iterable[_Run]) -> int | None:
    return next((int(run.lowest) for run in runs if run.interval == 2 and run.lowest is not None), None)


def _contiguous(runs: Sequence[_Run]) -> Iterable[_Run]:
    """The runs of one class with bounds that leave no gap; where heavy values leave one, an empty run covers it."""
    before: Bound | None = None  # where the next run starts; None: at the class's border
    for position, run in enumerate(runs):
        assert run.lowest is not None and run.highest is not None
        after = runs[position + 1] if position + 1 < len(runs) else None
        if run.heavy:
            previous = runs[position - 1] if position else None
            if previous is None or previous.heavy:
                yield _Run(run.interval, False, None, None, 0, before, Bound(run.lowest, False))
            yield replace(run, low=Bound(run.lowest, True), high=Bound(run.lowest, True))
            before = Bound(run.lowest, False)
            if after is None:
                yield _Run(run.interval, False, None, None, 0, before, None)
        else:
            high = None if after is None else Bound(after.lowest or "", False) if after.heavy else Bound(run.highest, True)
            yield replace(run, low=before, high=high)
            before = Bound(run.highest, False)
    if not runs:
        yield _Run(0, False, None, None, 0)


def _image(value: str, interval: _Interval) -> str:
    return str(int(value) + interval.add) if interval.add else value


def _chunk(
    table: Table,
    part: int,
    column: str,
    source_fixed: tuple[tuple[str, str], ...],
    target_fixed: tuple[tuple[str, str], ...],
    run: _Run,
    interval: _Interval,
) -> Chunk:
    source = Range(
        fixed=source_fixed, column=column, low=run.low or _border(interval.low, True), high=run.high or _border(interval.high, False)
    )
    target = Range(
        fixed=target_fixed,
        column=column,
        low=replace(run.low, value=_image(run.low.value, interval)) if run.low else _border(interval.target_low, True),
        high=replace(run.high, value=_image(run.high.value, interval)) if run.high else _border(interval.target_high, False),
    )
    return Chunk(table=table.name, part=part, number=0, source=source, target=target, rows=run.rows)


def _border(value: int | None, inclusive: bool) -> Bound | None:
    return None if value is None else Bound(str(value), inclusive)
