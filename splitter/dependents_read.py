"""The catalog's answer to: what hangs on these columns? Reads only; what nobody knows how to carry comes back as a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, LiteralString, cast

from psycopg import sql
from psycopg.rows import namedtuple_row

from splitter.db import Connection, translated
from splitter.dependents import (
    BY_HAND,
    NOT_CARRIED,
    Bound,
    CheckFacts,
    Dependents,
    IndexFacts,
    Replaced,
    SequenceFacts,
    StatisticsFacts,
    WideColumn,
)
from splitter.domains_read import domain_head, domain_query, read_domains
from splitter.errors import Problem
from splitter.expressions_read import REMEDY, find_misunderstood
from splitter.id_columns import domain_of, is_narrow
from splitter.schema import Column, ForeignKey, Schema, Table, TableName
from splitter.sql import load_queries

_MATVIEW_COST = 2_000.0  # of the planner's units, some 100 ms: what is cheaper is filled again under the locks of the swap
_CHOSEN = """WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES {columns}) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
"""
Places = Iterable[tuple[TableName, str]]


def read_dependents(conn: Connection, schema: Schema, places: Places) -> tuple[Dependents, tuple[Problem, ...]]:
    """``places``: the columns that are widened. The problems are everything that cannot be carried along, by name."""
    chosen = tuple(dict.fromkeys(places))
    with translated("reading what hangs on the columns"), conn.transaction():
        conn.execute("SET LOCAL search_path = ''")
        if not chosen:
            return Dependents(), ()
        generated = conn.execute(_chosen(chosen) + sql.SQL(load_queries("dependents.sql")["generated"])).fetchall()
        chosen = tuple(dict.fromkeys((*chosen, *((TableName(row[0], row[1]), row[2]) for row in generated))))
        return _Reader(conn, schema, chosen).read()


def render_count(places: Places, *, domains: bool = False) -> str:
    """A query of one number: how many things depend on the columns, what this plan itself made left out; and on their ``domains``."""
    count = _chosen(places) + sql.SQL(load_queries("widening.sql")["count"])
    if domains:
        uses = _chosen(places) + domain_head() + sql.SQL("SELECT pg_catalog.count(*) FROM ({}) AS u").format(domain_query("uses"))
        count = sql.SQL("SELECT ({}) + ({})").format(count, uses)
    return count.as_string()


def render_key_count(places: Places, keys: Iterable[ForeignKey]) -> str:
    """How many of those are foreign keys of ``keys``."""
    values = [sql.SQL("({}, {})").format(sql.Literal(sql.Identifier(*key.table).as_string()), sql.Literal(key.name)) for key in keys]
    block = sql.SQL(load_queries("widening.sql")["key_count"]).format(keys=sql.SQL(", ").join(values))
    return (_chosen(places) + block).as_string()


DIGESTED = (
    "members",
    "columns",
    "indexes",
    "checks",
    "statistics",
    "views",
    "rules",
    "triggers",
    "policies",
    "publications",
    "functions",
    "touched",
)
DIGESTED_DOMAINS = ("domains", "constraints", "uses")
_DIGEST = """SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM ("""


def render_digest(name: str, places: Places) -> str:
    """A query of one text: what the block ``name`` of dependents.sql, or domains.sql, says of the columns, as a hash."""
    of_domains = name in DIGESTED_DOMAINS
    block = domain_head() + domain_query(name) if of_domains else sql.Composed([sql.SQL(load_queries("dependents.sql")[name])])
    return (sql.SQL(_DIGEST) + _chosen(places) + block + sql.SQL(") AS y) AS x")).as_string()


def _chosen(places: Places) -> sql.Composed:
    values = [sql.SQL("({}, {})").format(sql.Literal(sql.Identifier(*table).as_string()), sql.Literal(name)) for table, name in places]
    return sql.SQL(_CHOSEN).format(columns=sql.SQL(", ").join(values))


_CAST = "cast what it returns in the query, as in id::integer, until it is made anew with bigint after the plan"


class _Reader:
    def __init__(self, conn: Connection, schema: Schema, places: tuple[tuple[TableName, str], ...]) -> None:
        self.conn = conn
        self.schema = schema
        self.places = places
        self.head = _chosen(places)
        self.problems: list[Problem] = []

    def read(self) -> tuple[Dependents, tuple[Problem, ...]]:
        found = Dependents(
            columns=tuple(self._columns()),
            indexes=tuple(self._indexes()),
            checks=tuple(self._checks()),
            statistics=tuple(self._statistics()),
            bound=(
                *self._functions(),
                *self._views(),
                *self._named("rule"),
                *self._named("trigger"),
                *self._named("policy"),
                *self._named("publication"),
            ),
            touched=tuple((TableName(row.schema, row.table), row.statement) for row in self._ask("touched")),
        )
        plain: Callable[[str], str] = str
        if any(column.domain is not None for column in found.columns):
            found, plain, problems = read_domains(self.conn, self.head, found)
            self.problems += problems
        expressions, views = (lambda block: self._ask(block, "expressions.sql")), self._ask("views")
        for name, said in find_misunderstood(self.conn, self.schema, expressions, views, plain):
            self._problem(name, said, REMEDY)
        for name in ("unknown", "view_problems"):
            for row in self._ask(name):
                self._problem(row.object, row.found)
        for row in self._ask("returning"):
            self._problem(row.object, row.found, _CAST)
        return found, tuple(dict.fromkeys(self.problems))

    def _ask(self, name: str, file: str = "dependents.sql") -> list[Any]:
        query = self.head + sql.SQL(load_queries(file)[name])
        return self.conn.cursor(row_factory=namedtuple_row).execute(query).fetchall()

    def _problem(self, name: str, found: str, remedy: str = BY_HAND) -> None:
        self.problems.append(Problem(code=NOT_CARRIED, object=name, found=found, remedy=remedy))

    def _columns(self) -> Iterator[WideColumn]:
        sequences = {TableName(row.schema, row.name): row for row in self._ask("sequences")}
        for row in self._ask("columns"):
            table = TableName(row.schema, row.table)
            column = self.schema.tables[table].column(row.name)
            domain = domain_of(self.schema, column)
            self._look_at(table, column, domain)
            of_root = self.schema.tables[table].partition_of is not None  # an identity is its root's, from PostgreSQL 17 on
            yield WideColumn(
                table=table,
                name=row.name,
                type=column.type if domain is None else column.base_type,
                domain=domain,
                not_null=column.not_null,
                not_null_name=row.not_null_name,
                not_null_comment=row.not_null_comment,
                not_null_local=row.not_null_local is not False,
                inherited=row.inherited,
                local=row.local,
                default=column.default,
                identity="" if of_root else column.identity,
                sequence=None if of_root and column.identity else self._sequence(table, column, sequences),
                settings=tuple(row.settings),
                generated=column.generated,
                virtual=column.generated_virtual,
                collation=column.collation,
                target=-1 if row.target is None else row.target,
            )

    def _look_at(self, table: TableName, column: Column, domain: TableName | None) -> None:
        name = f"{table}.{column.name}"
        for child in self._children(table) if column.generated is not None else ():
            other = child.columns_by_name.get(column.name)
            if other is None or (other.generated, other.generated_virtual) != (column.generated, column.generated_virtual):
                self._problem(f"{child.name}.{column.name}", f"is generated otherwise than {name}")
        if column.generated is not None:
            if domain is not None and is_narrow(column):
                self._problem(name, f"is a generated column of the domain {column.type}")
        elif column.type != column.base_type and (domain is None or column.base_type.endswith("]")):
            self._problem(name, f"has the type {column.type}", "make the column a plain one, or widen its type by hand")

    def _children(self, table: TableName) -> Iterator[Table]:
        known = self.schema.tables
        yield from (known[name] for name in known[table].inherited_by if name in known)
        yield from (each for each in known.values() if each.partition_of == table)

    def _sequence(self, table: TableName, column: Column, rows: Mapping[TableName, Any]) -> SequenceFacts | None:
        if column.sequence is None or column.sequence not in self.schema.sequences or column.sequence not in rows:
            return None
        known, row = self.schema.sequences[column.sequence], rows[column.sequence]
        name = sql.Identifier(*column.sequence)
        clean = [] if not row.has_rights else [sql.SQL("REVOKE ALL ON SEQUENCE {} FROM CURRENT_USER").format(name).as_string()]
        return SequenceFacts(
            name=column.sequence,
            type=known.type,
            start=known.start,
            minimum=known.minimum,
            maximum=known.maximum,
            increment=known.increment,
            cache=row.cache,
            cycle=known.cycle,
            owned=known.owner == (table, column.name),
            last=row.last or 0,
            after=(*clean, *row.after),
        )

    def _indexes(self) -> Iterator[IndexFacts]:
        for row in self._ask("indexes"):
            name, table = TableName(row.schema, row.name), TableName(row.table_schema, row.table)
            if not row.valid:
                self._problem(f"index {name}", "is not valid", "drop it, or REINDEX INDEX CONCURRENTLY")
            if row.narrow_classes:
                self._problem(f"index {name}", f"has the operator class {', '.join(row.narrow_classes)}, which takes no bigint")
            if row.held:
                self._problem(f"index {name}", "is needed by a foreign key of other columns")
            if row.partitioned and row.constraint and row.options:
                self._problem(f"constraint {name.name} of {table}", "has storage parameters, which it would lose")
            temporal = any(key.temporal and key.name == row.name for key in self.schema.tables[table].keys)
            if temporal and (row.partitioned or row.parent is not None):
                self._problem(f"constraint {name.name} of {table}", "is a temporal key of a table with partitions")
            predicate = f" WHERE {row.predicate}" if row.predicate is not None else ""
            yield IndexFacts(
                name=name,
                table=table,
                unique=row.unique,
                tail=row.tail.removesuffix(predicate),
                predicate=row.predicate,
                tablespace=row.tablespace,
                constraint=row.constraint,
                definition=row.definition,
                options=tuple(row.options or ()),
                partitioned=row.partitioned,
                parent=None if row.parent is None else TableName(row.parent_schema, row.parent),
                temporal=temporal,
                deferrable=row.deferrable,
                clustered=row.clustered,
                replica_identity=row.replica_identity,
                comment=row.comment,
                constraint_comment=row.constraint_comment,
                targets=tuple((position, target) for position, target in row.targets),
            )

    def _checks(self) -> Iterator[CheckFacts]:
        for row in self._ask("checks"):
            table = TableName(row.schema, row.table)
            known = next(check for check in self.schema.tables[table].checks if check.name == row.name)
            yield CheckFacts(
                name=row.name,
                table=table,
                expression=row.expression,
                validated=row.validated,
                no_inherit=row.no_inherit,
                enforced=known.enforced,
                comment=row.comment,
                inherited=row.inherited,
                local=row.local,
            )

    def _statistics(self) -> Iterator[StatisticsFacts]:
        for row in self._ask("statistics"):
            yield StatisticsFacts(
                name=TableName(row.schema, row.name),
                table=TableName(row.table_schema, row.table),
                tail=row.tail,
                target=row.target,
                comment=row.comment,
            )

    def _functions(self) -> Iterator[tuple[TableName, Bound]]:
        """Those whose bodies the catalog has parsed; each under every table that it reads."""
        for row in self._ask("functions"):
            bound = Bound(name=f"function {row.name}", drop=row.drop, create=tuple(row.create), routine=row.name)
            yield TableName(row.schema, row.table), bound

    def _views(self) -> Iterator[tuple[TableName, Bound]]:
        """In the order in which they are dropped; each stands under every table that it, or a view that it reads, reads."""
        rows = self._ask("views")
        tables = {sql.Identifier(*table).as_string(): table for table, _ in self.places}
        quoted = {name.replace('"', ""): table for name, table in tables.items()}
        direct = {row.oid: [self._table(name, quoted) for name in row.tables or ()] for row in rows}
        for row in reversed(rows):  # those that read others come after them
            direct[row.oid] += [table for read in row.reads if read in direct and read != row.oid for table in direct[read]]
        replaced = self._replaced(rows)
        for row in rows:
            name = TableName(row.schema, row.name)
            bound = Bound(name=f"view {name}", drop=row.drop, create=tuple(row.create), view=name, replaced=replaced.get(row.oid))
            yield from ((table, bound) for table in dict.fromkeys(direct[row.oid]))

    def _table(self, name: str, _: Mapping[str, TableName]) -> TableName:
        row = self.conn.execute("SELECT pg_catalog.parse_ident(%s)", (name,)).fetchone()
        assert row is not None
        return TableName(*row[0])

    def _replaced(self, rows: list[Any]) -> dict[int, Replaced]:
        """Materialized views whose query takes long, and the views that they read; ``rows``: what reads others before those."""
        costs = {row.oid: self._cost(row) for row in rows if row.materialized and row.populated}
        chosen = {oid for oid, cost in costs.items() if cost > _MATVIEW_COST}
        for row in rows:
            chosen |= {oid for oid in row.reads if row.oid in chosen}
        found = {row.oid: row for row in rows if row.oid in chosen}
        for row in found.values():
            self._look_at_replaced(row, [found[oid] for oid in row.reads if oid in found and oid != row.oid])
        return {oid: _replaced(row) for oid, row in found.items()}

    def _look_at_replaced(self, row: Any, reads: list[Any]) -> None:
        """Why nothing can be made before the swap that takes its place."""
        name = f"{'materialized ' if row.materialized else ''}view {TableName(row.schema, row.name)}"
        long = "is filled, or read by one that is filled, for too long for the swap"
        if row.grouped:
            self._problem(name, f"{long}, and groups by a key whose twin is none before it", "GROUP BY every column that it selects")
        if row.unreadable:
            found = f"{long}, and its owner may read some columns only, to which the twins do not belong"
            self._problem(name, found, "GRANT SELECT on the whole table to its owner")
        empty = [TableName(each.schema, each.name) for each in reads if each.materialized and not each.populated]
        if empty and row.populated:
            self._problem(name, f"{long}, and reads {', '.join(map(str, empty))}, which is not populated", "REFRESH it")

    def _cost(self, row: Any) -> float:
        explain = sql.SQL("EXPLAIN (FORMAT JSON) ") + sql.SQL(cast(LiteralString, row.query))
        answer = self.conn.execute(explain).fetchone()
        return float(answer[0][0]["Plan"]["Total Cost"]) if answer else 0.0

    def _named(self, kind: str) -> Iterator[tuple[TableName, Bound]]:
        for row in self._ask(kind.removesuffix("y") + ("ies" if kind.endswith("y") else "s")):
            table = TableName(row.schema, row.table)
            bound = Bound(name=f"{kind} {row.name} of {table}", drop=row.drop, create=tuple(row.create))
            reads = [TableName(*each) for each in getattr(row, "reads", ())]
            yield from ((each, bound) for each in dict.fromkeys((table, *reads)))


def _replaced(row: Any) -> Replaced:
    first, *more = row.create
    empty = f"{first} WITH NO DATA" if row.materialized and row.populated else first
    name = TableName(row.schema, row.name)
    return Replaced(name=name, create=(empty, *more), materialized=row.materialized, indexes=tuple(row.indexes))


def read_published(conn: Connection, places: Places) -> tuple[tuple[str, TableName], ...]:
    """(publication, table) of the tables that have one of the columns."""
    query = _chosen(places) + sql.SQL(load_queries("dependents.sql")["published"])
    with translated("reading the publications"):
        rows = conn.execute(query).fetchall()
    return tuple((name, TableName(schema, table)) for name, schema, table in rows)


def routines(conn: Connection, places: Places) -> tuple[str, ...]:
    """Functions that name a table whose ids become wider, and take or give integers: one sentence each."""
    query = _chosen(places) + sql.SQL(load_queries("dependents.sql")["listed"])
    with translated("reading the functions"):
        rows = conn.execute(query).fetchall()
    return tuple(f"{routine} takes or gives integers, and names {tables}: it may have to be widened as well" for routine, tables in rows)
