"""All that has to be known of a move before its first write, in the snapshot that will be copied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exports.match import Matched, Place, match_rows
from exports.rows import Source
from exports.shared import read_needed
from exports.snapshot import Connection, Snapshot
from exports.survey import Survey, require_organization, select_ways
from relocate.control import Order
from relocate.control_obstacles import ControlTrip, find_control_obstacles, find_shared_obstacles, find_switch_obstacles
from relocate.finish import read_hidden
from relocate.install import Part, check_installed
from relocate.move import Move, make_move
from relocate.mover import Mover
from relocate.obstacles import find_obstacles, may_set_replica
from relocate.origins import check_region, read_origins
from relocate.references import Asker, ControlReferences, find_control_references
from relocate.rewriting import Rewriting, stage_rewriting
from relocate.rights import find_missing_rights
from relocate.trip import Trip
from splitter.db import translated
from splitter.errors import NoRights, Problem, UsageError
from splitter.identity import Identity, physical_identity
from splitter.schema import Schema
from splitter.silos import SiloMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Both regions as they were read, and a session in control."""

    silos: SiloMap
    control: Connection
    trip: Trip
    source: Survey
    target: Survey
    control_schema: Schema
    switch_limit: int  # rows of control that the switch may change


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """All that is known before the first write, in the snapshot."""

    move: Move
    reading: Source
    matched: Matched
    references: ControlReferences
    snapshot: Snapshot
    replica: bool
    hidden: tuple[str | None] | None  # the value that ``hide`` takes the place of
    problems: tuple[Problem, ...]

    @classmethod
    def make(cls, run: Situation, snapshot: Snapshot, target: Connection, *, strict: bool = True) -> Preparation:
        """``strict``: what isn't decided raises; else it is among the problems."""
        connection = snapshot.connection
        missing = tuple(find_missing_rights(run.source, run.target, connection, target))
        if missing:
            raise NoRights(f"{missing[0].object}: {missing[0].found}", hint=missing[0].remedy, problems=missing)
        check_installed(target, Part.REGION)
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
        references = find_control_references(move, run.control_schema)
        asker = Asker(membership=membership, connection=connection, after=False)
        undecided = () if strict else (*run.source.scope.problems, *run.source.rules.problems)
        problems = [
            *undecided,
            *move.fit.problems,
            *matched.problems,
            *_control_problems(run, move, references, asker),
            *find_shared_obstacles(run.control_schema, run.silos, move.scope, matched.maps),
            *(find_obstacles(move, reading, connection, target, replica=replica, resuming=resuming) if not move.fit.problems else ()),
        ]
        return cls(
            move=move,
            reading=reading,
            matched=matched,
            references=references,
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

    def stage_references(self, control: Connection, mover: Mover, limit: int) -> Rewriting:
        """``limit``: rows of control that the switch may change."""
        asker = Asker(membership=self.reading.membership, connection=self.snapshot.connection, after=False)
        trip = ControlTrip.make(self.move.silos, self.move.source.region, self.move.minting.origin)
        return replace(stage_rewriting(self.references, control, asker, trip, mover), limit=limit)


def _control_problems(run: Situation, move: Move, references: ControlReferences, asker: Asker) -> Iterator[Problem]:
    trip = ControlTrip.make(run.silos, run.source.region, move.minting.origin)
    yield from find_control_obstacles(references, run.silos, shifts_organization=move.after != move.organization.key)
    with translated("asking whose ids control holds"):
        yield from find_switch_obstacles(references, run.control, asker, trip, run.switch_limit)


def _identities(run: Situation, source: Connection, target: Connection) -> Identity:
    identity = check_region(run.control, source, run.source.region)
    check_region(run.control, target, run.target.region)
    if physical_identity(source) == physical_identity(target):
        raise UsageError(f"{run.source.setting} and {run.target.setting} lead to the same database", hint="correct silos.toml")
    return identity
