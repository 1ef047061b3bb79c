"""The databases that the clean-up works in: each with its outbox and with children of its own and others' parents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from splitter.addresses import Address
from splitter.brakes import Pace
from splitter.cascade import Cascade
from splitter.cleanup import Cleaner, read_table_facts
from splitter.cleanup_sql import Key, TableFacts, holdable, render_existing
from splitter.db import translated
from splitter.errors import OrgliftError, Unreachable
from splitter.events import Note, Reporter, Warned
from splitter.identity import Physical, has_relation, physical_identity
from splitter.moves_under_way import Moves, read_moves
from splitter.outbox import Outbox
from splitter.registry import read_cascades
from splitter.schema import TableName
from splitter.silos import Silo, SiloMap

AGAIN_SECONDS = 30.0  # before a database that did not answer is tried again
APPLICATION = "splitter cascades"


@dataclass(slots=True)
class Site:
    """One database, open. ``names``: control, a region, or both where they are one."""

    names: tuple[str, ...]
    physical: Physical
    outbox: Outbox
    cleaner: Cleaner
    has_outbox: bool
    cascades: tuple[Cascade, ...] = ()
    held: bool = False
    _parents: dict[tuple[TableName, tuple[str, ...]], TableFacts] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.names[0]

    def look_again(self) -> None:
        """What plans and movers may have changed since the last round."""
        self.has_outbox = has_relation(self.outbox.conn, "orglift.tombstones")
        self.cascades = read_cascades(self.outbox.conn) if self.has_outbox else ()
        self._parents.clear()
        self.cleaner.look_again()

    def hold(self, moves: Moves) -> None:
        """Leave the children here alone while a move needs them as they are."""
        self.cleaner.over = moves.over
        self.held = bool(moves.regions.keys() & set(self.names)) or self.cleaner.is_held()

    def existing(self, cascade: Cascade, keys: Sequence[Key]) -> frozenset[int]:
        """Positions of the keys that the parent's table has now; the parent is in this database."""
        place = (cascade.parent, cascade.parent_columns)
        if place not in self._parents:
            self._parents[place] = read_table_facts(self.outbox.conn, *place)
        facts = self._parents[place]
        found = [(number, holdable(facts, cascade.parent_columns, key)) for number, key in enumerate(keys)]
        asked = [(number, key) for number, key in found if key is not None]
        if not asked:
            return frozenset()
        query = render_existing(facts, cascade.parent_columns, [key for _, key in asked])
        with translated(f"looking for {cascade.parent}"):
            return frozenset(asked[row[0] - 1][0] for row in self.outbox.conn.execute(query).fetchall())

    def close(self) -> None:
        self.outbox.conn.close()
        self.cleaner.conn.close()


@dataclass(slots=True)
class Sites:
    """All databases of one command. One that does not answer is tried again, and the others go on."""

    addresses: tuple[Address, ...]
    silos: SiloMap | None  # None: the one database is all there is
    make: Callable[[Address], Site]
    report: Reporter
    clock: Callable[[], float] = time.monotonic
    _open: list[Site] = field(default_factory=list)
    _missing: dict[str, float] = field(default_factory=dict)  # name -> when it is tried again
    _has_opened: bool = False

    def __post_init__(self) -> None:
        self._missing = {address.name: float("-inf") for address in self.addresses}

    @property
    def opened(self) -> tuple[Site, ...]:
        return tuple(self._open)

    @property
    def missing(self) -> tuple[str, ...]:
        """Those that did not answer."""
        return tuple(self._missing)

    def look_again(self) -> None:
        """Open what is not open, and read what may have changed. Raises Unreachable where no database has ever answered."""
        last = None
        for address in self.addresses:
            if self.clock() >= self._missing.get(address.name, float("inf")):
                last = self._try(address) or last
        moves = Moves()
        for site in self.opened:
            moves = self._look_at(site) or moves
        for site in self.opened:
            self._hold(site, moves)
        self._has_opened = self._has_opened or bool(self._open)
        if last is not None and not self._has_opened:
            raise last

    def _try(self, address: Address) -> Unreachable | None:
        try:
            site = self.make(address)
        except Unreachable as exc:
            self._missing[address.name] = self.clock() + AGAIN_SECONDS
            self.report(Warned(f"{exc.message}: what is to be done there waits"))
            return exc
        del self._missing[address.name]
        self._add(site)
        return None

    def _add(self, site: Site) -> None:
        for known in self._open:
            if known.physical == site.physical:  # whatever their URLs say
                known.names += site.names
                site.close()
                return
        self._open.append(site)

    def _look_at(self, site: Site) -> Moves | None:
        """What control knows of moves, where this is control."""
        try:
            site.look_again()
            return read_moves(site.outbox.conn) if Silo.CONTROL.value in site.names or self.silos is None else None
        except Unreachable as exc:
            self.lose(site, exc)
            return None

    def _hold(self, site: Site, moves: Moves) -> None:
        was_held = site.held
        try:
            site.hold(moves)
        except Unreachable as exc:
            self.lose(site, exc)
            return
        if site.held and not was_held:
            self.report(Note(f"{site.name}: an organization is being moved: children there are cleaned up when that is over"))

    def lose(self, site: Site, exc: OrgliftError) -> None:
        """A connection broke: it is made anew later."""
        self.report(Warned(f"{site.name}: {exc.message}: what is to be done there waits"))
        site.close()
        self._open.remove(site)
        self._missing |= {name: self.clock() + AGAIN_SECONDS for name in site.names}

    def available(self) -> tuple[Site, ...]:
        """Open, and no move is in them."""
        return tuple(site for site in self._open if not site.held)

    def targets(self, source: Site, cascade: Cascade) -> frozenset[str]:
        """The names of the databases that have to confirm: where the child's table has rows. A region may be missing."""
        if self.silos is None:
            return frozenset({source.name})
        silo = self.silos.silo_of(cascade.child)
        if silo is self.silos.silo_of(cascade.parent):
            return frozenset({source.name})
        if silo is Silo.CONTROL:
            names: Iterable[str] = (Silo.CONTROL.value,) if not self.silos.is_monolith else self.silos.regions
        else:
            names = self.silos.regions
        return frozenset(self._first_name(name) for name in names)

    def _first_name(self, name: str) -> str:
        return next((site.name for site in self._open if name in site.names), name)

    def close(self) -> None:
        for site in self._open:
            site.close()


def open_site(address: Address, pace: Pace, *, grace: float, batch: int) -> Site:
    """Two sessions: one for the outbox and for questions to parents, one for the children. Raises Unreachable, ConfigError."""
    queue, rows = (address.open(APPLICATION, readonly=False) for _ in range(2))
    return Site(
        names=(address.name,),
        physical=physical_identity(queue),
        outbox=Outbox(queue, grace),
        cleaner=Cleaner(rows, pace, batch),
        has_outbox=False,
    )
