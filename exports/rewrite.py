"""A table's SELECT list with every id, hard and soft, rewritten: the server does the work in the COPY itself.

An id is checked in the same pass: a negative one, or one of an origin that control never issued, makes the statement fail with a
message that begins with ``orglift:`` (raised by a cast that cannot succeed, so that nothing has to be created at the source).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from exports.ids import ColumnRule, IdRule, IdRules, Treatment
from exports.json_sql import JSON, as_document, found_ids, place_of, rewrite_document
from exports.membership import column_sql, label_condition, table_sql, type_family
from exports.scope import Scope
from splitter.graph import Kind, Reference
from splitter.layout import IdLayout
from splitter.schema import Column, TableName

TEXT_ID = "^(0|[1-9][0-9]{0,17})$"  # an integer id written as text, in its one canonical spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedMap:
    """Which row of the target stands for a shared row of the source: for each referred-to key, old values and new ones, as texts."""

    columns: tuple[str, ...]
    pairs: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minting:
    """How ids are shifted: ``origin`` is the source's; ``known`` are all origins that control issued. ``origin`` None: ids stay."""

    layout: IdLayout
    origin: int | None
    known: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectList:
    """The stored columns of a table, rewritten, in the order of ``columns``; ``joins`` goes behind the table in FROM."""

    columns: tuple[str, ...]
    expressions: tuple[sql.Composable, ...]
    joins: sql.Composable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriter:
    """Makes the SELECT lists of one move."""

    scope: Scope
    rules: IdRules
    minting: Minting
    maps: Mapping[tuple[TableName, tuple[str, ...]], SharedMap] = field(default_factory=dict)  # by table and its referred-to columns
    constants: Mapping[tuple[TableName, str], str] = field(default_factory=dict)  # columns that get one value (``hide``)

    def select_list(self, name: TableName, types: Mapping[str, str], alias: str = "k") -> SelectList:
        """``types``: the base type that each column has where the rows go; columns that it doesn't name are left out."""
        columns = [column for column in self.scope.table(name).stored_columns if column.name in types]
        joins = _Joins(self, name, alias)
        expressions = [self._expression(name, column, types[column.name], alias, joins) for column in columns]
        return SelectList(columns=tuple(column.name for column in columns), expressions=tuple(expressions), joins=joins.sql())

    def _expression(self, name: TableName, column: Column, type_: str, alias: str, joins: _Joins) -> sql.Composable:
        if (name, column.name) in self.constants:
            return sql.SQL("{value}::{type}").format(value=sql.Literal(self.constants[name, column.name]), type=raw(type_))
        treatment = self.rules.of(name, column.name)
        value = column_sql(alias, column.name)
        if treatment.unset:
            return sql.SQL("NULL::{type}").format(type=raw(type_))
        rewritten, made = self._rewritten(name, column, treatment, value, joins)
        # Always said for what is rewritten: binary COPY takes the expression's own type, and a map's ids are bigint whatever the column is.
        if made == type_ and not treatment.rewrites:
            return rewritten
        return sql.SQL("({value})::{type}").format(value=rewritten, type=raw(type_))

    def _rewritten(
        self, name: TableName, column: Column, treatment: Treatment, value: sql.Composable, joins: _Joins
    ) -> tuple[sql.Composable, str]:
        """The new value and its base type."""
        if not treatment.rewrites:
            return value, column.base_type
        kinds = {reference.kind for reference, _ in treatment.inner}
        if Kind.JSON in kinds:
            return self._json(name, column, treatment, value), column.base_type
        if Kind.ARRAY in kinds:
            return self._array(name, column, treatment, value)
        if Kind.POLYMORPHIC in kinds:
            return self._polymorphic(name, column, treatment, value, joins)
        reference = treatment.reference
        text = type_family(column) == "text"
        changed = self._changed(name, column.name, treatment.rule, reference, value, joins, text=text)
        changed = self._dangling(reference, value, changed)
        is_shift = treatment.rule.rule is IdRule.SHIFT and type_family(column) == "integer"
        return self._none_values(reference, value, changed), "bigint" if is_shift else column.base_type

    def _changed(
        self,
        name: TableName,
        column: str,
        rule: ColumnRule,
        reference: Reference | None,
        value: sql.Composable,
        joins: _Joins | None,
        *,
        text: bool,
    ) -> sql.Composable:
        shifted = self._shift(value, f"{name}.{column}", text=text) if rule.rule is IdRule.SHIFT else value
        if rule.shared is None or reference is None:
            return shifted
        if joins is not None:
            found = joins.lookup(reference, column)
        else:
            found = self._lookup(reference, column, value)
        return sql.SQL("COALESCE({found}, {shifted})").format(found=found, shifted=shifted)

    def _shift(self, value: sql.Composable, place: str, *, text: bool) -> sql.Composable:
        if self.minting.origin is None:
            return value
        if text:
            number = sql.SQL("({})::bigint").format(value)
            return sql.SQL("CASE WHEN {value} ~ {digits} THEN ({shifted})::text ELSE {value} END").format(
                value=value, digits=sql.Literal(TEXT_ID), shifted=self._shift(number, place, text=False)
            )
        layout = self.minting.layout
        known = sql.SQL(", ").join(sql.Literal(origin) for origin in self.minting.known) if self.minting.known else sql.Literal(0)
        template = (
            "CASE WHEN {value} IS NULL THEN NULL"
            " WHEN {value} >= {limit} THEN CASE WHEN ({value}::bigint >> {bits}) IN ({known}) THEN {value}::bigint ELSE {unknown} END"
            " WHEN {value} >= 0 THEN {value}::bigint + {first} ELSE {negative} END"
        )
        return sql.SQL(template).format(
            value=value,
            limit=sql.Literal(layout.serials),
            bits=sql.Literal(layout.serial_bits),
            known=known,
            first=sql.SQL("{}::bigint").format(sql.Literal(layout.first(self.minting.origin))),
            unknown=_refuse(value, f"{place}: this id is of an origin that control never issued: "),
            negative=_refuse(value, f"{place}: this id is negative: "),
        )

    def _none_values(self, reference: Reference | None, value: sql.Composable, changed: sql.Composable) -> sql.Composable:
        declared = reference.declared if reference else None
        if not declared or not declared.none_values:
            return changed
        nobody = sql.SQL(", ").join(sql.Literal(str(none)) for none in declared.none_values)
        return sql.SQL("CASE WHEN {value}::text IN ({nobody}) THEN {value} ELSE {changed} END").format(
            value=value, nobody=nobody, changed=changed
        )

    def _dangling(self, reference: Reference | None, value: sql.Composable, changed: sql.Composable) -> sql.Composable:
        declared = reference.declared if reference else None
        if reference is None or not declared or declared.dangling != "null" or len(reference.columns) > 1:
            return changed
        return sql.SQL("CASE WHEN EXISTS (SELECT FROM {target} AS p WHERE p.{key}::text = {value}::text) THEN {changed} END").format(
            target=table_sql(self.scope.table(reference.target)),
            key=sql.Identifier(reference.target_columns[0]),
            value=value,
            changed=changed,
        )

    def _polymorphic(
        self, name: TableName, column: Column, treatment: Treatment, value: sql.Composable, joins: _Joins
    ) -> tuple[sql.Composable, str]:
        integer = type_family(column) == "integer"
        table = self.scope.table(name)
        branches = []
        for reference, rule in treatment.inner:
            assert reference.type_column is not None and reference.label is not None
            changed = self._changed(name, column.name, rule, reference, value, joins, text=type_family(column) == "text")
            changed = self._none_values(reference, value, self._dangling(reference, value, changed))
            if not follows_on_move(reference):
                changed = sql.SQL("NULL")
            condition = label_condition(table, reference.type_column, reference.label, joins.alias)
            branches.append(sql.SQL("WHEN {} THEN {}").format(condition, changed))
        whole = sql.SQL("CASE {branches} ELSE {value} END").format(branches=sql.SQL(" ").join(branches), value=value)
        return whole, "bigint" if integer else column.base_type

    def _array(self, name: TableName, column: Column, treatment: Treatment, value: sql.Composable) -> tuple[sql.Composable, str]:
        reference, rule = treatment.inner[0]
        element = column.base_type.removesuffix("[]")
        text = element in ("text", "character varying", "bpchar")
        item = sql.SQL("x.id")
        changed = self._changed(name, column.name, rule, reference, item, None, text=text)
        changed = self._none_values(reference, item, self._dangling(reference, item, changed))
        made = "bigint" if rule.rule is IdRule.SHIFT and not text else element
        empty = sql.SQL("'{{}}'::{}").format(raw(f"{made}[]"))
        if not follows_on_move(reference):
            return sql.SQL("CASE WHEN {value} IS NOT NULL THEN {empty} END").format(value=value, empty=empty), f"{made}[]"
        rebuilt = sql.SQL(
            "CASE WHEN {value} IS NOT NULL THEN COALESCE((SELECT pg_catalog.array_agg(({changed})::{made} ORDER BY x.n)"
            " FROM pg_catalog.unnest({value}) WITH ORDINALITY AS x(id, n)), {empty}) END"
        ).format(value=value, changed=changed, made=raw(made), empty=empty)
        return rebuilt, f"{made}[]"

    def _json(self, name: TableName, column: Column, treatment: Treatment, value: sql.Composable) -> sql.Composable:
        document, changed = as_document(self.scope.schema.server_version, column, value)
        for reference, rule in treatment.inner:
            place = place_of(reference)

            def leaf(text: sql.Composable, reference: Reference = reference, rule: ColumnRule = rule) -> sql.Composable:
                new = self._changed(name, column.name, rule, reference, text, None, text=True)
                return self._none_values(reference, text, self._dangling(reference, text, new))

            rewritten = rewrite_document(document, sql.SQL("b.d"), place, leaf)
            if document is JSON:
                found = found_ids(document, sql.SQL("b.d"), place)
                rewritten = sql.SQL("CASE WHEN EXISTS (SELECT FROM {found} AS f WHERE f.id IS NOT NULL) THEN {new} ELSE b.d END").format(
                    found=found, new=rewritten
                )
            if reference.label is not None and reference.type_column is not None:
                condition = label_condition(self.scope.table(name), reference.type_column, reference.label, "k")
                rewritten = sql.SQL("CASE WHEN {condition} THEN {new} ELSE b.d END").format(condition=condition, new=rewritten)
            changed = sql.SQL("(SELECT {new} FROM (SELECT {value} AS d OFFSET 0) AS b)").format(new=rewritten, value=changed)
        if column.base_type in ("json", "jsonb"):
            return changed
        return sql.SQL("COALESCE(({changed})::text, {value})").format(changed=changed, value=value)

    def _lookup(self, reference: Reference, column: str, value: sql.Composable) -> sql.Composable:
        shared = self.maps.get((reference.target, reference.target_columns))
        if shared is None or not shared.pairs:
            return sql.SQL("NULL")
        position = reference.columns.index(column)
        return sql.SQL("(SELECT m.n{n} FROM {map} WHERE m.o{n} = {value}::text)").format(
            n=raw(str(position)), map=map_sql(shared, "m"), value=value
        )


class _Joins:
    """The maps that one table's SELECT needs, each joined once."""

    def __init__(self, rewriter: Rewriter, name: TableName, alias: str) -> None:
        self.rewriter = rewriter
        self.name = name
        self.alias = alias
        self.joined: dict[Reference, str] = {}

    def lookup(self, reference: Reference, column: str) -> sql.Composable:
        shared = self.rewriter.maps.get((reference.target, reference.target_columns))
        holder = self.rewriter.scope.table(self.name).column(column)
        if shared is None or not shared.pairs:
            return sql.SQL("NULL::{}").format(raw(_wide(holder)))
        alias = self.joined.setdefault(reference, f"m{len(self.joined)}")
        position = reference.columns.index(column)
        return sql.SQL("{new}::{type}").format(new=column_sql(alias, f"n{position}"), type=raw(_wide(holder)))

    def sql(self) -> sql.Composable:
        joins = []
        for reference, alias in self.joined.items():
            shared = self.rewriter.maps[reference.target, reference.target_columns]
            on = sql.SQL(" AND ").join(
                sql.SQL("{old} = {mine}::text").format(old=column_sql(alias, f"o{n}"), mine=column_sql(self.alias, column))
                for n, column in enumerate(reference.columns)
            )
            joins.append(sql.SQL(" LEFT JOIN {map} ON {on}").format(map=map_sql(shared, alias), on=on))
        return sql.SQL("").join(joins)


def _wide(column: Column) -> str:
    return "bigint" if type_family(column) == "integer" else column.base_type


def map_sql(shared: SharedMap, alias: str) -> sql.Composable:
    """The map as a FROM item with the columns o0, o1 ... and n0, n1 ..., all text."""
    width = len(shared.columns)
    arrays = [sql.Literal([old[position] for old, _ in shared.pairs]) for position in range(width)]
    arrays += [sql.Literal([new[position] for _, new in shared.pairs]) for position in range(width)]
    names = [f"o{position}" for position in range(width)] + [f"n{position}" for position in range(width)]
    return sql.SQL("unnest({arrays}) AS {alias}({names})").format(
        arrays=sql.SQL(", ").join(sql.SQL("{}::text[]").format(array) for array in arrays),
        alias=sql.Identifier(alias),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
    )


def follows_on_move(reference: Reference) -> bool:
    return reference.declared is None or reference.declared.on_move == "follow"


def _refuse(value: sql.Composable, text: str) -> sql.Composable:
    return sql.SQL("({text} || {value}::text)::bigint").format(text=sql.Literal("orglift: " + text), value=value)


def raw(text: str) -> sql.SQL:
    """A type name as the catalog spells it (format_type quotes what needs quotes), or a number of ours."""
    return sql.SQL(text)  # type: ignore[arg-type]


def select_sql(columns: Sequence[sql.Composable], table: sql.Composable, joins: sql.Composable, where: sql.Composable) -> sql.Composable:
    return sql.SQL("SELECT {columns} FROM {table} AS k{joins} WHERE {where}").format(
        columns=sql.SQL(", ").join(columns), table=table, joins=joins, where=where
    )
