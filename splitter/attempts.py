"""One step, tried until it is done or patience has ended: it never waits in a queue for longer than it says, and gives way in between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg

from splitter.blockers import Blocker, Watch
from splitter.db import Connection, is_cancelled, is_in_the_way, translated
from splitter.errors import Busy, Conflict, OrgliftError, Problem
from splitter.events import Note, Reporter, silent
from splitter.steps import Action, Step

T = TypeVar("T")

PATIENCE_SECONDS = 60.0  # for one step; the application runs on all the while
FOUND = "audit"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds: longer than what was waited, so that whoever queued behind us is through


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """For how long one step is tried; ``sleep`` and ``clock`` are those of the machine."""

    seconds: float = PATIENCE_SECONDS
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)


class Attempts:
    """Runs steps on one connection. Raises psycopg's errors as ours; Busy or TimedOut, with who was in the way, when patience has ended."""

    def __init__(self, conn: Connection, watch: Watch, patience: Patience, report: Reporter = silent) -> None:
        self.conn = conn
        self._watch = watch
        self.patience = patience
        self._report = report

    def until_done(self, step: Step, what: str, attempt: Callable[[], T], clear: Callable[[], object] | None = None) -> T:
        """What ``attempt`` returns: a whole transaction, or a statement that wants none. ``clear`` is called before another one."""
        until = self.patience.clock() + self.patience.seconds
        pause, last = _FIRST_PAUSE, tuple[Blocker, ...]()
        while True:
            begun = self.patience.clock()
            with self._watch.over(what) as seen:
                try:
                    with translated(what):
                        return attempt()
                except OrgliftError as exc:
                    error = exc
            now = self.patience.clock()
            last = seen() or last  # a wait may be too short to be looked into
            if not _may_wait(step, error, now - begun):
                raise error
            if now >= until:
                raise _out_of_patience(error, last, self.patience.seconds) from error
            wait = min(random.uniform(0.5, 1.5) * pause, _LONGEST_PAUSE)
            self._report(Note(f"{what}: gave way{_to(last)}, again in {wait:.1f} s"))
            self.patience.sleep(wait)
            pause *= 2
            if clear is not None:
                clear()

    def execute(self, step: Step) -> int:
        """The step's SQL, once; how many rows it changed."""
        return self.conn.execute(step.sql.encode()).rowcount

    def is_wanted(self, step: Step) -> bool:
        """Whether the step has still to be done; Conflict where its object is not what the plan was made for."""
        if step.precondition is None:
            return True
        answer = self._ask_precondition(step.precondition)
        if answer is None:
            raise Conflict(f"{step.purpose}: what it would change is not what the plan was made for", hint="make the plan anew")
        return answer

    def is_lost(self, step: Step) -> bool:
        """Whether its object is not there to be changed at all."""
        with translated(step.purpose):
            return step.precondition is not None and self._ask_precondition(step.precondition) is None

    def _ask_precondition(self, query: str) -> bool | None:
        row = self.conn.execute(query.encode()).fetchone()
        return None if row is None or row[0] is None else bool(row[0])

    def repeat(self, step: Step, what: str) -> bool:
        """Again and again until nothing is left, each time in a transaction of its own; whether there was anything."""
        total = 0
        while changed := self.until_done(step, what, lambda: self._batch(step)):
            total += changed
            self._report(Note(f"{step.purpose}: {total:,} rows"))
        return bool(total)

    def _batch(self, step: Step) -> int:
        with self.conn.transaction(), self.timed(step):
            return max(self.execute(step), 0) if self.is_wanted(step) else 0

    def audit(self, step: Step, what: str) -> Iterator[Problem]:
        """What the query finds, as problems; it cannot write."""
        for place, found in self.until_done(step, what, lambda: self._ask(step)):
            yield Problem(code=FOUND, object=place, found=found, remedy=step.remedy or step.purpose)

    def _ask(self, step: Step) -> list[tuple[str, str]]:
        with self.conn.transaction():
            self.conn.execute("SET TRANSACTION READ ONLY")
            with self.timed(step):
                if not self.is_wanted(step):
                    return []
                return [(str(row[0]), str(row[1])) for row in self.conn.execute(step.sql.encode()).fetchall()]

    @contextmanager
    def timed(self, step: Step) -> Iterator[None]:
        """The step's time-outs, for the body, which is a transaction where the step is one."""
        self._set_timeouts(step.lock_timeout_ms, step.statement_timeout_ms, local=step.transactional)
        try:
            yield
        finally:
            if not step.transactional:
                with suppress(psycopg.Error):  # the first error is the one to tell
                    self._set_timeouts(0, 0, local=False)

    def _set_timeouts(self, lock_ms: int, statement_ms: int, *, local: bool) -> None:
        query = "SELECT pg_catalog.set_config('lock_timeout', %s, %s), pg_catalog.set_config('statement_timeout', %s, %s)"
        self.conn.execute(query, (str(lock_ms), local, str(statement_ms), local))


def check_audits(attempts: Attempts, steps: Iterable[tuple[str, Step]], told: str) -> None:
    """All of them are asked, and everything that they find is one Conflict. ``steps``: (what, step)."""
    problems = [problem for what, step in steps for problem in attempts.audit(step, what)]
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise Conflict(f"{told}: {problems[0].object}: {problems[0].found}{more}", hint=problems[0].remedy, problems=problems)


def is_audit(step: Step) -> bool:
    return step.action is Action.AUDIT


def _may_wait(step: Step, error: OrgliftError, seconds: float) -> bool:
    """Whether it was the locks: not had in time one by one, or, of a step that takes several, all together."""
    if is_in_the_way(error):
        return True
    budget = step.statement_timeout_ms / 1000
    return bool(len(step.tables) > 1 and budget and is_cancelled(error) and seconds >= budget)


def _out_of_patience(error: OrgliftError, blockers: tuple[Blocker, ...], seconds: float) -> Busy:
    hint = f"it was tried for {seconds:g} s, and nothing waits behind it now: try again when it is quieter, or with a longer --patience"
    held = f", held by {', '.join(blocker.name for blocker in blockers)}" if blockers else ""
    return Busy(f"{error.message}{held}", hint=hint, problems=[blocker.problem() for blocker in blockers])


def _to(blockers: tuple[Blocker, ...]) -> str:
    return f" to {', '.join(blocker.name for blocker in blockers)}" if blockers else ""
