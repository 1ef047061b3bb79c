"""The clean-up worker: does across silos what ON DELETE and ON UPDATE of a foreign key did, later and in batches.

Tombstones are worked off round by round. A round takes the next lanes, a few tombstones of each, and gives all of them one batch at
once; a lane that needs more than that gets a slice of time for itself, so that one large delete does not hold up the others. Everything
may be done twice and by several workers: a tombstone is marked after its children are gone, never before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from splitter.addresses import Address
from splitter.brakes import Brakes, Pace
from splitter.errors import Unreachable
from splitter.events import Finished, Reporter, Started, silent
from splitter.outbox import Tombstone
from splitter.silos import SiloMap
from splitter.sites import Site, Sites, open_site
from splitter.sweeps import TASK, Sweep, Tally

SLOTS_SECONDS = 60.0  # how often slots that are done are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """``grace``: seconds after which a tombstone's children are looked for once more. ``batch``: rows of one transaction. ``slice``:
    seconds that a lane gets at a time. ``interval``: seconds to wait where nothing was to be done; None: end then."""

    grace: float = 3600.0
    batch: int = 10_000
    slice: float = 2.0
    interval: float | None = None
    brakes: Brakes = field(default_factory=Brakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did. ``missing``: databases that did not answer; ``held``: those in which an organization is being moved."""

    rows: int
    swept: int
    done: int
    returned: int
    failed: int
    slots: int
    missing: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Nothing failed, and nothing waits for a database."""
        return not (self.failed or self.missing or self.held)


def run_cascades(addresses: Iterable[Address], silos: SiloMap | None, options: RunOptions, *, report: Reporter = silent) -> RunReport:
    """Until nothing waits, or for ever with ``interval``. Raises Unreachable where no database answers at all.

    Without ``silos`` the one database is all there is: the children are where their parents are.
    """
    pace = Pace(options.brakes)

    def make(address: Address) -> Site:
        return open_site(address, pace, grace=options.grace, batch=options.batch)

    worker = _Worker(sites=Sites(tuple(addresses), silos, make, report), options=options, report=report)
    report(Started(TASK))
    try:
        worker.run()
    finally:
        worker.sites.close()
    report(Finished(TASK))
    return worker.told()


@dataclass(slots=True)
class _Worker:
    sites: Sites
    options: RunOptions
    report: Reporter
    tally: Tally = field(default_factory=Tally)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _slots_at: dict[str, float] = field(default_factory=dict)  # by database: when slots were looked at

    def run(self) -> None:
        while True:
            self.sites.look_again()
            # every database before the next round of the first: what one round deleted may have written tombstones elsewhere
            busy = [self._guarded(source) for source in self.sites.opened]
            if any(busy):
                continue
            if self.options.interval is None:
                return
            self.sleep(self.options.interval)

    def told(self) -> RunReport:
        held = tuple(site.name for site in self.sites.opened if site.held)
        tally = self.tally
        return RunReport(
            rows=tally.rows,
            swept=tally.swept,
            done=tally.done,
            returned=tally.returned,
            failed=tally.failed,
            slots=tally.slots,
            missing=self.sites.missing,
            held=held,
        )

    def _guarded(self, source: Site) -> bool:
        """Whether there was anything to do. A source whose connection breaks is left to the next try."""
        if not source.has_outbox or source not in self.sites.opened:
            return False
        try:
            return self._round(source)
        except Unreachable as exc:
            self.sites.lose(source, exc)
            return False

    def _round(self, source: Site) -> bool:
        waiting = source.outbox.claim(site.name for site in self.sites.available())
        try:
            if waiting:
                self._serve(source, waiting)
        finally:
            if not source.outbox.conn.closed:
                source.outbox.release()
        return self._again(source) or bool(waiting)

    def _serve(self, source: Site, waiting: Sequence[Tombstone]) -> None:
        """All lanes at once, one batch; where that is not enough, each lane for itself, for a slice of time."""
        lanes: dict[str, list[Tombstone]] = {}
        for each in waiting:
            lanes.setdefault(each.lane, []).append(each)
        simple = [each for each in waiting if not any(other.is_update for other in lanes[each.lane])]
        sweep = self._sweep(source)
        if sweep.run(sorted(simple, key=lambda each: (each.parent, each.id)), self.clock()):
            lanes = {lane: each for lane, each in lanes.items() if any(one.is_update for one in each)}
        for lane in lanes.values():
            sweep.run(lane, self.clock() + self.options.slice)

    def _again(self, source: Site) -> bool:
        """Tombstones whose grace period is over; and slots that are done with."""
        due = source.outbox.claim_due()
        try:
            if due:
                self._sweep(source, again=True).run(sorted(due, key=lambda each: (each.parent, each.id)), self.clock() + self.options.slice)
        finally:
            if not source.outbox.conn.closed:
                source.outbox.release()
        if not due and self.clock() - self._slots_at.get(source.name, float("-inf")) > SLOTS_SECONDS:
            self.tally.slots += source.outbox.drop_done_slots()
            self._slots_at[source.name] = self.clock()
        return bool(due)

    def _sweep(self, source: Site, *, again: bool = False) -> Sweep:
        return Sweep(self.sites, source, self.report, self.tally, again)
