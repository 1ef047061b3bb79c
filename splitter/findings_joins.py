"""Views, rules, triggers, routines, policies and expressions that would need both silos in one database.

Each cause is told once: what only uses a view or routine that joins both silos itself is not told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from splitter.findings_catalog import Catalog
from splitter.findings_kinds import (
    EXPRESSION_JOINS,
    POLICY_JOINS,
    ROUTINE_JOINS,
    RULE_JOINS,
    SUSPECTED_JOIN,
    TRIGGER_JOINS,
    VIEW_JOINS,
    Finding,
    make_finding,
)
from splitter.routine_text import Texts
from splitter.schema import Dependent, Holder, RoutineName, TableName
from splitter.silos import Silo, spell_column

Names: TypeAlias = frozenset[TableName]

_EXPRESSION = "compute it in the application before the row is written, or keep a copy of what it needs in its own silo"
_KINDS = {
    Holder.RULE: (RULE_JOINS, "drop the rule, and let the application do in the other database what it did"),
    Holder.POLICY: (POLICY_JOINS, "let the policy ask columns of its own row, or a session setting that the application sets"),
    Holder.TRIGGER: (TRIGGER_JOINS, "write to an outbox table of its own silo, and let a worker bring it over"),
    Holder.DEFAULT: (EXPRESSION_JOINS, _EXPRESSION),
    Holder.CHECK: (EXPRESSION_JOINS, _EXPRESSION),
    Holder.INDEX: (EXPRESSION_JOINS, _EXPRESSION),
}
_VIEW = "split it into one query for each silo, joined in the application; or keep a copy of the smaller side in the other silo"
_ROUTINE = "split it into one for each silo, and let the application call both"


class Used(NamedTuple):
    """Tables: those that the catalog knows of, and those that only a text names."""

    known: Names = frozenset()
    named: Names = frozenset()

    def __or__(self, other: Used) -> Used:
        return Used(self.known | other.known, self.named | other.named)


_NOTHING = Used()


@dataclass
class _Reader:
    """What each view and routine uses, through others too; those that join both silos themselves count for nothing above them."""

    catalog: Catalog
    texts: Texts = field(init=False)
    done: dict[TableName | RoutineName, Used] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.texts = Texts(self.catalog.schema)

    def relation(self, name: TableName) -> Used:
        if name in self.catalog.schema.tables:
            return Used(frozenset({self.catalog.schema.root_of(name)}))
        return self._once(name) if name in self.catalog.schema.views else _NOTHING

    def joined(self, reads: Iterable[TableName], calls: Iterable[RoutineName]) -> Used:
        """What all of these use together, without what joins both silos itself."""
        used = _NOTHING
        for each in (*map(self.relation, sorted(reads)), *map(self._once, sorted(calls))):
            if len(self.silos(each)) < 2:
                used |= each
        return used

    def _once(self, name: TableName | RoutineName) -> Used:
        if name not in self.done:
            self.done[name] = _NOTHING  # one that calls itself
            self.done[name] = self.view(name) if isinstance(name, TableName) else self.routine(name)
        return self.done[name]

    def view(self, name: TableName) -> Used:
        view = self.catalog.schema.views[name]
        return self.joined(view.reads, view.calls)

    def routine(self, name: RoutineName) -> Used:
        routine = self.catalog.schema.routines[name]
        used = self.joined(routine.reads, routine.calls)
        if routine.body is None:
            return used
        text = self.joined(self.texts.tables(routine.body), self.texts.routines(routine.body) - {name})
        return used | Used(named=text.known | text.named)

    def silos(self, used: Used) -> set[Silo]:
        return {self.catalog.silo(table) for table in used.known | used.named}


def find_joins(catalog: Catalog) -> Iterator[Finding]:
    reader = _Reader(catalog)
    for view in catalog.schema.views.values():
        word = "materialized view" if view.materialized else "view"
        yield from _tell(reader, VIEW_JOINS, f"{word} {view.name}", reader.view(view.name), _VIEW)
    for name in catalog.schema.routines:
        yield from _tell(reader, ROUTINE_JOINS, f"routine {name}", reader.routine(name), _ROUTINE)
    for dependent in catalog.schema.dependents:
        used = reader.relation(dependent.table) | reader.joined(dependent.reads, dependent.calls)
        code, remedy = _KINDS[dependent.kind]
        yield from _tell(reader, code, _spell(dependent), used, remedy)


def _spell(dependent: Dependent) -> str:
    if dependent.kind is Holder.DEFAULT:
        return f"default of {spell_column(dependent.table, dependent.name)}"
    return f"{dependent.kind.value} {TableName('public', dependent.name)} on {dependent.table}"


def _tell(reader: _Reader, code: str, object_: str, used: Used, remedy: str) -> Iterator[Finding]:
    """Of what uses both silos; suspected, where only a text says so."""
    is_known = len(reader.silos(Used(used.known))) > 1
    if not is_known and len(reader.silos(used)) < 2:
        return
    tables = sorted(used.known if is_known else used.known | used.named)
    found = f"uses {_shown(reader.catalog, tables, Silo.CONTROL)}, and {_shown(reader.catalog, tables, Silo.REGION)}"
    if not is_known:
        text = sorted(used.named - used.known)
        found += f"; suspected, from a text that names {', '.join(map(str, text))}"
    yield make_finding(code if is_known else SUSPECTED_JOIN, object_, found, remedy, tables)


def _shown(catalog: Catalog, tables: Iterable[TableName], silo: Silo) -> str:
    return f"{', '.join(str(table) for table in tables if catalog.silo(table) is silo)} ({silo.value})"
