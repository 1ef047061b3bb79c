"""A table's rows cut into chunks along an index of the way, so that a chunk reads its own rows and no neighbour's.

A chunk is a range on one column: a run of whole values of the way's column, or, within one value that has too many rows, a run of the
next column of the same index. Only columns are cut along whose rewritten values keep their order, class by class (``exports.intervals``),
so that the chunk's rows are a range in the target too.

Where the rows of each such chunk would lie scattered over much of the table, so that every chunk reads most of its pages again, and the
table's pages are in the order of its primary key, chunks are ranges of that key: together they read the table once, neighbours and all,
which is less than the rows' own pages would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from exports.heaps import Heap
from exports.ids import ColumnRule, IdRule, IdRules
from exports.intervals import Bound, Interval, Piece, Run, classes, cover, find_classes
from exports.key_sql import INTEGERS, all_sql, column_sql, table_sql
from exports.membership import CLOSURE, Membership
from exports.ranges import Chunk, Range, range_from_json
from exports.rewrite import Minting
from exports.scope import Scope
from splitter.graph import Kind, Reference
from splitter.ownership import Standing
from splitter.schema import Column, Index, Table, TableName

__all__ = ["RANGE_TYPES", "Bound", "Chunk", "Cutter", "Path", "Range", "chunk_path", "range_from_json"]

# Types whose order is the same on every server.
RANGE_TYPES = frozenset(
    {"smallint", "integer", "bigint", "numeric", "uuid", "date", "timestamp without time zone", "timestamp with time zone"}
)
TEXTS = frozenset({"text", "character varying"})  # whose order their collation decides

OFTEN = 2  # times that a table's pages may be read before it is better to read them once, and filter the neighbours' rows out
ORDERED = 0.9  # the server's correlation of a column whose order the pages are in

Ask = Callable[[sql.Composable], list[tuple[object, ...]]]
Fits = Callable[[str], bool]  # whether a column's rewritten values keep their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The columns to cut along: the way's own (``first``), then the next one of the same index (None: there is none)."""

    first: str
    second: str | None


def is_ordered(column: Column, there: str | None) -> bool:
    """Whether its values have one order, here and where the rows go; ``there``: what orders its texts there."""
    if column.base_type in TEXTS:
        return column.order is not None and column.order == there
    return column.base_type in RANGE_TYPES


def is_direct(scope: Scope, way: Reference) -> bool:
    """Whether the way's columns hold the organization's own key."""
    return way.target == scope.root and set(way.target_columns) == set(scope.root_key)


def chunk_path(table: Table, way: Reference | None, direct: bool, fits: Fits) -> Path | None:
    """The index columns to cut a way's rows along; None: no index serves, the part is read in one scan.

    ``direct``: the way's columns are held equal to the organization's key, so that the index's next column is cut.
    ``fits``: whether a column has an order that its rewritten values keep.
    """
    if way is None or not way.owns:
        return None
    held = {way.type_column} if way.type_column else set()
    held |= set(way.columns) if direct else set()
    paths: list[Path] = []
    for index in table.indexes:
        if _serves(index) and (not direct or set(index.columns[: len(held)]) == held):
            rest = [column for column in index.columns if column not in held]
            paths += _usable(table, rest, () if direct else way.columns, fits)
    return min(paths, key=lambda path: path.second is None, default=None)


def _serves(index: Index) -> bool:
    return index.method == "btree" and index.valid and index.predicate is None and index.default_opclass


def _usable(table: Table, columns: Sequence[str | None], wanted: tuple[str, ...], fits: Fits) -> Iterator[Path]:
    """The path along an index's columns, as far as they can be cut: never NULL (the way's own are not), and in an order."""
    usable: list[str] = []
    for name in columns[:2]:
        column = table.columns_by_name.get(name) if name is not None else None
        if column is None or not (column.not_null or column.name in wanted) or not fits(column.name):
            break
        usable.append(column.name)
    if usable and (not wanted or usable[0] in wanted):
        yield Path(first=usable[0], second=usable[1] if len(usable) > 1 else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What is cut: a column of a part, where other columns may be held at one value each, on both sides."""

    table: Table
    part: int
    column: str
    way: Reference
    source: tuple[tuple[str, str], ...] = ()
    target: tuple[tuple[str, str], ...] = ()

    def chunk(self, piece: Piece, interval: Interval) -> Chunk:
        low, high = interval.bounds()
        there_low, there_high = interval.images()
        target_low = interval.image(piece.low) if piece.low else there_low
        target_high = interval.image(piece.high) if piece.high else there_high
        held = self.table.column(self.column)
        order = held.order if held.base_type in TEXTS else None
        return Chunk(
            table=self.table.name,
            part=self.part,
            number=0,
            source=Range(fixed=self.source, column=self.column, low=piece.low or low, high=piece.high or high, order=order),
            target=Range(fixed=self.target, column=self.column, low=target_low, high=target_high, order=order),
            rows=piece.rows,
        )

    def within(self, column: str, value: str, interval: Interval) -> _Line:
        """The rows of one value, along another column."""
        source, target = (self.column, value), (self.column, interval.image_of(value))
        return replace(self, column=column, source=(*self.source, source), target=(*self.target, target))

    def whole(self) -> Chunk:
        return Chunk(table=self.table.name, part=self.part, number=0, source=Range(fixed=self.source), target=Range(fixed=self.target))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutter:
    """Cuts parts into chunks of about ``rows`` rows, asking the source in the snapshot.

    ``order_there``: what orders a column's texts where the rows go; ``BYTES`` serves anywhere.
    """

    scope: Scope
    membership: Membership
    rules: IdRules
    minting: Minting
    rows: int
    small: int  # bytes: a smaller table is one chunk without a look
    ask: Ask
    order_there: Callable[[TableName, str], str | None]

    def cut(self, name: TableName, part: int, heap: Heap) -> tuple[Chunk, ...]:
        """The chunks of one part of a table, in key order."""
        table = self.scope.table(name)
        way = self._way(name, part)
        path = self._path(table, way) if way is not None and heap.bytes >= self.small else None
        if way is None or path is None:
            return (Chunk(table=name, part=part, number=0),)
        line = _Line(table=table, part=part, column=path.first, way=way)
        chunks = tuple(self._along(line, path.second))
        if sum(heap.scattered(chunk.source.column or "", chunk.rows or 0) for chunk in chunks) > OFTEN * heap.pages:
            chunks = self._along_key(line, heap) or chunks
        return tuple(replace(chunk, number=number) for number, chunk in enumerate(chunks))

    def _path(self, table: Table, way: Reference) -> Path | None:
        return chunk_path(table, way, is_direct(self.scope, way), lambda column: self._fits(table, column, way))

    def _fits(self, table: Table, column: str, way: Reference | None) -> bool:
        ordered = is_ordered(table.column(column), self.order_there(table.name, column))
        return ordered and self._keeps_order(table, column, way)

    def _along_key(self, line: _Line, heap: Heap) -> tuple[Chunk, ...]:
        """Ranges of the primary key, if the table's pages are in its order; none where they aren't, or its images have none."""
        table, column = line.table, (line.table.primary_key or ("",))[0]
        serving = (index for index in table.indexes if _serves(index) and index.columns[0] == column)
        paths = [path for index in serving for path in _usable(table, (column,), (), lambda name: self._fits(table, name, line.way))]
        if not paths or heap.order.get(column, 0.0) < ORDERED:
            return ()
        return tuple(chunk for chunk in self._within(replace(line, column=column)) if chunk.source.column is not None)

    def _way(self, name: TableName, part: int) -> Reference | None:
        scope = self.scope.tables[name]
        if part == CLOSURE or scope.standing is not Standing.OWNED or name == self.scope.root:
            return None
        return scope.ways[part]

    def _rule(self, table: Table, column: str, way: Reference | None) -> ColumnRule | None:
        """The rule of all values of a column in the rows of a way; None where they have several."""
        treatment = self.rules.of(table.name, column)
        if way is not None and way.kind is Kind.POLYMORPHIC and column in way.columns:
            return next((rule for reference, rule in treatment.inner if reference == way), None)
        return None if treatment.inner or treatment.unset else treatment.rule

    def _keeps_order(self, table: Table, column: str, way: Reference | None) -> bool:
        rule = self._rule(table, column, way)
        if rule is None or rule.shared is not None:
            return False
        if way is not None and column in way.columns:  # its values lead to rows: none of them means nobody
            return rule.rule is IdRule.KEEP or table.column(column).base_type in INTEGERS
        reference = self.rules.of(table.name, column).reference
        stays = reference is not None and reference.declared is not None and reference.declared.none_values
        return rule.rule is IdRule.KEEP or (table.column(column).base_type in INTEGERS and not stays)

    def _origin(self, line: _Line) -> int | None:
        rule = self._rule(line.table, line.column, line.way)
        return self.minting.origin if rule is not None and rule.rule is IdRule.SHIFT else None

    def _along(self, line: _Line, second: str | None) -> Iterable[Chunk]:
        runs = self._ask_runs(_RUNS, line)
        found = find_classes(self.minting.layout, self._origin(line), runs)
        if found is None:
            yield line.whole()
            return
        for interval in found:
            for piece in cover([run for run in runs if run.number == interval.number]):
                if piece.heavy is not None and second is not None:
                    yield from self._within(line.within(second, piece.heavy, interval))
                else:
                    yield line.chunk(piece, interval)

    def _within(self, line: _Line) -> Iterable[Chunk]:
        """Cut row by row: one value with too many of them along the next column, or a part along the table's key."""
        runs = self._ask_runs(_SLICES, line)
        found = find_classes(self.minting.layout, self._origin(line), runs)
        if found is None:
            yield line.whole()
            return
        for interval in found:
            for piece in cover([run for run in runs if run.number == interval.number]):
                yield line.chunk(piece, interval)

    def _ask_runs(self, query: sql.SQL, line: _Line) -> list[Run]:
        column = column_sql("k", line.column)
        part = self.membership.part(line.table.name, line.part, "k")
        is_uuid = line.table.column(line.column).base_type == "uuid"  # servers before 18 have no min(uuid)
        asked = query.format(
            rows=sql.Literal(self.rows),
            column=column,
            class_of=self._class_sql(line, column),
            table=table_sql(line.table),
            where=all_sql([part, *Range(fixed=line.source).condition(line.table, "k")]),
            ordered=sql.SQL('r.c::text COLLATE "C"' if is_uuid else "r.c"),
        )
        found = self.ask(asked)
        return [Run(number=int(str(n)), heavy=bool(h), lowest=str(a), highest=str(z), rows=int(str(rows))) for n, h, a, z, rows in found]

    def _class_sql(self, line: _Line, value: sql.Composable) -> sql.Composable:
        found = classes(self.minting.layout, self._origin(line))
        whens = [
            sql.SQL("WHEN {value} < {high} THEN {number}").format(value=value, high=sql.Literal(each.high), number=sql.Literal(each.number))
            for each in found
            if each.high is not None
        ]
        last = sql.Literal(found[-1].number)
        return sql.SQL("CASE {} ELSE {} END").format(sql.SQL(" ").join(whens), last) if whens else last


# Neighbouring values put together up to ``rows`` rows; a value with more stands alone, as heavy.
_RUNS = sql.SQL(
    "SELECT class, heavy, min({ordered})::text, max({ordered})::text, sum(n)::bigint FROM (SELECT c, n, class, n > {rows} AS heavy,"
    " count(*) FILTER (WHERE n > {rows}) OVER w AS heavies, div(sum(n) OVER w - 1, {rows}) AS pile"
    " FROM (SELECT {column} AS c, count(*) AS n, {class_of} AS class FROM {table} AS k WHERE {where} GROUP BY 1, 3) AS g"
    " WINDOW w AS (PARTITION BY class ORDER BY c)) AS r GROUP BY class, heavy, heavies, pile ORDER BY class, min({ordered})"
)
# All rows, cut wherever ``rows`` of them are full; equal values stay together.
_SLICES = sql.SQL(
    "SELECT class, false, min({ordered})::text, max({ordered})::text, count(*) FROM (SELECT c, class,"
    " (rank() OVER (PARTITION BY class ORDER BY c) - 1) / {rows} AS pile FROM"
    " (SELECT {column} AS c, {class_of} AS class FROM {table} AS k WHERE {where}) AS g) AS r"
    " GROUP BY class, pile ORDER BY class, min({ordered})"
)
