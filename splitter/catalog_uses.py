"""What views, rules, policies, triggers, expressions and routines use, from the answers to the catalog's queries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from splitter.catalog_parts import Names
from splitter.schema import Dependent, Holder, Routine, RoutineName, TableName, View

_SELECT = "_RETURN"  # the rule that makes a relation a view
_ROUTINE = "routine"


class Uses:
    """``kept``: the relations that belong to the application. A routine of an extension or of orglift is none to speak of."""

    def __init__(self, names: Names, kept: Iterable[int], uses: Iterable[Any], routines: Iterable[Any]) -> None:
        self._relations = {oid: names.relations[oid] for oid in kept}
        self._rows = list(uses)
        self._texts = list(routines)
        self._routines = {row.oid: RoutineName(row.schema, row.name, row.arguments) for row in self._texts}

    def views(self, relations: Iterable[Any]) -> Mapping[TableName, View]:
        held = {row.relation: row for row in self._rows if row.kind == Holder.RULE.value and row.name == _SELECT}
        return {view.name: view for view in (self._view(row, held.get(row.oid)) for row in relations)}

    def _view(self, relation: Any, held: Any) -> View:
        name, materialized = self._relations[relation.oid], relation.kind == "m"
        return View(name=name, materialized=materialized, reads=self._reads(held), calls=self._calls(held))

    def routines(self) -> Mapping[RoutineName, Routine]:
        held = {row.object: row for row in self._rows if row.kind == _ROUTINE}
        return {made.name: made for made in (self._routine(row, held.get(row.oid)) for row in self._texts)}

    def _routine(self, row: Any, held: Any) -> Routine:
        return Routine(name=self._routines[row.oid], body=row.body, reads=self._reads(held), calls=self._calls(held))

    def dependents(self, tables: set[int]) -> tuple[Dependent, ...]:
        """Those that use something besides their own table."""
        made = (self._dependent(row) for row in self._rows if row.kind != _ROUTINE and row.name != _SELECT and row.relation in tables)
        return tuple(dependent for dependent in made if dependent.reads or dependent.calls)

    def _dependent(self, row: Any) -> Dependent:
        table = self._relations[row.relation]
        return Dependent(kind=Holder(row.kind), name=row.name, table=table, reads=self._reads(row), calls=self._calls(row))

    def _reads(self, row: Any) -> frozenset[TableName]:
        found = (row.relations if row else None) or ()
        return frozenset(self._relations[oid] for oid in found if oid in self._relations)

    def _calls(self, row: Any) -> frozenset[RoutineName]:
        found = (row.routines if row else None) or ()
        return frozenset(self._routines[oid] for oid in found if oid in self._routines)
