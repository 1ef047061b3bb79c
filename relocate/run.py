"""Drives a relocation from region to region. Every phase may be repeated: the same command goes on where the one before ended."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from typing import Any

from exports.homes import read_home
from exports.snapshot import Connection
from exports.survey import Organization, require_decided, survey_region
from exports.ways import note_ways
from relocate.clearing import clear_target
from relocate.control import Relocation, begin_relocation
from relocate.ending import done_before, finish, hook_environment, make_switch, require_equal
from relocate.finish import run_hook
from relocate.homes import adopt
from relocate.ledger import Ledger, Recorded
from relocate.move import Options
from relocate.mover import Mover, take_over
from relocate.outcome import Outcome, refusal, refusing
from relocate.phases import Phase
from relocate.preparation import Preparation, Situation
from relocate.rewriting import Rewriting
from relocate.session import connect_control, control_schema, open_control, open_target, take_fence
from relocate.stages import Stages, summarize
from relocate.switch import SwitchOrder
from relocate.trip import Trip, find_trip
from splitter.events import Reporter
from splitter.silos import SiloMap
from splitter.silos_check import check_silos

_AGAIN = "run the same command again: it copies what changed. Stop the organization's writes first, or it may differ again"


def start(silos: SiloMap, organization: str, to: str, options: Options, report: Reporter) -> Outcome:
    """Move ``organization`` into region ``to``, whole: plan, copy, prove, look again, switch. Goes on with what was begun before."""
    silos.region(to)
    with open_control(silos) as control:
        trip = find_trip(silos, control, organization, to)
        if trip.done is not None:
            return done_before(silos, trip.done, report)
        return _Start(look_at(silos, control, trip, to, options), options, report).run()


def look_at(silos: SiloMap, control: Connection, trip: Trip, to: str, options: Options) -> Situation:
    """Read both regions and control, and hold silos.toml against all three."""
    source, target, schema = survey_region(silos, trip.source), survey_region(silos, to), control_schema(silos)
    check_silos(silos, {"control": schema, trip.source: source.schema, to: target.schema})
    return Situation(
        silos=silos,
        control=control,
        trip=trip,
        source=source,
        target=target,
        control_schema=schema,
        switch_limit=options.switch_limit,
    )


class _Start:
    """One run of ``relocate start``."""

    def __init__(self, situation: Situation, options: Options, report: Reporter) -> None:
        self.situation, self.options, self.report = situation, options, report
        self.silos, self.control, self.target = situation.silos, situation.control, situation.target
        self.own = situation.silos.control.mapping if situation.silos.control else None
        self.wrote = False

    def run(self) -> Outcome:
        require_decided(self.situation.source)
        with ExitStack() as stack:
            planned = self._prepare(stack)
            self._learn_home(planned.move.organization)
            relocation = begin_relocation(self.control, planned.order(self.situation.trip))
            mover = stack.enter_context(take_over(partial(connect_control, self.silos), relocation.id))
            self.wrote = relocation.phase is not Phase.PLANNED
            with refusing(lambda: self.wrote):
                if self.silos.hooks.before_copy is not None:
                    run_hook(self.silos.hooks, "before_copy", hook_environment(relocation))
                    planned = self._prepare(stack)  # what was written until the hook stopped it belongs to the copy
                return self._move(planned, mover)

    def _prepare(self, stack: ExitStack) -> Preparation:
        """A snapshot of now, and all that has to be known before the first write; a problem is a refusal."""
        snapshot = stack.enter_context(self.situation.source.snapshot())
        with closing(self.target.connect()) as target:
            planned = Preparation.make(self.situation, snapshot, target)
        if planned.problems:
            raise refusal(planned.problems)
        return planned

    def _learn_home(self, organization: Organization) -> None:
        """Control adopts an organization that it didn't know, and learns the slug of one that was renamed; Conflict where that is taken."""
        home = self.situation.trip.home
        if home is None:
            return
        unknown = not home.version and self.own is None
        renamed = home.version and organization.slug not in (None, home.slug)
        if unknown or renamed:
            adopt(self.control, replace(home, slug=organization.slug or home.slug), self.own)
            trip = replace(self.situation.trip, home=read_home(self.control, home.organization, self.own))
            self.situation = replace(self.situation, trip=trip)

    def _move(self, planned: Preparation, mover: Mover) -> Outcome:
        move, relocation = planned.move, mover.relocation
        ledger = Ledger(relocation=relocation.id, generation=mover.generation, organization=move.after_id, mover=mover.name)
        with open_target(self.target, mover, replica=planned.replica) as target:
            take_fence(target, ledger, "target", self.target.setting)
            self._clear_other(planned, relocation, ledger, target)
            self._remember(planned, mover)
            self.wrote = True
            stages = Stages(
                move=move,
                options=self.options,
                ledger=ledger,
                reading=planned.reading,
                snapshot=planned.snapshot,
                open_target=lambda: open_target(self.target, mover, replica=planned.replica),
                replica=planned.replica,
                report=self.report,
            )
            stages.load(target, planned.matched.inserts)
            mover.check()
            mover.move_to(Phase.VERIFYING)
            require_equal(mover, stages.prove(target), "the target is not what was copied", _AGAIN)
            with closing(connect_control(self.silos, application=mover.application)) as control:
                rewriting = planned.stage_references(control, mover, self.options.switch_limit)
            require_equal(mover, stages.still(target), "the source changed during the move", _AGAIN)
            recorded = ledger.read_chunks(target)
            self._switch(rewriting, mover, recorded)
        return finish(self.silos, self.control, mover, self.report)

    def _clear_other(self, planned: Preparation, relocation: Relocation, ledger: Ledger, target: Connection) -> None:
        """What an archive, or a run with other ways (another index is enough), brought in goes out: its chunks are cut otherwise."""
        saved = relocation.saved
        if saved.get("archive") is not None or saved.get("ways", []) != note_ways(planned.move.scope):
            clear_target(self.target, relocation, ledger, target, replica=planned.replica)

    def _remember(self, planned: Preparation, mover: Mover) -> None:
        names = [table.name for table in planned.move.scope.exported]
        saved: dict[str, Any] = {**mover.relocation.saved, "ways": note_ways(planned.move.scope), "archive": None}
        saved["columns"] = {str(name): list(planned.reading.columns(name)) for name in names}
        saved.setdefault("hidden", planned.hidden)
        view = planned.snapshot.view
        mover.move_to(Phase.LOADING, snapshot_lsn=view.lsn, snapshot_xmin=view.xmin, saved=saved, note=None)

    def _switch(self, rewriting: Rewriting, mover: Mover, recorded: tuple[Recorded, ...]) -> None:
        tables = summarize(recorded)
        saved = {**mover.relocation.saved, "tables": tables, "verified": True}
        mover.record(saved=saved, rows=sum(int(str(table["rows"])) for table in tables))
        order = SwitchOrder(
            relocation=mover.relocation.id,
            generation=mover.generation,
            expected=self.situation.trip.home,
            references=rewriting,
            own=self.own,
        )
        make_switch(self.silos, mover, order, rewriting, self.report)
