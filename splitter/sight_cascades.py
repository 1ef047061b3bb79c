"""What a check sees of references without a foreign key: registries, backlogs, and children whose parent is gone. It only reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from splitter.cascade import Cascade, ChildAction
from splitter.cascade_findings import find_backlogs, find_late_orphans, find_missing_triggers
from splitter.cascade_status import read_backlog
from splitter.db import Connection
from splitter.errors import Problem
from splitter.findings_cleanup import Registry, make_registry
from splitter.late_orphans import Side, read_late_orphans
from splitter.registry import read_cascades
from splitter.schema import Schema, TableName
from splitter.silos import Silo, SiloMap

ORPHAN_SECONDS = 5.0  # for all references together


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One database that is open, with what its registry says."""

    name: str
    conn: Connection
    schema: Schema
    cascades: tuple[Cascade, ...]

    def registry(self) -> Registry:
        return make_registry(self.name, self.schema, self.cascades)

    def problems(self, *, backlog: bool) -> Iterator[Problem]:
        """Triggers that are missing, and, if asked, what waits for too long."""
        if not self.cascades:
            return
        yield from find_missing_triggers(self.name, self.schema, self.cascades)
        if backlog:
            yield from find_backlogs(read_backlog(self.conn, self.name).backlogs())


def see(name: str, conn: Connection, schema: Schema) -> Seen:
    """Reads the registry; nothing where no key was ever broken."""
    return Seen(name=name, conn=conn, schema=schema, cascades=read_cascades(conn))


def look_for_orphans(
    seen: Sequence[Seen], silos: SiloMap, *, seconds: float = ORPHAN_SECONDS, clock: Callable[[], float] = time.monotonic
) -> Iterator[Problem]:
    """For at most about ``seconds``, each reference its share. Only where every database that may have the parent was opened."""
    work = list(_pairs(seen, silos))
    until = clock() + seconds
    for number, (cascade, child, parents) in enumerate(work):
        share = max(until - clock(), 0.0) / (len(work) - number)
        yield from find_late_orphans([read_late_orphans(cascade, child, *parents, seconds=share, clock=clock)])


def _pairs(seen: Sequence[Seen], silos: SiloMap) -> Iterator[tuple[Cascade, Side, tuple[Side, ...]]]:
    """Each reference with every database that has children, and those that may have their parents."""
    homes = [(each, cascade) for each in seen for cascade in each.cascades if _is_home(each, cascade.parent, silos)]
    for cascade in dict.fromkeys(cascade for _, cascade in homes if cascade.on_delete is not ChildAction.NONE):
        parents = tuple(Side(name=each.name, conn=each.conn) for each in seen if _is_home(each, cascade.parent, silos))
        if not parents or not _are_all(seen, silos.silo_of(cascade.parent), silos):
            continue
        for each in seen:
            if _is_home(each, cascade.child, silos):
                yield cascade, Side(name=each.name, conn=each.conn), parents


def _is_home(database: Seen, table: TableName, silos: SiloMap) -> bool:
    """Whether the table's rows are there: it may also be left over from before the split, or be a copy."""
    if table not in database.schema.tables:
        return False
    if silos.is_monolith or database.name not in {Silo.CONTROL.value, *silos.regions}:
        return True
    return (database.name == Silo.CONTROL.value) == (silos.silo_of(table) is Silo.CONTROL)


def _are_all(seen: Sequence[Seen], silo: Silo, silos: SiloMap) -> bool:
    """Whether no database of that silo was left out."""
    names = {each.name for each in seen}
    if silos.is_monolith or not names <= {Silo.CONTROL.value, *silos.regions}:
        return True
    return names >= ({Silo.CONTROL.value} if silo is Silo.CONTROL else set(silos.regions))
