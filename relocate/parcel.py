"""An archive as the target sees it: its tables, what is left to rewrite of its ids, and the shared rows that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import SEEK_END

from exports.archive import ArchiveReader
from exports.copy_text import parse_line, split_lines
from exports.ids import IdRules, Treatment, decide_rules
from exports.manifest import Manifest, Section, SectionKind
from exports.match import Matched, Place, match_rows
from exports.rewrite import TEXT_ID, Minting, Rewriter, SharedMap
from exports.scope import Scope
from exports.shared import SharedRows
from exports.snapshot import Connection
from exports.survey import Survey, key_of
from exports.ways import mirror_scope
from relocate.move import spelled
from relocate.session import control_schema
from splitter.errors import BadArchive, NarrowIds, Problem, RefusedError
from splitter.graph import Reference
from splitter.ownership import Standing
from splitter.schema import TableName
from splitter.silos import Silo, SiloMap

CHECKSUM = 32  # bytes at the end of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One archive, opened and verified, for one region. ``slug``: another one than the archive's.

    ``own``: its ids are of origins that our control issued; else it comes from another installation, whose users and origins are others.
    """

    silos: SiloMap
    archive: ArchiveReader
    target: Survey
    scope: Scope  # the target's, with the archive's ways
    rules: IdRules
    slug: str | None
    own: bool

    @property
    def manifest(self) -> Manifest:
        return self.archive.manifest

    @property
    def is_move(self) -> bool:
        """Whether it was made to be the first half of a move."""
        return self.manifest.relocation is not None

    @property
    def origins(self) -> tuple[int, ...]:
        """Those that the archive's ids may be of, as its own control numbered them."""
        found = self.manifest.notes.get("known_origins")
        if not isinstance(found, list) or not all(isinstance(each, int) for each in found):
            raise BadArchive(f"{self.archive.path} says nothing of its origins", hint="export it again")
        return tuple(sorted(each for each in found if isinstance(each, int)))

    def fingerprint(self) -> str:
        """The file's checksum: two exports of one organization are two archives."""
        with open(self.archive.path, "rb") as file:
            file.seek(-CHECKSUM, SEEK_END)
            return file.read().hex()

    def after(self, minting: Minting) -> tuple[str, ...]:
        """The organization's key in the target."""
        archived = key_of(self.scope, self.manifest.organization.after or self.manifest.organization.before)
        return tuple(
            str(minting.image(int(value))) if self.rules.shifts(self.scope.root, column) else value
            for column, value in zip(self.scope.root_key, archived, strict=True)
        )

    def hidden(self) -> tuple[str | None] | None:
        """The one value of the ``hide`` column in the archived row of the organization; None: there is no such column."""
        hide = self.silos.organization.hide
        section = self.manifest.section(SectionKind.ROWS, self.scope.root)
        if hide is None or section is None:
            return None
        position = next((n for n, column in enumerate(section.columns) if column.name == hide.column), None)
        line = next(iter(split_lines(self.archive.read_section(section))), None)
        return None if position is None or line is None else (parse_line(line)[position],)

    def match(self, control: Connection, target: Connection, minting: Minting) -> Matched:
        """The shared rows that the archive needs, found in the target (control's in control)."""
        ours = {Silo.REGION} if self.own else {Silo.REGION, Silo.CONTROL}  # of our own control's rows each is itself
        needed = [self._needed(section) for section in self.manifest.natural if self.silos.silo_of(section.name) in ours]
        global_ = Place(connection=control, schema=control_schema(self.silos))
        here = Place(connection=target, schema=self.target.schema)
        source = replace(self.target.schema, tables={**global_.schema.tables, **self.target.schema.tables})

        def place(name: TableName) -> Place:
            return global_ if self.silos.silo_of(name) is Silo.CONTROL else here

        # Rows come with the ids that they had; one that is inserted gets the id that a move straight from the region would give it.
        origin = self.manifest.source.origin
        shifting = minting if origin is None else replace(minting, origin=origin)
        matched = match_rows(needed, self.silos, source, self.rules, shifting, place)
        return replace(matched, maps={key: self._as_archived(key[0], each) for key, each in matched.maps.items()})

    def _as_archived(self, name: TableName, found: SharedMap) -> SharedMap:
        """The rows of a table that is shared in part also by the keys that the archive's references hold: those the export shifted."""
        table, origin = self.scope.tables.get(name), self.manifest.source.origin
        if origin is None or table is None or not table.shared_where:
            return found
        shifts = [self.rules.shifts(name, column) for column in found.columns]

        def archived(key: tuple[str, ...]) -> tuple[str, ...]:
            pairs = zip(key, shifts, strict=True)
            return tuple(str(self.silos.ids.shift(int(v), origin)) if each and re.fullmatch(TEXT_ID, v) else v for v, each in pairs)

        return replace(found, pairs=(*found.pairs, *((archived(old), new) for old, new in found.pairs)))

    def _needed(self, section: Section) -> SharedRows:
        columns = [column.name for column in section.columns]
        rows = tuple(dict(zip(columns, parse_line(line), strict=True)) for line in split_lines(self.archive.read_section(section)))
        return SharedRows(table=section.name, rows=rows, referred=section.keys)

    def rewriter(self, minting: Minting, matched: Matched) -> Rewriter:
        hide = self.silos.organization.hide
        constants: dict[tuple[TableName, str], str] = {}
        if hide is not None:
            constants[self.scope.root, hide.column] = spelled(hide.moving)
        if self.slug is not None and self.silos.organization.slug is not None:
            constants[self.scope.root, self.silos.organization.slug] = self.slug
        return Rewriter(scope=self.scope, rules=self.rules, minting=minting, maps=matched.maps, constants=constants, strict=not self.own)

    def require_room(self) -> None:
        """RefusedError where the target lacks a table or a column, NarrowIds where a distributed id wouldn't fit."""
        narrow = [problem for section in self.manifest.tables for problem in self._narrow(section)]
        if narrow:
            more = f" (and {len(narrow) - 1} more columns)" if len(narrow) > 1 else ""
            raise NarrowIds(f"{narrow[0].object} is {narrow[0].found}{more}", hint=narrow[0].remedy, problems=narrow)

    def _narrow(self, section: Section) -> Iterator[Problem]:
        table = self.target.schema.tables.get(section.name)
        if table is None:
            raise RefusedError(f"the target has no table {section.name}", hint="run the application's migrations there")
        for column in section.columns:
            theirs = table.columns_by_name.get(column.name)
            if theirs is None or theirs.generated is not None:
                raise RefusedError(f"the target has no column {section.name}.{column.name}", hint="run the application's migrations there")
            if self.rules.shifts(section.name, column.name) and theirs.base_type in ("smallint", "integer"):
                yield Problem(
                    code="narrow-id",
                    object=f"{section.name}.{column.name}",
                    found=f"{theirs.type} in the target, which a distributed id does not fit",
                    remedy="widen it first: splitter plan widen-ids",
                )


def noted_ways(archive: ArchiveReader) -> list[Mapping[str, object]]:
    """The ways by which the archive's rows were found."""
    ways = archive.manifest.notes.get("ways")
    if not isinstance(ways, list):
        raise BadArchive(f"{archive.path} says nothing of its ways", hint="export it again")
    return [way for way in ways if isinstance(way, dict)]


def open_parcel(silos: SiloMap, archive: ArchiveReader, target: Survey, slug: str | None, *, own: bool) -> Parcel:
    """BadArchive where it was made for another region or layout of ids, RefusedError for another schema."""
    manifest = archive.manifest
    if manifest.to not in (None, target.region):
        raise BadArchive(f"{archive.path} was made for region {manifest.to!r}", hint=f"import it with --to {manifest.to}")
    if manifest.ids != silos.ids:
        raise BadArchive(f"{archive.path} has another layout of ids", hint="[ids] must be the same in both silos.toml")
    scope = mirror_scope(target.scope, noted_ways(archive))
    rules = import_rules(scope, silos, own=own)
    return Parcel(silos=silos, archive=archive, target=target, scope=scope, rules=rules, slug=slug, own=own)


def import_rules(scope: Scope, silos: SiloMap, *, own: bool) -> IdRules:
    """The rules for what the export left to do; from another installation references to control's rows are matched too.

    What dangles inside a region was decided at the source; here the rows that a reference leads to may not be loaded yet.
    """
    rules = decide_rules(scope, silos, match_control=not own)
    return replace(rules, treatments={place: _imported(scope, treatment, own) for place, treatment in rules.treatments.items()})


def _imported(scope: Scope, treatment: Treatment, own: bool) -> Treatment:
    reference = None if treatment.reference is None else _kept(scope, treatment.reference, own)
    return replace(treatment, reference=reference, inner=tuple((_kept(scope, each, own), rule) for each, rule in treatment.inner))


def _kept(scope: Scope, reference: Reference, own: bool) -> Reference:
    """What only the target's control can tell is left to be decided."""
    matched = not own and scope.standing(reference.target) is Standing.CONTROL
    if reference.declared is None or reference.declared.dangling != "null" or matched:
        return reference
    return replace(reference, declared=replace(reference.declared, dangling="keep"))
