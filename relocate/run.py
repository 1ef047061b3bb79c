"""Drives a relocation from region to region. Every phase may be repeated: the same command goes on where the one before ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from exports.match import Matched, Place, match_rows
from exports.rows import Source
from exports.shared import read_needed
from exports.snapshot import Connection, Snapshot
from exports.survey import Organization, find_in_region, require_decided, require_organization, select_ways, survey_region
from exports.ways import note_ways
from relocate.control import Order, Relocation, begin_relocation, read_relocations
from relocate.finish import advance_sequences, read_hidden, run_hook, write_hidden
from relocate.homes import Home, adopt, find_organization, read_home
from relocate.install import Part, check_installed
from relocate.ledger import Ledger, Recorded
from relocate.lookup import find_relocation
from relocate.move import Move, Options, make_move
from relocate.mover import Mover, end_superseded, take_over
from relocate.obstacles import find_obstacles, may_set_replica
from relocate.origins import read_origins
from relocate.phases import BEYOND_RETURN, Phase, is_final
from relocate.references import Asker, ControlReferences, find_control_references, stage_references
from relocate.rights import find_missing_rights
from relocate.stages import Stages, summarize
from relocate.switch import SwitchOrder, switch
from relocate.verify import Difference
from splitter.catalog import read_schema
from splitter.db import connect, in_recovery, translated
from splitter.errors import (
    Conflict,
    DiffersError,
    FailedError,
    NoRights,
    Problem,
    RefusedError,
    UnknownOrganization,
    UsageError,
)
from splitter.events import Note, Reporter, Warned
from splitter.identity import Identity, check_identity, physical_identity
from splitter.schema import Schema
from splitter.silos import SiloMap
from splitter.silos_check import check_silos


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What ``start``, ``import`` and ``status`` say of one relocation."""

    before: str
    after: str
    slug: str | None
    source: str | None
    target: str
    state: str
    tables: tuple[dict[str, object], ...] = ()
    verified: bool = False
    generation: int = 0

    def value(self) -> dict[str, object]:
        """The JSON shape of design §8."""
        return {
            "organization": {"before": self.before, "after": self.after, "slug": self.slug},
            "from": self.source,
            "to": self.target,
            "state": self.state,
            "tables": list(self.tables),
            "verified": self.verified,
            "generation": self.generation,
        }


def outcome_of(relocation: Relocation) -> Outcome:
    """A relocation as control has it."""
    return Outcome(
        before=relocation.organization_before,
        after=relocation.organization_after,
        slug=relocation.slug,
        source=relocation.source,
        target=relocation.target,
        state=relocation.phase.value,
        tables=tuple(relocation.saved.get("tables", ())),
        verified=bool(relocation.saved.get("verified", False)),
        generation=relocation.generation,
    )


@contextmanager
def open_control(silos: SiloMap) -> Iterator[Connection]:
    """A session in control, which must have been prepared by ``relocate init``."""
    connection = connect_control(silos)
    try:
        check_installed(connection, Part.CONTROL)
        yield connection
    finally:
        connection.close()


def connect_control(silos: SiloMap) -> Connection:
    database = silos.database("control")
    return connect(database.url(), setting=database.setting)


def start(silos: SiloMap, organization: str, to: str, options: Options, report: Reporter) -> Outcome:
    """Move ``organization`` into region ``to``, whole: plan, copy, prove, look again, switch. Goes on with what was begun before."""
    silos.region(to)
    with open_control(silos) as control:
        trip = find_trip(silos, control, organization, to)
        if trip.done is not None:
            return _after_switch(silos, control, trip.done, report)
        return Start(silos, control, trip, to, options, report).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Where an organization is and where it is to go. ``done``: it was switched to there already."""

    organization: str = ""  # its id today
    source: str = ""
    home: Home | None = None
    unfinished: Relocation | None = None
    done: Relocation | None = None


def find_trip(silos: SiloMap, control: Connection, organization: str, to: str) -> Trip:
    """Where the organization is. Conflict where it lives in ``to`` already, or was moved and not purged."""
    own = silos.control.mapping if silos.control else None
    unfinished = _find_unfinished(silos, control, organization)
    if unfinished is not None and unfinished.phase in BEYOND_RETURN and unfinished.target == to:
        return Trip(done=unfinished)
    if unfinished is not None and unfinished.phase in BEYOND_RETURN:
        raise Conflict(
            f"{unfinished.name!r} was moved from {unfinished.source} to {unfinished.target}, and its rows are still in {unfinished.source}",
            hint=f"run `relocate purge {unfinished.name}` first",
        )
    home = _find_home(silos, control, unfinished.organization_before if unfinished else organization)
    if home.region == to:
        past = [each for each in read_relocations(control, organization=home.organization) if each.phase is Phase.PURGED and each.target == to]
        if past:
            return Trip(done=past[0])
        raise Conflict(f"{home} lives in {to!r} already", hint="name another region")
    if home.region not in silos.regions:
        raise Conflict(f"{home}, which silos.toml does not have", hint=f"add [regions.{home.region}]")
    return Trip(organization=home.organization, source=home.region, home=read_home(control, home.organization, own) or home, unfinished=unfinished)


def _find_unfinished(silos: SiloMap, control: Connection, organization: str) -> Relocation | None:
    try:
        latest = find_relocation(silos, control, organization)
    except UnknownOrganization:  # in no mapping: it may be adopted
        return None
    return None if latest is None or is_final(latest.phase) else latest


def _find_home(silos: SiloMap, control: Connection, organization: str) -> Home:
    """From the mapping; an organization that it doesn't have is looked for in all regions, and adopted where exactly one has it."""
    own = silos.control.mapping if silos.control else None
    try:
        return find_organization(control, organization, own)
    except UnknownOrganization as unknown:
        found: dict[str, Organization] = {}
        for region in silos.regions:
            survey = survey_region(silos, region)
            with survey.connect() as connection:
                there = find_in_region(survey, connection, organization)
            if there is not None:
                found[region] = there
        if len(found) > 1:
            raise UnknownOrganization(
                f"control does not know {organization!r}, and it is in several regions: {', '.join(found)}",
                hint="put the right one into orglift.mapping by hand",
            ) from unknown
        for region, there in found.items():
            return adopt(control, Home(organization=there.id, slug=there.slug, region=region), own)
        raise


class Start:
    """One run of ``relocate start``."""

    def __init__(self, silos: SiloMap, control: Connection, trip: Trip, to: str, options: Options, report: Reporter) -> None:
        self.silos, self.control, self.trip, self.to, self.options, self.report = silos, control, trip, to, options, report
        self.source = survey_region(silos, trip.source)
        self.target = survey_region(silos, to)
        self.control_schema = control_schema(silos)
        check_silos(silos, {"control": self.control_schema, trip.source: self.source.schema, to: self.target.schema})
        self.wrote = False

    def run(self) -> Outcome:
        require_decided(self.source)
        with ExitStack() as stack:
            planned = self._prepare(stack)
            self._learn_slug(planned.move.organization)
            relocation = begin_relocation(self.control, planned.order(self.trip))
            mover = stack.enter_context(take_over(partial(connect_control, self.silos), relocation.id))
            self.wrote = relocation.phase is not Phase.PLANNED
            try:
                if self.silos.hooks.before_copy is not None:
                    run_hook(self.silos.hooks, "before_copy", self._environment(relocation))
                    planned = self._prepare(stack)  # what was written until the hook stopped it belongs to the copy
                return self._move(planned, mover)
            except RefusedError as exc:
                raise FailedError.after_write(exc) if self.wrote else exc from exc

    def _learn_slug(self, organization: Organization) -> None:
        """An organization that was renamed in its region is known to control by its new slug from now on; Conflict where that is taken."""
        home = self.trip.home
        if home is not None and home.version and organization.slug not in (None, home.slug):
            own = self.silos.control.mapping if self.silos.control else None
            adopt(self.control, replace(home, slug=organization.slug), own)
            self.trip = replace(self.trip, home=read_home(self.control, home.organization, own))

    def _prepare(self, stack: ExitStack) -> Preparation:
        """A snapshot of now, and all that has to be known before the first write; a problem is a refusal."""
        snapshot = stack.enter_context(self.source.snapshot())
        with closing(self.target.connect()) as target:
            planned = Preparation.make(self, snapshot, target)
        if planned.problems:
            raise refusal(planned.problems)
        return planned

    def _open_target(self, mover: Mover, replica: bool) -> Connection:
        connection = connect(self.target.url, setting=self.target.setting, application=mover.application)
        with translated(self.target.setting):
            connection.execute("SET work_mem = '64MB'")
            if self.target.prepare:
                connection.execute(self.target.prepare)  # type: ignore[call-overload]
            if replica:
                connection.execute("SET session_replication_role = replica")
        return connection

    def _move(self, planned: Preparation, mover: Mover) -> Outcome:
        move, relocation = planned.move, mover.relocation
        ledger = Ledger(relocation=relocation.id, generation=mover.generation, organization=move.after_id, mover=mover.name)
        with self._open_target(mover, planned.replica) as target:
            end_superseded(target, relocation.id, mover.generation)
            with translated(self.target.setting):
                ledger.enter(target, "target")
            self._remember(planned, mover)
            self.wrote = True
            stages = Stages(
                move=move,
                options=self.options,
                ledger=ledger,
                reading=planned.reading,
                snapshot=planned.snapshot,
                open_target=lambda: self._open_target(mover, planned.replica),
                replica=planned.replica,
                report=self.report,
            )
            stages.load(target, planned.matched.inserts)
            mover.check()
            mover.move_to(Phase.VERIFYING)
            self._require_equal(mover, stages.prove(target), "the target is not what was copied")
            planned.stage_references(self.control, mover)
            self._require_equal(mover, stages.still(target), "the source changed during the move")
            recorded = ledger.read_chunks(target)
            self._switch(planned, mover, recorded)
        return self._finish(mover)

    def _environment(self, relocation: Relocation) -> dict[str, str]:
        return {
            "ORGLIFT_ORGANIZATION": relocation.organization_before,
            "ORGLIFT_ORGANIZATION_AFTER": relocation.organization_after,
            "ORGLIFT_SLUG": relocation.slug or "",
            "ORGLIFT_FROM": relocation.source or "",
            "ORGLIFT_TO": relocation.target,
            "ORGLIFT_RELOCATION": str(relocation.id),
        }

    def _remember(self, planned: Preparation, mover: Mover) -> None:
        saved: dict[str, Any] = {**mover.relocation.saved}
        saved.setdefault("hidden", planned.hidden)
        saved.setdefault("ways", note_ways(planned.move.scope))
        mover.move_to(Phase.LOADING, snapshot_lsn=planned.snapshot.view.lsn, snapshot_xmin=planned.snapshot.view.xmin, saved=saved, note=None)

    def _require_equal(self, mover: Mover, differences: tuple[Difference, ...], what: str) -> None:
        if not differences:
            return
        mover.move_to(Phase.DIFFERS, note=f"{what}: {differences[0].table}: {differences[0].what}")
        raise DiffersError(
            f"{what}; nothing was switched",
            hint="run the same command again: it copies what changed. Stop the organization's writes first, or it may differ again",
            differences=[str(each) for each in differences],
        )

    def _switch(self, planned: Preparation, mover: Mover, recorded: tuple[Recorded, ...]) -> None:
        tables = summarize(recorded)
        saved = {**mover.relocation.saved, "tables": tables, "verified": True}
        mover.record(saved=saved, rows=sum(int(str(table["rows"])) for table in tables))
        own = self.silos.control.mapping if self.silos.control else None
        order = SwitchOrder(
            relocation=mover.relocation.id,
            generation=mover.generation,
            expected=self.trip.home,
            statements=planned.references.statements(mover.relocation.id),
            own=own,
        )
        connection = connect_control(self.silos)
        try:
            with translated("switching"):
                connection.execute("SELECT set_config('application_name', %s, false)", (mover.application,))
            switch(connection, order)
        finally:
            connection.close()
        self.report(Note(f"{mover.relocation.name} lives in {self.to} now"))

    def _finish(self, mover: Mover) -> Outcome:
        found = next(each for each in read_relocations(self.control, organization=mover.relocation.organization_after) if each.id == mover.relocation.id)
        repeat_after_switch(self.silos, found)
        with suppress_hook(self.report):
            run_hook(self.silos.hooks, "after_switch", self._environment(found))
        return outcome_of(found)


@contextmanager
def suppress_hook(report: Reporter) -> Iterator[None]:
    """After the switch a failing hook can't take anything back: it is told."""
    try:
        yield
    except RefusedError as exc:
        report(Warned(f"{exc.message}; the organization was switched all the same"))


def _after_switch(silos: SiloMap, control: Connection, relocation: Relocation, report: Reporter) -> Outcome:
    """Done already: what follows the switch is repeated, in case it was cut off."""
    if relocation.phase is Phase.SWITCHED:
        repeat_after_switch(silos, relocation)
    report(Note(f"{relocation.name} lives in {relocation.target} already"))
    return outcome_of(relocation)


def repeat_after_switch(silos: SiloMap, relocation: Relocation) -> None:
    """The hidden column changes sides, and the target's sequences go beyond what came in."""
    hide = silos.organization.hide
    hidden = relocation.saved.get("hidden")
    target = survey_region(silos, relocation.target)
    with target.connect() as connection:
        if hide is not None and hidden is not None:
            if read_hidden(target, connection, relocation.organization_after.split("|")) == spelled(hide.moving):
                write_hidden(target, connection, relocation.organization_after.split("|"), str(hidden), None)
        identity = check_identity(connection, relocation.target)
        advance_sequences(target, connection, identity.origin)
    if hide is None or relocation.source is None or relocation.source not in silos.regions:
        return
    source = survey_region(silos, relocation.source)
    with source.connect() as connection:
        if not in_recovery(connection):  # a standby has no say; its primary is not ours to look for
            write_hidden(source, connection, relocation.organization_before.split("|"), spelled(hide.moving), None)


def spelled(value: object) -> str:
    """A value of silos.toml as PostgreSQL's text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """All that is known before the first write, in the snapshot."""

    move: Move
    reading: Source
    matched: Matched
    references: ControlReferences
    snapshot: Snapshot
    replica: bool
    hidden: str | None
    problems: tuple[Problem, ...]

    @classmethod
    def make(cls, run: Start, snapshot: Snapshot, target: Connection, *, strict: bool = True) -> Preparation:
        """``strict``: what isn't decided raises; else it is among the problems."""
        connection = snapshot.connection
        check_installed(target, Part.REGION)
        missing = tuple(find_missing_rights(run.source, run.target, connection, target))
        if missing:
            raise NoRights(f"{missing[0].object}: {missing[0].found}", hint=missing[0].remedy, problems=missing)
        origins = tuple(each.origin for each in read_origins(run.control))
        identity = _identities(run, connection, target)
        with translated(run.source.setting):
            key = f"id:{run.trip.organization}"
            organization = require_organization(run.source, connection, key)
            move = make_move(run.silos, organization, run.source, run.target, identity, origins)
            membership = select_ways(run.source.scope, organization.key, connection)
            needed = read_needed(membership, connection)
        place = Place(connection=target, schema=run.target.schema)
        matched = match_rows(needed, run.silos, run.source.schema, run.source.rules, move.minting, lambda _: place)
        reading = move.reading(membership, matched.maps)
        replica = may_set_replica(target)
        resuming = run.trip.unfinished is not None
        undecided = () if strict else (*run.source.scope.problems, *run.source.rules.problems)
        problems = [
            *undecided,
            *move.fit.problems,
            *matched.problems,
            *(find_obstacles(move, reading, connection, target, replica=replica, resuming=resuming) if not move.fit.problems else ()),
        ]
        return cls(
            move=move,
            reading=reading,
            matched=matched,
            references=find_control_references(move, run.control_schema),
            snapshot=snapshot,
            replica=replica,
            hidden=read_hidden(run.source, connection, organization.key),
            problems=tuple(dict.fromkeys(problems)),
        )

    def order(self, trip: Trip) -> Order:
        return Order(
            organization_before=self.move.organization.id,
            organization_after=self.move.after_id,
            target=self.move.target.region,
            source=trip.source,
            slug=self.move.organization.slug,
        )

    def stage_references(self, control: Connection, mover: Mover) -> None:
        asker = Asker(membership=self.reading.membership, connection=self.snapshot.connection, after=False)
        stage_references(self.references, control, asker, mover.relocation.id, mover.generation, self.move.minting.origin)


def control_schema(silos: SiloMap) -> Schema:
    """Control's catalog."""
    with connect_control(silos) as connection, translated("reading control"):
        return read_schema(connection)


def _identities(run: Start, source: Connection, target: Connection) -> Identity:
    identity = check_identity(source, run.source.region)
    check_identity(target, run.target.region)
    if physical_identity(source) == physical_identity(target):
        raise UsageError(f"{run.source.setting} and {run.target.setting} lead to the same database", hint="correct silos.toml")
    return identity


def refusal(problems: tuple[Problem, ...]) -> RefusedError:
    """The problems of a plan as one refusal."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Conflict(f"{first.object}: {first.found}{more}", hint=first.remedy, problems=problems)
