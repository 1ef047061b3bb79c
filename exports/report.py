"""What ``exports scope`` and a plan say of an organization: each table with its rule, its way, its rows, and what is undecided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from psycopg import sql

from exports.checks import Check, inbound_checks, scope_checks
from exports.membership import Membership, table_sql
from exports.shared import read_needed
from exports.snapshot import Connection, ask, ask_number
from exports.survey import Survey, require_organization, select_ways, table_sizes
from splitter.db import translated
from splitter.errors import Problem
from splitter.ownership import Standing
from splitter.schema import TableName


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """One table's line. ``bytes`` is an estimate: the table's size in the proportion of the rows."""

    name: str
    rule: str
    way: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeReport:
    """The answer of ``exports scope``."""

    organization: dict[str, str | None]
    region: str
    tables: tuple[TableReport, ...]
    undecided: tuple[Problem, ...]


def report_scope(survey: Survey, organization: str) -> ScopeReport:
    """Read how many rows of each table are the organization's; what stops an export is listed, not raised."""
    with survey.snapshot() as snapshot, translated(survey.setting):
        connection = snapshot.connection
        found = require_organization(survey, connection, organization)
        membership = select_ways(survey.scope, found.key, connection)
        problems = [*survey.scope.problems, *survey.rules.problems, *row_problems(membership, connection)]
        tables = tuple(chain(owned_reports(membership, connection), shared_reports(membership, connection)))
    return ScopeReport(organization={"id": found.id, "slug": found.slug}, region=survey.region, tables=tables, undecided=tuple(problems))


def row_problems(membership: Membership, connection: Connection, *, inbound: bool = False) -> Iterable[Problem]:
    """The checks of rows that find something; ``inbound``: also what others' rows hold on to."""
    return found_problems(chain(scope_checks(membership), inbound_checks(membership) if inbound else ()), connection)


def found_problems(checks: Iterable[Check], connection: Connection) -> Iterable[Problem]:
    """Those of ``checks`` that find something."""
    for check in checks:
        rows = ask(connection, check.query)
        if rows:
            yield check.problem(rows)


def owned_reports(membership: Membership, connection: Connection) -> Iterable[TableReport]:
    """The tables that are exported, in the scope's order."""
    names = [table.name for table in membership.scope.exported]
    sizes = table_sizes(connection, names)
    for name in names:
        rows = sum(_count(membership, connection, name, part) for part in membership.parts(name))
        yield TableReport(
            name=str(name),
            rule="rows" if membership.scope.tables[name].standing is Standing.OWNED else "referenced",
            way=way_text(membership, name),
            rows=rows,
            bytes=_share(membership, name, rows, sizes.get(name, 0)),
        )


def _count(membership: Membership, connection: Connection, name: TableName, part: int) -> int:
    query = sql.SQL("SELECT count(*) FROM {table} AS k WHERE {part}").format(
        table=table_sql(membership.scope.table(name)), part=membership.part(name, part, "k")
    )
    return ask_number(connection, query)


def _share(membership: Membership, name: TableName, rows: int, size: int) -> int:
    if not rows:
        return 0
    estimated = membership.scope.table(name).rows
    return min(size, size * rows // estimated) if estimated > 0 else size


def way_text(membership: Membership, name: TableName) -> str:
    """The ways by which the rows are found, in words."""
    scope = membership.scope.tables[name]
    if name == membership.scope.root:
        return "the organization"
    if scope.standing is Standing.REFERENCED:
        return "referred to by " + ", ".join(sorted({str(pointer.table) for pointer in scope.pointers}))
    ways = [str(scope.ways[part]) if part >= 0 else "through its cycle" for part in membership.parts(name)]
    return "; ".join(ways)


def shared_reports(membership: Membership, connection: Connection) -> Iterable[TableReport]:
    """Shared tables, with the rows that the organization needs of them, and the tables that stay."""
    needed = {shared.table: len(shared.rows) for shared in read_needed(membership, connection)}
    for table in membership.scope.tables.values():
        if table.standing in (Standing.SHARED, Standing.NONE):
            rule = table.standing.value
            yield TableReport(name=str(table.name), rule=rule, way="", rows=needed.get(table.name, 0), bytes=0)
