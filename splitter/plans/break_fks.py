"""The plan that breaks the foreign keys between control and regions: nothing crosses that a database enforces, and nothing is lost.

What never had a key gets the clean-up that silos.toml asks for too, and triggers that are missing are made.

Order, for each parent: the index by which its children are found, the registry of what a delete means for them, the triggers that write
deletes down, and only then the keys: a delete between trigger and key is done twice, one between key and trigger would be lost. All
audits stand before all of that: nothing has been changed when they find something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from splitter.cascade import Cascade, find_lane_column
from splitter.errors import RefusedError
from splitter.graph import build_graph
from splitter.plans.break_fks_steps import match_full_steps, outbox_step, registration_step, repair_step, triggers_step
from splitter.plans.cleanup_index import find_broken_indexes, is_served, plan_index
from splitter.plans.crossed_keys import CrossedKey, Keys, find_crossed
from splitter.plans.foreign_keys import BrokenKey, with_partitions
from splitter.plans.rights import audit_rights
from splitter.plans.soft_cascades import Sight, SoftCascade, find_soft_cascades
from splitter.schema import Schema, TableName
from splitter.silos import SiloMap
from splitter.steps import Plan, PlanDatabase, Step

KIND = "break-fks"
_REMEDY = "bring the rows that are missing, change these, or make the plan with `--orphans apply`: it does what ON DELETE says"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakFacts:
    """What the planner needs beside the schema. ``registered``: the clean-ups that earlier plans have left in the database.

    ``stale``: parents of those whose triggers are missing somewhere, or are not those that the registry asks for.
    """

    database: PlanDatabase
    keys: Keys
    registered: tuple[Cascade, ...] = ()
    stale: tuple[TableName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What there is to do: keys, references without one, and parents whose triggers are missing."""

    crossed: tuple[CrossedKey, ...]
    soft: tuple[SoftCascade, ...]
    stale: tuple[TableName, ...]

    @property
    def is_nothing(self) -> bool:
        return not (self.crossed or self.soft or self.stale)

    def tables(self, schema: Schema) -> tuple[TableName, ...]:
        roots = {table for each in self.crossed for table in (each.key.target, each.key.table)}
        roots |= {table for each in self.soft for table in (each.cascade.parent, each.cascade.child) if table in schema.tables}
        return tuple(sorted({name for root in (*roots, *self.stale) for name in with_partitions(schema, root)}))


def plan_break_fks(schema: Schema, silos: SiloMap, facts: BreakFacts, tables: Collection[TableName] = (), *, repair: bool = False) -> Plan:
    """The whole plan; without steps where nothing crosses. ``repair``: orphans are dealt with as ON DELETE says, in place of a stop.

    Raises RefusedError with everything that nobody has decided, each with the block for silos.toml that would decide it.
    """
    found = _find(schema, silos, facts, tables)
    touched = found.tables(schema)
    return Plan(
        kind=KIND,
        database=facts.database,
        fingerprint=schema.fingerprint(touched),
        tables=touched,
        steps=() if found.is_nothing else tuple(_Maker(schema, silos, facts, found).steps(repair)),
        notes=tuple(_notes(schema, found)),
        paste=tuple(dict.fromkeys(block for each in found.crossed if (block := each.block()) is not None)),
    )


def _find(schema: Schema, silos: SiloMap, facts: BreakFacts, tables: Collection[TableName]) -> _Found:
    crossed = tuple(find_crossed(schema, silos, tables))
    _refuse(crossed)
    sight = Sight(schema=schema, silos=silos, graph=build_graph(schema, silos), silo=facts.database.silo, registered=facts.registered)
    stale = (parent for parent in facts.stale if sight.holds(parent) and (not tables or parent in tables))
    return _Found(crossed=crossed, soft=tuple(find_soft_cascades(sight, tables)), stale=tuple(stale))


def _refuse(crossed: Collection[CrossedKey]) -> None:
    problems = [problem for each in crossed for problem in each.problems]
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        told = f"{problems[0].object}: {problems[0].found}{more}"
        raise RefusedError(told, hint="nothing has been changed; decide about each in silos.toml, and plan again", problems=problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """All that there is to do for one parent."""

    parent: TableName
    keys: tuple[tuple[CrossedKey, BrokenKey], ...]
    soft: tuple[SoftCascade, ...]


class _Maker:
    def __init__(self, schema: Schema, silos: SiloMap, facts: BreakFacts, found: _Found) -> None:
        self.schema = schema
        self.silos = silos
        self.facts = facts
        self.found = found
        self.pairs = [(each, each.broken(schema, facts.keys)) for each in found.crossed]

    def steps(self, repair: bool) -> Iterator[Step]:
        yield self._rights()
        yield from self._about_orphans(repair)
        if self.found.soft or self.found.stale or any(each.is_cleaned_up for each in self.found.crossed):
            yield outbox_step()
        for work in self._divide():
            yield from self._of_parent(work)

    def _divide(self) -> Iterator[_Work]:
        hard = {parent: tuple(group) for parent, group in groupby(self.pairs, key=lambda pair: pair[0].reference.target)}
        for parent in sorted({*hard, *self.found.stale, *(each.cascade.parent for each in self.found.soft)}):
            of_parent = tuple(each for each in self.found.soft if each.cascade.parent == parent)
            yield _Work(parent=parent, keys=hard.get(parent, ()), soft=of_parent)

    def _rights(self) -> Step:
        parents = [*self.found.stale, *(each.cascade.parent for each in self.found.soft)]
        locked = [name for _, broken in self.pairs for name in broken.locked]
        locked += [name for parent in parents for name in with_partitions(self.schema, parent)]
        cleaned = [(each.key.table, each.key.columns) for each, _ in self.pairs if each.is_cleaned_up]
        places = [*cleaned, *self._children(self.found.soft)]
        indexed = [table for table, columns in places if not is_served(self.schema, self.schema.tables[table], columns)]
        return audit_rights(dict.fromkeys([*locked, *indexed]), dict.fromkeys(table.schema for table in indexed))

    def _children(self, soft: Collection[SoftCascade]) -> Iterator[tuple[TableName, tuple[str, ...]]]:
        """Those that are in this database."""
        return ((each.cascade.child, each.cascade.columns) for each in soft if each.cascade.child in self.schema.tables)

    def _about_orphans(self, repair: bool) -> Iterator[Step]:
        if repair:
            yield from (step for each, broken in self.pairs if each.key.enforced and (step := repair_step(broken, each)) is not None)
        for each, broken in self.pairs:
            kept = repair and repair_step(broken, each) is None  # what somebody decided to leave is no reason to stop
            if each.key.enforced and not kept:
                yield broken.audit_before(_REMEDY)

    def _of_parent(self, work: _Work) -> Iterator[Step]:
        cleaned = [each for each, _ in work.keys if each.is_cleaned_up]
        for table, columns in dict.fromkeys([*((each.key.table, each.key.columns) for each in cleaned), *self._children(work.soft)]):
            yield from plan_index(self.schema, table, columns)
        lane = find_lane_column(self.schema, self.silos, work.parent)
        added = [(each.cascade(lane), None) for each in cleaned] + [(each.cascade, each.before) for each in work.soft]
        yield from (registration_step(cascade, before) for cascade, before in added)
        if added or work.parent in self.found.stale:
            earlier = tuple(known for known in self.facts.registered if known.parent == work.parent)
            yield triggers_step(self.schema, work.parent, earlier, tuple(cascade for cascade, _ in added))
        for _, broken in work.keys:
            yield from match_full_steps(self.schema, broken)
            yield broken.drop()


def _notes(schema: Schema, found: _Found) -> Iterator[str]:
    if found.soft:
        count = f"{len(found.soft)} reference{'s' if len(found.soft) > 1 else ''} without a foreign key"
        yield f"{count}: the clean-up that silos.toml asks for is installed; rows that refer to nothing are not looked for"
    if any(each.is_cleaned_up for each in found.crossed):
        yield "from the first key that is gone, `splitter cascades run` does what ON DELETE did: have it running before you apply this"
    for each in found.crossed:
        if not each.key.enforced:
            yield f"{each}: was not enforced: it is dropped, nothing takes its place, and its rows are not audited"
        for name in find_broken_indexes(schema.tables[each.key.table], each.key.columns):
            if "_orglift_" not in name.name:
                yield f"index {name} of {each.key.table} is not valid: drop it, or REINDEX INDEX CONCURRENTLY"
