"""The proof: what stands in the target is the source's rows, rewritten; every reference resolves; no id stayed local.

Both sides use the same rewriting, so a hash alone would not notice a wrong one: that is what the checks beside it are for (design §5.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import sql

from exports.chunks import Chunk
from exports.ids import IdRule, IdRules
from exports.json_sql import as_document, found_ids, place_of
from exports.membership import Membership, column_sql, columns_sql, label_of, points_at, table_sql, type_family
from exports.rewrite import TEXT_ID, raw
from exports.rows import chunk_where, hash_sql
from exports.scope import TableScope, follows
from exports.snapshot import Connection
from exports.streams import Content
from splitter.db import translated
from splitter.graph import Kind, Reference
from splitter.layout import IdLayout
from splitter.ownership import Standing
from splitter.schema import TableName

SAMPLE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that isn't as it should be."""

    table: str
    what: str
    rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = "".join(f"\n  {row}" for row in self.rows)
        return f"{self.table}: {self.what}{shown}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Looks at the organization in the target. ``local_ids_final``: ids below 2^serial_bits are as they should be (origin 0)."""

    there: Membership
    columns: Mapping[TableName, Sequence[str]]
    rules: IdRules
    layout: IdLayout
    local_ids_final: bool
    taken_for: Mapping[tuple[TableName, str], str] = field(
        default_factory=dict
    )  # columns that changed since, and the value that was loaded

    def chunk(self, target: Connection, chunk: Chunk, expected: Content) -> Difference | None:
        """Compare one chunk's rows with what the source had, and look for local ids, in one pass."""
        table = self.there.scope.table(chunk.table)
        hashed = hash_sql([self._compared(chunk.table, column) for column in self.columns[chunk.table]])
        query = sql.SQL("SELECT count(*), {hash}, count(*) FILTER (WHERE {local}) FROM {table} AS k WHERE {where}").format(
            hash=sql.SQL("COALESCE(sum({}), 0)::numeric").format(hashed) if expected.hash is not None else sql.SQL("NULL"),
            local=self._local(chunk.table),
            table=table_sql(table),
            where=chunk_where(self.there, chunk, chunk.target, "k"),
        )
        with translated(f"verifying {chunk.table}"), _planned_for_many(target):
            row = target.execute(query).fetchone()
        assert row is not None
        rows, found, local = int(str(row[0])), row[1], int(str(row[2]))
        if rows != expected.rows:
            return Difference(table=str(chunk.table), what=f"{expected.rows} rows at the source, {rows} in the target")
        if expected.hash is not None and int(str(found)) != expected.hash:
            return Difference(table=str(chunk.table), what="the content of rows differs")
        if local:
            return Difference(table=str(chunk.table), what=f"{local} rows hold a local id")
        return None

    def _compared(self, name: TableName, column: str) -> sql.Composable:
        if (name, column) not in self.taken_for:
            return column_sql("k", column)
        type_ = raw(self.there.scope.table(name).column(column).base_type)
        return sql.SQL("{}::{}").format(sql.Literal(self.taken_for[name, column]), type_)

    def _local(self, name: TableName) -> sql.Composable:
        """Whether a row holds an id that should have been rewritten and wasn't."""
        if self.local_ids_final:
            return sql.SQL("false")
        conditions = [condition for column in self.columns[name] for condition in self._local_column(name, column)]
        return sql.SQL(" OR ").join(conditions) if conditions else sql.SQL("false")

    def _local_column(self, name: TableName, column: str) -> Iterable[sql.Composable]:
        treatment = self.rules.of(name, column)
        table = self.there.scope.table(name)
        value = column_sql("k", column)
        if treatment.rule.rule is IdRule.SHIFT and not treatment.rule.shared:
            yield self._is_local(value, treatment.reference, text=type_family(table.column(column)) == "text")
        for reference, rule in treatment.inner:
            if rule.rule is not IdRule.SHIFT or rule.shared or not follows(reference):
                continue
            if reference.kind is Kind.POLYMORPHIC:
                local = self._is_local(value, reference, text=type_family(table.column(column)) == "text")
                yield sql.SQL("({} AND {})").format(label_of(table, reference, "k"), local)
            else:
                yield self._local_inside(name, column, reference)

    def _is_local(self, value: sql.Composable, reference: Reference | None, *, text: bool) -> sql.Composable:
        declared = reference.declared if reference else None
        nobody = [str(each) for each in declared.none_values] if declared else []
        number = sql.SQL("CASE WHEN {value} ~ {digits} THEN ({value})::bigint END").format(value=value, digits=sql.Literal(TEXT_ID))
        local = sql.SQL("{number} < {limit}").format(number=number if text else value, limit=sql.Literal(self.layout.serials))
        if not nobody:
            return sql.SQL("({})").format(local)
        return sql.SQL("({local} AND NOT ({value}::text = ANY({nobody}::text[])))").format(
            local=local, value=value, nobody=sql.Literal(nobody)
        )

    def _local_inside(self, name: TableName, column: str, reference: Reference) -> sql.Composable:
        """Ids inside an array or a document."""
        held = self.there.scope.table(name).column(column)
        value = column_sql("k", column)
        if reference.kind is Kind.ARRAY:
            text = held.base_type.removesuffix("[]") not in ("bigint", "integer", "smallint")
            source: sql.Composable = sql.SQL("pg_catalog.unnest({}) AS x(id)").format(value)
        else:
            text = True
            document, whole = as_document(self.there.scope.schema.server_version, held, value)
            source = sql.SQL("{} AS x").format(found_ids(document, whole, place_of(reference)))
        return sql.SQL("({label} AND EXISTS (SELECT FROM {source} WHERE {local}))").format(
            label=label_of(self.there.scope.table(name), reference, "k"),
            source=source,
            local=self._is_local(sql.SQL("x.id"), reference, text=text),
        )

    def references(self) -> Iterable[tuple[Reference, sql.Composable]]:
        """For each reference of the organization's rows, a query for the values that don't resolve: (value, leads to a stranger)."""
        scope = self.there.scope
        for table in scope.exported:
            for reference in scope.references_of(table.name):
                standing = scope.standing(reference.target)
                if not follows(reference) or self._selects(table, reference):
                    continue
                if standing not in (Standing.CONTROL, Standing.UNDECIDED, Standing.NONE):
                    yield reference, self._unresolved(reference, scope.tables[reference.target])

    def _selects(self, table: TableScope, reference: Reference) -> bool:
        """Whether rows are found through this very reference alone: one that didn't resolve would be missing from its chunk."""
        parts = self.there.parts(table.name)
        return table.standing is Standing.OWNED and parts == (0,) and bool(table.ways) and table.ways[0] == reference

    def _unresolved(self, reference: Reference, target: TableScope) -> sql.Composable:
        """Values that no row of the organization (or shared row) has; NULL, and what means nobody, apart."""
        scope = self.there.scope
        width = len(reference.columns)
        declared = reference.declared
        nobody = [str(value) for value in declared.none_values] if declared else []
        names = [f"v{number}" for number in range(width)]
        set_ = [sql.SQL("{} IS NOT NULL").format(column_sql("w", name)) for name in names]
        set_ += [sql.SQL("NOT ({}::text = ANY({}::text[]))").format(column_sql("w", names[0]), sql.Literal(nobody))] if nobody else []
        exists = sql.SQL("EXISTS (SELECT FROM {target} AS p WHERE {on})").format(
            target=table_sql(scope.table(reference.target)), on=points_at(scope, reference, "w", "p")
        )
        if target.standing is Standing.OWNED and not target.shared_where:
            inside = self.there.rows(reference.target, [column_sql("k", column) for column in reference.target_columns])
            among = sql.SQL("({inside}) AS p({names})").format(
                inside=inside, names=sql.SQL(", ").join(map(sql.Identifier, reference.target_columns))
            )
        else:
            among = sql.SQL("{} AS p").format(table_sql(scope.table(reference.target)))
        return sql.SQL(
            "SELECT ROW({values})::text, bool_or({exists}), count(*) FROM ({held}) AS w WHERE {set}"
            " AND NOT EXISTS (SELECT FROM {among} WHERE {on}) GROUP BY {values} LIMIT {limit}"
        ).format(
            values=columns_sql("w", names),
            exists=exists,
            held=self.there.values(reference),
            set=sql.SQL(" AND ").join(set_),
            among=among,
            on=points_at(scope, reference, "w", "p"),
            limit=sql.Literal(SAMPLE),
        )

    def reference(self, target: Connection, reference: Reference, query: sql.Composable) -> Difference | None:
        """A foreign key must resolve; a soft reference may point nowhere, never to another organization's row."""
        with translated(f"checking {reference}"), _planned_for_many(target):
            rows = target.execute(sql.Composed([query])).fetchall()
        wrong = [row for row in rows if reference.kind is Kind.HARD or row[1]]
        if not wrong:
            return None
        return Difference(
            table=str(reference.table),
            what=f"{reference}: values that no row of the organization has",
            rows=tuple(str(row[0]) for row in wrong),
        )

    def deferred_keys(self) -> Iterable[tuple[TableName, sql.Composable]]:
        """Deferrable unique keys are kept by a trigger, which replica mode switches off: a query for duplicates of each."""
        for table in self.there.scope.exported:
            stored = self.there.scope.table(table.name)
            for key in stored.keys:
                if key.deferrable and key.columns:
                    yield table.name, _duplicates(self.there, table.name, key.columns)


@contextmanager
def _planned_for_many(target: Connection) -> Iterator[None]:
    """Nobody has analysed the rows that came in: the planner takes them for few, and looks each of them up."""
    with target.transaction():
        target.execute("SET LOCAL enable_nestloop = off")
        yield


def _duplicates(there: Membership, name: TableName, columns: Sequence[str]) -> sql.Composable:
    table = table_sql(there.scope.table(name))
    own = there.rows(name, [column_sql("k", column) for column in columns])
    return sql.SQL(
        "SELECT ROW({key})::text FROM {table} AS t WHERE ({key}) IN ({own}) GROUP BY {key} HAVING count(*) > 1 LIMIT {limit}"
    ).format(key=columns_sql("t", columns), table=table, own=own, limit=sql.Literal(SAMPLE))
