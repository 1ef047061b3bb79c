"""What in control stands in the way of a move, found before its first write: ids that don't fit, keys that hold them fast, ids of nobody
knows whom, and more rows than one transaction should change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from psycopg import sql

from exports.key_sql import table_sql
from exports.match import Maps
from exports.scope import Scope
from exports.snapshot import Connection
from exports.survey import Survey, survey_region
from relocate.origins import read_origins
from relocate.references import BATCH, Asker, ControlReferences, Held, Key, Values, find_held, moved_pairs
from splitter.db import translated
from splitter.errors import Problem
from splitter.graph import build_graph
from splitter.id_columns import NARROW_ID
from splitter.ownership import Standing
from splitter.schema import ForeignKey, Schema, TableName
from splitter.silos import Silo, SiloMap, spell_column

CONTROL_IDS, CONTROL_SHARED = "control-ids", "control-shared"
_NARROW = frozenset({"smallint", "integer"})
SAMPLE = 5


def find_control_obstacles(references: ControlReferences, silos: SiloMap, *, shifts_organization: bool) -> Iterator[Problem]:
    """What control's catalog tells; ``shifts_organization``: its id changes, also in the application's own mapping."""
    places = {(held.reference.table, column) for held in references.held for column in held.rewritten}
    own = silos.control.mapping if silos.control else None
    if own is not None and shifts_organization:
        places.add((own.table, own.organization))
    for place in sorted(places):
        yield from _narrow(references.schema, place)
    for key in _keys_to(references.schema, places):
        columns = ", ".join(spell_column(key.target, column) for column in key.target_columns)
        yield Problem(
            code="control-key",
            object=f"{key.name} of {key.table}",
            found=f"this foreign key of control does not let the switch change {columns}",
            remedy="make it ON UPDATE CASCADE",
        )


def _narrow(schema: Schema, place: tuple[TableName, str]) -> Iterator[Problem]:
    table = schema.tables.get(place[0])
    column = table.columns_by_name.get(place[1]) if table else None
    if column is not None and column.base_type.removesuffix("[]") in _NARROW:
        yield Problem(
            code=NARROW_ID,
            object=spell_column(*place),
            found=f"{column.type} in control, which a distributed id does not fit",
            remedy="splitter plan widen-ids --control",
        )


def _keys_to(schema: Schema, places: set[tuple[TableName, str]]) -> Iterator[ForeignKey]:
    for table in schema.tables.values():
        for key in table.foreign_keys:
            if key.on_update != "c" and key.enforced and any((key.target, column) in places for column in key.target_columns):
                yield key


def find_shared_obstacles(schema: Schema, silos: SiloMap, scope: Scope, maps: Maps) -> Iterator[Problem]:
    """Ids of shared rows that control holds, and that are others in the target: whose row of control is whose, nobody can tell."""
    accepted = {each.object for each in silos.accepted if each.code == CONTROL_SHARED}
    for reference in build_graph(schema, silos).references:
        if silos.silo_of(reference.table) is not Silo.CONTROL or scope.standing(reference.target) is not Standing.SHARED:
            continue
        found = maps.get((reference.target, reference.target_columns))
        other = [(old, new) for old, new in found.pairs if old != new] if found else []
        if other and str(reference) not in accepted:
            shown = ", ".join(f"{'|'.join(old)} is {'|'.join(new)}" for old, new in other[:SAMPLE])
            yield Problem(
                code=CONTROL_SHARED,
                object=str(reference),
                found=f"control holds ids of {reference.target}, which are others in the target: {shown}",
                remedy="let control hold the natural key, or give the rows one id in all regions;"
                f' if control means one region\'s: [[accept]] code = "{CONTROL_SHARED}", object = "{reference}"',
            )


def find_switch_obstacles(
    references: ControlReferences, control: Connection, asker: Asker, trip: ControlTrip, limit: int
) -> Iterator[Problem]:
    """What control's rows tell, asked of the organization's: ``asker`` is the source; ``limit``: rows that the switch may change."""
    if not references.held or not trip.origin:
        return
    yield from _unlockable(references, control)
    others = trip.read_others(control)
    places = 0
    for held in references.held:
        ambiguous: list[Values] = []
        pairs = moved_pairs(references, control, asker, held, trip.origin)
        while batch := list(islice(pairs, BATCH)):
            places += sum(count for _, count in batch)
            ambiguous += find_in_others(others, held.key, [before for (before, _), _ in batch])
        if ambiguous:
            yield ambiguous_ids(held, ambiguous, [trip.source, *(survey.region for survey in others)])
    if places > limit:
        yield too_many(places, limit)


def _unlockable(references: ControlReferences, control: Connection) -> Iterator[Problem]:
    """The switch locks what it changes against writers, for which a right on columns is not enough."""
    for name in sorted({held.reference.table for held in references.held}):
        shown = sql.Identifier(*name).as_string(None)
        row = control.execute("SELECT pg_catalog.has_table_privilege(%s, 'UPDATE'), current_user::text", (shown,)).fetchone()
        assert row is not None
        if not row[0]:
            grant = sql.SQL("GRANT UPDATE ON {} TO {}").format(sql.Identifier(*name), sql.Identifier(str(row[1]))).as_string(None)
            yield Problem(code="rights", object=f"{name} of control", found=f"the role {row[1]} lacks UPDATE on it", remedy=f"{grant};")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTrip:
    """What a move means for control: from where, and with which origin local ids are shifted (None or 0: they stay)."""

    silos: SiloMap
    source: str
    origin: int | None

    @classmethod
    def make(cls, silos: SiloMap, source: str, origin: int | None) -> ControlTrip:
        """Where a person wrote whose local ids control holds, those of any other region are none of its."""
        named = named_owner(silos)
        return cls(silos=silos, source=source, origin=origin if named in (None, source) else None)

    def read_others(self, control: Connection) -> list[Survey]:
        """The other regions that were seen to hold local ids, unless it is written that control holds none of theirs."""
        if named_owner(self.silos) is not None:
            return []
        names = {each.region for each in read_origins(control) if each.local_ids}
        return [survey_region(self.silos, name) for name in self.silos.regions if name in names and name != self.source]


def named_owner(silos: SiloMap) -> str | None:
    """The region whose local ids control holds, where silos.toml says it."""
    return next((each.object for each in silos.accepted if each.code == CONTROL_IDS), None)


def find_in_others(others: Iterable[Survey], key: Key, values: Sequence[Values]) -> set[Values]:
    """Those of ``values`` that a row of another region has too."""
    found: set[Values] = set()
    for survey in others:
        table = survey.schema.tables.get(key.table)
        if table is None or not set(key.columns) <= table.columns_by_name.keys():
            continue
        rows = sql.SQL("SELECT {} FROM {} AS k").format(sql.SQL(", ").join(key.shown("k")), table_sql(table))
        with closing(survey.connect()) as connection, translated(survey.setting):
            found |= find_held(connection, rows, table, key, values)
    return found


def ambiguous_ids(held: Held, values: Sequence[Values], regions: Sequence[str]) -> Problem:
    shown = ", ".join("|".join(value) for value in values[:SAMPLE]) + (" and more" if len(values) > SAMPLE else "")
    return Problem(
        code=CONTROL_IDS,
        object=str(held),
        found=f"control holds local ids that rows of several regions have ({', '.join(regions)}): {shown}",
        remedy=f'if all local ids in control are of one region, say which: [[accept]] code = "{CONTROL_IDS}", object = "REGION"',
    )


def too_many(places: int, limit: int) -> Problem:
    return Problem(
        code="switch-limit",
        object="control",
        found=f"the switch would change {places} rows of control in one transaction, more than {limit}",
        remedy="if users can wait for that long: --switch-limit",
    )
