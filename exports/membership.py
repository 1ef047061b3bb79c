"""The SQL of belonging: which rows of a table are one organization's.

Everything is a query over plain tables, so that it runs on a standby too, where nothing can be created. Several ways give disjoint
parts (the second way's rows without the first's, and so on): each part can use its own index, and most parts turn out to be empty. Which ones
are is probed in the snapshot that will be read (``probe_ways``). Rows that hang on a cycle or on their own kind alone are found by a
recursive query over row addresses, which a snapshot keeps still.

Sets of rows are only ever joined with IN as a whole condition, or with NOT EXISTS: OR and NOT IN become subplans that are re-read for
every row once they outgrow work_mem.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from exports.json_sql import as_document, found_ids, place_of
from exports.scope import Scope, Standing, TableScope
from splitter.graph import Kind, Reference
from splitter.schema import Column, Table, TableKind, TableName

CLOSURE = -1  # the number of the part that holds what only a cycle reaches
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_TEXTS = frozenset({"text", "character varying", "bpchar", "name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What probing found in one snapshot: the live parts of each table, and the cycles whose rows need the recursive query."""

    live: Mapping[TableName, tuple[int, ...]] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()


def table_sql(table: Table) -> sql.Composable:
    """The table in a FROM clause: ONLY its own rows where others inherit from it."""
    name = sql.Identifier(table.name.schema, table.name.name)
    return name if table.kind is TableKind.PARTITIONED else sql.SQL("ONLY {}").format(name)


def column_sql(alias: str, name: str) -> sql.Composable:
    return sql.Identifier(alias, name)


def columns_sql(alias: str, names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(column_sql(alias, name) for name in names)


def type_family(column: Column) -> str:
    """Types that compare without a cast share a family."""
    if column.base_type in _INTEGERS:
        return "integer"
    return "text" if column.base_type in _TEXTS else column.base_type


@dataclass(frozen=True, slots=True)
class Membership:
    """Queries for the rows of one organization: ``root`` is its key, as texts; None stands for the rows of any organization at all."""

    scope: Scope
    root: tuple[str, ...] | None
    selection: Selection

    def part(self, name: TableName, number: int, alias: str) -> sql.Composable:
        """A condition on ``alias`` (a row of ``name``) that holds for part ``number``: that way's rows without those of earlier parts."""
        table = self.scope.tables[name]
        if number == CLOSURE:
            own = self._in_closure(table, alias)
            earlier = self.selection.live.get(name, ())
        elif table.standing is Standing.REFERENCED or name == self.scope.root:
            return self._own(table, self._whole(table, alias), alias)
        else:
            own = self.way(table.ways[number], alias)
            earlier = tuple(n for n in self.selection.live.get(name, ()) if n < number)
        excluded = [self._without(table, n, number, alias) for n in earlier if n != CLOSURE]
        return self._own(table, _and([own, *(each for each in excluded if each is not None)]), alias)

    def parts(self, name: TableName) -> tuple[int, ...]:
        """The parts that have rows in this snapshot."""
        table = self.scope.tables[name]
        if table.standing is Standing.REFERENCED or name == self.scope.root:
            return (0,)
        live = self.selection.live.get(name, ())
        return (*live, CLOSURE) if self._is_closed(table) else live

    def rows(self, name: TableName, columns: Sequence[sql.Composable], alias: str = "k") -> sql.Composable:
        """A SELECT of ``columns`` (of ``alias``) over the organization's rows of ``name``, each row once."""
        table = self.scope.tables[name]
        if self._is_closed(table) and table.standing is not Standing.REFERENCED:
            return self._closure_rows(table, columns, alias)
        selects = [
            sql.SQL("SELECT {columns} FROM {table} AS {alias} WHERE {part}").format(
                columns=sql.SQL(", ").join(columns),
                table=table_sql(self.scope.table(name)),
                alias=sql.Identifier(alias),
                part=self.part(name, number, alias),
            )
            for number in self.parts(name)
        ]
        if not selects:
            return sql.SQL("SELECT {columns} FROM {table} AS {alias} WHERE false").format(
                columns=sql.SQL(", ").join(columns), table=table_sql(self.scope.table(name)), alias=sql.Identifier(alias)
            )
        return sql.SQL(" UNION ALL ").join(selects)

    def way(self, way: Reference, alias: str) -> sql.Composable:
        """A condition on ``alias``: the row's reference leads to a row of the organization."""
        condition = self._key_condition(way, alias)
        return _and([*self._label(way, alias), condition])

    def not_way(self, way: Reference, alias: str) -> sql.Composable:
        """The opposite of ``way`` (also for NULL), as an anti-join."""
        keys = self._target_keys(way)
        names = [f"c{number}" for number in range(len(way.columns))]
        equal = [
            sql.SQL("{q} = {mine}").format(q=column_sql("q", name), mine=self._cast_own(way, column, target, alias))
            for name, column, target in zip(names, way.columns, way.target_columns, strict=True)
        ]
        return sql.SQL("NOT EXISTS (SELECT FROM ({keys}) AS q({names}) WHERE {on})").format(
            keys=keys, names=sql.SQL(", ").join(map(sql.Identifier, names)), on=_and([*self._label(way, alias), *equal])
        )

    def _own(self, table: TableScope, condition: sql.Composable, alias: str) -> sql.Composable:
        """Rows of an owned table that are shared by ``shared_where`` are nobody's."""
        if not table.shared_where:
            return condition
        inner = sql.SQL("SELECT {key} FROM {table} WHERE {where}").format(
            key=sql.SQL(", ").join(map(sql.Identifier, self.scope.table(table.name).identifying_key)),
            table=table_sql(self.scope.table(table.name)),
            where=sql.SQL(table.shared_where),  # type: ignore[arg-type]
        )
        equal = [
            sql.SQL("{q} = {mine}").format(q=column_sql("q", key), mine=column_sql(alias, key))
            for key in self.scope.table(table.name).identifying_key
        ]
        return _and([condition, sql.SQL("NOT EXISTS (SELECT FROM ({inner}) AS q WHERE {on})").format(inner=inner, on=_and(equal))])

    def _is_closed(self, table: TableScope) -> bool:
        return table.cycle is not None and (table.standing is Standing.REFERENCED or table.cycle in self.selection.closed)

    def _without(self, table: TableScope, earlier: int, number: int, alias: str) -> sql.Composable | None:
        before = table.ways[earlier]
        if number != CLOSURE and before.label is not None:
            way = table.ways[number]
            if way.label is not None and way.label != before.label and way.type_column == before.type_column:
                return None  # the type column can't hold both labels
        return self.not_way(before, alias)

    def _label(self, way: Reference, alias: str) -> list[sql.Composable]:
        if way.label is None or way.type_column is None:
            return []
        return [label_condition(self.scope.table(way.table), way.type_column, way.label, alias)]

    def _key_condition(self, way: Reference, alias: str) -> sql.Composable:
        if self.root is not None and way.target == self.scope.root and set(way.target_columns) == set(self.scope.root_key):
            value = dict(zip(self.scope.root_key, self.root, strict=True))
            return _and(
                [
                    sql.SQL("{mine} = {value}").format(mine=column_sql(alias, column), value=sql.Literal(value[target]))
                    for column, target in zip(way.columns, way.target_columns, strict=True)
                ]
            )
        mine = [self._cast_own(way, column, target, alias) for column, target in zip(way.columns, way.target_columns, strict=True)]
        row = mine[0] if len(mine) == 1 else sql.SQL("({})").format(sql.SQL(", ").join(mine))
        return sql.SQL("{row} IN ({keys})").format(row=row, keys=self._target_keys(way))

    def _target_keys(self, way: Reference) -> sql.Composable:
        target = self.scope.table(way.target)
        columns = [
            cast_target(target.column(theirs), self.scope.table(way.table).column(mine), column_sql("k", theirs))
            for mine, theirs in zip(way.columns, way.target_columns, strict=True)
        ]
        return self.rows(way.target, columns)

    def _cast_own(self, way: Reference, column: str, target: str, alias: str) -> sql.Composable:
        mine = self.scope.table(way.table).column(column)
        theirs = self.scope.table(way.target).column(target)
        return cast_own(mine, theirs, column_sql(alias, column))

    def _whole(self, table: TableScope, alias: str) -> sql.Composable:
        if table.standing is not Standing.REFERENCED:
            return self._root_condition(alias)
        if self._is_closed(table):
            return self._in_closure(table, alias)
        if not table.pointers:
            return sql.SQL("false")
        return sql.SQL("EXISTS (SELECT FROM ({pointed}) AS q WHERE {on})").format(
            pointed=sql.SQL(" UNION ").join(self._pointed(pointer, table) for pointer in table.pointers),
            on=_and(
                [sql.SQL("{q} = {mine}").format(q=column_sql("q", key), mine=column_sql(alias, key)) for key in self._pointed_key(table)]
            ),
        )

    def _pointed_key(self, table: TableScope) -> tuple[str, ...]:
        return self.scope.table(table.name).identifying_key or tuple(table.pointers[0].target_columns)

    def _pointed(self, pointer: Reference, table: TableScope) -> sql.Composable:
        """The keys of the rows that one reference of exported rows points at."""
        return sql.SQL("SELECT {key} FROM ({values}) AS r CROSS JOIN {target} AS p WHERE {on}").format(
            key=columns_sql("p", self._pointed_key(table)),
            values=self.values(pointer),
            target=table_sql(self.scope.table(table.name)),
            on=self._points(pointer, "r", "p"),
        )

    def _points(self, pointer: Reference, values: str, alias: str) -> sql.Composable:
        """``values`` (a row of ``self.values``: v0, v1 ...) equals the key of ``alias``."""
        return points_at(self.scope, pointer, values, alias)

    def values(self, reference: Reference) -> sql.Composable:
        """A SELECT of the values (v0, v1 ...) that the organization's rows hold in a reference; NULLs may be among them."""
        columns, source = reference_values(self.scope.table(reference.table), reference, "k", self.scope.schema.server_version)
        names = [sql.SQL("{} AS {}").format(column, sql.Identifier(f"v{number}")) for number, column in enumerate(columns)]
        if source is None:
            rows = self.rows(reference.table, [*names, *self._label_columns(reference)])
        else:
            inner = self.rows(reference.table, [column_sql("k", column) for column in self._needed(reference)])
            rows = sql.SQL("SELECT {names}, k.* FROM ({inner}) AS k CROSS JOIN LATERAL {source} AS x(id)").format(
                names=sql.SQL(", ").join(names), inner=inner, source=source
            )
        condition = label_of(self.scope.table(reference.table), reference, "w")
        return sql.SQL("SELECT {cols} FROM ({rows}) AS w WHERE {condition}").format(
            cols=columns_sql("w", [f"v{number}" for number in range(len(columns))]), rows=rows, condition=condition
        )

    def _label_columns(self, reference: Reference) -> list[sql.Composable]:
        return [column_sql("k", reference.type_column)] if reference.type_column else []

    def _needed(self, reference: Reference) -> tuple[str, ...]:
        declared = reference.declared
        extra = (declared.type_column,) if declared and declared.type_column else ()
        return (*reference.columns, *extra)

    def _root_condition(self, alias: str) -> sql.Composable:
        if self.root is None:
            return sql.SQL("true")
        return _and(
            [
                sql.SQL("{mine} = {value}").format(mine=column_sql(alias, key), value=sql.Literal(value))
                for key, value in zip(self.scope.root_key, self.root, strict=True)
            ]
        )

    def _in_closure(self, table: TableScope, alias: str) -> sql.Composable:
        return sql.SQL("({alias}.tableoid, {alias}.ctid) IN ({closure})").format(
            alias=sql.Identifier(alias), closure=self._closure(table, sql.SQL("reach.rel, reach.tid"))
        )

    def _closure_rows(self, table: TableScope, columns: Sequence[sql.Composable], alias: str) -> sql.Composable:
        return sql.SQL(
            "SELECT {columns} FROM ({closure}) AS c JOIN {table} AS {alias} ON {alias}.ctid = c.tid AND {alias}.tableoid = c.rel"
        ).format(
            columns=sql.SQL(", ").join(columns),
            closure=self._closure(table, sql.SQL("reach.rel, reach.tid")),
            table=table_sql(self.scope.table(table.name)),
            alias=sql.Identifier(alias),
        )

    def _closure(self, table: TableScope, columns: sql.Composable) -> sql.Composable:
        """The addresses of the rows of ``table`` that the cycle's seeds reach, by a search over all tables of the cycle at once."""
        members = [each for each in self.scope.tables.values() if each.cycle == table.cycle]
        number = {each.name: position for position, each in enumerate(members)}
        seeds, steps = [], []
        for each in members:
            for reference, inside in self._cycle_references(each):
                if inside:
                    steps.append(self._step(number, reference, each))
                else:
                    seeds.append(self._seed(number[each.name], reference, each))
        return sql.SQL(
            "WITH RECURSIVE reach(node, rel, tid) AS (({seeds}) UNION"
            " SELECT s.node, s.rel, s.tid FROM reach AS r CROSS JOIN LATERAL ({steps}) AS s)"
            " SELECT {columns} FROM reach WHERE reach.node = {node}"
        ).format(
            seeds=sql.SQL(" UNION ALL ").join(seeds),
            steps=sql.SQL(" UNION ALL ").join(steps),
            columns=columns,
            node=sql.Literal(number[table.name]),
        )

    def _cycle_references(self, table: TableScope) -> Iterable[tuple[Reference, bool]]:
        """The references by which rows of ``table`` come in, and whether the other end is in the same cycle."""
        if table.standing is Standing.REFERENCED:
            for pointer in table.pointers:
                yield pointer, self.scope.tables[pointer.table].cycle == table.cycle
            return
        for way in (*table.ways, *table.back_ways):
            yield way, self.scope.tables[way.target].cycle == table.cycle

    def _seed(self, node: int, reference: Reference, table: TableScope) -> sql.Composable:
        source = table_sql(self.scope.table(table.name))
        if table.standing is Standing.REFERENCED:
            return sql.SQL("SELECT {node}, p.tableoid, p.ctid FROM ({values}) AS w CROSS JOIN {table} AS p WHERE {on}").format(
                node=sql.Literal(node), values=self.values(reference), table=source, on=self._points(reference, "w", "p")
            )
        return sql.SQL("SELECT {node}, k.tableoid, k.ctid FROM {table} AS k WHERE {way}").format(
            node=sql.Literal(node), table=source, way=self.way(reference, "k")
        )

    def _step(self, number: Mapping[TableName, int], reference: Reference, table: TableScope) -> sql.Composable:
        """From a row already reached to the rows that it brings: children (owned), or what it points at (referenced)."""
        down = table.standing is Standing.REFERENCED
        start, end = (reference.table, table.name) if down else (reference.target, table.name)
        holder = self.scope.table(reference.table)
        columns, source = reference_values(holder, reference, "h", self.scope.schema.server_version)
        values = sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(column, sql.Identifier(f"v{position}")) for position, column in enumerate(columns)
        )
        lateral = sql.SQL(" CROSS JOIN LATERAL {source} AS x(id)").format(source=source) if source else sql.SQL("")
        return sql.SQL(
            "SELECT {node} AS node, {end}.tableoid AS rel, {end}.ctid AS tid FROM {holder} AS h{lateral}"
            " CROSS JOIN LATERAL (SELECT {values}) AS w CROSS JOIN {target} AS t"
            " WHERE r.node = {from_node} AND {start}.tableoid = r.rel AND {start}.ctid = r.tid AND {on} AND {label}"
        ).format(
            node=sql.Literal(number[end]),
            from_node=sql.Literal(number[start]),
            start=sql.SQL("h" if down else "t"),
            end=sql.SQL("t" if down else "h"),
            holder=table_sql(holder),
            lateral=lateral,
            values=values,
            target=table_sql(self.scope.table(reference.target)),
            on=self._points(reference, "w", "t"),
            label=label_of(holder, reference, "h"),
        )


def reference_values(
    table: Table, reference: Reference, alias: str, server_version: int
) -> tuple[list[sql.Composable], sql.Composable | None]:
    """The expressions of a reference's values on ``alias``; for arrays and JSON also the set that gives them, to be joined as ``x(id)``."""
    value = column_sql(alias, reference.columns[0])
    if reference.kind is Kind.ARRAY:
        return [sql.SQL("x.id")], sql.SQL("(SELECT pg_catalog.unnest({column}) AS id)").format(column=value)
    if reference.kind is Kind.JSON:
        document, whole = as_document(server_version, table.column(reference.columns[0]), value)
        return [sql.SQL("x.id")], found_ids(document, whole, place_of(reference))
    return [column_sql(alias, column) for column in reference.columns], None


def points_at(scope: Scope, reference: Reference, values: str, alias: str) -> sql.Composable:
    """A join condition: the values (v0, v1 ...) of ``values`` are the target's key on ``alias``."""
    target, holder = scope.table(reference.target), scope.table(reference.table)
    conditions = []
    for position, (mine, theirs) in enumerate(zip(reference.columns, reference.target_columns, strict=True)):
        value, key = column_sql(values, f"v{position}"), column_sql(alias, theirs)
        if reference.kind is Kind.JSON:
            conditions.append(sql.SQL("{value} = {key}::text").format(value=value, key=key))
        elif reference.kind is Kind.ARRAY:
            conditions.append(sql.SQL("{value} = {key}").format(value=value, key=key))
        else:
            own = cast_own(holder.column(mine), target.column(theirs), value)
            their = cast_target(target.column(theirs), holder.column(mine), key)
            conditions.append(sql.SQL("{value} = {key}").format(value=own, key=their))
    return _and(conditions)


def label_of(table: Table, reference: Reference, alias: str) -> sql.Composable:
    if reference.label is None or reference.type_column is None:
        return sql.SQL("true")
    return label_condition(table, reference.type_column, reference.label, alias)


def label_condition(table: Table, type_column: str, label: str, alias: str) -> sql.Composable:
    """The type column holds ``label``; compared as text where the type isn't one (an enum may not have the label)."""
    column = column_sql(alias, type_column)
    if type_family(table.column(type_column)) not in ("text", "integer"):
        column = sql.SQL("{}::text").format(column)
    return sql.SQL("{column} = {label}").format(column=column, label=sql.Literal(label))


def cast_own(mine: Column, theirs: Column, value: sql.Composable) -> sql.Composable:
    if type_family(mine) == type_family(theirs) or type_family(mine) == "text":
        return value
    return sql.SQL("{}::text").format(value)


def cast_target(theirs: Column, mine: Column, value: sql.Composable) -> sql.Composable:
    """The target's key, made comparable with the column that refers to it; the referring side keeps its index if it is text."""
    return value if type_family(mine) == type_family(theirs) else sql.SQL("{}::text").format(value)


def _and(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")


def probe_ways(scope: Scope, root: tuple[str, ...] | None) -> Generator[sql.Composable, bool, Selection]:
    """Find the parts that have rows: yields questions, is sent the answers, returns the selection.

    The first way of a table is taken without asking. A cycle becomes ``closed`` when one of its back ways gives a row that no other has.
    """
    live: dict[TableName, tuple[int, ...]] = {}
    closed: set[int] = set()
    for group in _by_cycle(scope):
        for table in group:
            found: list[int] = []
            for number, _ in enumerate(table.ways):
                membership = Membership(scope, root, Selection(live={**live, table.name: tuple(found)}, closed=frozenset(closed)))
                if number == 0 or (yield _exists(scope, table, membership.part(table.name, number, "k"))):
                    found.append(number)
            live[table.name] = tuple(found)
        membership = Membership(scope, root, Selection(live=live, closed=frozenset(closed)))
        for question in _back_questions(scope, group, membership):
            if (yield question):
                assert group[0].cycle is not None
                closed.add(group[0].cycle)
                break
    return Selection(live=live, closed=frozenset(closed))


def _by_cycle(scope: Scope) -> Iterable[list[TableScope]]:
    """The tables with ways, in order, those of one cycle together."""
    group: list[TableScope] = []
    for table in scope.tables.values():
        if not table.ways and not table.back_ways:
            continue
        if group and (table.cycle is None or table.cycle != group[0].cycle):
            yield group
            group = []
        group.append(table)
    if group:
        yield group


def _exists(scope: Scope, table: TableScope, condition: sql.Composable) -> sql.Composable:
    # Not EXISTS: the answer is nearly always no, and for a first row soon the planner would take the way that is slow to the end.
    return sql.SQL("SELECT count(*) > 0 FROM {table} AS k WHERE {condition}").format(
        table=table_sql(scope.table(table.name)), condition=condition
    )


def _back_questions(scope: Scope, group: list[TableScope], membership: Membership) -> Iterable[sql.Composable]:
    for table in group:
        forward = [membership.not_way(table.ways[number], "k") for number in membership.selection.live.get(table.name, ())]
        for way in table.back_ways:
            yield _exists(scope, table, _and([membership.way(way, "k"), *forward]))
