"""Unique keys of the organization's rows that rows of the target have taken already.

The columns of a key, rewritten, go through this process into a temporary table of the target, batch by batch; the target compares them
there by the key's own index, as it would when the rows came. Keys that cannot be taken are passed over: those with a rewritten id (no
other database has one of that range), and those with a foreign key to a row that was found to be absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from psycopg import sql

from exports.ids import IdRule
from exports.membership import table_sql, type_family
from exports.rows import Source
from exports.snapshot import Connection
from relocate.key_comparison import Comparison, Sides, Taken
from relocate.move import Move
from relocate.unique_keys import TargetKey, read_generated_from, read_unique_keys
from splitter.db import translated
from splitter.errors import Problem
from splitter.ownership import Standing
from splitter.schema import TableName


def find_conflicts(
    move: Move, reading: Source, source: Connection, target: Connection, *, resuming: bool = False, slug_told: bool = False
) -> Iterator[Problem]:
    """One problem for every key of the target that some of the rows would break. ``resuming``: rows that the move has brought are none.

    ``slug_told``: that the slug is taken is known. Shared rows are matched and referenced rows compared elsewhere. ``source`` is in the
    snapshot of ``reading``; memory stays flat.
    """
    search = _Search(Sides(move, reading, source, target, resuming), slug_told)
    for table in move.scope.exported:
        if table.standing is Standing.OWNED and table.name in move.target.schema.tables:
            yield from search.table(table.name)


@dataclass(slots=True)
class _Search:
    sides: Sides
    slug_told: bool
    absent: set[tuple[TableName, frozenset[str]]] = field(default_factory=set)  # keys none of whose values the target has

    def table(self, name: TableName) -> Iterator[Problem]:
        keys = [key for key in read_unique_keys(self.sides.target, name) if not self._is_root(name, key)]
        wanted = [key for key in keys if not self._cannot_conflict(name, key)]
        if wanted and self._is_empty(name):
            wanted = []
        generated = read_generated_from(self.sides.target, name) if wanted else {}
        for key in keys:
            taken = Comparison.of(self.sides, name, key, generated).taken() if key in wanted else Taken()
            if taken.rows:
                yield taken.problem(name, key)
            elif not self.sides.resuming and key.plain and not self.sides.move.scope.tables[name].shared_where:
                self.absent.add((name, key.columns))

    def _is_root(self, name: TableName, key: TargetKey) -> bool:
        """Whether the organization or its slug is there is asked before."""
        slug = self.sides.move.silos.organization.slug if self.slug_told else None
        asked = [frozenset(self.sides.move.scope.root_key), *([frozenset({slug})] if slug else [])]
        return name == self.sides.move.scope.root and key.plain and key.columns in asked

    def _is_empty(self, name: TableName) -> bool:
        with translated(f"looking into {name} of the target"):
            query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(table_sql(self.sides.move.target.schema.tables[name]))
            row = self.sides.target.execute(query).fetchone()
        return row == (False,)

    def _cannot_conflict(self, name: TableName, key: TargetKey) -> bool:
        table = self.sides.move.target.schema.tables[name]
        certain = {column for column in key.columns if not key.nulls_not_distinct or table.column(column).not_null}
        return any(self._is_new(name, column) for column in certain) or self._hangs_on_absent(name, certain)

    def _is_new(self, name: TableName, column: str) -> bool:
        """Whether every value of the column is an id that the formula made, or that was distributed before."""
        treatment = self.sides.move.source.rules.of(name, column)
        declared = treatment.reference.declared if treatment.reference else None
        mine = self.sides.move.scope.table(name).columns_by_name.get(column)
        shifted = treatment.rule.rule is IdRule.SHIFT and treatment.rule.shared is None
        return shifted and mine is not None and type_family(mine) == "integer" and not (declared and declared.none_values)

    def _hangs_on_absent(self, name: TableName, columns: set[str]) -> bool:
        """Whether the columns hold a foreign key to rows that the target hasn't: then it has none that refer to them either."""
        root = (self.sides.move.scope.root, frozenset(self.sides.move.scope.root_key))
        known = self.absent if self.sides.resuming else self.absent | {root}
        for reference in self.sides.move.target.scope.references_of(name):
            key = reference.foreign_key
            holds = key is not None and key.table == name and key.validated and key.enforced and not key.temporal
            if holds and set(reference.columns) <= columns and (reference.target, frozenset(reference.target_columns)) in known:
                return True
        return False
