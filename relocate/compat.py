"""Whether the target's tables can take the source's rows: which columns go, as what type, and what stands in the way.

Column order, wider types and new columns that may stay empty are bridged. Narrower types, lengths, scales and missing enum labels are
refused, because a cast would change a value or fail half-way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from exports.ids import IdRule, IdRules
from exports.scope import Scope
from exports.types import PlainType, labels_of
from relocate.type_fit import fits, sent_type
from splitter.errors import Problem
from splitter.schema import Column, Schema, TableName


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A column of rows that come: its type, and the labels that its values may have where that is an enum or an array of one."""

    name: str
    type: PlainType
    labels: tuple[str, ...] | None = None

    @classmethod
    def of(cls, schema: Schema, column: Column) -> Coming:
        return cls(name=column.name, type=PlainType.of(schema, column), labels=labels_of(schema, column.base_type))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How the source's columns fit the target: the base type of each column that goes, and what doesn't fit."""

    types: Mapping[TableName, Mapping[str, str]]
    problems: tuple[Problem, ...]
    narrow: tuple[Problem, ...]  # columns that a distributed id doesn't fit, apart: they have a command of their own


def fit_target(scope: Scope, rules: IdRules, target: Schema, *, shifted: bool) -> Fit:
    """Compare every exported table with the target's; ``shifted``: ids change, so the target's columns must be bigint."""
    types: dict[TableName, dict[str, str]] = {}
    problems: list[Problem] = []
    for table in scope.exported:
        theirs = target.tables.get(table.name)
        if theirs is None:
            problems.append(
                _problem("missing-table", str(table.name), "the target has no such table", "run the application's migrations there")
            )
            continue
        mine = scope.table(table.name).stored_columns
        there = {column.name: theirs.columns_by_name.get(column.name) for column in mine}
        taken = {name: other for name, other in there.items() if other is not None and other.generated is None}
        types[table.name] = {name: sent_type(PlainType.of(target, other)) for name, other in taken.items()}
        problems.extend(fit_columns(table.name, [Coming.of(scope.schema, column) for column in mine], target))
    narrow = tuple(_narrow(scope, rules, target)) if shifted else ()
    return Fit(types=types, problems=tuple(problems), narrow=narrow)


def fit_columns(name: TableName, mine: Sequence[Coming], target: Schema) -> Iterator[Problem]:
    """What doesn't fit of the columns that come. The table is there."""
    theirs = target.tables[name]
    for column in mine:
        place = f"{name}.{column.name}"
        other = theirs.columns_by_name.get(column.name)
        if other is None or other.generated is not None:
            yield _problem("missing-column", place, "the target has no such column", "run the application's migrations there")
            continue
        there = PlainType.of(target, other)
        if not fits(column.type, there):
            found = f"{column.type.type} here, {there.type} in the target"
            yield _problem("narrower-type", place, found, "bring both schemas to the same version; a narrower type could change a value")
        yield from _missing_labels(column.labels, labels_of(target, there.base), place)
    coming = {column.name for column in mine}
    for other in theirs.stored_columns:
        filled = not other.not_null or other.default is not None or other.identity
        if other.name not in coming and not filled:
            yield _problem(
                "unknown-column",
                f"{name}.{other.name}",
                "the target has this column NOT NULL and without a default, the source has it not",
                "give it a default in the target, or run the application's migrations at the source",
            )


def _missing_labels(here: tuple[str, ...] | None, there: tuple[str, ...] | None, place: str) -> Iterator[Problem]:
    missing = [label for label in here if label not in there] if here is not None and there is not None else []
    if missing:
        found = f"the target's type lacks {', '.join(map(repr, missing))}"
        yield _problem("missing-enum-label", place, found, "ALTER TYPE ... ADD VALUE in the target")


def _narrow(scope: Scope, rules: IdRules, target: Schema) -> Iterable[Problem]:
    for table, name, _ in _shifted_columns(scope, rules):
        theirs = target.tables.get(table)
        column = theirs.columns_by_name.get(name) if theirs else None
        if column is not None and column.base_type.removesuffix("[]") in ("smallint", "integer"):
            yield _problem(
                "narrow-id",
                f"{table}.{name}",
                f"{column.type} in the target, which a distributed id does not fit",
                "widen it first: splitter plan widen-ids",
            )


def _shifted_columns(scope: Scope, rules: IdRules) -> Iterable[tuple[TableName, str, str]]:
    for (table, name), treatment in rules.treatments.items():
        if table not in {each.name for each in scope.exported}:
            continue
        ruled = [treatment.rule, *(rule for reference, rule in treatment.inner if reference.kind.value != "json")]
        if any(rule.rule is IdRule.SHIFT for rule in ruled):
            yield table, name, scope.table(table).column(name).type


def _problem(code: str, place: str, found: str, remedy: str) -> Problem:
    return Problem(code=code, object=place, found=found, remedy=remedy)


def binary_tables(scope: Scope, target: Schema, types: Mapping[TableName, Mapping[str, str]]) -> frozenset[TableName]:
    """Tables whose rows can go as binary COPY: every column has the same binary form on both sides.

    Text takes its place for reg* types, types without binary input, and types of an extension that has another version there.
    """
    mixed = {name for name, version in scope.schema.extensions.items() if target.extensions.get(name) != version}
    result = []
    for name, columns in types.items():
        ours, theirs = scope.table(name), target.tables[name]
        safe = all(ours.column(column).binary_safe and theirs.column(column).binary_safe for column in columns)
        built_in = not mixed or not any("." in type_ for type_ in columns.values())
        if safe and built_in:
            result.append(name)
    return frozenset(result)
