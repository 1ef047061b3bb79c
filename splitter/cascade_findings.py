"""What `splitter check` says of references whose foreign key was broken: a backlog, triggers that are missing, orphans that came later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from splitter.cascade import Cascade
from splitter.errors import Problem
from splitter.schema import Schema, Table, TableName
from splitter.tombstone_triggers import ParentTrigger, find_triggers
from splitter.tombstones import trigger_tables

CASCADE_BACKLOG, CASCADE_TRIGGER_MISSING, ORPHAN = "cascade-backlog", "cascade-trigger-missing", "orphan"
MANY = 100_000
OLD_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits in one database's outbox of one parent. ``oldest``: seconds; ``failing``: those tried in vain, for ``problem``."""

    database: str
    parent: str
    waiting: int
    oldest: float
    failing: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateOrphans:
    """Keys in the child's table that no parent has, and that nothing waits for. ``shown``: some of them; ``complete``: all were seen."""

    database: str  # the children's
    cascade: Cascade
    keys: int
    shown: tuple[str, ...] = ()
    complete: bool = True


def find_backlogs(found: Iterable[Backlog], *, many: int = MANY, old: float = OLD_SECONDS) -> Iterator[Problem]:
    """Backlogs that are deeper or older than that, or that fail."""
    for each in found:
        if not (each.waiting > many or each.oldest > old or each.failing):
            continue
        told = f"{each.waiting:,} deleted or re-keyed rows wait for the clean-up of their children, the oldest for {each.oldest:,.0f} s"
        if each.failing:
            told += f"; {each.failing:,} failed: {each.problem}"
        yield Problem(
            code=CASCADE_BACKLOG,
            object=f"{each.database}: {each.parent}",
            found=told,
            remedy="`splitter cascades status` tells more; see that enough of `splitter cascades run` are running, and what holds them up",
        )


def find_missing_triggers(database: str, schema: Schema, cascades: Iterable[Cascade]) -> Iterator[Problem]:
    """Parents, and partitions of them, whose deletes nobody writes down: attached later, or their trigger was dropped or disabled."""
    of_parent: dict[TableName, list[Cascade]] = {}
    for cascade in cascades:
        of_parent.setdefault(cascade.parent, []).append(cascade)
    for name, mine in of_parent.items():
        if name not in schema.tables:
            continue  # it is another database's, and this registry a copy
        parent = schema.tables[name]
        wanted = find_triggers(parent, tuple(each for each in mine if set(each.parent_columns) <= set(parent.columns_by_name)))
        for table in (schema.tables[each] for each in trigger_tables(schema, name)):
            missing = tuple(each for each in wanted if not _has(table, each))
            if missing:
                yield _missing(database, parent, table, missing)


def _has(table: Table, wanted: ParentTrigger) -> bool:
    return any(
        (each.name, each.function.schema, each.function.name) == (wanted.name, "orglift", wanted.function) and each.enabled in "OA"
        for each in table.triggers
    )


def _missing(database: str, parent: Table, table: Table, missing: Iterable[ParentTrigger]) -> Problem:
    names = ", ".join(each.name for each in missing)
    what = "rows of it" if table.name == parent.name else f"rows of {parent.name} that are deleted through this partition"
    return Problem(
        code=CASCADE_TRIGGER_MISSING,
        object=f"{database}: {table.name}",
        found=f"lacks {names}: the children of {what} stay behind",
        remedy="`splitter plan break-fks`, then `splitter apply`: the triggers are made where they are missing",
    )


def find_late_orphans(found: Iterable[LateOrphans]) -> Iterator[Problem]:
    """References whose children have no parent."""
    for each in found:
        if not each.keys:
            continue
        shown = ", ".join(each.shown) + (", ..." if each.keys > len(each.shown) else "")
        seen = "" if each.complete else " among those that were looked at"
        yield Problem(
            code=ORPHAN,
            object=f"{each.database}: {each.cascade}",
            found=f"{each.keys:,} keys{seen} are in no row of {each.cascade.parent}, and nothing waits for them: {shown}",
            remedy=f"delete these rows of {each.cascade.child} or give them another parent; see why they came after the clean-up",
        )
