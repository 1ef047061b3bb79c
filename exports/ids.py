"""What becomes of each id: the rules of design §4, decided for every column from the catalog and silos.toml.

A reference follows the rule of the column that it refers to, and that wins over everything else. Any other column is an id when a
sequence feeds it and it is part of a key, when it is the only column of an integer primary key, or when silos.toml says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from exports.scope import Scope, Standing, TableScope, follows
from splitter.errors import Problem
from splitter.graph import Kind, Reference
from splitter.schema import Table, TableName
from splitter.silos import SiloMap

_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_HOLD_A_KEY = frozenset({Kind.HARD, Kind.SOFT})


class IdRule(str, Enum):
    KEEP = "keep"  # as it is: uuids, texts, control's ids, numbers that aren't ids
    SHIFT = "shift"  # origin * 2^serial_bits + id, once in its life
    MATCH = "match"  # the id of the target's row with the same natural key


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """The rule of one id. ``shared`` names the table whose map is asked first: always for MATCH, for SHIFT where a table is part shared."""

    rule: IdRule
    shared: TableName | None = None


KEEP = ColumnRule(rule=IdRule.KEEP)
SHIFT = ColumnRule(rule=IdRule.SHIFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """How one column is rewritten: by one rule, or through the references that hold several ids or several kinds of them."""

    rule: ColumnRule = KEEP
    reference: Reference | None = None  # what gave the rule, where a reference did
    inner: tuple[tuple[Reference, ColumnRule], ...] = ()  # polymorphic labels, array elements, JSON paths
    unset: bool = False  # on_move = "null"

    @property
    def rewrites(self) -> bool:
        rules = [self.rule, *(rule for _, rule in self.inner)]
        return self.unset or any(rule.rule is not IdRule.KEEP or rule.shared is not None for rule in rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRules:
    """The treatment of every stored column of every exported table, by (table, column)."""

    treatments: Mapping[tuple[TableName, str], Treatment] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def of(self, table: TableName, column: str) -> Treatment:
        return self.treatments.get((table, column), Treatment())

    def shifts(self, table: TableName, column: str) -> bool:
        """Whether the column's values are ids that the formula rewrites."""
        return self.of(table, column).rule.rule is IdRule.SHIFT


def decide_rules(scope: Scope, silos: SiloMap) -> IdRules:
    """Find the treatment of every column; two rules for one column are a problem."""
    decider = _Decider(scope, silos)
    treatments = {
        (table.name, column.name): decider.treatment(table, column.name)
        for table in scope.tables.values()
        if table.standing in (Standing.OWNED, Standing.REFERENCED, Standing.SHARED)
        for column in scope.table(table.name).stored_columns
    }
    return IdRules(treatments=treatments, problems=tuple(dict.fromkeys(decider.problems)))


class _Decider:
    def __init__(self, scope: Scope, silos: SiloMap) -> None:
        self.scope = scope
        self.silos = silos
        self.problems: list[Problem] = []
        self._rules: dict[tuple[TableName, str], ColumnRule] = {}
        self._asking: set[tuple[TableName, str]] = set()

    def treatment(self, table: TableScope, column: str) -> Treatment:
        holding = [reference for reference in self.scope.references_of(table.name) if column in reference.columns]
        plain = [reference for reference in holding if reference.kind in _HOLD_A_KEY]
        inner = [reference for reference in holding if reference.kind not in _HOLD_A_KEY]
        return Treatment(
            rule=KEEP if inner and not plain else self.rule_of(table.name, column),
            reference=plain[0] if plain else None,
            inner=tuple((reference, self._of_target(reference, column)) for reference in inner),
            unset=any(not follows(reference) for reference in plain),
        )

    def rule_of(self, table: TableName, column: str) -> ColumnRule:
        place = (table, column)
        if place in self._rules:
            return self._rules[place]
        if place in self._asking:
            return self._own_rule(table, column)  # columns that refer to each other in a circle
        self._asking.add(place)
        self._rules[place] = rule = self._decide(table, column)
        self._asking.discard(place)
        return rule

    def _decide(self, table: TableName, column: str) -> ColumnRule:
        given: dict[ColumnRule, Reference] = {}
        for reference in self.scope.references_of(table):
            if reference.kind in _HOLD_A_KEY and column in reference.columns and not self._circular(reference, column):
                given.setdefault(self._of_target(reference, column), reference)
        if len(given) > 1:
            self.problems.append(
                Problem(
                    code="two-rules",
                    object=f"{table}.{column}",
                    found="its references give it different rules: "
                    + ", ".join(f"{rule.rule.value} by {reference}" for rule, reference in given.items()),
                    remedy="an id can follow one table only: correct [[references]], or split the column",
                )
            )
        return next(iter(given)) if given else self._own_rule(table, column)

    def _circular(self, reference: Reference, column: str) -> bool:
        target_column = reference.target_columns[reference.columns.index(column)]
        return (reference.target, target_column) in self._asking

    def _of_target(self, reference: Reference, column: str) -> ColumnRule:
        standing = self.scope.standing(reference.target)
        if standing is Standing.CONTROL:
            return KEEP
        if standing is Standing.SHARED:
            return ColumnRule(rule=IdRule.MATCH, shared=reference.target)
        rule = self.rule_of(reference.target, reference.target_columns[reference.columns.index(column)])
        if self.scope.tables[reference.target].shared_where and rule.rule is not IdRule.MATCH:
            return ColumnRule(rule=rule.rule, shared=reference.target)
        return rule

    def _own_rule(self, table: TableName, column: str) -> ColumnRule:
        return SHIFT if is_own_id(self.scope.table(table), column, self.silos) else KEEP


def is_own_id(table: Table, name: str, silos: SiloMap) -> bool:
    """Whether an integer column is an id in its own right, references apart."""
    rules = silos.rules(table.name)
    if name in rules.not_ids:
        return False
    column = table.column(name)
    if column.base_type not in _INTEGERS or column.generated is not None:
        return False
    if name in rules.ids or table.primary_key == (name,):
        return True
    fed = column.sequence is not None or column.identity != ""
    return fed and any(name in key.columns for key in table.keys)
