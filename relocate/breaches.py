"""Rows that a NOT NULL or a CHECK of the target would refuse, because the source lacks it or the row is rewritten on its way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.ids import Treatment
from exports.rows import Source
from exports.snapshot import Connection
from relocate.arrivals import arriving, ask_source, has_rows
from relocate.move import Move
from splitter.errors import Problem
from splitter.schema import Check, Table, TableName

SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A constraint of the target, and the condition under which a row breaks it."""

    code: str
    object: str
    said: str
    broken: sql.Composable


def find_breaches(move: Move, reading: Source, source: Connection) -> Iterator[Problem]:
    """One problem for each constraint that some of the rows, rewritten, would break. Those that the source keeps as well aren't asked."""
    for scope in move.scope.exported:
        theirs = move.target.schema.tables.get(scope.name)
        if theirs is not None and has_rows(reading, scope.name):
            for rule in (*_not_nulls(move, reading, theirs), *_checks(move, theirs)):
                rows = ask_source(source, _query(reading, scope.name, theirs, rule), f"looking for rows that break {rule.object}")
                if rows:
                    yield _problem(rule, rows)


def _not_nulls(move: Move, reading: Source, theirs: Table) -> Iterator[_Rule]:
    mine, coming = move.scope.table(theirs.name), reading.columns(theirs.name)
    for column in theirs.stored_columns:
        if not column.not_null or column.name not in coming:
            continue
        if not mine.column(column.name).not_null or _may_become_null(move.source.rules.of(theirs.name, column.name)):
            broken = sql.SQL("{} IS NULL").format(sql.Identifier(theirs.name.name, column.name))
            said = "the column is NOT NULL in the target"
            yield _Rule(code="not-null", object=f"{theirs.name}.{column.name}", said=said, broken=broken)


def _may_become_null(treatment: Treatment) -> bool:
    references = [treatment.reference, *(reference for reference, _ in treatment.inner)]
    declared = [reference.declared for reference in references if reference is not None and reference.declared is not None]
    return treatment.unset or any(each.dangling == "null" or each.on_move == "null" for each in declared)


def _checks(move: Move, theirs: Table) -> Iterator[_Rule]:
    kept = {check.expression for check in move.scope.table(theirs.name).checks if check.validated and check.enforced}
    for check in theirs.checks:
        if check.enforced and (check.expression not in kept or _is_of_rewritten(move, theirs.name, check)):
            said = f"the target checks {check.expression}"
            broken = sql.SQL("({}) IS FALSE").format(sql.SQL(check.expression))
            yield _Rule(code="check", object=f"{theirs.name}: {check.name}", said=said, broken=broken)


def _is_of_rewritten(move: Move, name: TableName, check: Check) -> bool:
    """Whether it may read a column whose values change on their way."""
    columns = {column for table, column in move.source.rules.treatments if table == name and move.source.rules.of(name, column).rewrites}
    columns |= {column for table, column in move.constants if table == name}
    return any(re.search(rf"(?<!\w){re.escape(column)}(?!\w)", check.expression) for column in columns)


def _query(reading: Source, name: TableName, theirs: Table, rule: _Rule) -> sql.Composed:
    """A SELECT of (how many rows break it, the key of one)."""
    key = [column for column in theirs.identifying_key if column in reading.columns(name)]
    return sql.SQL("SELECT count(*) OVER (), ROW({key})::text FROM {rows} WHERE {broken} LIMIT {limit}").format(
        key=sql.SQL(", ").join(sql.Identifier(name.name, column) for column in key),
        rows=arriving(reading, name),
        broken=rule.broken,
        limit=sql.Literal(SHOWN),
    )


def _problem(rule: _Rule, rows: Sequence[tuple[object, ...]]) -> Problem:
    count = int(str(rows[0][0]))
    shown = ", ".join(str(row[1]) for row in rows) + (f" and {count - len(rows)} more" if count > len(rows) else "")
    return Problem(
        code=rule.code,
        object=rule.object,
        found=f"{rule.said}, and rows of the organization, as they would be there, break that: {shown}",
        remedy="change the rows or the constraint, or bring both schemas to the same version",
    )
