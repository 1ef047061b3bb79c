"""What becomes of each id: the rules of design §4, decided for every column from the catalog and silos.toml.

A reference follows the rule of the column that it refers to, and that wins over everything else. Any other column is an id when a
sequence feeds it and it is part of a key, when it is the only column of an integer primary key, or when silos.toml says so. Columns
that refer to each other in a circle have one rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from exports.scope import Scope, TableScope, follows
from splitter.errors import Problem
from splitter.graph import Kind, Reference, components
from splitter.ownership import Standing
from splitter.schema import Column, Table, TableName
from splitter.silos import SiloMap

Place = tuple[TableName, str]  # a column

_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_NUMBERS = _INTEGERS | {"numeric"}
_SHIFTED = _NUMBERS | {"text", "character varying", "name"}  # types that the formula is written for
_HOLD_A_KEY = frozenset({Kind.HARD, Kind.SOFT})


class IdRule(str, Enum):
    KEEP = "keep"  # as it is: uuids, texts, control's ids, numbers that aren't ids
    SHIFT = "shift"  # origin * 2^serial_bits + id, once in its life
    MATCH = "match"  # the id of the target's row with the same natural key


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """The rule of one id.

    ``shared`` names the table whose map is asked first: always for MATCH, otherwise where a part of the table is shared. ``key`` is the
    reference that leads there, where it isn't the one that the column holds itself but goes on from the row that it refers to.
    """

    rule: IdRule
    shared: TableName | None = None
    key: Reference | None = None


KEEP = ColumnRule(rule=IdRule.KEEP)
SHIFT = ColumnRule(rule=IdRule.SHIFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """How one column is rewritten: by one rule, or through the references that hold several ids or several kinds of them."""

    rule: ColumnRule = KEEP
    reference: Reference | None = None  # that the column holds, where it is one; of several, the one that it alone makes up
    inner: tuple[tuple[Reference, ColumnRule], ...] = ()  # polymorphic labels, array elements, JSON paths
    unset: bool = False  # on_move = "null"

    @property
    def holds_ids(self) -> bool:
        """Whether its values are ids that another database may have otherwise."""
        rules = [self.rule, *(rule for _, rule in self.inner)]
        return self.unset or any(rule.rule is not IdRule.KEEP or rule.shared for rule in rules)

    @property
    def rewrites(self) -> bool:
        """Whether anything but the value as it is may come out."""
        held = [reference for reference in (self.reference, *(reference for reference, _ in self.inner)) if reference]
        return self.holds_ids or any(not follows(reference) or _may_empty(reference) for reference in held)


def _may_empty(reference: Reference) -> bool:
    return reference.declared is not None and reference.declared.dangling == "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRules:
    """The treatment of every stored column of every exported table, by (table, column)."""

    treatments: Mapping[Place, Treatment] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def of(self, table: TableName, column: str) -> Treatment:
        return self.treatments.get((table, column), Treatment())

    def shifts(self, table: TableName, column: str) -> bool:
        """Whether the column's values are ids that the formula rewrites."""
        return self.of(table, column).rule.rule is IdRule.SHIFT


def decide_rules(scope: Scope, silos: SiloMap, *, match_control: bool = False) -> IdRules:
    """Find the treatment of every column; two rules for one column are a problem.

    ``match_control``: the rows come from an installation with other rows in control, so that references to those are matched.
    """
    decider = _Decider(scope, silos, match_control=match_control)
    treatments: dict[Place, Treatment] = {}
    for table in scope.tables.values():
        if table.standing in (Standing.OWNED, Standing.REFERENCED, Standing.SHARED):
            for column in scope.table(table.name).stored_columns:
                treatments[table.name, column.name] = decider.treatment(table, column)
    decider.problems += (problem for place, each in treatments.items() for problem in _treatment_problems(scope, place, each))
    return IdRules(treatments=treatments, problems=tuple(dict.fromkeys(decider.problems)))


def plain_references(scope: Scope, table: TableName, column: str) -> list[Reference]:
    """The references that the column holds one key, or a part of one, of; the one that it makes up alone comes first."""
    holding = [each for each in scope.references_of(table) if column in each.columns and each.kind in _HOLD_A_KEY]
    return sorted(holding, key=lambda each: (len(each.columns), not follows(each)))


def _target(reference: Reference, column: str) -> Place:
    return reference.target, reference.target_columns[reference.columns.index(column)]


class _Decider:
    """Decides the columns once, those that are referred to first."""

    def __init__(self, scope: Scope, silos: SiloMap, *, match_control: bool) -> None:
        self.scope = scope
        self.silos = silos
        self.matched = {Standing.SHARED, Standing.CONTROL} if match_control else {Standing.SHARED}
        self.problems: list[Problem] = []
        self._rules: dict[Place, ColumnRule] = {}
        places = [(name, column.name) for name in scope.tables for column in scope.table(name).stored_columns]
        for group in components(places, lambda place: [_target(reference, place[1]) for reference in self._leading(place)]):
            self._decide(group)

    def _leading(self, place: Place) -> Iterator[Reference]:
        """The references of a column that give it the rule of another column."""
        for reference in plain_references(self.scope, *place):
            if follows(reference) and self.scope.standing(reference.target) not in (Standing.CONTROL, Standing.SHARED):
                yield reference

    def treatment(self, table: TableScope, column: Column) -> Treatment:
        plain = plain_references(self.scope, table.name, column.name)
        holding = (each for each in self.scope.references_of(table.name) if column.name in each.columns)
        inner = [each for each in holding if each.kind not in _HOLD_A_KEY]
        reference = plain[0] if plain else None
        return Treatment(
            rule=KEEP if inner and not plain else self._rules[table.name, column.name],
            reference=reference,
            inner=tuple((each, self._given_by(each, column.name)) for each in inner),
            unset=reference is not None and not follows(reference) and (len(reference.columns) == 1 or not column.not_null),
        )

    def _decide(self, group: tuple[Place, ...]) -> None:
        """One rule for columns that refer to each other; mostly for one column."""
        given: list[tuple[ColumnRule, Reference]] = []
        for table, column in group:
            for reference in plain_references(self.scope, table, column):
                if follows(reference) and _target(reference, column) not in group:
                    given.append((self._given_by(reference, column), reference))
        kinds = {(rule.rule, rule.shared) for rule, _ in given}
        plain = {rule for rule, shared in kinds if shared is None}
        shared = {kind for kind in kinds if kind[1] is not None}
        if len({rule for rule, _ in kinds}) > 1 or len(shared) > 1:
            self.problems += (_two_rules(place, given) for place in group)
        elif not given and any(is_own_id(self.scope.table(table), column, self.silos) for table, column in group):
            plain = {IdRule.SHIFT}
        first = next(iter(shared)) if shared else (next(iter(plain), IdRule.KEEP), None)
        for place in group:
            rule = ColumnRule(rule=first[0], shared=first[1])
            self._rules[place] = replace(rule, key=self._key(place, rule)) if rule.shared else rule

    def _given_by(self, reference: Reference, column: str) -> ColumnRule:
        """The rule of the column that the reference leads to."""
        standing = self.scope.standing(reference.target)
        if standing in self.matched:
            return ColumnRule(rule=IdRule.MATCH, shared=reference.target)
        if standing is Standing.CONTROL:
            return KEEP
        place = _target(reference, column)
        rule = self._rules.get(place, KEEP)
        if self.scope.tables[reference.target].shared_where and rule.rule is not IdRule.MATCH:
            return ColumnRule(rule=rule.rule, shared=reference.target)
        return replace(rule, key=_beyond(reference, rule.key)) if rule.shared else rule

    def _key(self, place: Place, rule: ColumnRule) -> Reference | None:
        """The reference by which a column of that rule leads to the shared table, over as many tables as it takes."""
        frontier, seen = [(reference, place[1]) for reference in plain_references(self.scope, *place) if follows(reference)], set()
        while frontier:
            reference, column = frontier.pop(0)
            if reference.target == rule.shared:
                return reference
            there = _target(reference, column)
            if there not in seen:
                seen.add(there)
                nexts = (each for each in plain_references(self.scope, *there) if follows(each))
                frontier += [(beyond, column) for each in nexts if (beyond := _beyond(reference, each)) is not None]
        return None


def _beyond(reference: Reference, key: Reference | None) -> Reference | None:
    """``reference`` prolonged by ``key``, which the row that it refers to holds; None where it doesn't hold all of it."""
    if key is None or not set(key.columns) <= set(reference.target_columns):
        return None
    columns = tuple(reference.columns[reference.target_columns.index(name)] for name in key.columns)
    return replace(reference, columns=columns, target=key.target, target_columns=key.target_columns)


def _two_rules(place: Place, given: Iterable[tuple[ColumnRule, Reference]]) -> Problem:
    said = ", ".join(f"{rule.rule.value} by {reference}" for rule, reference in given)
    return Problem(
        code="two-rules",
        object=f"{place[0]}.{place[1]}",
        found=f"its references give it different rules: {said}",
        remedy="an id can follow one table only: correct [[references]], or split the column",
    )


def _treatment_problems(scope: Scope, place: Place, treatment: Treatment) -> Iterator[Problem]:
    """What the rewriting can't do with a column."""
    column = scope.table(place[0]).column(place[1])
    arrays = [(rule, reference) for reference, rule in treatment.inner if reference.kind is Kind.ARRAY]
    if len({(rule.rule, rule.shared) for rule, _ in arrays}) > 1:
        yield _two_rules(place, arrays)
    ruled = [(treatment.rule, treatment.reference), *((rule, each) for each, rule in treatment.inner)]
    for rule, reference in ruled:
        if rule.shared is not None and rule.key is None and (reference is None or reference.target != rule.shared):
            yield _unfollowed(place, rule)
        base = column.base_type.removesuffix("[]") if reference and reference.kind is Kind.ARRAY else column.base_type
        if rule.rule is IdRule.SHIFT and not (reference and reference.kind is Kind.JSON) and base not in _SHIFTED:
            yield _unshifted(place, column)


def _unfollowed(place: Place, rule: ColumnRule) -> Problem:
    return Problem(
        code="broken-key",
        object=f"{place[0]}.{place[1]}",
        found=f"it is part of a key of {rule.shared}, whose rows are shared, and the rest of that key is out of its reference's reach",
        remedy="declare the whole key in [[references]]",
    )


def _unshifted(place: Place, column: Column) -> Problem:
    return Problem(
        code="unfit-id",
        object=f"{place[0]}.{place[1]}",
        found=f"it holds ids that have to change, in a column of {column.type}",
        remedy="make the column bigint or text",
    )


def is_own_id(table: Table, name: str, silos: SiloMap) -> bool:
    """Whether a number is an id in its own right, references apart."""
    rules, column = silos.rules(table.name), table.column(name)
    if name in rules.not_ids or column.base_type not in _NUMBERS or column.generated is not None:
        return False
    if column.base_type in _INTEGERS and (name in rules.ids or table.primary_key == (name,)):
        return True
    fed = column.sequence is not None or column.identity != ""
    return fed and any(name in key.columns for key in table.keys)
