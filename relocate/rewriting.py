"""Control's references to moved rows, rewritten: staged before the switch, looked at again in it, and once more right after it.

Staging reads all that control holds and takes as long as that takes. What is written meanwhile is found in the switch by its row
versions, and nothing can come in between that look and the commit: the tables are locked against writers (who wait, readers don't).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql
from psycopg.pq import TransactionStatus

from exports.membership import table_sql
from exports.snapshot import Connection
from exports.survey import Survey
from relocate.control import lock_relocation
from relocate.control_obstacles import ControlTrip, ambiguous_ids, find_in_others, too_many
from relocate.mover import Mover
from relocate.outcome import refusal
from relocate.references import Asker, ControlReferences, Held, add_moved, moved_pairs, stage_references
from relocate.switch import LOCK_TIMEOUT_MS
from splitter.db import retrying, translated
from splitter.errors import OtherMover, Problem, RefusedError
from splitter.events import Reporter, Warned

LONGEST_LOOK_MS = 10_000  # of one question to a region while writers of control wait
_TIMEOUT = "SELECT pg_catalog.set_config('statement_timeout', %s, false)"
_OLDEST = "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """What is staged. ``since``: control's oldest running transaction when that began; ``others``: regions whose ids might be meant."""

    references: ControlReferences
    asker: Asker
    origin: int
    source: str
    others: tuple[Survey, ...]
    relocation: UUID
    generation: int
    since: int
    limit: int | None = None  # rows that the switch may change

    def look_again(self, control: Connection) -> None:
        """In the caller's transaction. A refusal where it can't be told any more whose ids control holds."""
        if not self.references.held:
            return
        tables = sorted({held.reference.table for held in self.references.held})
        names = sql.SQL(", ").join(table_sql(self.references.schema.tables[name]) for name in tables)
        control.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(names))
        with _soon(self.asker.connection):
            problems = tuple(problem for held in self.references.held for problem in self._stage_newer(control, held))
        if problems:
            raise refusal(problems)

    def _stage_newer(self, control: Connection, held: Held) -> Iterator[Problem]:
        pairs = [pair for pair, _ in moved_pairs(self.references, control, self.asker, held, self.origin, since=self.since)]
        ambiguous = sorted(find_in_others(self.others, held.key, [before for before, _ in pairs])) if pairs else []
        if ambiguous:
            yield ambiguous_ids(held, ambiguous, [self.source, *(survey.region for survey in self.others)])
        add_moved(control, self.relocation, held.key, pairs)

    def rewrite(self, control: Connection) -> int:
        """In the caller's transaction, after ``look_again``. A refusal where it would be more rows than ``limit``."""
        changed = sum(control.execute(query).rowcount for query in self.references.statements(self.relocation))
        if self.limit is not None and changed > self.limit:
            raise refusal((too_many(changed, self.limit),))
        return changed

    def follow(self, control: Connection, report: Reporter) -> None:
        """After the switch: rows whose writers waited for it, or wrote ids of before all the same.

        The switch is done: what is in the way of this is told, and the purge looks again.
        """
        try:
            retrying(lambda: self._follow(control))
        except OtherMover:
            raise
        except RefusedError as exc:
            report(Warned(f"rows of control that were written since the switch may hold ids of before: {exc.message}"))

    def _follow(self, control: Connection) -> None:
        if not self.references.held:
            return
        with translated("looking at control again"), control.transaction():
            control.execute("SELECT pg_catalog.set_config('lock_timeout', %s, true)", (str(LOCK_TIMEOUT_MS),))
            self.look_again(control)
            self.rewrite(control)
            if lock_relocation(control, self.relocation).generation != self.generation:
                raise OtherMover(f"relocation {self.relocation} was taken over", hint="see `relocate status`")


@contextmanager
def _soon(connection: Connection) -> Iterator[None]:
    """Writers of control wait: a region that doesn't answer must not make that long."""
    connection.execute(_TIMEOUT, (str(LONGEST_LOOK_MS),))
    try:
        yield
    finally:
        if not connection.closed and connection.info.transaction_status is not TransactionStatus.INERROR:  # else it is of no use any more
            connection.execute(_TIMEOUT, ("0",))


def stage_rewriting(
    references: ControlReferences,
    control: Connection,
    asker: Asker,
    trip: ControlTrip,
    mover: Mover,
    *,
    anew: bool = True,
) -> Rewriting:
    """Stage what control's references become; ``anew``: in the place of what was staged before."""
    shifting = references if trip.origin else references.none
    with translated("reading control"):
        row = control.execute(_OLDEST).fetchone()  # before anything is read: what is newer is looked at in the switch
    assert row is not None
    stage_references(shifting, control, asker, mover, trip.origin, anew=anew)
    return Rewriting(
        references=shifting,
        asker=asker,
        origin=trip.origin or 0,
        source=trip.source,
        others=tuple(trip.read_others(control)) if shifting.held else (),
        relocation=mover.relocation.id,
        generation=mover.generation,
        since=int(str(row[0])),
    )
