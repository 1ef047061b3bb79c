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
from splitter.fingerprint import fingerprint
from splitter.graph import build_graph
from splitter.layout import IdLayout
from splitter.plans.region_ids_sql import Placement, render_placement, render_precondition
from splitter.schema import Column, Schema, Sequence, Table, TableName
from splitter.silos import Export, Silo, SiloMap
from splitter.steps import Lock, Plan, PlanDatabase, Step

KIND = "region-ids"
LOCK_TIMEOUT_MS = 300  # below deadlock_timeout: inserts queue behind the waiting ALTER SEQUENCE for no longer than this
STATEMENT_TIMEOUT_MS = 60_000
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_NARROW = frozenset({"smallint", "integer"})
_LEAVES_NO_REGION = frozenset({Export.SHARED, Export.NONE})  # their ids are matched by natural key, or never leave
Place = tuple[TableName, str]


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
    references = {(reference.table, column) for reference in build_graph(schema, silos).references for column in reference.columns}
    fed: dict[TableName, set[Place]] = {}
    wanted: set[TableName] = set()
    for table, column in _fed_columns(schema):
        root = schema.root_of(table.name)
        assert column.sequence is not None
        fed.setdefault(column.sequence, set()).add((root, column.name))
        named = not chosen or root in chosen or table.name in chosen
        if named and (root, column.name) not in references and _mints_ids(schema.tables[root], column, silos):
            wanted.add(column.sequence)
    return tuple(_use(schema, name, fed[name]) for name in sorted(wanted))


def _fed_columns(schema: Schema) -> Iterator[tuple[Table, Column]]:
    for table in schema.tables.values():
        for column in table.columns:
            if column.sequence in schema.sequences and column.base_type in _INTEGERS:
                yield table, column


def _mints_ids(table: Table, column: Column, silos: SiloMap) -> bool:
    """Whether what the column's sequence gives are ids of rows that may move (design §4, Which columns)."""
    rules = silos.rules(table.name)
    if silos.silo_of(table.name) is not Silo.REGION or rules.export in _LEAVES_NO_REGION or column.name in rules.not_ids:
        return False
    return column.name in rules.ids or any(column.name in key.columns for key in table.keys)


def _use(schema: Schema, name: TableName, places: Iterable[Place]) -> SequenceUse:
    columns = tuple(FedColumn(table=table, column=column, indexed=_is_indexed(schema, table, column)) for table, column in sorted(places))
    return SequenceUse(sequence=schema.sequences[name], columns=columns)


def _is_indexed(schema: Schema, table: TableName, column: str) -> bool:
    total = (index for index in schema.tables[table].indexes if index.method == "btree" and index.valid and index.predicate is None)
    return any(index.columns[:1] == (column,) for index in total)


def find_unfed(schema: Schema, silos: SiloMap) -> tuple[Place, ...]:
    """Integer keys of one column that no sequence feeds: no plan can make their new values distributed."""
    references = {(reference.table, column) for reference in build_graph(schema, silos).references for column in reference.columns}
    return tuple(
        (table.name, column.name)
        for table in sorted(schema.roots(), key=lambda table: table.name)
        if silos.silo_of(table.name) is Silo.REGION and silos.rules(table.name).export not in _LEAVES_NO_REGION
        for column in table.columns
        if table.primary_key == (column.name,) and column.base_type in _INTEGERS and column.sequence is None
        if (table.name, column.name) not in references and column.name not in silos.rules(table.name).not_ids
    )


def plan_region_ids(schema: Schema, silos: SiloMap, region: RegionOrigin, facts: Iterable[SequenceFacts]) -> Plan:
    """What to do to the region's sequences; nothing for the home region (origin 0), whose ids stay as they are.

    Raises NarrowIds where a distributed id would not fit a column that the sequence feeds or that refers to one, RefusedError where a
    sequence cannot be placed: both name everything that is in the way.
    """
    known = tuple(facts) if region.origin else ()
    problems = [*find_narrow(schema, silos, known), *(problem for fact in known for problem in _misplaced(fact, silos.ids, region))]
    _refuse(problems)
    tables = tuple(sorted({column.table for fact in known for column in fact.use.columns}))
    return Plan(
        kind=KIND,
        database=PlanDatabase(silo=region.name, uuid=region.database),
        fingerprint=fingerprint(schema, tables),
        tables=tables,
        steps=tuple(_step(fact, silos.ids, region) for fact in known if not _is_placed(fact, silos.ids, region)),
        notes=tuple(_notes(schema, silos, region)),
    )


def _refuse(problems: list[Problem]) -> None:
    if any(problem.code == "narrow-ids" for problem in problems):
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


def find_narrow(schema: Schema, silos: SiloMap, facts: Iterable[SequenceFacts]) -> Iterator[Problem]:
    """Columns that distributed ids will reach, directly or along references of references, and don't fit."""
    fed = [(column.table, column.column) for fact in facts for column in fact.use.columns]
    for table, name in sorted(_reached(schema, silos, fed)):
        column = schema.tables[table].column(name)
        if column.base_type.removesuffix("[]") in _NARROW:
            remedy = f"`splitter plan widen-ids --table {table}`"
            yield Problem(code="narrow-ids", object=f"{table}.{name}", found=f"{column.type} cannot hold a distributed id", remedy=remedy)


def _reached(schema: Schema, silos: SiloMap, places: Iterable[Place]) -> set[Place]:
    graph = build_graph(schema, silos)
    reached = set(places)
    work = list(reached)
    while work:
        table, column = work.pop()
        for reference in graph.to(table):
            pairs = zip(reference.columns, reference.target_columns, strict=True)
            found = {(reference.table, mine) for mine, theirs in pairs if theirs == column and reference.table in schema.tables}
            work += found - reached
            reached |= found
    return reached


def _misplaced(fact: SequenceFacts, layout: IdLayout, region: RegionOrigin) -> Iterator[Problem]:
    """What makes it impossible to say where the sequence goes on."""
    sequence = fact.use.sequence

    def problem(found: str, remedy: str) -> Problem:
        return Problem(code="sequence", object=str(sequence.name), found=found, remedy=remedy)

    if sequence.increment != 1:
        yield problem(f"increments by {sequence.increment}", "only sequences that increment by 1 can be placed: ALTER SEQUENCE first")
    if sequence.cycle:
        yield problem("cycles", "a sequence of ids must not begin again: ALTER SEQUENCE ... NO CYCLE first")
    following = _placed(fact.following, layout, region)
    if following is None:
        found = f"stands at {fact.last_value}, in the range of origin {layout.origin_of(fact.last_value)}, not of {region.origin}"
        yield problem(found, f"set it back among its own ids, or, for a recovered copy, `relocate init --new-origin {region.name}`")
    elif _start(fact, layout, region) > layout.last(region.origin):
        yield problem(f"origin {region.origin} has no ids left", f"`relocate init --new-origin {region.name}`")


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
        precondition=render_precondition(placement),
    )
