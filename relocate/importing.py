"""``relocate import``: an archive into a region. The second half of a move if it was made for one, else an organization that is new here.

Ids of an archive with an origin are as they have to be; one of somebody else's database (``origin: null``) gets an origin from control,
once and for ever, and its ids are shifted while they are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from os import SEEK_END
from pathlib import Path
from typing import Any
from uuid import UUID

from exports.archive import ArchiveReader, open_verified
from exports.copy_text import parse_line, split_lines
from exports.ids import ColumnRule, IdRule, IdRules, Treatment, decide_rules
from exports.manifest import Manifest, SectionKind
from exports.match import Matched, Place, match_rows
from exports.membership import Membership
from exports.rewrite import Minting, Rewriter
from exports.scope import Scope
from exports.shared import SharedRows
from exports.snapshot import Connection
from exports.survey import require_decided, require_organization, survey_region
from exports.ways import mirror_scope
from exports.workers import Workers
from relocate.archive_feed import ArchiveFeed, Key, archived_chunks
from relocate.control import Order, Relocation, begin_relocation, read_relocation
from relocate.finish import run_hook
from relocate.homes import Home, adopt, find_organization, read_homes
from relocate.install import Part, check_installed
from relocate.ledger import Ledger
from relocate.load import Brake, Lane, Loader, Unloader
from relocate.move import Options
from relocate.mover import Mover, end_superseded, take_over
from relocate.obstacles import may_set_replica
from relocate.origins import Origin, issue_origin, read_origins
from relocate.phases import BEYOND_RETURN, Phase
from relocate.proof import Proof, synchronized
from relocate.references import Asker, control_references, stage_references
from relocate.run import (
    Outcome,
    connect_control,
    control_schema,
    open_control,
    outcome_of,
    refusal,
    repeat_after_switch,
    spelled,
    suppress_hook,
)
from relocate.second_look import archive_differences
from relocate.stages import COPYING, insert_shared, summarize
from relocate.switch import SwitchOrder, switch
from relocate.undo import selection_of
from relocate.verify import Difference, Verifier
from splitter.db import connect, translated
from splitter.errors import BadArchive, Conflict, DiffersError, FailedError, NarrowIds, NoOrigin, Problem, RefusedError, UnknownOrganization
from splitter.events import Finished, Note, Reporter, Started
from splitter.identity import check_identity
from splitter.schema import TableName
from splitter.silos import SiloMap
from splitter.silos_check import check_silos


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What ``relocate import`` was asked for."""

    file: Path
    to: str
    slug: str | None = None
    source_is_gone: bool = False
    work: Options = Options()


def import_archive(silos: SiloMap, options: ImportOptions, report: Reporter) -> Outcome:
    """Bring the archive's organization into the region; the same command goes on with an import that was stopped."""
    silos.region(options.to)
    with open_verified(options.file, report) as archive, open_control(silos) as control:
        run = _Import(silos, control, archive, options, report)
        done = run.find_done()
        if done is not None:
            repeat_after_switch(silos, done)
            report(Note(f"{done.name} lives in {done.target} already"))
            return outcome_of(done)
        return run.run()


def plan_import(silos: SiloMap, options: ImportOptions, report: Reporter) -> ImportPlan:
    """What an import would do, and what is in the way; nothing is written."""
    silos.region(options.to)
    with open_verified(options.file, report) as archive, open_control(silos) as control:
        return _Import(silos, control, archive, options, report).plan()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """The plan of an import."""

    manifest: Manifest
    to: str
    after: str
    slug: str | None
    problems: tuple[Problem, ...]


class _Import:
    """One run of the command."""

    def __init__(self, silos: SiloMap, control: Connection, archive: ArchiveReader, options: ImportOptions, report: Reporter) -> None:
        self.silos, self.control, self.archive, self.options, self.report = silos, control, archive, options, report
        self.manifest = archive.manifest
        self.own = silos.control.mapping if silos.control else None
        self.target = survey_region(silos, options.to)
        check_silos(silos, {"control": control_schema(silos), options.to: self.target.schema})
        require_decided(self.target)
        self.wrote = False
        self._require_fitting()
        self.scope = mirror_scope(self.target.scope, self._noted_ways())
        self.rules = import_rules(self.scope, silos, self.manifest)

    def _require_fitting(self) -> None:
        if self.manifest.to not in (None, self.options.to):
            raise BadArchive(f"{self.archive.path} was made for region {self.manifest.to!r}", hint=f"import it with --to {self.manifest.to}")
        if self.manifest.ids != self.silos.ids:
            raise BadArchive(f"{self.archive.path} has another layout of ids", hint="[ids] must be the same in both silos.toml")

    def _noted_ways(self) -> list[Mapping[str, object]]:
        ways = self.manifest.notes.get("ways")
        if not isinstance(ways, list):
            raise BadArchive(f"{self.archive.path} says nothing of its ways", hint="export it again")
        return ways  # type: ignore[return-value]

    @property
    def is_move(self) -> bool:
        return self.manifest.relocation is not None

    def find_done(self) -> Relocation | None:
        """The relocation that this archive was switched by already."""
        if self.manifest.relocation is None:
            return None
        found = read_relocation(self.control, UUID(self.manifest.relocation))
        return found if found is not None and found.phase in BEYOND_RETURN else None

    def plan(self) -> ImportPlan:
        origin = self._origin(issue=False)
        home = self._home()
        after = self._after(origin)
        with self.target.connect() as target:
            matched = self._match(target, origin)
            problems = (*matched.problems, *self._problems(target, after, home))
        return ImportPlan(manifest=self.manifest, to=self.options.to, after="|".join(after), slug=self._slug(), problems=problems)

    def run(self) -> Outcome:
        home = self._home()
        with self.target.connect() as target:
            check_installed(target, Part.REGION)
            check_identity(target, self.options.to)
            matched = self._match(target, self._origin(issue=False))
            problems = (*matched.problems, *self._problems(target, self._after(self._origin(issue=False)), home))
            if problems:
                raise refusal(problems)
            replica = may_set_replica(target)
        origin = self._origin(issue=True)
        relocation = begin_relocation(self.control, self._order(origin))
        with take_over(partial(connect_control, self.silos), relocation.id) as mover:
            try:
                return self._move(mover, origin, matched, home, replica)
            except RefusedError as exc:
                raise FailedError.after_write(exc) if self.wrote else exc from exc

    def _origin(self, *, issue: bool) -> int:
        """The origin of the archive's ids: its own, or the one that control has, or gives, to its database."""
        if self.manifest.source.origin is not None:
            known = {each.origin for each in read_origins(self.control)}
            if self.manifest.source.origin not in known:
                raise NoOrigin(
                    f"{self.archive.path} holds ids of origin {self.manifest.source.origin}, which this control never issued",
                    hint="the archive is of another installation: export it there without an origin (a database that has no identity)",
                )
            return self.manifest.source.origin
        key = self._source_key()
        if issue:
            return issue_origin(self.control, self.silos.ids, Origin(origin=0, source_key=key)).origin
        known_keys = {each.source_key: each.origin for each in read_origins(self.control)}
        return known_keys.get(key, max((each.origin for each in read_origins(self.control)), default=0) + 1)

    def _source_key(self) -> str:
        return self.manifest.source.database

    def _after(self, origin: int) -> tuple[str, ...]:
        if self.manifest.organization.after is not None:
            return tuple(self.manifest.organization.after.split("|"))
        before = self.manifest.organization.before.split("|")
        return tuple(
            str(self.silos.ids.shift(int(value), origin)) if self.rules.shifts(self.scope.root, column) else value
            for column, value in zip(self.scope.root_key, before, strict=True)
        )

    def _slug(self) -> str | None:
        return self.options.slug or self.manifest.organization.slug

    def _home(self) -> Home | None:
        """Where the organization lives now: for a move the archive's region, else nowhere."""
        who = self.manifest.organization
        if self.is_move:
            home = self._find_home(who.before, who.slug)
            if home.region != self.manifest.source.region:
                raise Conflict(f"{home}, and the archive is of {self.manifest.source.region!r}", hint="export it again from where it lives")
            return home
        for id_ in {who.before if self.manifest.source.origin is not None else None, who.after} - {None}:
            there = read_homes(self.control, organization=id_, own=self.own)
            if there:
                raise Conflict(
                    f"{there[0]} already: this archive is a copy, not a move",
                    hint="export it with --to to move it",
                )
        return None

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
            return adopt(self.control, Home(organization=id_, slug=slug, region=source.region), self.own)

    def _problems(self, target: Connection, after: tuple[str, ...], home: Home | None) -> tuple[Problem, ...]:
        problems: list[Problem] = []
        slug = self._slug()
        if home is None and slug is not None:
            taken = [each for each in read_homes(self.control, organization=None, slug=slug, own=self.own)]
            if taken and not self._is_ours(after):
                found = f"the slug {slug!r} is taken by {taken[0]}"
                problems.append(Problem(code="slug-taken", object=slug, found=found, remedy="give it another one with --slug"))
        if self.options.slug is not None and self.silos.organization.slug is None:
            problems.append(Problem(code="no-slug", object="--slug", found="silos.toml names no slug column", remedy="set [organization] slug"))
        problems += self._narrow()
        return tuple(problems)

    def _is_ours(self, after: tuple[str, ...]) -> bool:
        """An import that was begun before."""
        return bool(self.control.execute("SELECT 1 FROM orglift.relocations WHERE organization_after = %s AND phase NOT IN ('purged', 'aborted')", ("|".join(after),)).fetchone())

    def _narrow(self) -> list[Problem]:
        narrow = []
        for section in self.manifest.tables:
            table = self.scope.schema.tables.get(section.name)
            if table is None:
                raise RefusedError(f"the target has no table {section.name}", hint="run the application's migrations there")
            for column in section.columns:
                theirs = table.columns_by_name.get(column.name)
                if theirs is None or theirs.generated is not None:
                    raise RefusedError(f"the target has no column {section.name}.{column.name}", hint="run the application's migrations there")
                if self.rules.shifts(section.name, column.name) and theirs.base_type in ("smallint", "integer"):
                    narrow.append(
                        Problem(
                            code="narrow-id",
                            object=f"{section.name}.{column.name}",
                            found=f"{theirs.type} in the target, which a distributed id does not fit",
                            remedy="widen it first: splitter plan widen-ids",
                        )
                    )
        if narrow:
            raise NarrowIds(f"{narrow[0].object} is {narrow[0].found}", hint=narrow[0].remedy, problems=narrow)
        return narrow

    def _minting(self, origin: int) -> Minting:
        """Of what is left to do: nothing, where the export shifted."""
        if self.manifest.source.origin is not None:
            return Minting(layout=self.silos.ids, origin=None)
        return Minting(layout=self.silos.ids, origin=origin, known=(origin,))

    def _match(self, target: Connection, origin: int) -> Matched:
        """The shared rows that the archive needs, found in the target (control's in control)."""
        needed = [self._needed(section.name) for section in self.manifest.natural]
        control = None
        if any(self.scope.schema.tables.get(shared.table) is None or self._is_control(shared.table) for shared in needed):
            control = Place(connection=self.control, schema=control_schema(self.silos))
        here = Place(connection=target, schema=self.target.schema)

        def place(name: TableName) -> Place:
            return control if control is not None and self._is_control(name) else here

        schemas = {**(control.schema.tables if control else {}), **self.target.schema.tables}
        source = replace(self.target.schema, tables=schemas)
        return match_rows(needed, self.silos, source, self.rules, self._minting(origin), place)

    def _is_control(self, name: TableName) -> bool:
        return self.silos.silo_of(name).value == "control"

    def _needed(self, name: TableName) -> SharedRows:
        section = self.manifest.section(SectionKind.NATURAL, name)
        assert section is not None
        columns = [column.name for column in section.columns]
        rows = tuple(dict(zip(columns, parse_line(line), strict=True)) for line in split_lines(self.archive.read_section(section)))
        return SharedRows(table=name, rows=rows, referred=section.keys)

    def _order(self, origin: int) -> Order:
        return Order(
            organization_before=self.manifest.organization.before,
            organization_after="|".join(self._after(origin)),
            target=self.options.to,
            source=self.manifest.source.region if self.is_move else self._source_key(),
            slug=self._slug(),
            id=UUID(self.manifest.relocation) if self.manifest.relocation else None,
        )

    def _move(self, mover: Mover, origin: int, matched: Matched, home: Home | None, replica: bool) -> Outcome:
        relocation = mover.relocation
        self.wrote = relocation.phase is not Phase.PLANNED
        environment = {"ORGLIFT_ORGANIZATION": relocation.organization_before, "ORGLIFT_TO": relocation.target, "ORGLIFT_SLUG": self._slug() or ""}
        run_hook(self.silos.hooks, "before_copy", environment)
        ledger = Ledger(relocation=relocation.id, generation=mover.generation, organization=relocation.organization_after, mover=mover.name)
        with closing(self._open_target(mover, replica)) as target:
            end_superseded(target, relocation.id, mover.generation)
            with translated(self.target.setting):
                ledger.enter(target, "target")
            chunks = archived_chunks(self.archive)
            self._empty_of_another(target, relocation, ledger, replica)
            saved: dict[str, Any] = {**relocation.saved, "ways": self._noted_ways(), "hidden": self._hidden(), "archive": self._fingerprint()}
            mover.move_to(Phase.LOADING, saved=saved, note=None)
            self.wrote = True
            self._load(target, mover, ledger, matched, origin, chunks, replica)
            mover.move_to(Phase.VERIFYING)
            there = self._there(origin, chunks)
            self._require_equal(mover, self._prove(mover, ledger, there, target, replica), "the target is not what was archived")
            references = control_references(self.scope, self.rules, self.silos, control_schema(self.silos))
            asker = Asker(membership=there, connection=target, after=True)
            stage_references(references, self.control, asker, relocation.id, mover.generation, origin)
            self._require_equal(mover, self._look_again(), "the source changed since the export")
            tables = summarize(ledger.read_chunks(target))
        mover.record(saved={**mover.relocation.saved, "tables": tables, "verified": True})
        order = SwitchOrder(
            relocation=relocation.id,
            generation=mover.generation,
            expected=home,
            statements=references.statements(relocation.id) if home is not None else (),
            own=self.own,
        )
        with closing(connect_control(self.silos)) as connection:
            switch(connection, order)
        found = read_relocation(self.control, relocation.id)
        assert found is not None
        self.report(Note(f"{found.name} lives in {found.target} now"))
        repeat_after_switch(self.silos, found)
        with suppress_hook(self.report):
            run_hook(self.silos.hooks, "after_switch", environment)
        return outcome_of(found)

    def _fingerprint(self) -> str:
        """The archive's checksum: two exports of one organization are two archives."""
        with self.options.file.open("rb") as file:
            file.seek(-32, SEEK_END)
            return file.read().hex()

    def _empty_of_another(self, target: Connection, relocation: Relocation, ledger: Ledger, replica: bool) -> None:
        """What an earlier archive, or a move straight from the region, brought in goes out again: only equal archives go on."""
        recorded = ledger.read_chunks(target)
        if not recorded or relocation.saved.get("archive") == self._fingerprint():
            return
        self.report(Note("this is another archive than the one that was begun with: what came in is taken out first"))
        scope = mirror_scope(self.target.scope, relocation.saved["ways"])
        there = Membership(scope, tuple(relocation.organization_after.split("|")), selection_of(scope, [each.chunk for each in recorded]))
        Unloader(there=there, ledger=ledger, target=self.target.schema, replica=replica).unload(target, recorded)
        ledger.forget_chunks(target)

    def _open_target(self, mover: Mover, replica: bool) -> Connection:
        connection = connect(self.target.url, setting=self.target.setting, application=mover.application)
        with translated(self.target.setting):
            connection.execute("SET work_mem = '64MB'")
            if self.target.prepare:
                connection.execute(self.target.prepare)  # type: ignore[call-overload]
            if replica:
                connection.execute("SET session_replication_role = replica")
        return connection

    def _hidden(self) -> str | None:
        """The value of the ``hide`` column in the archived row of the organization."""
        hide = self.silos.organization.hide
        section = self.manifest.section(SectionKind.ROWS, self.scope.root)
        if hide is None or section is None:
            return None
        position = next((n for n, column in enumerate(section.columns) if column.name == hide.column), None)
        line = next(iter(split_lines(self.archive.read_section(section))), None)
        return None if position is None or line is None else parse_line(line)[position]

    def _rewriter(self, origin: int, matched: Matched) -> Rewriter:
        hide = self.silos.organization.hide
        constants: dict[tuple[TableName, str], str] = {}
        if hide is not None:
            constants[self.scope.root, hide.column] = spelled(hide.moving)
        if self.options.slug is not None and self.silos.organization.slug is not None:
            constants[self.scope.root, self.silos.organization.slug] = self.options.slug
        return Rewriter(scope=self.scope, rules=self.rules, minting=self._minting(origin), maps=matched.maps, constants=constants)

    def _load(
        self,
        target: Connection,
        mover: Mover,
        ledger: Ledger,
        matched: Matched,
        origin: int,
        chunks: Mapping[Key, tuple[Any, Any]],
        replica: bool,
    ) -> None:
        insert_shared(ledger, target, self.target.schema, matched.inserts)
        recorded = ledger.read_chunks(target)
        known = {(each.chunk.table, each.chunk.part, each.chunk.number) for each in recorded}
        ledger.write_chunks(target, [chunk for key, (chunk, _) in chunks.items() if key not in known])
        types = {name: {column.name: column.base_type for column in self.scope.table(name).stored_columns} for name in {key[0] for key in chunks}}
        feed = ArchiveFeed(
            archive=self.archive,
            rewriter=self._rewriter(origin, matched),
            types=types,
            chunks={key: archived for key, (_, archived) in chunks.items()},
        )
        brake = Brake(max_rate=self.options.work.max_rate, max_lag=self.options.work.max_lag)
        loader = Loader(feed=feed, scope=self.scope, ledger=ledger, replica=replica, report=synchronized(self.report), brake=brake)
        self.report(Started(COPYING, sum(section.rows for section in self.manifest.tables)))
        with Workers(self.options.work.jobs, lambda: Lane(None, self._open_target(mover, replica))) as workers:
            workers.run(loader.tasks(ledger.read_chunks(target)))
        self.report(Finished(COPYING))

    def _there(self, origin: int, chunks: Mapping[Key, tuple[Any, Any]]) -> Membership:
        return Membership(self.scope, self._after(origin), selection_of(self.scope, [chunk for chunk, _ in chunks.values()]))

    def _prove(self, mover: Mover, ledger: Ledger, there: Membership, target: Connection, replica: bool) -> tuple[Difference, ...]:
        origin = self.manifest.source.origin
        verifier = Verifier(
            there=there,
            columns={section.name: tuple(column.name for column in section.columns) for section in self.manifest.tables},
            rules=self.rules,
            layout=self.silos.ids,
            local_ids_final=origin == 0,
        )
        proof = Proof(
            verifier=verifier,
            jobs=self.options.work.jobs,
            open_lane=lambda: Lane(None, self._open_target(mover, replica)),
            report=self.report,
        )
        return proof.run(ledger.read_chunks(target))

    def _look_again(self) -> tuple[Difference, ...]:
        """A move's source is hashed once more; a copy, or one whose source is gone, has nothing to look at."""
        if not self.is_move or self.options.source_is_gone:
            return ()
        source = survey_region(self.silos, self.manifest.source.region)
        return archive_differences(source, self.manifest, archived_chunks(self.archive), self._known_origins())

    def _known_origins(self) -> tuple[int, ...]:
        return tuple(each.origin for each in read_origins(self.control))

    def _require_equal(self, mover: Mover, differences: tuple[Difference, ...], what: str) -> None:
        if not differences:
            return
        mover.move_to(Phase.DIFFERS, note=f"{what}: {differences[0].table}: {differences[0].what}")
        raise DiffersError(
            f"{what}; nothing was switched",
            hint="stop the organization's writes, export again and import that: what differs is replaced",
            differences=[str(each) for each in differences],
        )


def import_rules(scope: Scope, silos: SiloMap, manifest: Manifest) -> IdRules:
    """The rules for what the export left to do: references to control's rows are matched too where the archive carries their keys.

    What dangles was decided at the source; here the rows that a reference leads to may not be loaded yet.
    """
    rules = decide_rules(scope, silos)
    natural = {section.name for section in manifest.natural}
    treatments = {place: _imported(treatment, natural) for place, treatment in rules.treatments.items()}
    return replace(rules, treatments=treatments)


def _imported(treatment: Treatment, natural: set[TableName]) -> Treatment:
    rule, reference = treatment.rule, treatment.reference
    if reference is not None and reference.target in natural and rule.shared is None:
        rule = ColumnRule(rule=IdRule.MATCH, shared=reference.target)
    inner = tuple(
        (_kept(each), ColumnRule(rule=IdRule.MATCH, shared=each.target) if each.target in natural and own.shared is None else own)
        for each, own in treatment.inner
    )
    return replace(treatment, rule=rule, reference=None if reference is None else _kept(reference), inner=inner)


def _kept(reference: Any) -> Any:
    if reference.declared is None or reference.declared.dangling != "null":
        return reference
    return replace(reference, declared=replace(reference.declared, dangling="keep"))
