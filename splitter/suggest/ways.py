"""How a row's organization is read: the shortest chain of references from its table to the organization's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psycopg import sql

from splitter.graph import OWNING, Kind, Reference
from splitter.schema import Table, TableKind, TableName

_LONGEST = 4  # references; a longer chain costs more than it tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The references in order, the first one the table's own. The last one holds the organization's key."""

    steps: tuple[Reference, ...]
    tables: tuple[Table, ...]  # what the steps but the last one lead to

    def owner(self, alias: str) -> sql.Composable:
        """SQL: the organization's key as text, of the row that ``alias`` names; NULL where the way ends before."""
        return self._owner(0, alias)

    def _owner(self, number: int, alias: str) -> sql.Composable:
        step = self.steps[number]
        if number == len(self.steps) - 1:
            columns = [sql.SQL("{}::pg_catalog.text").format(sql.Identifier(alias, column)) for column in step.columns]
            return sql.SQL(" || '|' || ").join(columns)
        inner = f"w{number}"
        matching = [
            sql.SQL("{} = {}").format(sql.Identifier(inner, theirs), sql.Identifier(alias, mine))
            for mine, theirs in zip(step.columns, step.target_columns, strict=True)
        ]
        return sql.SQL("(SELECT {owner} FROM {table} AS {inner} WHERE {matching} LIMIT 1)").format(
            owner=self._owner(number + 1, inner),
            table=table_sql(self.tables[number]),
            inner=sql.Identifier(inner),
            matching=sql.SQL(" AND ").join(matching),
        )


def find_ways(tables: Mapping[TableName, Table], references: Iterable[Reference], root: TableName) -> dict[TableName, Way]:
    """A way for every table that has one: the shortest, over columns that are never NULL where there is a choice.

    Polymorphic references are left out: whether they count differs from row to row.
    """
    by_target: dict[TableName, list[Reference]] = {}
    for reference in references:
        if reference.kind in OWNING and reference.kind is not Kind.POLYMORPHIC and reference.table in tables:
            by_target.setdefault(reference.target, []).append(reference)
    ways: dict[TableName, Way] = {}
    frontier = [root]
    for _ in range(_LONGEST):
        found: dict[TableName, Way] = {}
        steps = [step for target in frontier for step in by_target.get(target, ()) if step.table not in ways and step.table != root]
        for step in sorted(steps, key=lambda each: (each.nullable, each.kind is not Kind.HARD)):
            beyond = ways.get(step.target)
            way = (
                Way(steps=(step, *beyond.steps), tables=(tables[step.target], *beyond.tables)) if beyond else Way(steps=(step,), tables=())
            )
            found.setdefault(step.table, way)
        ways |= found
        frontier = list(found)
    return ways


def table_sql(table: Table) -> sql.Composable:
    """The table in a FROM clause: with its partitions, but only its own rows where others inherit from it."""
    name = sql.Identifier(table.name.schema, table.name.name)
    return name if table.kind is TableKind.PARTITIONED else sql.SQL("ONLY {}").format(name)
