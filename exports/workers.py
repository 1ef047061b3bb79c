"""A few threads that work tasks off, each with connections of its own; a task waits for those that it needs.

The first error stops all of them and is raised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, TypeVar


class Closing(Protocol):
    def close(self) -> None: ...


Lane = TypeVar("Lane", bound=Closing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[Lane]):
    """``run`` gets the thread's lane, and may give further tasks. It starts when every task of the groups in ``after`` is done."""

    group: Hashable
    run: Callable[[Lane], Iterable[Task[Lane]] | None]
    after: frozenset[Hashable] = frozenset()


class Workers(Generic[Lane]):
    """``jobs`` threads; ``open_lane`` makes what each works with (connections), closed at the end."""

    def __init__(self, jobs: int, open_lane: Callable[[], Lane]) -> None:
        self._open_lane = open_lane
        self._idle: list[Lane] = []
        self._all: list[Lane] = []
        self._jobs = max(1, jobs)
        self._lock = threading.Lock()

    def run(self, tasks: Sequence[Task[Lane]]) -> None:
        """Work off all tasks, in their order as far as ``after`` allows, and then those that they give.

        Groups that no task belongs to count as done.
        """
        if tasks:
            _Run(self, tasks).work(self._jobs)

    def take(self) -> Lane:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        lane = self._open_lane()
        with self._lock:
            self._all.append(lane)
        return lane

    def give(self, lane: Lane) -> None:
        with self._lock:
            self._idle.append(lane)

    def close(self) -> None:
        for lane in self._all:
            lane.close()
        self._all.clear()
        self._idle.clear()

    def __enter__(self) -> Workers[Lane]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Run(Generic[Lane]):
    """One call of ``Workers.run``: what is left, what is under way, what went wrong."""

    def __init__(self, workers: Workers[Lane], tasks: Sequence[Task[Lane]]) -> None:
        self.workers = workers
        self.waiting: list[Task[Lane]] = []
        self.running = 0
        self.left: dict[Hashable, int] = {}
        self._add(tasks)
        self.error: BaseException | None = None
        self.changed = threading.Condition()

    def work(self, threads: int) -> None:
        others = [threading.Thread(target=self._serve, daemon=True) for _ in range(threads)]
        for thread in others:
            thread.start()
        try:
            for thread in others:
                while thread.is_alive():
                    thread.join(0.2)  # short, so that a signal gets its turn in the main thread
        except BaseException as interrupted:
            with self.changed:
                self.error = self.error or interrupted
                self.changed.notify_all()
            raise
        if self.error is not None:
            raise self.error

    def _add(self, tasks: Iterable[Task[Lane]]) -> None:
        for task in tasks:
            self.waiting.append(task)
            self.left[task.group] = self.left.get(task.group, 0) + 1

    def _serve(self) -> None:
        lane: Lane | None = None
        try:
            while (task := self._next()) is not None:
                lane = lane or self.workers.take()  # not before there is something to do: a lane is two connections
                self._finish(task, tuple(task.run(lane) or ()))
            if lane is not None:
                self.workers.give(lane)
        except BaseException as error:  # handed to the thread that waits, which raises it
            with self.changed:
                self.error = self.error or error
                self.changed.notify_all()

    def _next(self) -> Task[Lane] | None:
        with self.changed:
            while (self.waiting or self.running) and self.error is None:
                for position, task in enumerate(self.waiting):
                    if not any(self.left.get(group) for group in task.after):
                        self.running += 1
                        return self.waiting.pop(position)
                self.changed.wait()
            return None

    def _finish(self, task: Task[Lane], found: Sequence[Task[Lane]]) -> None:
        with self.changed:
            self._add(found)
            self.running -= 1
            self.left[task.group] -= 1
            self.changed.notify_all()
