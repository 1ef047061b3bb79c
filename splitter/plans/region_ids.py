"""The plan that makes every new id of a region distributed: its sequences go into the range of the region's origin.

A sequence goes on at ``shift(greatest(last value, largest id)) + 1``, never at the range's beginning, where the images of the local
ids are. Largest means among the local ids and those of the own range alone: rows that moved in bring ids of other origins along, and
those say nothing about this region's sequences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from splitter.errors import NarrowIds, Problem, RefusedError
from splitter.id_columns import NARROW_ID, Place, find_fed_columns, find_id_columns, find_narrow
from splitter.layout import IdLayout
from splitter.plans.region_ids_sql import Placement, render_placement, render_precondition
from splitter.schema import Schema, Sequence, TableName
from splitter.silos import SiloMap
from splitter.steps import Lock, Plan, PlanDatabase, Step

KIND = "region-ids"
LOCK_TIMEOUT_MS = 300  # below deadlock_timeout: inserts queue behind the waiting ALTER SEQUENCE for no longer than this
STATEMENT_TIMEOUT_MS = 60_000
SEQUENCE_RANGE, SEQUENCE_USED_UP = "sequence-range", "sequence-nearly-used-up"
NEARLY = 10  # less than one in ten left


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionOrigin:
    """A region's database and its origin; ``former`` are those that it minted ids with before."""

    name: str
    database: UUID
    origin: int
    former: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FedColumn:
    """A column that a sequence feeds. ``indexed``: its largest value comes from an index, at once."""

    table: TableName  # of a partition: the root
    column: str
    indexed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceUse:
    """A sequence and all that it feeds."""

    sequence: Sequence
    columns: tuple[FedColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceFacts:
    """Where a sequence stands. ``largest_local`` and ``largest_own``: the largest ids of its columns below 2^serial_bits, and in the
    origin's range; None where there is none."""

    use: SequenceUse
    last_value: int
    is_called: bool
    largest_local: int | None
    largest_own: int | None

    @property
    def following(self) -> int:
        """What nextval would give."""
        return self.last_value + 1 if self.is_called else self.last_value


def find_uses(schema: Schema, silos: SiloMap, tables: Iterable[TableName] = ()) -> tuple[SequenceUse, ...]:
    """The sequences that feed id columns of the region's tables, or of ``tables`` alone, in order of name.

    Shared tables and those that are never exported keep their sequences; so do columns that hold another table's key.
    """
    chosen = frozenset(tables)
    ids = find_id_columns(schema, silos)
    fed: dict[TableName, set[Place]] = {}
    wanted: set[TableName] = set()
    for table, column in find_fed_columns(schema):
        place = (schema.root_of(table.name), column.name)
        assert column.sequence is not None
        fed.setdefault(column.sequence, set()).add(place)
        if place in ids and (not chosen or chosen & {table.name, place[0]}):
            wanted.add(column.sequence)
    return tuple(_use(schema, name, fed[name]) for name in sorted(wanted))


def _use(schema: Schema, name: TableName, places: Iterable[Place]) -> SequenceUse:
    columns = tuple(FedColumn(table=table, column=column, indexed=_is_indexed(schema, table, column)) for table, column in sorted(places))
    return SequenceUse(sequence=schema.sequences[name], columns=columns)


def _is_indexed(schema: Schema, table: TableName, column: str) -> bool:
    total = (index for index in schema.tables[table].indexes if index.method == "btree" and index.valid and index.predicate is None)
    return any(index.columns[:1] == (column,) for index in total)


def find_unfed(schema: Schema, silos: SiloMap) -> tuple[Place, ...]:
    """Integer keys of one column that no sequence feeds: no plan can make their new values distributed."""
    fed = {(schema.root_of(table.name), column.name) for table, column in find_fed_columns(schema)}
    unfed = find_id_columns(schema, silos) - fed
    return tuple(sorted((table, column) for table, column in unfed if schema.tables[table].primary_key == (column,)))


def plan_region_ids(schema: Schema, silos: SiloMap, region: RegionOrigin, facts: Iterable[SequenceFacts]) -> Plan:
    """What to do to the region's sequences; nothing for the home region (origin 0), whose ids stay as they are.

    Raises NarrowIds where a distributed id would not fit a column that the sequence feeds or that refers to one, RefusedError where a
    sequence cannot be placed: both name everything that is in the way.
    """
    known = tuple(facts) if region.origin else ()
    fed = [(column.table, column.column) for fact in known for column in fact.use.columns]
    unplaceable = (problem for fact in known for problem in (*_unplaceable(fact, silos.ids, region), *_exhausted(fact, silos.ids, region)))
    _refuse([*find_narrow({region.name: schema}, silos, fed), *unplaceable])
    tables = tuple(sorted({column.table for fact in known for column in fact.use.columns}))
    return Plan(
        kind=KIND,
        database=PlanDatabase(silo=region.name, uuid=region.database),
        fingerprint=schema.fingerprint(tables),
        tables=tables,
        steps=tuple(_step(fact, silos.ids, region) for fact in known if not _is_placed(fact, silos.ids, region)),
        notes=tuple(_notes(schema, silos, region)),
    )


def _refuse(problems: list[Problem]) -> None:
    if any(problem.code == NARROW_ID for problem in problems):
        raise NarrowIds(_told(problems), hint="widen them first: `splitter plan widen-ids`", problems=problems)
    if problems:
        raise RefusedError(_told(problems), hint=problems[0].remedy, problems=problems)


def _told(problems: list[Problem]) -> str:
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{problems[0].object}: {problems[0].found}{more}"


def _notes(schema: Schema, silos: SiloMap, region: RegionOrigin) -> Iterator[str]:
    if region.origin == 0:
        yield f"region {region.name!r} is home (origin 0): its sequences stay as they are"
        return
    first = silos.ids.first(region.origin)
    for table, column in find_unfed(schema, silos):
        yield f"no sequence feeds {table}.{column}: whatever makes its ids has to add {first} from now on"


def _unplaceable(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> Iterator[Problem]:
    """What makes it impossible to say where the sequence goes on."""
    sequence = fact.use.sequence
    if sequence.increment != 1:
        remedy = "only sequences that increment by 1 can be placed: ALTER SEQUENCE first"
        yield _problem(fact, f"increments by {sequence.increment}", remedy)
    if sequence.cycle:
        yield _problem(fact, "cycles", "a sequence of ids must not begin again: ALTER SEQUENCE ... NO CYCLE first")
    yield from _among_strangers(fact, layout, region)


def _exhausted(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> Iterator[Problem]:
    if _placed(fact.following, layout, region) is not None and _start(fact, layout, region) > layout.last(region.origin):
        yield _problem(fact, f"origin {region.origin} has no ids left", f"`relocate init --new-origin {region.name}`")


def _among_strangers(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> Iterator[Problem]:
    if _placed(fact.following, layout, region) is None:
        found = f"stands at {fact.last_value}, in the range of origin {layout.origin_of(fact.last_value)}, not of {region.origin}"
        remedy = f"set it back among its own ids, or, for a recovered copy, `relocate init --new-origin {region.name}`"
        yield _problem(fact, found, remedy)


def _problem(fact: SequenceFacts, found: str, remedy: str) -> Problem:
    return Problem(code=SEQUENCE_RANGE, object=str(fact.use.sequence.name), found=found, remedy=remedy)


def find_strays(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> Iterator[Problem]:
    """Why the sequence does not give ids of its region's range, or will not go on to: nothing where `region-ids` would change nothing."""
    if region.origin == 0:
        yield from _among_strangers(fact, layout, region)
        return
    unplaceable = list(_unplaceable(fact, layout, region))
    yield from unplaceable
    if not unplaceable and not _is_placed(fact, layout, region):
        remedy = f"`splitter plan region-ids --region {region.name}`, then `splitter apply`"
        yield _problem(fact, _astray(fact, layout, region), remedy)


def _astray(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> str:
    first, last = layout.first(region.origin), layout.last(region.origin)
    wanted = f"{first} to {last}, the range of origin {region.origin}"
    if not first <= fact.following <= last + 1:
        return f"stands at {fact.last_value}, outside of {wanted}"
    start = _start(fact, layout, region)
    if fact.following < start:
        return f"goes on with {fact.following}, and the ids below {start} are taken"
    return f"may leave {wanted}: it is {fact.use.sequence.type}, {fact.use.sequence.minimum} to {fact.use.sequence.maximum}"


def find_used_up(fact: SequenceFacts, layout: IdLayout, region: str | None) -> Iterator[Problem]:
    """A sequence that counts up and has less than one in ``NEARLY`` of its ids left; ``region`` None: no region is known by a name."""
    sequence, origin = fact.use.sequence, layout.origin_of(fact.last_value)
    if sequence.increment < 1 or fact.last_value < 0:
        return
    low, high = max(sequence.minimum, layout.first(origin)), min(sequence.maximum, layout.last(origin))
    left = high - fact.following + 1
    if left * NEARLY >= high - low + 1:
        return
    yield Problem(
        code=SEQUENCE_USED_UP,
        object=str(sequence.name),
        found=f"has {left} of {high - low + 1} ids left",
        remedy=_more_ids(fact, layout.last(origin), region),
    )


def _more_ids(fact: SequenceFacts, last: int, region: str | None) -> str:
    if fact.use.sequence.maximum < last:
        return "its own MAXVALUE is near: `splitter plan widen-ids`; where the column is bigint, ALTER SEQUENCE ... AS bigint NO MAXVALUE"
    new = "relocate init" if region is None else f"relocate init --new-origin {region}"
    return f"`{new}`, then `splitter plan region-ids`: its new range is as large again"


def _placed(following: int, layout: IdLayout, region: RegionOrigin) -> int | None:
    """``following`` as an id of the region's range; None where it is of somebody else's. The twin of ``render_placement``'s CASE."""
    first = layout.first(region.origin)
    if first <= following <= layout.last(region.origin) + 1:
        return following
    if 0 <= following <= layout.serials:
        return first + following
    return first if layout.origin_of(following) in region.former else None


def _start(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> int:
    """The next id that the sequence has to give."""
    first = layout.first(region.origin)
    following = _placed(fact.following, layout, region)
    assert following is not None
    local = first + (fact.largest_local or 0) + 1
    return max(following, local, (fact.largest_own or first) + 1)


def _is_placed(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> bool:
    sequence = fact.use.sequence
    bounds = (sequence.type, sequence.minimum, sequence.maximum)
    wanted = ("bigint", layout.first(region.origin), layout.last(region.origin))
    return bounds == wanted and fact.following == _start(fact, layout, region)


def _step(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> Step:
    placement = Placement(
        sequence=fact.use.sequence.name,
        columns=tuple((column.table, column.column, column.indexed) for column in fact.use.columns),
        layout=layout,
        origin=region.origin,
        former=region.former,
        start=_start(fact, layout, region),
    )
    scanned = [f"{column.table}.{column.column}" for column in fact.use.columns if not column.indexed]
    return Step(
        purpose=f"sequence {placement.sequence}: on from {placement.start} or above, within {layout.first(region.origin)} to "
        f"{layout.last(region.origin)}",
        sql=render_placement(placement),
        lock=Lock.SHARE_ROW_EXCLUSIVE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=0 if scanned else STATEMENT_TIMEOUT_MS,
        hazard="waits for transactions that took an id from it; new ids wait behind it"
        + (f"; before the lock it reads all of {', '.join(scanned)}, which no index leads" if scanned else ""),
        undo=None,  # ids were given in between
        precondition=render_precondition(placement),
    )
