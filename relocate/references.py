"""Control's references to rows that move: which ids of the organization it holds, what they become, how the switch rewrites them.

Control can't know whose ``project_id`` 5 is: its values are asked of the source, in the snapshot, and those that are the organization's are
staged in ``orglift.moved_ids``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql

from exports.ids import IdRules
from exports.json_sql import as_document, place_of, rewrite_document
from exports.membership import Membership, column_sql, label_of, reference_values, table_sql
from exports.scope import EXPORTED, Scope
from exports.snapshot import Connection
from relocate.move import Move
from relocate.switch import stage_moved_ids
from splitter.graph import Kind, Reference, build_graph
from splitter.layout import IdLayout
from splitter.schema import Schema, Table, TableName
from splitter.silos import Silo, SiloMap

BATCH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReferences:
    """The references from tables of control to rows whose ids a move changes."""

    schema: Schema  # control's
    references: tuple[Reference, ...]
    layout: IdLayout

    def targets(self) -> tuple[tuple[TableName, str], ...]:
        """The region's columns that they hold, each once."""
        return tuple(dict.fromkeys((reference.target, reference.target_columns[0]) for reference in self.references))

    def _holding(self, target: TableName) -> Iterable[Reference]:
        return (reference for reference in self.references if reference.target == target)

    def local_ids(self, control: Connection, target: TableName) -> Iterator[list[int]]:
        """The local ids of ``target`` that control holds, in batches."""
        queries = [self._values(reference) for reference in self._holding(target)]
        with control.cursor() as cursor:
            values: list[int] = []
            for row in cursor.stream(sql.SQL(" UNION ").join(queries)):
                values.append(int(str(row[0])))
                if len(values) == BATCH:
                    yield values
                    values = []
            if values:
                yield values

    def _values(self, reference: Reference) -> sql.Composed:
        table = self.schema.tables[reference.table]
        columns, source = reference_values(table, reference, "k", self.schema.server_version)
        return sql.SQL(
            "SELECT DISTINCT v.id::bigint FROM (SELECT {value}::text AS id FROM {table} AS k{lateral} WHERE {label}) AS v"
            " WHERE v.id ~ '^(0|[1-9][0-9]{{0,17}})$' AND v.id::bigint < {limit}"
        ).format(
            value=columns[0],
            table=table_sql(table),
            lateral=sql.SQL(" CROSS JOIN LATERAL {} AS x(id)").format(source) if source else sql.SQL(""),
            label=label_of(table, reference, "k"),
            limit=sql.Literal(self.layout.serials),
        )

    def counts(self, relocation: UUID) -> list[sql.Composed]:
        """For each reference, a SELECT of how many rows of control the switch will change."""
        return [
            sql.SQL("SELECT count(*) FROM {table} AS k WHERE {where}").format(
                table=table_sql(self.schema.tables[reference.table]), where=self._where(reference, relocation)
            )
            for reference in self.references
        ]

    def statements(self, relocation: UUID) -> list[tuple[sql.Composed, None]]:
        """The UPDATEs of the switch."""
        return [(self._update(reference, relocation), None) for reference in self.references]

    def _update(self, reference: Reference, relocation: UUID) -> sql.Composed:
        table = self.schema.tables[reference.table]
        name = reference.columns[0]
        return sql.SQL("UPDATE {table} AS k SET {column} = {value} WHERE {where}").format(
            table=table_sql(table),
            column=sql.Identifier(name),
            value=self._new_value(table, name, reference, relocation),
            where=self._where(reference, relocation),
        )

    def _moved(self, reference: Reference, relocation: UUID, value: sql.Composable) -> sql.Composed:
        """The id that ``value`` (text) becomes; NULL where it isn't one of the organization's."""
        return sql.SQL(
            "(SELECT m.after::text FROM orglift.moved_ids AS m WHERE m.relocation = {relocation} AND m.table_name = {table}"
            " AND m.before::text = {value})"
        ).format(relocation=sql.Literal(relocation), table=sql.Literal(str(reference.target)), value=value)

    def _where(self, reference: Reference, relocation: UUID) -> sql.Composed:
        table = self.schema.tables[reference.table]
        columns, source = reference_values(table, reference, "k", self.schema.server_version)
        held = sql.SQL("SELECT {value}::text AS id").format(value=columns[0])
        held = sql.SQL("{} FROM {} AS x(id)").format(held, source) if source else held
        return sql.SQL("{label} AND EXISTS (SELECT FROM ({held}) AS v WHERE {moved} IS NOT NULL)").format(
            label=label_of(table, reference, "k"), held=held, moved=self._moved(reference, relocation, sql.SQL("v.id"))
        )

    def _new_value(self, table: Table, name: str, reference: Reference, relocation: UUID) -> sql.Composable:
        column = table.column(name)
        value = column_sql("k", name)

        def renamed(text: sql.Composable) -> sql.Composable:
            return sql.SQL("COALESCE({}, {})").format(self._moved(reference, relocation, text), text)

        if reference.kind is Kind.ARRAY:
            element = sql.SQL(column.base_type.removesuffix("[]"))
            item = sql.SQL("({})::{}").format(renamed(sql.SQL("x.id::text")), element)
            return sql.SQL("(SELECT array_agg({} ORDER BY x.n) FROM unnest({}) WITH ORDINALITY AS x(id, n))").format(item, value)
        if reference.kind is Kind.JSON:
            document, whole = as_document(self.schema.server_version, column, value)
            changed = rewrite_document(document, whole, place_of(reference), renamed)
            return sql.SQL("({})::{}").format(changed, sql.SQL(column.base_type))
        text = renamed(sql.SQL("{}::text").format(value))
        return sql.SQL("({})::{}").format(text, sql.SQL(column.base_type))


def find_control_references(move: Move, control: Schema) -> ControlReferences:
    """Those that silos.toml declares (or control's own foreign keys hold, in a monolith) to columns that the move rewrites."""
    return control_references(move.scope, move.source.rules, move.silos, control)


def control_references(scope: Scope, rules: IdRules, silos: SiloMap, control: Schema) -> ControlReferences:
    """References of tables outside the scope's exported ones to columns that hold shifted ids."""
    found = []
    for reference in build_graph(control, silos).references:
        if scope.standing(reference.table) in EXPORTED or scope.standing(reference.target) not in EXPORTED or len(reference.columns) != 1:
            continue
        if rules.shifts(reference.target, reference.target_columns[0]) and silos.silo_of(reference.table) is Silo.CONTROL:
            found.append(reference)
    return ControlReferences(schema=control, references=tuple(found), layout=silos.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whom to ask which ids are the organization's: the source about ids of before, or the target about those of after."""

    membership: Membership
    connection: Connection
    after: bool  # the membership's side knows the ids of after


def moved_pairs(
    references: ControlReferences, control: Connection, asker: Asker, target: tuple[TableName, str], origin: int | None
) -> Iterator[tuple[int, int]]:
    """(before, after) of the ids of ``target`` (table, column) that control holds and that are the organization's."""
    if not origin:
        return
    for values in references.local_ids(control, target[0]):
        pairs = {references.layout.shift(value, origin) if asker.after else value: value for value in values}
        for known in _own(asker, target, list(pairs)):
            value = pairs[known]
            yield value, references.layout.shift(value, origin)


def _own(asker: Asker, target: tuple[TableName, str], values: Sequence[int]) -> Iterable[int]:
    rows = asker.membership.rows(target[0], [sql.SQL("{} AS id").format(column_sql("k", target[1]))])
    query = sql.SQL("SELECT r.id FROM ({rows}) AS r WHERE r.id = ANY ({values}::bigint[])").format(
        rows=rows, values=sql.Literal(list(values))
    )
    return (int(str(row[0])) for row in asker.connection.execute(query).fetchall())


def stage_references(
    references: ControlReferences, control: Connection, asker: Asker, relocation: UUID, generation: int, origin: int | None
) -> None:
    """Stage what control's references become, so that the switch is one join."""
    for target in references.targets():
        pairs = moved_pairs(references, control, asker, target, origin)
        stage_moved_ids(control, relocation, generation, target[0], list(pairs))
