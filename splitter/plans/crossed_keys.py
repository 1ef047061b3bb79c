"""The foreign keys that cross, and what becomes of each: what its ON DELETE did, or what silos.toml says that it becomes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from splitter.cascade import Cascade, ChildAction, make_cascade, update_action
from splitter.crossings import is_crossing
from splitter.errors import Problem
from splitter.graph import Reference, build_graph
from splitter.orphans import KeyColumn, KeyJoin
from splitter.plans.foreign_keys import ACTIONS, BrokenKey, KeyFacts, render_definition
from splitter.reference_blocks import render_reference_block, toml_text
from splitter.schema import Column, ForeignKey, Schema, TableKind, TableName
from splitter.silos import SiloMap

UNANSWERED, CONTRADICTION, NOT_NULL, TEMPORAL = "restrict-unanswered", "on-delete-contradiction", "set-null-not-null", "temporal-key"
_OWN = {"c": ChildAction.CASCADE, "n": ChildAction.SET_NULL, "d": ChildAction.SET_DEFAULT}
Keys = Mapping[tuple[TableName, str], KeyFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedKey:
    """``reference`` folds partitions into their roots; the key stands on ``key.table``. ``action``: None while nobody has said."""

    key: ForeignKey
    reference: Reference
    action: ChildAction | None
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        return f"{self.reference} ({self.key.name})"

    @property
    def is_cleaned_up(self) -> bool:
        """Whether a delete or a new key of the parent means anything to the child; a key that is not enforced never did."""
        return self.key.enforced and not (self.action is ChildAction.NONE and update_action(self.key) is ChildAction.NONE)

    def cascade(self, lane_column: str | None) -> Cascade:
        assert self.action is not None
        return make_cascade(self.reference, self.action, lane_column=lane_column, definition=render_definition(self.key))

    def broken(self, schema: Schema, facts: Keys) -> BrokenKey:
        known = facts[self.key.table, self.key.name]
        return BrokenKey(schema, self.key, known, make_join(schema, self.key, known))

    def block(self) -> str | None:
        """For silos.toml, where it does not declare the reference yet."""
        if self.reference.declared is not None or self.action is None:
            return None
        return _block(self.reference, f"on_delete = {toml_text(self.action.value)}")


def find_crossed(schema: Schema, silos: SiloMap, tables: Collection[TableName] = ()) -> Iterator[CrossedKey]:
    """Every foreign key between the silos, in the order of (parent, child, name); ``tables``: those alone that start or end there."""
    known = {_identity(reference): reference for reference in build_graph(schema, silos).references}
    keys = [key for table in schema.tables.values() for key in table.foreign_keys]
    for key in sorted(keys, key=lambda key: (key.target, key.table, key.name)):
        if key.target not in schema.tables:  # an extension's: in neither silo
            continue
        child, parent = schema.root_of(key.table), schema.root_of(key.target)
        if is_crossing(silos, child, parent) and (not tables or {child, parent, key.table, key.target} & set(tables)):
            yield _decide(schema, key, known)


def _identity(reference: Reference) -> tuple[object, ...]:
    return (reference.table, reference.columns, reference.target, reference.target_columns)


def _decide(schema: Schema, key: ForeignKey, known: Mapping[tuple[object, ...], Reference]) -> CrossedKey:
    cut = -1 if key.temporal else None  # the graph leaves the period out
    place = (schema.root_of(key.table), key.columns[:cut], schema.root_of(key.target), key.target_columns[:cut])
    reference = _with_key(known[place], key)
    action, problems = _action(schema, key, reference)
    return CrossedKey(key=key, reference=reference, action=action, problems=tuple(problems))


def _with_key(reference: Reference, key: ForeignKey) -> Reference:
    """Two keys over the same columns are one reference to the graph, and two to break."""
    return replace(reference, foreign_key=key)


def _action(schema: Schema, key: ForeignKey, reference: Reference) -> tuple[ChildAction | None, list[Problem]]:
    if not key.enforced:
        return ChildAction.NONE, []
    declared = reference.declared.delete_effect if reference.declared else None
    said = None if declared is None else ChildAction(declared)
    own = None if _fails_instead(schema, key) else _OWN.get(key.on_delete)
    if own is None and said is None:
        return None, [_unanswered(key, reference)]
    if own is not None and said is not None and own is not said:
        return None, [_contradiction(key, reference, own, said)]
    action = own or said
    assert action is not None
    return action, list(_impossible(schema, key, reference, action))


def _fails_instead(schema: Schema, key: ForeignKey) -> bool:
    """ON DELETE SET NULL of a column that cannot be NULL stops the delete: it restricts."""
    return key.on_delete == "n" and any(not_null for not_null in _not_null(schema, key, key.delete_columns or key.columns))


def _not_null(schema: Schema, key: ForeignKey, columns: tuple[str, ...]) -> Iterator[str]:
    return (name for name in columns if schema.tables[key.table].column(name).not_null)


def _impossible(schema: Schema, key: ForeignKey, reference: Reference, action: ChildAction) -> Iterator[Problem]:
    stuck = list(_not_null(schema, key, key.delete_columns or key.columns)) if action is ChildAction.SET_NULL else []
    if stuck:
        found = f'becomes "set null", and {", ".join(stuck)} cannot be NULL'
        yield Problem(code=NOT_NULL, object=_name(key, reference), found=found, remedy="say something else in silos.toml, or drop NOT NULL")
    if key.temporal and action is not ChildAction.NONE:
        found = "a period may be covered by several rows: what the delete of one of them means, nobody can say"
        yield Problem(code=TEMPORAL, object=_name(key, reference), found=found, remedy=_remedy(reference, "none"))


def _unanswered(key: ForeignKey, reference: Reference) -> Problem:
    told = f"ON DELETE {ACTIONS[key.on_delete]}"
    why = " of a column that cannot be NULL" if key.on_delete == "n" else ""
    found = f"{told}{why} stops the delete of a parent that has children, and nothing can be stopped across databases"
    return Problem(code=UNANSWERED, object=_name(key, reference), found=found, remedy=_remedy(reference, "cascade"))


def _remedy(reference: Reference, becomes: str) -> str:
    lines = ('on_delete = "restrict"', f'restrict_becomes = "{becomes}"  # or "cascade", "set null", "set default", "none"')
    if reference.declared is not None:
        return f"say in silos.toml, at `from = {reference.declared}`, what it becomes: {'; '.join(lines)}"
    return f"say in silos.toml what it becomes:\n{_block(reference, *lines)}"


def _contradiction(key: ForeignKey, reference: Reference, own: ChildAction, said: ChildAction) -> Problem:
    found = f'the key says ON DELETE {ACTIONS[key.on_delete]}, and silos.toml "{said.value}"'
    return Problem(code=CONTRADICTION, object=_name(key, reference), found=found, remedy=f'write on_delete = "{own.value}"')


def _name(key: ForeignKey, reference: Reference) -> str:
    return f"{reference} ({key.name})"


def _block(reference: Reference, *lines: str) -> str:
    return render_reference_block((reference.table, reference.columns), (reference.target, reference.target_columns), *lines)


def make_join(schema: Schema, key: ForeignKey, facts: KeyFacts) -> KeyJoin:
    """What the key compares, for the queries after its orphans."""
    child, parent = schema.tables[key.table], schema.tables[key.target]
    pairs = zip(key.columns, key.target_columns, facts.operators, strict=True)
    return KeyJoin(
        child=key.table,
        parent=key.target,
        columns=tuple(_key_column(child.column(name), parent.column(other), equals) for name, other, equals in pairs),
        whole_child=child.kind is TableKind.PARTITIONED,
        whole_parent=parent.kind is TableKind.PARTITIONED,
        match_full=key.match_full,
        temporal=key.temporal,
        row=child.identifying_key,
    )


def _key_column(child: Column, parent: Column, equals: str) -> KeyColumn:
    differs = child.collation != parent.collation
    collation = (parent.collation or 'pg_catalog."default"') if differs else None
    return KeyColumn(name=child.name, parent=parent.name, equals=equals, collation=collation, default=child.default)
