"""Runs the proof over several connections: every chunk compared, every reference and every deferred key checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from psycopg import sql

from exports.chunks import Chunk
from exports.workers import Task, Workers
from relocate.feed import Lane
from relocate.ledger import Recorded
from relocate.verify import Difference, Verifier
from splitter.db import translated
from splitter.events import Advanced, Event, Finished, Reporter, Started
from splitter.graph import Reference
from splitter.schema import TableName

PROVING = "proving"
Each = TypeVar("Each")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """``drill`` names the rows of a chunk that differ; without it (an archive) the chunk is named alone."""

    verifier: Verifier
    jobs: int
    open_lane: Callable[[], Lane]
    report: Reporter
    drill: Callable[[Lane, Chunk], tuple[str, ...]] | None = None

    def run(self, recorded: Sequence[Recorded]) -> tuple[Difference, ...]:
        """Everything that isn't as it should be; empty: proven."""
        found: list[Difference] = []
        with Workers(self.jobs, self.open_lane) as workers:
            run_counted(workers, PROVING, [*self._chunks(recorded, found), *self._references(found), *self._keys(found)], self.report)
        return tuple(found)

    def _chunks(self, recorded: Sequence[Recorded], found: list[Difference]) -> Iterable[Task[Lane]]:
        def compare(lane: Lane, each: Recorded) -> None:
            assert each.content is not None
            difference = self.verifier.chunk(lane.target, each.chunk, each.content)
            if difference is not None:
                rows = self.drill(lane, each.chunk) if self.drill else ()
                found.append(Difference(table=difference.table, what=difference.what, rows=rows))

        return [task_of(each, compare) for each in recorded]

    def _references(self, found: list[Difference]) -> Iterable[Task[Lane]]:
        def check(lane: Lane, pair: tuple[Reference, sql.Composable]) -> None:
            difference = self.verifier.reference(lane.target, *pair)
            if difference is not None:
                found.append(difference)

        return [task_of(pair, check) for pair in self.verifier.references()]

    def _keys(self, found: list[Difference]) -> Iterable[Task[Lane]]:
        def check(lane: Lane, pair: tuple[TableName, sql.Composable]) -> None:
            with translated(f"checking the keys of {pair[0]}"):
                rows = lane.target.execute(sql.Composed([pair[1]])).fetchall()
            if rows:
                shown = tuple(str(row[0]) for row in rows)
                found.append(Difference(table=str(pair[0]), what="a deferrable unique key has duplicates", rows=shown))

        return [task_of(pair, check) for pair in self.verifier.deferred_keys()]


def task_of(each: Each, run: Callable[[Lane, Each], None]) -> Task[Lane]:
    """A task of its own group, that nothing waits for."""
    return Task(group=id(each), run=lambda lane: run(lane, each))


def run_counted(workers: Workers[Lane], name: str, tasks: Sequence[Task[Lane]], report: Reporter) -> None:
    """Work off tasks that need each other not, and tell how many are done."""
    tell = synchronized(report)

    def counted(task: Task[Lane]) -> Task[Lane]:
        def run(lane: Lane) -> None:
            task.run(lane)
            tell(Advanced(name, 1))

        return Task(group=task.group, run=run, after=task.after)

    report(Started(name, len(tasks), "checks"))
    workers.run([counted(task) for task in tasks])
    report(Finished(name))


def synchronized(report: Reporter) -> Reporter:
    """A reporter that several threads may call."""
    lock = Lock()

    def tell(event: Event) -> None:
        with lock:
            report(event)

    return tell
