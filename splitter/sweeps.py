"""One sweep: tombstones of one parent, through every database that may hold children.

What fails is halved until the one tombstone is found that makes it fail, so that no other waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from splitter.cascade import Cascade, ChildAction
from splitter.cleanup import Cleaned, Outcome
from splitter.cleanup_sql import Key, NewKey
from splitter.errors import OrgliftError, RefusedError, Unreachable
from splitter.events import Advanced, Reporter, Warned
from splitter.outbox import Tombstone
from splitter.registry import cascades_of
from splitter.sites import Site, Sites

RETURNED = "the parent is there again: its children were left"
UNKNOWN_KEY = "the new key of the parent is not known: its children were left"
TASK = "cleaning up"


@dataclass(slots=True)
class Tally:
    """What a worker has done so far."""

    rows: int = 0  # children
    swept: int = 0  # tombstones, for the first time
    done: int = 0  # tombstones that may be dropped
    returned: int = 0
    failed: int = 0  # times that a tombstone failed
    slots: int = 0


@dataclass(slots=True)
class Sweep:
    """Sweeps of one source. ``again``: these tombstones were swept before, and their grace period is over."""

    sites: Sites
    source: Site
    report: Reporter
    tally: Tally
    again: bool = False
    clock: Callable[[], float] = time.monotonic
    settled: set[int] = field(default_factory=set)  # tombstones that were marked: there is nothing more to do for them now
    _notes: dict[int, str] = field(default_factory=dict)  # tombstone -> what a person should know

    def run(self, tombstones: Iterable[Tombstone], until: float) -> bool:
        """In order: what is of one parent and one kind is swept together. False where the time was over before the end."""
        left = [each for each in tombstones if each.id not in self.settled]
        return all(self._group(group, until) for group in _groups(left, self.source.cascades))

    def _group(self, group: Sequence[Tombstone], until: float) -> bool:
        try:
            return self._through_all(group, until)
        except Unreachable:
            raise
        except RefusedError as exc:
            if len(group) == 1:
                self._fail(group, exc)
                return True
        middle = len(group) // 2
        return self._group(group[:middle], until) and self._group(group[middle:], until)

    def _fail(self, group: Sequence[Tombstone], exc: OrgliftError) -> None:
        self.tally.failed += len(group)
        self.settled.update(each.id for each in group)
        self.report(Warned(f"{group[0].parent} {_spell(group[0].key)}: {exc.message}; it is tried again later"))
        told = f"{exc.message}: {exc.hint}" if exc.hint else exc.message
        if self.again:
            self.source.outbox.mark_due_later(group, max(self.source.outbox.grace, 60.0), told)
        else:
            self.source.outbox.mark_failed(group, told)

    def _through_all(self, group: Sequence[Tombstone], until: float) -> bool:
        cascades = _in_order(cascades_of(self.source.cascades, group[0].parent), group)
        needed = frozenset().union(*(self.sites.targets(self.source, each) for each in cascades))
        rows = self.tally.rows
        finished: set[str] = set()
        for site in self.sites.available():
            mine = [each for each in cascades if site.name in self.sites.targets(self.source, each)]
            unconfirmed = [each for each in group if site.name not in each.confirmed]
            outcome = self._site(site, mine, unconfirmed, until) if unconfirmed else Outcome.FINISHED
            if outcome is Outcome.OUT_OF_TIME:
                return False
            if outcome is Outcome.FINISHED:
                finished.add(site.name)
        self._mark(group, needed, finished, found=self.tally.rows > rows)
        return True

    def _site(self, site: Site, cascades: Iterable[Cascade], group: Sequence[Tombstone], until: float) -> Outcome:
        for cascade in cascades:
            try:
                cleaned = self._cascade(site, cascade, group, until)
            except Unreachable as exc:
                if site is self.source:
                    raise
                self.sites.lose(site, exc)
                return Outcome.HELD
            self.tally.rows += cleaned.rows
            self.report(Advanced(TASK, cleaned.rows))
            if cleaned.outcome is not Outcome.FINISHED:
                site.held = cleaned.outcome is Outcome.HELD
                return cleaned.outcome
        return Outcome.FINISHED

    def _cascade(self, site: Site, cascade: Cascade, group: Sequence[Tombstone], until: float) -> Cleaned:
        found = {key: each for each in group if (key := _key(cascade, each.key)) is not None}
        if not group[0].is_update:
            cleaned = site.cleaner.clean(cascade, list(found), lambda keys: self.source.existing(cascade, keys), until)
        else:
            found = {key: each for key, each in found.items() if each.new_key and _new_key(cascade, each.new_key) != key}
            pairs = [(key, _new_key(cascade, each.new_key or {})) for key, each in found.items()]
            cleaned = site.cleaner.follow(cascade, pairs, self._existing_after_update(cascade, list(found.values())), until)
        marked = list(found.values())
        self._notes |= {marked[number].id: RETURNED for number in cleaned.returned}
        return cleaned

    def _existing_after_update(self, cascade: Cascade, updates: Sequence[Tombstone]) -> Callable[[Sequence[Key]], frozenset[int]]:
        """A key that the same transaction handed on to the next row was not given to a new parent, while this is the first sweep."""
        of_key = {_key(cascade, each.key): each for each in updates}

        def existing(keys: Sequence[Key]) -> frozenset[int]:
            there = self.source.existing(cascade, keys)
            if self.again or not there:
                return there
            found = {number: of_key[keys[number]] for number in there if keys[number] in of_key}
            handed_on = self.source.outbox.handed_on(list(found.values()), cascade.parent_columns)
            return there - {number for number, each in found.items() if each.id in handed_on}

        return existing

    def _mark(self, group: Sequence[Tombstone], needed: frozenset[str], finished: set[str], *, found: bool) -> None:
        """``found``: the sweep met children, so that there may be more of them."""
        self.settled.update(each.id for each in group)
        available = {site.name for site in self.sites.available()}
        for each in group:
            if each.is_update and each.new_key is None:
                self._notes[each.id] = UNKNOWN_KEY
        complete = [each for each in group if needed <= each.confirmed | finished]
        partly = [each for each in group if not needed <= each.confirmed | finished]
        for problem, part in self._by_note(partly):
            if self.again:
                self.source.outbox.mark_due_later(part, 60.0, problem)
            else:
                self.source.outbox.mark_confirmed(part, finished | (available - needed), problem)
        for problem, part in self._by_note(complete):
            self._mark_complete(part, problem, found=found, acted=bool(needed))

    def _mark_complete(self, part: Sequence[Tombstone], problem: str | None, *, found: bool, acted: bool) -> None:
        outbox = self.source.outbox
        if not self.again:
            self.tally.swept += len(part)
            self.tally.returned += len(part) if problem == RETURNED else 0
        if (self.again and not found) or not acted:
            outbox.mark_done(part, problem)
            self.tally.done += len(part)
        else:
            outbox.mark_swept(part, problem)

    def _by_note(self, group: Iterable[Tombstone]) -> Iterator[tuple[str | None, list[Tombstone]]]:
        parts: dict[str | None, list[Tombstone]] = {}
        for each in group:
            parts.setdefault(self._notes.pop(each.id, None), []).append(each)
        yield from parts.items()


_ORDER = (ChildAction.CASCADE, ChildAction.SET_NULL, ChildAction.SET_DEFAULT)


def _in_order(cascades: Iterable[Cascade], group: Sequence[Tombstone]) -> list[Cascade]:
    """Those that do something; deletes first: a child that goes needs no default that is there."""
    acting = [(each.on_update if group[0].is_update else each.on_delete, each) for each in cascades]
    return [each for wanted in _ORDER for action, each in acting if action is wanted]


def _key(cascade: Cascade, key: dict[str, str | None]) -> Key | None:
    """The cascade's part of a parent's key; None where it has a NULL, or was not written: the foreign key was there then."""
    values = tuple(key.get(column) for column in cascade.parent_columns)
    return None if any(value is None for value in values) else tuple(value for value in values if value is not None)


def _new_key(cascade: Cascade, key: dict[str, str | None]) -> NewKey:
    return tuple(key.get(column) for column in cascade.parent_columns)


def _groups(tombstones: Sequence[Tombstone], cascades: Sequence[Cascade]) -> Iterator[list[Tombstone]]:
    """Tombstones of one parent, deletes or updates, that may be swept at once, in order."""
    for (parent, is_update), same in groupby(tombstones, key=lambda each: (each.parent, each.is_update)):
        group = list(same)
        keys = {each.parent_columns for each in cascades_of(cascades, parent)}
        yield from _apart(group, keys) if is_update else [group]


def _apart(updates: Iterable[Tombstone], keys: Iterable[tuple[str, ...]]) -> Iterator[list[Tombstone]]:
    """Cut before each update whose key, old or new, another one of the part has: those happen one after the other, as they did."""
    part: list[Tombstone] = []
    taken: set[tuple[tuple[str, ...], tuple[str | None, ...]]] = set()
    for each in updates:
        both = (each.key, each.new_key or {})
        mine = {(columns, tuple(key.get(name) for name in columns)) for columns in keys for key in both}
        if part and mine & taken:
            yield part
            part, taken = [], set()
        part.append(each)
        taken |= mine
    if part:
        yield part


def _spell(key: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items())
