"""``relocate verify``: the proof once more, for an organization that was moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from exports.homes import find_organization
from exports.membership import Membership
from exports.scope import Scope
from exports.snapshot import Connection
from exports.survey import Survey, find_in_region, require_decided, select_ways, survey_region
from exports.ways import mirror_scope
from relocate.clearing import selection_of
from relocate.control import Relocation
from relocate.feed import Lane
from relocate.ledger import Ledger, Recorded
from relocate.lookup import find_relocation
from relocate.move import spelled
from relocate.phases import Phase, is_final
from relocate.proof import Proof
from relocate.session import open_control
from relocate.verify import Difference, Verifier
from splitter.db import translated
from splitter.errors import IllegalMove, UnknownOrganization
from splitter.events import Reporter
from splitter.identity import check_identity
from splitter.schema import TableName
from splitter.silos import SiloMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found. ``compared``: chunk by chunk with what was moved; else only references and ids could be checked."""

    organization: str
    region: str
    compared: bool
    differences: tuple[Difference, ...]


def verify(silos: SiloMap, organization: str, jobs: int, report: Reporter) -> Verdict:
    """Look at the organization where it lives. Rows that the application changed since the switch count as differences."""
    with open_control(silos) as control:
        latest = find_relocation(silos, control, organization)
        if latest is not None and latest.phase not in (Phase.SWITCHED, Phase.PURGING) and not is_final(latest.phase):
            raise IllegalMove(
                f"the move of {latest.name!r} is {latest.phase.value}: it is not in {latest.target} yet",
                hint="run `relocate start` again: it verifies before it switches",
            )
        home = find_organization(control, organization, silos.control.mapping if silos.control else None)
    survey = survey_region(silos, home.region)
    require_decided(survey)
    return _verify(survey, home.organization, latest, jobs, report)


def _verify(survey: Survey, organization: str, relocation: Relocation | None, jobs: int, report: Reporter) -> Verdict:
    with closing(survey.connect()) as connection, translated(survey.setting):
        found = find_in_region(survey, connection, f"id:{organization}")
        if found is None:
            raise UnknownOrganization(
                f"the mapping says organization {organization} lives in {survey.region}, and its row is not there",
                hint="see `relocate status` and orglift.audit",
            )
        recorded = _recorded(connection, relocation)
        there = select_ways(survey.scope, found.key, connection)
        if recorded and relocation is not None:
            scope = mirror_scope(survey.scope, relocation.saved["ways"])
            there = Membership(scope, found.key, selection_of(scope, [each.chunk for each in recorded]))
        origin = check_identity(connection, survey.region).origin
    columns = _columns(there.scope, relocation)
    gone = tuple(_gone_columns(there.scope, columns))
    recorded = [each for each in recorded if each.chunk.table not in {name for name, _ in gone}]
    hide = survey.silos.organization.hide
    verifier = Verifier(
        there=there,
        columns=columns,
        rules=survey.rules,
        layout=survey.silos.ids,
        local_ids_final=not recorded or origin == 0,
        taken_for={} if hide is None else {(survey.scope.root, hide.column): spelled(hide.moving)},  # the switch revealed it
    )
    proof = Proof(verifier=verifier, jobs=jobs, open_lane=lambda: Lane(None, survey.connect()), report=report)
    lost = tuple(Difference(table=str(name), what=f"its column {column!r} is gone since the move") for name, column in gone)
    return Verdict(organization=organization, region=survey.region, compared=bool(recorded), differences=(*lost, *proof.run(recorded)))


def _columns(scope: Scope, relocation: Relocation | None) -> dict[TableName, Sequence[str]]:
    """The columns that were moved, in the order in which their hash was made of them: the target may have others, in another order."""
    moved = relocation.saved.get("columns", {}) if relocation is not None else {}
    stored = {table.name: [column.name for column in scope.table(table.name).stored_columns] for table in scope.exported}
    return {name: moved.get(str(name), columns) for name, columns in stored.items()}


def _gone_columns(scope: Scope, columns: Mapping[TableName, Sequence[str]]) -> Iterator[tuple[TableName, str]]:
    for name, moved in columns.items():
        yield from ((name, column) for column in moved if column not in scope.table(name).columns_by_name)


def _recorded(connection: Connection, relocation: Relocation | None) -> Sequence[Recorded]:
    if relocation is None:
        return ()
    return Ledger(relocation=relocation.id, generation=0, organization="", mover="").read_chunks(connection)
