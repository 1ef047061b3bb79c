"""The queue beside the parents: tombstones are claimed lane by lane, marked, swept again after a grace period, and dropped by the slot.

A lane is one organization's deletes, or one transaction's. A session that works on a lane holds its advisory lock, so that within a lane
everything happens in order, whoever is killed lets go at once, and no transaction stays open meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from psycopg import sql

from splitter.db import Connection, retrying, translated
from splitter.errors import Busy
from splitter.registry import named_table
from splitter.schema import TableName
from splitter.sql import load_queries

_SQL = load_queries("cascades.sql")
LANES = 50  # of one round
CLAIMED = 2000  # tombstones of one round, over all its lanes
FEW = 1000  # failing tombstones that are carried over into another slot
LOCK_TIMEOUT_MS = 200


class Happened(str, Enum):
    """What a parent's transaction did."""

    DELETE = "delete"
    UPDATE = "update"
    TRUNCATE = "truncate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A row of the outbox. ``confirmed``: the databases that have finished the present sweep."""

    slot: int
    id: int
    lane: str
    parent: TableName
    happened: Happened
    key: dict[str, str | None]
    new_key: dict[str, str | None] | None
    xid: str
    confirmed: frozenset[str]

    @property
    def is_update(self) -> bool:
        return self.happened is Happened.UPDATE


@dataclass(slots=True)
class Outbox:
    """One database's queue, over a session of its own."""

    conn: Connection
    grace: float  # seconds between a sweep and the next one
    _after: str = ""  # the lane that was served last: the next round goes on behind it

    def claim(self, available: Iterable[str]) -> tuple[Tombstone, ...]:
        """Tombstones of the next lanes, those lanes locked until ``release``; in order. Empty: nothing waits, or others are at it.

        Those that all ``available`` databases have confirmed are passed over: they wait for one that isn't.
        """
        waiting = sql.SQL(_SQL["is_waiting"]).format(open=_texts(available))
        lanes = self._lanes(waiting) or self._lanes(waiting, from_start=True)
        if not lanes:
            return ()
        limit = max(CLAIMED // len(lanes), 1)
        query = sql.SQL(_SQL["claim"]).format(waiting=waiting, lanes=_texts(lanes), limit=sql.Literal(limit))
        return tuple(self._read(query))

    def _lanes(self, waiting: sql.Composable, *, from_start: bool = False) -> tuple[str, ...]:
        if from_start:
            if not self._after:
                return ()
            self._after = ""
        slots = {"waiting": waiting, "after": sql.Literal(self._after), "limit": sql.Literal(LANES)}
        with translated("looking for tombstones"):
            lanes = tuple(str(row[0]) for row in self.conn.execute(sql.SQL(_SQL["lanes"]).format(**slots)).fetchall())
        if lanes:
            self._after = lanes[-1]
        return lanes

    def claim_due(self) -> tuple[Tombstone, ...]:
        """Tombstones whose grace period is over, until ``release``; in order."""
        with translated("looking for tombstones that are due"):
            row = self.conn.execute(_SQL["lock_due"]).fetchone()
        if not row or not row[0]:
            return ()
        return tuple(self._read(sql.SQL(_SQL["claim_due"]).format(limit=sql.Literal(CLAIMED))))

    def release(self) -> None:
        """Let go of all lanes."""
        with translated("releasing lanes"):
            self.conn.execute(_SQL["unlock"])

    def _read(self, query: sql.Composed) -> Iterator[Tombstone]:
        with translated("reading tombstones"):
            rows = self.conn.execute(query).fetchall()
        for slot, id_, lane, parent, action, key, new_key, xid, confirmed in rows:
            yield Tombstone(
                slot=slot,
                id=id_,
                lane=lane,
                parent=named_table(parent),
                happened=Happened(action),
                key=key,
                new_key=new_key,
                xid=xid,
                confirmed=frozenset(confirmed),
            )

    def handed_on(self, updates: Sequence[Tombstone], columns: Sequence[str]) -> frozenset[int]:
        """The ids of those whose old key, in these columns, their own transaction gave to another row later on."""
        found: set[int] = set()
        for slot, ids in _by_slot(updates):
            slots = {"slot": sql.Literal(slot), "ids": sql.Literal(ids), "columns": _texts(columns)}
            with translated("reading tombstones"):
                found.update(row[0] for row in self.conn.execute(sql.SQL(_SQL["handed_on"]).format(**slots)).fetchall())
        return frozenset(found)

    def mark_confirmed(self, tombstones: Sequence[Tombstone], names: Iterable[str], problem: str | None = None) -> None:
        """These databases have finished the present sweep; others are still to come."""
        self._mark("mark_confirmed", tombstones, problem, names=_texts(names))

    def mark_swept(self, tombstones: Sequence[Tombstone], problem: str | None = None) -> None:
        """All databases have finished a sweep; the next one is due after the grace period."""
        self._mark("mark_swept", tombstones, problem, grace=sql.Literal(self.grace))

    def mark_done(self, tombstones: Sequence[Tombstone], problem: str | None = None) -> None:
        self._mark("mark_done", tombstones, problem)

    def mark_due_later(self, tombstones: Sequence[Tombstone], seconds: float, problem: str | None = None) -> None:
        self._mark("mark_due_later", tombstones, problem, seconds=sql.Literal(seconds))

    def mark_failed(self, tombstones: Sequence[Tombstone], problem: str) -> None:
        """They are tried again later, each time later than the last."""
        self._mark("mark_failed", tombstones, problem)

    def _mark(self, query: str, tombstones: Sequence[Tombstone], problem: str | None, **slots: sql.Composable) -> None:
        for slot, ids in _by_slot(tombstones):
            given = {"slot": sql.Literal(slot), "ids": sql.Literal(ids), "problem": sql.Literal(problem), **slots}
            with translated("marking tombstones"):
                self.conn.execute(sql.SQL(_SQL[query]).format(**given))

    def drop_done_slots(self) -> int:
        """Empty the slots, but today's, in which every tombstone is done; how many. One that is in use is left for another time.

        A few that fail day after day don't keep a whole slot: they go on in today's.
        """
        with translated("looking for slots that are done"):
            slots = [row[0] for row in self.conn.execute(_SQL["slots"]).fetchall() if not row[2]]
        return sum(self._drop(slot) for slot in slots)

    def _drop(self, slot: str) -> bool:
        droppable = sql.SQL(_SQL["is_droppable"]).format(slot=sql.SQL(slot), few=sql.Literal(FEW))
        with translated(f"looking at {slot}"):
            if not _is_true(self.conn, droppable):
                return False
        try:
            return retrying(lambda: self._truncate(slot, droppable), attempts=2)
        except Busy:
            return False

    def _truncate(self, slot: str, droppable: sql.Composed) -> bool:
        """The lock first, then the look: nothing comes in between."""
        with translated(f"emptying {slot}"), self.conn.transaction():
            self.conn.execute("SELECT pg_catalog.set_config('lock_timeout', %s, true)", (str(LOCK_TIMEOUT_MS),))
            self.conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(slot)))
            if not _is_true(self.conn, droppable):
                return False
            self.conn.execute(sql.SQL(_SQL["carry_over"]).format(slot=sql.SQL(slot)))
            self.conn.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(slot)))
            return True


def _is_true(conn: Connection, query: sql.Composed) -> bool:
    row = conn.execute(query).fetchone()
    return bool(row and row[0])


def _by_slot(tombstones: Iterable[Tombstone]) -> Iterator[tuple[int, list[int]]]:
    ids: dict[int, list[int]] = {}
    for each in tombstones:
        ids.setdefault(each.slot, []).append(each.id)
    yield from ids.items()


def _texts(values: Iterable[str]) -> sql.Literal:
    return sql.Literal(list(values))
