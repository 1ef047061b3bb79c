"""A table's SELECT list with every id, hard and soft, rewritten: the server does the work in the COPY itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from psycopg import sql

from exports.array_sql import empty_array, rewrite_array
from exports.id_sql import TEXT_ID, Minting, SharedMap, looked_up_sql, shifted_sql, unmatched_sql
from exports.ids import ColumnRule, IdRule, IdRules, Treatment
from exports.json_sql import JSON, Document, as_document, changes_document, place_of, rewrite_document
from exports.key_sql import KeyType, all_sql, column_sql, holds_sql, label_condition, label_conditions, raw, table_sql, value_types
from exports.scope import Scope, follows
from splitter.graph import Kind, Reference
from splitter.ownership import Standing
from splitter.schema import Column, Table, TableName

__all__ = ["TEXT_ID", "Minting", "Rewriter", "SelectList", "SharedMap", "raw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectList:
    """The stored columns of a table, rewritten, in the order of ``columns``; ``joins`` goes behind the table in FROM."""

    columns: tuple[str, ...]
    expressions: tuple[sql.Composable, ...]
    joins: sql.Composable = field(default_factory=lambda: sql.SQL(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriter:
    """Makes the SELECT lists of one move.

    ``strict``: the rows are of another installation, where an id of control is somebody else: one that no row stands for is refused.
    """

    scope: Scope
    rules: IdRules
    minting: Minting
    maps: Mapping[tuple[TableName, tuple[str, ...]], SharedMap] = field(default_factory=dict)  # by table and its referred-to columns
    constants: Mapping[tuple[TableName, str], str] = field(default_factory=dict)  # columns that get one value (``hide``)
    strict: bool = False

    def select_list(self, name: TableName, types: Mapping[str, str], alias: str = "k", held: Mapping[str, str] | None = None) -> SelectList:
        """The columns that ``types`` names, in its order, each of the base type that it has where the rows go.

        ``held``: the base types of the columns of ``alias`` where that isn't the table itself.
        """
        table = self.scope.table(name)
        columns = [column for column in map(table.columns_by_name.get, types) if column is not None and column.generated is None]
        held = {column.name: column.base_type for column in columns} | dict(held or {})
        sources = [_ColumnSql(self, table, replace(column, base_type=held[column.name]), alias) for column in columns]
        expressions = tuple(source.expression(types[source.column.name]) for source in sources)
        return SelectList(columns=tuple(column.name for column in columns), expressions=expressions)


@dataclass(frozen=True, slots=True)
class _ColumnSql:
    """What becomes of one column."""

    rewriter: Rewriter
    table: Table
    column: Column
    alias: str

    @property
    def value(self) -> sql.Composable:
        return column_sql(self.alias, self.column.name)

    @property
    def type(self) -> KeyType:
        return KeyType.of(self.column)

    def expression(self, type_: str) -> sql.Composable:
        """The new value, of that base type."""
        constant = self.rewriter.constants.get((self.table.name, self.column.name))
        treatment = self.rewriter.rules.of(self.table.name, self.column.name)
        if constant is None and not treatment.rewrites and self.column.base_type == type_:
            return self.value
        new = self._rewritten(treatment) if constant is None else sql.Literal(constant)
        return sql.SQL("({value})::{type}").format(value=new, type=raw(type_))

    def _rewritten(self, treatment: Treatment) -> sql.Composable:
        kinds = {reference.kind for reference, _ in treatment.inner}
        if treatment.unset:
            return sql.SQL("NULL")
        if Kind.JSON in kinds:
            return self._json(treatment)
        if Kind.ARRAY in kinds:
            return self._array(*treatment.inner[0])
        plain = self._followed(self.value, self.type, treatment.reference, treatment.rule)
        return self._polymorphic(treatment, plain) if kinds else plain

    def _followed(self, value: sql.Composable, type_: KeyType, reference: Reference | None, rule: ColumnRule) -> sql.Composable:
        """One id: what it becomes by its rule, but for values that mean nobody, which stay, and those that lead nowhere, which may go."""
        changed = self._changed(value, type_, reference, rule)
        declared = reference.declared if reference else None
        if reference is None or declared is None:
            return changed
        if not follows(reference):
            changed = sql.SQL("NULL")
        elif declared.dangling == "null" and reference.target in self.rewriter.scope.schema.tables and not self.rewriter.strict:
            changed = sql.SQL("CASE WHEN {found} THEN {changed} END").format(found=self._exists(value, type_, reference), changed=changed)
        if not declared.none_values:
            return changed
        nobody = sql.SQL(", ").join(sql.Literal(str(none)) for none in declared.none_values)
        return sql.SQL("CASE WHEN {value}::text IN ({nobody}) THEN {value} ELSE {changed} END").format(
            value=value, nobody=nobody, changed=changed
        )

    def _changed(self, value: sql.Composable, type_: KeyType, reference: Reference | None, rule: ColumnRule) -> sql.Composable:
        place, shifted = f"{self.table.name}.{self.column.name}", value
        if rule.rule is IdRule.SHIFT:
            shifted = shifted_sql(self.rewriter.minting, value, type_.family, place)
        key = rule.key or reference
        if rule.shared is None or key is None:
            return shifted
        shared = self.rewriter.maps.get((key.target, key.target_columns))
        found = looked_up_sql(shared, key.columns.index(self.column.name), self._values(key, value))
        made = raw("bigint" if type_.family == "integer" else "text" if type_.family == "text" else type_.base)
        found = sql.SQL("{}::{}").format(found, made)
        if self.rewriter.strict and self.rewriter.scope.standing(rule.shared) is Standing.CONTROL:
            dangling = reference.declared.dangling if reference and reference.declared else "keep"
            shifted = sql.SQL("NULL") if dangling == "null" else unmatched_sql(value, made, place)
        return sql.SQL("COALESCE({found}, {shifted})").format(found=found, shifted=shifted)

    def _values(self, reference: Reference, value: sql.Composable) -> list[sql.Composable]:
        """What the reference's columns hold, ``value`` standing for this one."""
        return [value if name == self.column.name else column_sql(self.alias, name) for name in reference.columns]

    def _exists(self, value: sql.Composable, type_: KeyType, reference: Reference) -> sql.Composable:
        """Whether a row is where the reference leads."""
        target = self.rewriter.scope.table(reference.target)
        types = value_types(self.table, reference) if len(reference.columns) > 1 else (type_,)
        same = [
            holds_sql(mine, held, KeyType.of(target.column(name)), column_sql("p", name), seek_key=True)
            for mine, held, name in zip(types, self._values(reference, value), reference.target_columns, strict=True)
        ]
        return sql.SQL("EXISTS (SELECT FROM {target} AS p WHERE {same})").format(target=table_sql(target), same=all_sql(same))

    def _polymorphic(self, treatment: Treatment, plain: sql.Composable) -> sql.Composable:
        """By the row's label; without one of those that silos.toml names, as if there were no labels."""
        branches = []
        for reference, rule in treatment.inner:
            assert reference.type_column is not None and reference.label is not None
            condition = label_condition(self.table, reference.type_column, reference.label, self.alias)
            branches.append(sql.SQL("WHEN {} THEN {}").format(condition, self._followed(self.value, self.type, reference, rule)))
        return sql.SQL("CASE {branches} ELSE {plain} END").format(branches=sql.SQL(" ").join(branches), plain=plain)

    def _array(self, reference: Reference, rule: ColumnRule) -> sql.Composable:
        type_ = self.type.element
        made = "bigint" if type_.family == "integer" else type_.base
        if not follows(reference):
            return sql.SQL("CASE WHEN {value} IS NOT NULL THEN {empty} END").format(value=self.value, empty=empty_array(made))
        return rewrite_array(self.value, made, lambda item: self._followed(item, type_, reference, rule))

    def _json(self, treatment: Treatment) -> sql.Composable:
        """Path after path. A document without an id that changes passes as it is, to the last blank."""
        document, changed = as_document(self.rewriter.scope.schema.server_version, self.column, self.value)
        for reference, rule in treatment.inner:
            new = self._json_at(document, reference, rule)
            changed = sql.SQL("(SELECT {new} FROM (SELECT {value} AS d OFFSET 0) AS b)").format(new=new, value=changed)
        if self.column.base_type in ("json", "jsonb"):
            return changed
        return sql.SQL("COALESCE(({changed})::text, {value})").format(changed=changed, value=self.value)

    def _json_at(self, document: Document, reference: Reference, rule: ColumnRule) -> sql.Composable:
        """The document ``b.d`` with the ids at one place rewritten."""
        place, whole = place_of(reference), sql.SQL("b.d")

        def leaf(text: sql.Composable) -> sql.Composable:
            return self._followed(text, KeyType(base="text"), reference, rule)

        conditions = label_conditions(self.table, reference, self.alias)
        if document is JSON:
            conditions.append(changes_document(document, whole, place, leaf))
        rewritten = rewrite_document(document, whole, place, leaf)
        return sql.SQL("CASE WHEN {} THEN {} ELSE b.d END").format(all_sql(conditions), rewritten) if conditions else rewritten
