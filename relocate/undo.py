"""``relocate abort``: takes out of the target exactly what a move brought in, and ends the relocation."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from psycopg import sql

from exports.membership import Membership, table_sql
from exports.snapshot import Connection
from exports.survey import Survey, survey_region
from relocate.clearing import clear_target
from relocate.control import read_relocation
from relocate.ledger import Ledger
from relocate.lookup import find_relocation
from relocate.mover import Mover, take_over
from relocate.obstacles import may_set_replica
from relocate.outcome import Outcome, outcome_of, refusing
from relocate.phases import BEYOND_RETURN, Phase
from relocate.session import connect_control, open_control, take_fence
from relocate.taking_back import take_back_inserted
from splitter.db import connect, translated
from splitter.errors import IllegalMove, UnknownOrganization
from splitter.events import Note, Reporter, Warned
from splitter.silos import SiloMap


def abort(silos: SiloMap, organization: str, report: Reporter) -> Outcome:
    """Undo an unfinished move. Before the switch only; done already is done."""
    with open_control(silos) as control:
        relocation = find_relocation(silos, control, organization)
        if relocation is None or relocation.phase is Phase.PURGED:
            raise UnknownOrganization(f"no move of {organization!r} is under way", hint="see `relocate status`")
        if relocation.phase is Phase.ABORTED:
            report(Note(f"the move of {relocation.name} to {relocation.target} is undone already"))
            return outcome_of(relocation)
        if relocation.phase in BEYOND_RETURN:
            raise IllegalMove(
                f"{relocation.name!r} was switched to {relocation.target}: there is no way back but a move back",
                hint=f"`relocate purge {relocation.name}`, then `relocate start {relocation.name} --to {relocation.source}`",
            )
        with take_over(partial(connect_control, silos), relocation.id) as mover, refusing(lambda: True):
            _take_out(silos, mover, report)
        found = read_relocation(control, relocation.id)
    assert found is not None
    return outcome_of(found)


def _take_out(silos: SiloMap, mover: Mover, report: Reporter) -> None:
    relocation = mover.move_to(Phase.ABORTING)
    target = survey_region(silos, relocation.target)
    ledger = Ledger(relocation=relocation.id, generation=mover.generation, organization=relocation.organization_after, mover=mover.name)
    with connect(target.url, setting=target.setting, application=mover.application) as connection:
        with translated(target.setting):
            if target.prepare:
                connection.execute(target.prepare)
        take_fence(connection, ledger, "target", target.setting)
        replica = may_set_replica(connection)
        if replica:
            connection.execute("SET session_replication_role = replica")
        there = clear_target(target, relocation, ledger, connection, replica=replica)
        if there is not None:
            _warn_of_left(target, there, connection, report)
        with closing(target.connect()) as witness:
            take_back_inserted(target, ledger, connection, witness, report)
        ledger.leave(connection)
    mover.move_to(Phase.ABORTED)
    report(Note(f"the move of {relocation.name} to {relocation.target} is undone"))


def _warn_of_left(target: Survey, there: Membership, connection: Connection, report: Reporter) -> None:
    root = there.scope.root
    query = sql.SQL("SELECT count(*) FROM {} AS k WHERE {}").format(table_sql(there.scope.table(root)), there.part(root, 0, "k"))
    left = connection.execute(query).fetchone()
    if left and left[0]:
        report(Warned(f"{target.region} still has the organization's row: somebody else changed it since it was copied"))
