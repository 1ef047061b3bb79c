"""``relocate import``: an archive into a region. The second half of a move if it was made for one, else an organization that is new here.

Ids of an archive of our own are as they have to be. Those of another installation get origins from control, once and for ever: one for
a database without any (``origin: null``), else one for each that its control issued; they are rewritten while they are loaded, and its
users are found by their natural keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from exports.archive import ArchiveReader, open_verified
from exports.homes import Home, find_organization, read_home, read_homes
from exports.id_sql import Minting
from exports.manifest import Manifest
from exports.match import Matched
from exports.membership import Membership, Selection
from exports.org_keys import spell_key
from exports.snapshot import Connection
from exports.survey import require_decided, require_organization, survey_region
from exports.types import PlainType
from exports.workers import Workers
from relocate.archive_feed import ArchiveFeed, Pieces, archived_pieces
from relocate.clearing import clear_target, selection_of
from relocate.control import Order, Relocation, begin_relocation, find_unfinished, read_relocation, read_relocations
from relocate.control_obstacles import ControlTrip, find_control_obstacles, find_shared_obstacles, find_switch_obstacles
from relocate.ending import done_before, finish, hook_environment, make_switch, require_equal
from relocate.feed import Lane
from relocate.finish import run_hook
from relocate.homes import adopt, check_adoptable
from relocate.import_obstacles import find_import_obstacles
from relocate.install import Part, check_installed
from relocate.ledger import Ledger
from relocate.load import Brake, Loader
from relocate.move import Options
from relocate.mover import Mover, take_over
from relocate.obstacles import may_set_replica
from relocate.origins import Origin, check_region, issue_origin, read_origins
from relocate.outcome import Outcome, refusal, refusing
from relocate.parcel import Parcel, noted_ways, open_parcel
from relocate.phases import BEYOND_RETURN, Phase
from relocate.proof import Proof, synchronized
from relocate.references import Asker, ControlReferences, control_references
from relocate.rewriting import Rewriting, stage_rewriting
from relocate.second_look import archive_differences
from relocate.session import connect_control, control_schema, open_control, open_target, take_fence
from relocate.stages import COPYING, insert_shared, summarize
from relocate.switch import SwitchOrder
from relocate.verify import Difference, Verifier
from splitter.errors import BadArchive, Conflict, NoOrigin, Problem, UnknownOrganization
from splitter.events import Finished, Note, Reporter, Started
from splitter.identity import read_identity
from splitter.silos import SiloMap
from splitter.silos_check import check_silos

_AGAIN = "stop the organization's writes, export again and import that: what differs is replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What ``relocate import`` was asked for."""

    file: Path
    to: str
    slug: str | None = None
    source_is_gone: bool = False
    work: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """The plan of an import."""

    manifest: Manifest
    to: str
    after: str
    slug: str | None
    problems: tuple[Problem, ...]


def import_archive(silos: SiloMap, options: ImportOptions, report: Reporter) -> Outcome:
    """Bring the archive's organization into the region; the same command goes on with an import that was stopped."""
    silos.region(options.to)
    with open_verified(options.file, report) as archive, open_control(silos) as control:
        run = _Import(silos, control, archive, options, report)
        done = run.find_done()
        if done is not None:
            return done_before(silos, done, report)
        return run.run()


def plan_import(silos: SiloMap, options: ImportOptions, report: Reporter) -> ImportPlan:
    """What an import would do, and what is in the way; nothing is written."""
    silos.region(options.to)
    with open_verified(options.file, report) as archive, open_control(silos) as control:
        return _Import(silos, control, archive, options, report).plan()


class _Import:
    """One run of the command."""

    def __init__(self, silos: SiloMap, control: Connection, archive: ArchiveReader, options: ImportOptions, report: Reporter) -> None:
        self.silos, self.control, self.options, self.report = silos, control, options, report
        self.own = silos.control.mapping if silos.control else None
        self.target = survey_region(silos, options.to)
        self.control_schema = control_schema(silos)
        check_silos(silos, {"control": self.control_schema, options.to: self.target.schema})
        require_decided(self.target)
        self.manifest = archive.manifest
        own = self._is_own()  # first: the ids of another installation may look like our own
        self.parcel: Parcel = open_parcel(silos, archive, self.target, options.slug, own=own)
        self.pieces: Pieces = archived_pieces(archive, own=own)
        self.wrote = False

    @property
    def slug(self) -> str | None:
        return self.options.slug or self.manifest.organization.slug

    def find_done(self) -> Relocation | None:
        """The relocation that this archive was switched by already."""
        found = self._find_switched()
        if found is None:
            return None
        home = read_home(self.control, found.organization_after, self.own)
        if home is None and not self.parcel.is_move:
            return None  # it was deleted since: the copy may come back
        if home is None or home.region != found.target:
            raise Conflict(
                f"{self.options.file} was imported already, and since then {found.name!r} has left {found.target}: {home or 'nowhere'}",
                hint="export it again from where it lives",
            )
        return found

    def _find_switched(self) -> Relocation | None:
        if self.manifest.relocation is not None:
            found = read_relocation(self.control, UUID(self.manifest.relocation))
            return found if found is not None and found.phase in BEYOND_RETURN else None
        after, fingerprint = self._after(), self.parcel.fingerprint()
        past = (each for each in read_relocations(self.control, organization=after) if each.phase in BEYOND_RETURN)
        return next((each for each in past if each.target == self.options.to and each.saved.get("archive") == fingerprint), None)

    def _after(self) -> str:
        """The organization's id in the target."""
        return spell_key(self.parcel.after(self._minting(issue=False)))

    def plan(self) -> ImportPlan:
        minting = self._minting(issue=False)
        with closing(self.target.connect()) as target:
            replica = may_set_replica(target)
            matched = self.parcel.match(self.control, target, minting)
            problems = (
                *self._problems(minting, self._home(), target, replica=replica),
                *matched.problems,
                *self._shared_problems(matched),
            )
        return ImportPlan(manifest=self.manifest, to=self.options.to, after=self._after(), slug=self.slug, problems=problems)

    def run(self) -> Outcome:
        expected = self._minting(issue=False)
        home = self._home()
        with closing(self.target.connect()) as target:
            check_installed(target, Part.REGION)
            check_region(self.control, target, self.options.to)
            replica = may_set_replica(target)
            problems = self._problems(expected, home, target, replica=replica)
            matched = self.parcel.match(self.control, target, expected)
            problems = (*problems, *matched.problems, *self._shared_problems(matched))
            if problems:
                raise refusal(problems)
        if home is not None and not home.version and self.own is None:
            home = adopt(self.control, home)
        minting = self._minting(issue=True)
        if minting != expected:  # what was looked at in the target had the ids of those
            raise Conflict("another import was given the origins of this one in this moment", hint="run the same command again")
        relocation = begin_relocation(self.control, self._order(minting))
        with take_over(partial(connect_control, self.silos), relocation.id) as mover:
            self.wrote = relocation.phase is not Phase.PLANNED
            with refusing(lambda: self.wrote):
                run_hook(self.silos.hooks, "before_copy", hook_environment(relocation))
                self._move(mover, minting, matched, home, replica=replica)
                return finish(self.silos, self.control, mover, self.report)

    def _is_own(self) -> bool:
        """Whether our control issued the archive's origins. The number alone says nothing: every control begins with 1."""
        source, known = self.manifest.source, read_origins(self.control)
        if source.origin is None:
            return False
        ours = source.database in {str(each.database) for each in known}
        if ours and source.origin in {each.origin for each in known}:
            return True
        if ours or self.manifest.relocation is not None or source.installation in (None, self._installation()):
            told = "" if ours else " of another installation"
            raise NoOrigin(
                f"{self.options.file} holds ids of origin {source.origin}{told}, which this control never issued",
                hint="export it again, from another installation without --to; `relocate init` registers a region that control has lost",
            )
        return False

    def _installation(self) -> str | None:
        identity = read_identity(self.control)
        return str(identity.database) if identity else None

    def _minting(self, *, issue: bool) -> Minting:
        """What is left to do to the archive's ids: those of another installation get origins from control, once and for ever."""
        if self.parcel.own:
            return Minting(layout=self.silos.ids, origin=None)
        source = self.manifest.source
        if source.origin is None:
            ((_, given),) = self._given({source.database: 0}, issue=issue)
            return Minting(layout=self.silos.ids, origin=given, known=(given,))
        keys = {f"{source.installation}/{origin}": origin for origin in self.parcel.origins}
        return Minting(layout=self.silos.ids, origin=None, moved=self._given(keys, issue=issue))

    def _given(self, keys: Mapping[str, int], *, issue: bool) -> tuple[tuple[int, int], ...]:
        """For each origin of another installation, by its key, the one that control has given it, or gives (``issue``), or would give."""
        if issue:
            return tuple(
                (each, issue_origin(self.control, self.silos.ids, Origin(origin=0, source_key=key)).origin) for key, each in keys.items()
            )
        known = read_origins(self.control)
        given = {each.source_key: each.origin for each in known if each.source_key is not None}
        coming = count(max((each.origin for each in known), default=0) + 1)
        return tuple((each, given[key] if key in given else next(coming)) for key, each in keys.items())

    def _home(self) -> Home | None:
        """Where the organization lives now: for a move the archive's region, else nowhere."""
        who = self.manifest.organization
        if self.parcel.is_move:
            self._require_hashes()
            home = self._find_home(who.before, who.slug)
            if home.region != self.manifest.source.region:
                raise Conflict(f"{home}, and the archive is of {self.manifest.source.region!r}", hint="export it again from where it lives")
            return home
        ids = {who.before, self._after()} if self.parcel.own else {self._after()}
        for there in (home for id_ in sorted(ids) for home in read_homes(self.control, organization=id_, own=self.own)):
            raise Conflict(f"{there} already: this archive is a copy, not a move", hint="export it with --to to move it")
        return None

    def _require_hashes(self) -> None:
        """Without them nobody could tell whether the source is still what was exported, now or before the purge."""
        if any(piece.hash is None for _, piece in self.pieces.values()):
            raise BadArchive(f"{self.options.file} was made for a move and has no content hashes", hint="export it again")

    def _find_home(self, id_: str, slug: str | None) -> Home:
        """From the mapping; one that nobody has adopted is looked for where the archive was made."""
        try:
            return find_organization(self.control, f"id:{id_}", self.own)
        except UnknownOrganization:
            if self.options.source_is_gone or self.manifest.source.region not in self.silos.regions:
                raise
            source = survey_region(self.silos, self.manifest.source.region)
            with closing(source.connect()) as connection:
                require_organization(source, connection, f"id:{id_}")
            return check_adoptable(self.control, Home(organization=id_, slug=slug, region=source.region), self.own)

    def _problems(self, minting: Minting, home: Home | None, target: Connection, *, replica: bool) -> tuple[Problem, ...]:
        self.parcel.require_room()
        problems: list[Problem] = []
        after, known = self.parcel.after(minting), tuple(each.origin for each in read_origins(self.control))
        begun = find_unfinished(self.control, f"id:{spell_key(after)}")
        if begun is None:
            problems += self._slug_taken(home)
        if self.options.slug is not None and self.silos.organization.slug is None:
            problems.append(
                Problem(code="no-slug", object="--slug", found="silos.toml names no slug column", remedy="set [organization] slug")
            )
        if home is not None:
            shifts = self.manifest.organization.before != spell_key(after)
            problems += find_control_obstacles(self._control_references(), self.silos, shifts_organization=shifts)
        found = find_import_obstacles(self.parcel, target, after, known, replica=replica, resuming=begun is not None)
        return (*problems, *found)

    def _slug_taken(self, home: Home | None) -> Iterator[Problem]:
        """Who is new, or gets another slug, needs one that nobody has."""
        wanted = self.slug if home is None else self.options.slug
        others = read_homes(self.control, organization=None, slug=wanted, own=self.own) if wanted else ()
        for other in others:
            if home is None or other.organization != home.organization:
                remedy = "give another one with --slug"
                yield Problem(code="slug-taken", object=f"slug {wanted!r}", found=f"it is taken by {other}", remedy=remedy)

    def _order(self, minting: Minting) -> Order:
        return Order(
            organization_before=self.manifest.organization.before,
            organization_after=spell_key(self.parcel.after(minting)),
            target=self.options.to,
            source=self.manifest.source.region if self.parcel.is_move else self.manifest.source.database,
            slug=self.slug,
            options={"slug": self.options.slug} if self.options.slug else {},  # the row of the organization is loaded with it
            id=UUID(self.manifest.relocation) if self.manifest.relocation else None,
        )

    def _move(self, mover: Mover, minting: Minting, matched: Matched, home: Home | None, *, replica: bool) -> None:
        relocation = mover.relocation
        ledger = Ledger(relocation=relocation.id, generation=mover.generation, organization=relocation.organization_after, mover=mover.name)
        with closing(open_target(self.target, mover, replica=replica)) as target:
            take_fence(target, ledger, "target", self.target.setting)
            self._begin(mover, ledger, target, replica=replica)
            self.wrote = True
            insert_shared(ledger, target, self.target.schema, matched.inserts)
            self._load(target, mover, ledger, self._feed(minting, matched), replica=replica)
            mover.move_to(Phase.VERIFYING)
            there = Membership(self.parcel.scope, self.parcel.after(minting), self._selection())
            differences = self._prove(mover, ledger, there, target, replica=replica)
            require_equal(mover, differences, "the target is not what was archived", _AGAIN)
            references = self._references(there, target)
            asker = Asker(membership=there, connection=target, after=True)
            trip, limit = self._control_trip(), self.options.work.switch_limit
            with closing(connect_control(self.silos, application=mover.application)) as control:
                rewriting = replace(stage_rewriting(references, control, asker, trip, mover), limit=limit)
            require_equal(mover, self._look_again(), "the source changed since the export", _AGAIN)
            self._switch(mover, ledger, target, rewriting, home)

    def _shared_problems(self, matched: Matched) -> Iterator[Problem]:
        if self.parcel.is_move:
            yield from find_shared_obstacles(self.control_schema, self.silos, self.parcel.scope, matched.maps)

    def _control_references(self) -> ControlReferences:
        return control_references(self.parcel.scope, self.parcel.rules, self.silos, self.control_schema)

    def _control_trip(self) -> ControlTrip:
        """Of a copy control knows nothing yet."""
        if not self.parcel.is_move:
            return ControlTrip.make(self.silos, "", None)
        return ControlTrip.make(self.silos, self.manifest.source.region, self.manifest.source.origin)

    def _references(self, there: Membership, target: Connection) -> ControlReferences:
        """Control's references to what came in; only now can be told which those are."""
        references, asker = self._control_references(), Asker(membership=there, connection=target, after=True)
        trip, limit = self._control_trip(), self.options.work.switch_limit
        problems = tuple(find_switch_obstacles(references, self.control, asker, trip, limit))
        if problems:
            raise refusal(problems)
        return references

    def _begin(self, mover: Mover, ledger: Ledger, target: Connection, *, replica: bool) -> None:
        """What an earlier archive, or a move straight from the region, brought in goes out: only equal archives go on."""
        relocation, fingerprint = mover.relocation, self.parcel.fingerprint()
        if relocation.saved.get("archive") != fingerprint and clear_target(self.target, relocation, ledger, target, replica=replica):
            self.report(Note("this is another archive than the one that was begun with: what had come in was taken out first"))
        saved: dict[str, Any] = {**relocation.saved, "archive": fingerprint}
        saved |= {"ways": noted_ways(self.parcel.archive), "hidden": self.parcel.hidden()}
        saved["columns"] = {str(section.name): [column.name for column in section.columns] for section in self.manifest.tables}
        mover.move_to(Phase.LOADING, saved=saved, note=None)

    def _feed(self, minting: Minting, matched: Matched) -> ArchiveFeed:
        scope = self.parcel.scope
        tables = [scope.table(name) for name in {key[0] for key in self.pieces}]
        types = {each.name: {column.name: PlainType.of(scope.schema, column) for column in each.stored_columns} for each in tables}
        return ArchiveFeed(archive=self.parcel.archive, rewriter=self.parcel.rewriter(minting, matched), types=types, pieces=self.pieces)

    def _load(self, target: Connection, mover: Mover, ledger: Ledger, feed: ArchiveFeed, *, replica: bool) -> None:
        known = {(each.chunk.table, each.chunk.part, each.chunk.number) for each in ledger.read_chunks(target)}
        ledger.write_chunks(target, [chunk for key, (chunk, _) in self.pieces.items() if key not in known])
        work = self.options.work
        loader = Loader(
            feed=feed,
            scope=self.parcel.scope,
            ledger=ledger,
            replica=replica,
            report=synchronized(self.report),
            brake=Brake(max_rate=work.max_rate, max_lag=work.max_lag),
        )
        self.report(Started(COPYING, sum(section.rows for section in self.manifest.tables)))
        with Workers(work.jobs, lambda: Lane(None, open_target(self.target, mover, replica=replica))) as workers:
            workers.run(loader.tasks(ledger.read_chunks(target)))
        self.report(Finished(COPYING))

    def _selection(self) -> Selection:
        return selection_of(self.parcel.scope, [chunk for chunk, _ in self.pieces.values()])

    def _prove(self, mover: Mover, ledger: Ledger, there: Membership, target: Connection, *, replica: bool) -> tuple[Difference, ...]:
        verifier = Verifier(
            there=there,
            columns={section.name: tuple(column.name for column in section.columns) for section in self.manifest.tables},
            rules=self.parcel.rules,
            layout=self.silos.ids,
            local_ids_final=self.parcel.own and self.manifest.source.origin == 0,
        )
        proof = Proof(
            verifier=verifier,
            jobs=self.options.work.jobs,
            open_lane=lambda: Lane(None, open_target(self.target, mover, replica=replica)),
            report=self.report,
        )
        return proof.run(ledger.read_chunks(target))

    def _look_again(self) -> tuple[Difference, ...]:
        """A move's source is hashed once more; a copy, or one whose source is gone, has nothing to look at."""
        if not self.parcel.is_move or self.options.source_is_gone:
            return ()
        source = survey_region(self.silos, self.manifest.source.region)
        known = tuple(each.origin for each in read_origins(self.control))
        return archive_differences(source, self.manifest, self.pieces, known)

    def _switch(self, mover: Mover, ledger: Ledger, target: Connection, rewriting: Rewriting, home: Home | None) -> None:
        tables = summarize(ledger.read_chunks(target))
        mover.record(saved={**mover.relocation.saved, "tables": tables, "verified": True})
        order = SwitchOrder(
            relocation=mover.relocation.id,
            generation=mover.generation,
            expected=home,
            references=rewriting,
            own=self.own,
            slug=self.options.slug,
        )
        make_switch(self.silos, mover, order, rewriting, self.report)
