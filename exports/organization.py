"""``exports org``: one organization into an archive, from one snapshot, over several connections.

Ids are shifted on the way where the database has an origin, so that they are valid anywhere; without one (somebody else's database) they
stay, and ``relocate import`` shifts them. References to shared rows stay too: the archive carries those rows with their natural keys,
and the import looks up who stands for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from uuid import uuid4

from exports.archive import ArchiveWriter
from exports.checks import scope_checks
from exports.chunks import Chunk, Cutter
from exports.copy_text import format_line
from exports.ids import IdRule, IdRules
from exports.manifest import (
    ArchivedColumn,
    ArchivedOrganization,
    ArchivedSource,
    Manifest,
    Section,
    SectionKind,
)
from exports.membership import Membership
from exports.rewrite import Minting, Rewriter
from exports.rows import Source, ask, copy_out, read_content
from exports.scope import Scope
from exports.shared import SharedRows, read_needed
from exports.snapshot import Connection, Snapshot
from exports.survey import Organization, Survey, require_decided, require_organization, select_ways, table_sizes
from exports.ways import note_ways
from exports.workers import Task, Workers
from splitter.db import connect, translated
from splitter.errors import NoOrigin, UndecidedScope
from splitter.events import Advanced, Finished, Reporter, Started
from splitter.identity import Identity, check_clone, physical_identity, read_identity
from splitter.schema import TableName

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
    """Write the archive of one organization; refusals come before the first byte."""
    require_decided(survey)
    with survey.snapshot() as snapshot:
        connection = snapshot.connection
        with translated(survey.setting):
            found = require_organization(survey, connection, organization)
            identity = _identity(connection, options)
            membership = select_ways(survey.scope, found.key, connection)
            _check(membership, connection)
            minting = _minting(survey, identity, connection)
            needed = read_needed(membership, connection, control_too=survey.silos.is_monolith)
        source = Source(
            membership=membership,
            rewriter=Rewriter(scope=survey.scope, rules=survey.rules, minting=minting),
            types=archive_types(survey.scope, survey.rules, shifted=minting.origin is not None),
        )
        chunks = _cut(survey, source, minting, connection)
        draft = _draft(survey, source, found, snapshot, identity, needed, options)
        with ArchiveWriter(options.out, draft) as writer:
            _write_natural(writer, needed)
            _write_rows(writer, source, chunks, snapshot, options, report)
        assert writer.manifest is not None
        return Exported(path=options.out, organization=found, manifest=writer.manifest)


def _identity(connection: Connection, options: ExportOptions) -> Identity | None:
    identity = read_identity(connection)
    if identity is not None:
        check_clone(identity, physical_identity(connection), identity.region)
    elif options.to is not None:
        raise NoOrigin(
            "this database has no origin, so its ids can't be made valid elsewhere for --to",
            hint="run `relocate init`, or export without --to and let `relocate import` give the ids an origin",
        )
    return identity


def local_origin(identity: Identity) -> int:
    """The origin that a database's local ids were, or will be, shifted with: the first that it had."""
    return identity.former[0] if identity.former else identity.origin


def _minting(survey: Survey, identity: Identity | None, connection: Connection) -> Minting:
    """Which origins are known can't be asked without control: every one that the layout has room for."""
    if identity is None:
        return Minting(layout=survey.silos.ids, origin=None)
    return Minting(layout=survey.silos.ids, origin=local_origin(identity), known=_known_origins(survey, identity))


def _known_origins(survey: Survey, identity: Identity) -> tuple[int, ...]:
    own = {identity.origin, *identity.former}
    control = survey.silos.control
    if control is None or control.database is None:
        return tuple(sorted(own))
    with closing(connect(control.database.url(), setting=control.database.setting, readonly=True)) as connection:
        with translated(control.database.setting):
            rows = connection.execute("SELECT origin FROM orglift.origins").fetchall()
    return tuple(sorted(own | {int(row[0]) for row in rows}))


def _check(membership: Membership, connection: Connection) -> None:
    problems = []
    for check in scope_checks(membership):
        rows = ask(connection)(check.query)
        if rows:
            problems.append(check.problem(rows))
    if problems:
        first = problems[0]
        raise UndecidedScope(f"{first.object}: {first.found}", hint=first.remedy, problems=problems)


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


def _cut(survey: Survey, source: Source, minting: Minting, connection: Connection) -> list[Chunk]:
    names = [table.name for table in survey.scope.exported]
    with translated(survey.setting):
        sizes = table_sizes(connection, names)
        cutter = Cutter(
            scope=survey.scope,
            membership=source.membership,
            rules=survey.rules,
            minting=minting,
            rows=CHUNK_ROWS,
            # ids that are shifted by the import have no range in the target yet: one chunk a part
            small=SMALL_TABLE if minting.origin is not None else 1 << 62,
            ask=ask(connection),
        )
        return [chunk for name in names for part in source.membership.parts(name) for chunk in cutter.cut(name, part, sizes.get(name, 0))]


def _draft(
    survey: Survey,
    source: Source,
    found: Organization,
    snapshot: Snapshot,
    identity: Identity | None,
    needed: Sequence[SharedRows],
    options: ExportOptions,
) -> Manifest:
    minting = source.rewriter.minting
    after = found.key if minting.origin is None else shifted_key(survey, found.key, minting)
    physical = physical_identity(snapshot.connection)
    return Manifest(
        orglift=version("orglift"),
        created_at=datetime.now(UTC),
        organization=ArchivedOrganization(before=found.id, after=None if minting.origin is None else "|".join(after), slug=found.slug),
        source=ArchivedSource(
            region=identity.region if identity else survey.region,
            origin=minting.origin,
            database=str(identity.database) if identity else f"{physical.system_identifier}/{physical.database_oid}",
            server_version=survey.schema.server_version,
            snapshot_lsn=snapshot.view.lsn,
        ),
        to=options.to,
        relocation=str(uuid4()) if options.to else None,
        ids=survey.silos.ids,
        tables=tuple(_section(survey, source, name) for name in source.types),
        natural=tuple(_natural_section(survey, shared) for shared in needed),
        notes={"ways": note_ways(survey.scope), "known_origins": list(minting.known)},  # type: ignore[dict-item]
    )


def shifted_key(survey: Survey, key: Sequence[str], minting: Minting) -> tuple[str, ...]:
    """The organization's key as it is everywhere."""
    assert minting.origin is not None
    return tuple(
        str(minting.layout.shift(int(value), minting.origin)) if survey.rules.shifts(survey.scope.root, column) else value
        for column, value in zip(survey.scope.root_key, key, strict=True)
    )


def _section(survey: Survey, source: Source, name: TableName) -> Section:
    columns = tuple(
        ArchivedColumn(name=column, type=source.types[name][column], id=survey.rules.of(name, column).rewrites)
        for column in source.columns(name)
    )
    return Section(name=name, columns=columns, rule=survey.scope.tables[name].standing.value)


def _natural_section(survey: Survey, shared: SharedRows) -> Section:
    table = survey.schema.tables[shared.table]
    columns = tuple(ArchivedColumn(name=column.name, type=column.base_type) for column in table.stored_columns)
    return Section(name=shared.table, columns=columns, rule="shared", keys=shared.referred)


def _write_natural(writer: ArchiveWriter, needed: Iterable[SharedRows]) -> None:
    for shared in needed:
        with writer.chunk(shared.table, 0, kind=SectionKind.NATURAL) as chunk:
            for row in shared.rows:
                chunk.write(format_line(tuple(row.values())))


def _write_rows(
    writer: ArchiveWriter, source: Source, chunks: Sequence[Chunk], snapshot: Snapshot, options: ExportOptions, report: Reporter
) -> None:
    lock = Lock()
    numbers: dict[TableName, int] = {}
    numbered: list[tuple[int, Chunk]] = []
    for chunk in chunks:
        numbered.append((numbers.get(chunk.table, 0), chunk))
        numbers[chunk.table] = numbers.get(chunk.table, 0) + 1

    def write(connection: Connection, index: int, chunk: Chunk) -> None:
        bounds: dict[str, object] = {"part": chunk.part, "number": chunk.number, **chunk.bounds()}
        with translated(f"exporting {chunk.table}"), writer.chunk(chunk.table, index, bounds=bounds) as archived:  # type: ignore[arg-type]
            for block in copy_out(connection, source.select(chunk), binary=False):
                archived.write(block)
            if options.hashes:
                archived.hash = read_content(connection, source.content(chunk)).hash
        with lock:
            report(Advanced(COPYING, archived.rows))

    report(Started(COPYING, None))
    with Workers(options.jobs, snapshot.enter) as workers:
        workers.run([Task(group=chunk.table, run=_bind(write, index, chunk)) for index, chunk in numbered])
    report(Finished(COPYING))


def _bind(write, index: int, chunk: Chunk):  # type: ignore[no-untyped-def]
    return lambda connection: write(connection, index, chunk)
