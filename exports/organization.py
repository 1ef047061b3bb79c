"""``exports org``: one organization into an archive, from one snapshot, over several connections.

Ids are shifted on the way where the database has an origin, so that they are valid anywhere; without one (somebody else's database) they
stay, and ``relocate import`` shifts them. References to shared rows stay too: the archive carries those rows with their natural keys,
and the import looks up who stands for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from uuid import uuid4

from pydantic import JsonValue

from exports.archive import ArchiveWriter
from exports.chunks import Chunk, Cutter
from exports.control_rows import ControlPart, read_control_part
from exports.copy_text import format_line
from exports.heaps import Heap, read_heaps
from exports.ids import IdRule, IdRules
from exports.manifest import ArchivedColumn, ArchivedOrganization, ArchivedSource, Manifest, Section, SectionKind
from exports.org_keys import spell_key
from exports.report import row_problems
from exports.rewrite import Minting, Rewriter
from exports.rows import Source, ask, reading
from exports.scope import Scope
from exports.shared import SharedRows, double_problems, read_needed
from exports.snapshot import Connection, Snapshot
from exports.streams import copy_out
from exports.survey import Organization, Survey, require_decided, require_organization, select_ways
from exports.types import PlainType, note_labels
from exports.ways import note_ways
from exports.workers import Task, Workers
from splitter.db import connect, translated
from splitter.errors import NoOrigin, UndecidedScope, UsageError
from splitter.events import Advanced, Finished, Reporter, Started
from splitter.identity import Identity, check_clone, physical_identity, read_identity
from splitter.schema import BYTES, TableName
from splitter.silos import Silo, SiloMap

CHUNK_ROWS = 50_000
SMALL_TABLE = 8 << 20  # bytes
COPYING = "exporting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What ``exports org`` was asked for."""

    out: Path
    to: str | None = None
    jobs: int = 2
    hashes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What went into the archive."""

    path: Path
    organization: Organization
    manifest: Manifest


def export_organization(survey: Survey, organization: str, options: ExportOptions, report: Reporter) -> Exported:
    """Write the archive of one organization; refusals come before the first byte, but for an id that the rewriting can't take."""
    if options.to is not None and not options.hashes:
        hint = "the import compares the source with these hashes before it switches; leave one of both away"
        raise UsageError("--no-hashes does not go with --to", hint=hint)
    require_decided(survey)
    with survey.snapshot() as snapshot:
        with translated(survey.setting):
            export = _Export.prepare(survey, organization, options, snapshot)
            heaps = read_heaps(snapshot.connection, survey.scope.load_order)
        with ArchiveWriter(options.out, export.draft()) as writer:
            _write_natural(writer, export.needed)
            export.write(writer, heaps, report)
        assert writer.manifest is not None
        return Exported(path=options.out, organization=export.organization, manifest=writer.manifest)


def local_origin(identity: Identity, known: Sequence[int] = ()) -> int:
    """The origin that a database's local ids were, or will be, shifted with: the first that it had.

    ``known``: the origins that control issued. Where a region is home to the local ids (origin 0), they are final in every region.
    """
    if 0 in known:
        return 0
    return identity.former[0] if identity.former else identity.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Export:
    """All that is known before the first byte is written."""

    survey: Survey
    options: ExportOptions
    snapshot: Snapshot
    organization: Organization
    identity: Identity | None
    source: Source
    needed: tuple[SharedRows, ...]
    control: ControlPart | None  # that of an installation which the archive may leave

    @classmethod
    def prepare(cls, survey: Survey, organization: str, options: ExportOptions, snapshot: Snapshot) -> _Export:
        connection = snapshot.connection
        found = require_organization(survey, connection, organization)
        identity = _read_identity(connection, options)
        membership = select_ways(survey.scope, found.key, connection)
        needed = read_needed(membership, connection, control_too=survey.silos.is_monolith)
        control = None
        if identity is not None and options.to is None:
            control = read_control_part(survey, membership, connection, needed)
            needed = (*needed, *(control.rows if control else ()))
        problems = [*row_problems(membership, connection), *double_problems(needed)]
        if problems:
            raise UndecidedScope(f"{problems[0].object}: {problems[0].found}", hint=problems[0].remedy, problems=problems)
        minting = _find_minting(survey, identity)
        source = Source(
            membership=membership,
            rewriter=Rewriter(scope=survey.scope, rules=survey.rules, minting=minting),
            types=archive_types(survey.scope, survey.rules, shifted=minting.origin is not None),
        )
        return cls(
            survey=survey,
            options=options,
            snapshot=snapshot,
            organization=found,
            identity=identity,
            source=source,
            needed=tuple(_without_ignored(survey.silos, shared) for shared in needed),
            control=control,
        )

    @property
    def minting(self) -> Minting:
        return self.source.rewriter.minting

    def cut(self, name: TableName, heap: Heap, connection: Connection) -> Iterable[Chunk]:
        """The chunks of a table."""
        membership = self.source.membership
        cutter = Cutter(
            scope=self.survey.scope,
            membership=membership,
            rules=self.survey.rules,
            minting=self.minting,
            rows=CHUNK_ROWS,
            # ids that are shifted by the import have no range in the target yet: one chunk a part
            small=SMALL_TABLE if self.minting.origin is not None else 1 << 62,
            ask=ask(connection),
            order_there=lambda name, column: BYTES,  # noqa: ARG005  of an archive's target nothing is known
        )
        with translated(self.survey.setting):
            return [chunk for part in membership.parts(name) for chunk in cutter.cut(name, part, heap)]

    def draft(self) -> Manifest:
        """The manifest without rows."""
        survey, minting, found = self.survey, self.minting, self.organization
        after = None if minting.origin is None else spell_key(shifted_key(survey, found.key, minting))
        notes: dict[str, JsonValue] = {
            "ways": note_ways(survey.scope),
            "labels": note_labels(survey.scope),
            "known_origins": list(minting.known),
        }
        return Manifest(
            orglift=version("orglift"),
            created_at=datetime.now(UTC),
            organization=ArchivedOrganization(before=found.id, after=after, slug=found.slug),
            source=self._archived_source(),
            to=self.options.to,
            relocation=str(uuid4()) if self.options.to else None,
            ids=survey.silos.ids,
            tables=tuple(_section(survey, self.source, name) for name in survey.scope.load_order),
            natural=tuple(self._natural_section(shared) for shared in self.needed),
            notes=notes,
        )

    def _archived_source(self) -> ArchivedSource:
        physical = physical_identity(self.snapshot.connection)
        return ArchivedSource(
            region=self.identity.region if self.identity else self.survey.region,
            origin=self.minting.origin,
            database=str(self.identity.database) if self.identity else f"{physical.system_identifier}/{physical.database_oid}",
            installation=self._installation(),
            server_version=self.survey.schema.server_version,
            snapshot_lsn=self.snapshot.view.lsn,
        )

    def _installation(self) -> str | None:
        """Whose origins these are: of control, or of the one database that is all."""
        if self.control is not None:
            return self.control.installation
        return str(self.identity.database) if self.identity and self.survey.silos.is_monolith else None

    def _natural_section(self, shared: SharedRows) -> Section:
        of_control = self.survey.silos.silo_of(shared.table) is Silo.CONTROL
        schema = self.control.schema if self.control and of_control else self.survey.schema
        held = schema.tables[shared.table].columns_by_name
        columns = tuple(ArchivedColumn(name=name, type=held[name].base_type) for name in shared.rows[0])
        return Section(name=shared.table, columns=columns, rule="shared", keys=shared.referred)

    def write(self, writer: ArchiveWriter, heaps: Mapping[TableName, Heap], report: Reporter) -> None:
        """Tables are cut side by side, the largest first, and written from then on."""
        lock = Lock()

        def cut(name: TableName, heap: Heap, connection: Connection) -> Iterable[Task[Connection]]:
            chunks = self.cut(name, heap, connection)
            return [Task(group=name, run=partial(write, index, chunk)) for index, chunk in enumerate(chunks)]

        def write(index: int, chunk: Chunk, connection: Connection) -> None:
            rows = self._write_chunk(writer, index, chunk, connection)
            with lock:
                report(Advanced(COPYING, rows))

        found = ((name, heaps.get(name, Heap())) for name in self.survey.scope.load_order)
        largest_first = sorted(found, key=lambda pair: -pair[1].bytes)
        report(Started(COPYING, None))
        with Workers(self.options.jobs, self.snapshot.enter) as workers:
            workers.run([Task(group=name, run=partial(cut, name, heap)) for name, heap in largest_first])
        report(Finished(COPYING))

    def _write_chunk(self, writer: ArchiveWriter, index: int, chunk: Chunk, connection: Connection) -> int:
        bounds: JsonValue = {"part": chunk.part, "number": chunk.number, **chunk.bounds()}
        with reading(f"exporting {chunk.table}"), writer.chunk(chunk.table, index, bounds=bounds) as archived:
            if self.options.hashes:
                rows = self.source.stream(connection, chunk, binary=False)
                for block in rows:
                    archived.write(block)
                archived.hash = rows.content.hash
            else:
                for block in copy_out(connection, self.source.select(chunk), binary=False):
                    archived.write(block)
        return archived.rows


def _read_identity(connection: Connection, options: ExportOptions) -> Identity | None:
    identity = read_identity(connection)
    if identity is not None:
        check_clone(identity, physical_identity(connection), identity.region)
    elif options.to is not None:
        raise NoOrigin(
            "this database has no origin, so its ids can't be made valid elsewhere for --to",
            hint="run `relocate init`, or export without --to and let `relocate import` give the ids an origin",
        )
    return identity


def _find_minting(survey: Survey, identity: Identity | None) -> Minting:
    """Without an identity all ids must be local: one that isn't was minted by nobody that could be asked."""
    if identity is None:
        return Minting(layout=survey.silos.ids, origin=None, known=(0,))
    known = _known_origins(survey, identity)
    return Minting(layout=survey.silos.ids, origin=local_origin(identity, known), known=known)


def _known_origins(survey: Survey, identity: Identity) -> tuple[int, ...]:
    """Those that control issued; without a control database, those of this one."""
    own = {identity.origin, *identity.former}
    control = survey.silos.control
    if control is None or control.database is None:
        return tuple(sorted(own))
    setting = control.database.setting
    with closing(connect(control.database.url(), setting=setting, readonly=True)) as connection, translated(setting):
        rows = connection.execute("SELECT origin FROM orglift.origins").fetchall()
    return tuple(sorted(own | {int(row[0]) for row in rows}))


def archive_types(scope: Scope, rules: IdRules, *, shifted: bool) -> dict[TableName, dict[str, str]]:
    """The base type of every column in an archive: the source's own, but bigint for ids that were shifted."""
    return {
        table.name: {
            column.name: _archive_type(rules, table.name, column.name, column.base_type, shifted)
            for column in scope.table(table.name).stored_columns
        }
        for table in scope.exported
    }


def _archive_type(rules: IdRules, table: TableName, column: str, base: str, shifted: bool) -> str:
    treatment = rules.of(table, column)
    ruled = [treatment.rule, *(rule for reference, rule in treatment.inner if reference.kind.value != "json")]
    grows = shifted and any(rule.rule is IdRule.SHIFT for rule in ruled)
    wider = {"smallint": "bigint", "integer": "bigint", "smallint[]": "bigint[]", "integer[]": "bigint[]"}
    return wider.get(base, base) if grows else base


def shifted_key(survey: Survey, key: Sequence[str], minting: Minting) -> tuple[str, ...]:
    """The organization's key as it is everywhere."""
    assert minting.origin is not None
    return tuple(
        str(minting.layout.shift(int(value), minting.origin)) if survey.rules.shifts(survey.scope.root, column) else value
        for column, value in zip(survey.scope.root_key, key, strict=True)
    )


def _section(survey: Survey, source: Source, name: TableName) -> Section:
    table = survey.scope.table(name)
    columns = tuple(
        ArchivedColumn(
            name=column,
            type=source.types[name][column],
            declared=_declared(PlainType.of(survey.schema, table.column(column)), source.types[name][column]),
            id=survey.rules.of(name, column).holds_ids,
        )
        for column in source.columns(name)
    )
    return Section(name=name, columns=columns, rule=survey.scope.tables[name].standing.value)


def _declared(plain: PlainType, archived: str) -> str | None:
    """``archived`` is another type than the column's where its ids grow."""
    return None if plain.bare or plain.base != archived else plain.type


def _without_ignored(silos: SiloMap, shared: SharedRows) -> SharedRows:
    """Control's rows without what nobody compares (``ignore``): they are never inserted, and a password stays where it is."""
    rules = silos.rules(shared.table)
    if silos.silo_of(shared.table) is not Silo.CONTROL or not rules.ignore:
        return shared
    kept = {column for columns in (*rules.match, *shared.referred) for column in columns}
    rows = (({name: value for name, value in row.items() if name in kept or name not in rules.ignore}) for row in shared.rows)
    return replace(shared, rows=tuple(rows))


def _write_natural(writer: ArchiveWriter, needed: Iterable[SharedRows]) -> None:
    for shared in needed:
        with writer.chunk(shared.table, 0, kind=SectionKind.NATURAL) as chunk:
            for row in shared.rows:
                chunk.write(format_line(tuple(row.values())))
