"""What a move would do, as a value that prints: nothing is written, in no database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import chain

from exports.report import TableReport, owned_reports, shared_reports
from relocate.cautions import find_warnings
from relocate.importing import ImportPlan
from relocate.move import Options
from relocate.preparation import Preparation
from relocate.run import look_at
from relocate.session import open_control
from relocate.trip import find_trip
from splitter.db import translated
from splitter.errors import Problem
from splitter.silos import SiloMap


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """The plan of ``relocate start``."""

    organization: Mapping[str, str | None]
    source: str
    target: str
    tables: tuple[TableReport, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    control_references: tuple[str, ...]
    replica: bool


def read_plan(silos: SiloMap, organization: str, to: str, options: Options) -> MovePlan:
    """Look at everything that ``start`` looks at before its first write."""
    silos.region(to)
    with open_control(silos) as control:
        trip = find_trip(silos, control, organization, to)
        if trip.done is not None:
            return _done(trip.done.organization_before, trip.done.organization_after, trip.done.slug, trip.done.source or "", to)
        situation = look_at(silos, control, trip, to, options)
        with situation.source.snapshot() as snapshot, closing(situation.target.connect()) as target:
            planned = Preparation.make(situation, snapshot, target, strict=False)
            with translated(situation.source.setting):
                membership = planned.reading.membership
                tables = tuple(chain(owned_reports(membership, snapshot.connection), shared_reports(membership, snapshot.connection)))
                warnings = tuple(find_warnings(planned.move, planned.reading, snapshot.connection, target, replica=planned.replica))
    move = planned.move
    return MovePlan(
        organization={"before": move.organization.id, "after": move.after_id, "slug": move.organization.slug},
        source=move.source.region,
        target=to,
        tables=tables,
        problems=planned.problems,
        warnings=warnings,
        control_references=tuple(str(held) for held in planned.references.held),
        replica=planned.replica,
    )


def _done(before: str, after: str, slug: str | None, source: str, to: str) -> MovePlan:
    return MovePlan(
        organization={"before": before, "after": after, "slug": slug},
        source=source,
        target=to,
        tables=(),
        problems=(),
        warnings=(),
        control_references=(),
        replica=True,
    )


def plan_value(plan: MovePlan) -> dict[str, object]:
    """The JSON shape of design §8."""
    return {
        "organization": dict(plan.organization),
        "from": plan.source,
        "to": plan.target,
        "tables": [asdict(table) for table in plan.tables],
        "control_references": list(plan.control_references),
        "triggers": "off" if plan.replica else "on",
        "warnings": list(plan.warnings),
        "problems": [asdict(problem) for problem in plan.problems],
    }


def plan_text(plan: MovePlan) -> str:
    """The plan, for a person."""
    who = plan.organization
    width = max((len(table.name) for table in plan.tables), default=0)
    lines = [f"move {who['slug'] or who['before']} from {plan.source} to {plan.target}: id {who['before']} becomes {who['after']}"]
    lines += [f"  {table.name:<{width}}  {table.rows:>12,}  {table.bytes:>14,} B  {table.rule:<10}  {table.way}" for table in plan.tables]
    lines += [f"  control: {reference} is rewritten by the switch" for reference in plan.control_references]
    lines += [f"warning: {warning}" for warning in plan.warnings]
    lines += problem_lines(plan.problems)
    return "\n".join(lines)


def problem_lines(problems: tuple[Problem, ...]) -> list[str]:
    return [f"in the way: {problem.object}: {problem.found}\n    {problem.remedy}" for problem in problems]


def import_plan_value(plan: ImportPlan) -> dict[str, object]:
    """The same shape for an archive."""
    who = plan.manifest.organization
    return {
        "organization": {"before": who.before, "after": plan.after, "slug": plan.slug},
        "from": plan.manifest.source.region,
        "to": plan.to,
        "tables": [
            {"name": str(section.name), "rule": section.rule, "way": "", "rows": section.rows, "bytes": section.bytes}
            for section in plan.manifest.tables
        ],
        "problems": [asdict(problem) for problem in plan.problems],
    }


def import_plan_text(plan: ImportPlan) -> str:
    who = plan.manifest.organization
    lines = [f"import {plan.slug or who.before} into {plan.to}: id {who.before} becomes {plan.after}"]
    lines += [f"  {section.name!s:<30}  {section.rows:>12,}" for section in plan.manifest.tables]
    return "\n".join([*lines, *problem_lines(plan.problems)])
