"""``relocate purge``: deletes a moved organization's rows from the region that it left."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from exports.checks import inbound_checks
from exports.homes import read_home
from exports.match import Place, match_rows
from exports.membership import Membership, Selection
from exports.rows import HALF_CIRCLE, Source, ask
from exports.shared import read_needed
from exports.snapshot import Connection
from exports.survey import Organization, Survey, key_of, select_ways, survey_region
from relocate.after import repeat_after_switch
from relocate.control import Relocation, read_relocation
from relocate.control_obstacles import ControlTrip
from relocate.ledger import Ledger, Recorded
from relocate.load import statements_for_deleting
from relocate.lookup import find_relocation
from relocate.move import Move, make_move
from relocate.mover import Mover, take_over
from relocate.obstacles import may_set_replica
from relocate.origins import check_region, read_origins
from relocate.outcome import Outcome, outcome_of, refusal, refusing
from relocate.phases import BEYOND_RETURN, Phase
from relocate.purge import Counterpart, Purger
from relocate.references import Asker, control_references
from relocate.rewriting import stage_rewriting
from relocate.session import connect_control, control_schema, open_control, take_fence
from splitter.db import connect, translated
from splitter.errors import DiffersError, FailedError, IllegalMove, UnknownOrganization
from splitter.events import Finished, Note, Reporter, Started
from splitter.silos import SiloMap


def purge(silos: SiloMap, organization: str, report: Reporter) -> Outcome:
    """Delete the source's rows of an organization that was switched; the same command goes on after a stop."""
    with open_control(silos) as control:
        relocation = find_relocation(silos, control, organization)
        if relocation is None or relocation.phase is Phase.ABORTED:
            raise UnknownOrganization(f"no move of {organization!r} waits for its purge", hint="see `relocate status`")
        if relocation.phase is Phase.PURGED:
            report(Note(f"{relocation.name} is gone from {relocation.source} already"))
            return outcome_of(relocation)
        if relocation.phase not in BEYOND_RETURN:
            how = "import FILE" if relocation.saved.get("archive") else f"start {relocation.name}"
            raise IllegalMove(
                f"{relocation.name!r} still lives in {relocation.source}: its move is {relocation.phase.value}",
                hint=f"finish it with `relocate {how} --to {relocation.target}`, or undo it with `relocate abort`",
            )
        if relocation.phase is Phase.SWITCHED:
            repeat_after_switch(silos, relocation)  # what switched it may have been stopped before that
        if relocation.source not in silos.regions:
            return _without_source(silos, control, relocation, report)
        with take_over(partial(connect_control, silos), relocation.id) as mover:
            run = _Purge(silos, control, mover, report)
            with refusing(lambda: run.wrote):
                run.run()
        found = read_relocation(control, relocation.id)
    assert found is not None
    return outcome_of(found)


def _without_source(silos: SiloMap, control: Connection, relocation: Relocation, report: Reporter) -> Outcome:
    """Moved in from somebody else's database: there is nothing of ours to delete, only records to drop."""
    with take_over(partial(connect_control, silos), relocation.id) as mover, refusing(lambda: relocation.phase is Phase.PURGING):
        mover.move_to(Phase.PURGING)
        _drop_records(survey_region(silos, relocation.target), mover)
        mover.move_to(Phase.PURGED)
    report(Note(f"the source of {relocation.name} is not a region of ours: nothing was deleted"))
    found = read_relocation(control, relocation.id)
    assert found is not None
    return outcome_of(found)


def _drop_records(target: Survey, mover: Mover) -> None:
    with connect(target.url, setting=target.setting, application=mover.application) as connection:
        ledger = _ledger(mover)
        take_fence(connection, ledger, "target", target.setting)
        with translated(target.setting):
            ledger.leave(connection)


def _ledger(mover: Mover) -> Ledger:
    relocation = mover.relocation
    return Ledger(relocation=relocation.id, generation=mover.generation, organization=relocation.organization_after, mover=mover.name)


@dataclass(frozen=True, slots=True)
class _Sessions:
    """``witness`` is a second one at the source."""

    source: Connection
    witness: Connection
    target: Connection


class _Purge:
    """One run of the command."""

    def __init__(self, silos: SiloMap, control: Connection, mover: Mover, report: Reporter) -> None:
        relocation = mover.relocation
        assert relocation.source is not None
        self.silos, self.control, self.mover, self.report = silos, control, mover, report
        self.relocation = relocation
        self.source = survey_region(silos, relocation.source)
        self.target = survey_region(silos, relocation.target)
        self.wrote = relocation.phase is Phase.PURGING

    def run(self) -> None:
        ledger = _ledger(self.mover)
        with (
            connect(self.target.url, setting=self.target.setting, application=self.mover.application) as target,
            self._source() as source,
            self._source() as witness,
        ):
            recorded = self._records(target)
            if recorded:
                self._delete(_Sessions(source, witness, target), ledger, recorded)
            _drop_records(self.target, self.mover)
            take_fence(source, ledger, "source", self.source.setting)
            with translated(self.source.setting):
                ledger.leave(source)
        self.mover.move_to(Phase.PURGED)
        self.report(Note(f"{self.relocation.name} is gone from {self.relocation.source}"))

    def _records(self, target: Connection) -> tuple[Recorded, ...]:
        with translated(self.target.setting):
            return Ledger(relocation=self.relocation.id, generation=0, organization="", mover="").read_chunks(target)

    def _source(self) -> Connection:
        connection = connect(self.source.url, setting=self.source.setting, application=self.mover.application)
        with translated(self.source.setting):
            connection.execute("SET work_mem = '64MB'")
            if self.source.prepare:
                connection.execute(self.source.prepare)
        return connection

    def _delete(self, sessions: _Sessions, ledger: Ledger, recorded: tuple[Recorded, ...]) -> None:
        source, target = sessions.source, sessions.target
        move, membership = self._prepare(source, target)
        self._require_no_strangers(membership, source)
        self._require_nothing_new(membership, recorded)
        self._follow_switch(move, membership, source)
        replica = may_set_replica(source)
        with translated(self.source.setting):
            if replica:
                source.execute("SET session_replication_role = replica")
        take_fence(source, ledger, "source", self.source.setting)
        self.mover.move_to(Phase.PURGING)
        self.wrote = True
        purger = self._purger(move, membership, sessions, ledger, recorded)
        self.report(Started("purging", sum(each.content.rows for each in recorded if each.content)))
        batches = statements_for_deleting(self.source.scope, recorded, replica=replica)
        went = False
        for number, together in enumerate(batches):
            try:
                self._require_gone()
                purger.delete(source, together, {each.chunk.table for later in batches[number:] for each in later})
            except DiffersError as exc:
                if not went:
                    raise
                raise FailedError.after_write(exc) from exc
            went = went or any(each.content and each.content.rows for each in together)
        self.report(Finished("purging"))

    def _prepare(self, source: Connection, target: Connection) -> tuple[Move, Membership]:
        identity = check_region(self.control, source, self.source.region)
        check_region(self.control, target, self.target.region)
        origins = tuple(each.origin for each in read_origins(self.control))
        organization = Organization(key=key_of(self.source.scope, self.relocation.organization_before), slug=self.relocation.slug)
        move = make_move(self.silos, organization, self.source, self.target, identity, origins)
        with translated(self.source.setting):
            return move, select_ways(self.source.scope, organization.key, source)

    def _follow_switch(self, move: Move, membership: Membership, source: Connection) -> None:
        """Ids of before that control was given since the switch: with the source's rows goes what tells whose they are."""
        references = control_references(self.source.scope, self.source.rules, self.silos, control_schema(self.silos))
        asker = Asker(membership=membership, connection=source, after=False)
        trip = ControlTrip.make(self.silos, self.source.region, move.minting.origin)
        with closing(connect_control(self.silos, application=self.mover.application)) as control:
            stage_rewriting(references, control, asker, trip, self.mover, anew=False).follow(control, self.report)

    def _require_no_strangers(self, membership: Membership, source: Connection) -> None:
        problems = []
        for check in inbound_checks(membership):
            with translated(self.source.setting):
                rows = ask(source)(check.query)
            if rows:
                problems.append(check.problem(rows))
        if problems:
            raise refusal(tuple(problems))

    def _require_nothing_new(self, membership: Membership, recorded: tuple[Recorded, ...]) -> None:
        """Ways that had no rows when the organization was copied and have some now."""
        known = {(each.chunk.table, each.chunk.part) for each in recorded}
        for table in membership.scope.exported:
            new = [part for part in membership.parts(table.name) if (table.name, part) not in known]
            if new and table.ways and new != [0]:  # the first way is taken without a look
                raise DiffersError(
                    f"{table.name} has rows at the source that were not moved ({table.ways[new[-1]]})",
                    hint="somebody wrote to the source after the switch: bring those rows to the target by hand, then purge again",
                )

    def _purger(
        self,
        move: Move,
        membership: Membership,
        sessions: _Sessions,
        ledger: Ledger,
        recorded: tuple[Recorded, ...],
    ) -> Purger:
        place = Place(connection=sessions.target, schema=self.target.schema)
        with translated(self.source.setting):
            needed = read_needed(membership, sessions.source)
            matched = match_rows(needed, self.silos, self.source.schema, self.source.rules, move.minting, lambda _: place)
        parts = {
            each.chunk.table: tuple(sorted({one.chunk.part for one in recorded if one.chunk.table == each.chunk.table}))
            for each in recorded
        }
        live = {name: tuple(part for part in numbers if part >= 0) for name, numbers in parts.items()}
        selection = Selection(live={**membership.selection.live, **live}, closed=membership.selection.closed)
        reading = self._as_loaded(move.reading(Membership(membership.scope, membership.root, selection), matched.maps))
        xmin = self._oldest_change(sessions.source)
        counterpart = Counterpart(there=move.there(reading.membership), source=reading, connection=sessions.target)
        return Purger(source=reading, ledger=ledger, xmin=xmin, report=self.report, witness=sessions.witness, counterpart=counterpart)

    def _oldest_change(self, source: Connection) -> int | None:
        """Rows of transactions below it are what was moved; None where numbers tell nothing: of an archive, or half a circle later."""
        query = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint"
        with translated(self.source.setting):
            ((now,),) = source.execute(query).fetchall()
        xmin = self.relocation.snapshot_xmin
        return None if xmin is None or int(str(now)) - xmin >= HALF_CIRCLE else xmin

    def _as_loaded(self, reading: Source) -> Source:
        """An import may have given the organization another slug: its row was recorded with that."""
        column, slug = self.silos.organization.slug, self.relocation.options.get("slug")
        if column is None or slug is None:
            return reading
        constants = {**reading.rewriter.constants, (self.source.scope.root, column): str(slug)}
        return replace(reading, rewriter=replace(reading.rewriter, constants=constants))

    def _require_gone(self) -> None:
        """Before every batch: this is still our purge, and the organization does not live here."""
        self.mover.check()
        own = self.silos.control.mapping if self.silos.control else None
        home = read_home(self.control, self.relocation.organization_after, own)
        if home is None or home.region == self.relocation.source:
            raise DiffersError(
                f"the mapping says {home or 'nothing'}: the rows in {self.relocation.source} are not deleted",
                hint="see who changed the mapping (orglift.audit)",
            )
