"""What `relocate init` has to do for the origin of each region, decided from what control and the regions say. Nothing is touched here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from relocate.origins import HOME, Origin
from splitter.errors import Clone, Conflict, NoOrigin, OrgliftError, UsageError
from splitter.identity import Identity, Physical, check_clone


class Action(str, Enum):
    """What is done to a region. Every one may be repeated."""

    KEEP = "kept"  # control and the region agree
    ISSUE = "issued"  # a new origin, in control and in the region
    CONFIRM = "confirmed"  # control has issued it; the region doesn't know yet, or was restored without its identity
    REBIND = "rebound"  # the same database in another place
    TAKE_UP = "taken up"  # the region has one that this control never heard of, and its number is free


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOptions:
    """The options of `relocate init`, as names of regions. ``rebind`` may name ``control`` too."""

    home: str | None = None
    rebind: frozenset[str] = frozenset()
    new_origin: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionFacts:
    """What a region's database is and says."""

    name: str
    physical: Physical
    identity: Identity | None
    local_ids: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPlan:
    """``origin`` is control's, where it has one; ``home``: the one to issue is 0."""

    facts: RegionFacts
    action: Action
    origin: Origin | None = None
    home: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What control has issued so far."""

    origins: Sequence[Origin]
    options: InitOptions
    regions: Sequence[RegionFacts] = field(default_factory=tuple)

    def active(self, region: str) -> Origin | None:
        return next((origin for origin in self.origins if origin.region == region and origin.retired_at is None), None)

    @property
    def home(self) -> Origin | None:
        return next((origin for origin in self.origins if origin.origin == HOME), None)


def plan_init(regions: Sequence[RegionFacts], origins: Sequence[Origin], options: InitOptions) -> tuple[RegionPlan, ...]:
    """One plan for each region, in order. Raises the first refusal: Clone, Conflict, NoOrigin or UsageError."""
    known = _Known(origins=origins, options=options, regions=regions)
    _refuse(_refusals_of_options(known))
    return tuple(_plan(facts, known) for facts in regions)


def _refuse(refusals: Iterable[OrgliftError]) -> None:
    for refusal in refusals:
        raise refusal


def _refusals_of_options(known: _Known) -> Iterator[OrgliftError]:
    options = known.options
    names = {facts.name for facts in known.regions}
    for name in sorted({*options.new_origin, *options.rebind, *([options.home] if options.home else [])} - names):
        yield UsageError(f"no region {name!r}", hint=f"silos.toml has {', '.join(sorted(names))}")
    for name in sorted(options.new_origin & {*options.rebind, options.home}):
        yield UsageError(f"region {name!r} cannot be given a new origin and keep one", hint="give one of the options")
    places: dict[Physical, str] = {}
    for facts in known.regions:
        first = places.setdefault(facts.physical, facts.name)
        if first != facts.name:
            told = f"regions {first!r} and {facts.name!r} are one database"
            yield Conflict(told, hint="give each region a database of its own")
    if options.home:
        yield from _refusals_of_home(known, options.home)


def _refusals_of_home(known: _Known, home: str) -> Iterator[OrgliftError]:
    has = known.active(home)
    if known.home is not None and known.home.region != home:
        yield Conflict(f"region {known.home.region!r} is home already", hint="origin 0 is given once")
    if has is not None and has.origin != HOME:
        told = f"region {home!r} has origin {has.origin} already, and ids of it may be anywhere"
        yield Conflict(told, hint="leave --home away: its local ids are rewritten when they move")
    local = [facts.name for facts in known.regions if facts.local_ids and facts.name != home]
    if local and known.home is None:
        told = f"region {home!r} cannot be home: {', '.join(local)} holds local ids too"
        yield Conflict(told, hint="leave --home away, or make that region's ids distributed first")


def _plan(facts: RegionFacts, known: _Known) -> RegionPlan:
    origin = known.active(facts.name)
    if facts.name in known.options.new_origin or (origin is None and facts.identity is None):
        return _issue(facts, known)
    action = _decide_without(facts, origin, known) if facts.identity is None else _decide(facts, facts.identity, origin, known)
    return RegionPlan(facts=facts, action=action, origin=origin)


def _issue(facts: RegionFacts, known: _Known) -> RegionPlan:
    home = facts.name == known.options.home
    if not home and known.home is not None and facts.local_ids and facts.identity is None:
        told = f"region {facts.name!r} holds local ids, and those are {known.home.region!r}'s: it is home (origin 0)"
        raise Conflict(told, hint="a new region has to begin empty")
    return RegionPlan(facts=facts, action=Action.ISSUE, home=home)


def _decide_without(facts: RegionFacts, origin: Origin | None, known: _Known) -> Action:
    """The region says nothing, and control has issued its origin."""
    assert origin is not None
    if origin.confirmed_at is None or facts.name in known.options.rebind:
        return Action.CONFIRM
    told = f"control gave origin {origin.origin} to region {facts.name!r}, and its database knows nothing of it"
    raise Clone(told, hint=_either(facts.name, "restored without its orglift schema"))


def _decide(facts: RegionFacts, identity: Identity, origin: Origin | None, known: _Known) -> Action:
    if origin is not None and origin.confirmed_at is None:
        return Action.CONFIRM  # an init that was killed in between
    if identity.region != facts.name:
        told = f"the database of region {facts.name!r} says that it is region {identity.region!r}"
        raise Clone(told, hint=f"correct silos.toml; if it is a copy that becomes a region: `relocate init --new-origin {facts.name}`")
    if origin is None:
        return _take_up(facts, identity, known)
    if (origin.database, origin.origin) != (identity.database, identity.origin):
        told = f"control knows database {origin.database} with origin {origin.origin} as region {facts.name!r}"
        hint = f"correct regions.{facts.name}.url; if it replaces that one: `relocate init --new-origin {facts.name}`"
        raise Clone(f"{told}, and this is database {identity.database} with origin {identity.origin}", hint=hint)
    if facts.name in known.options.rebind:
        return Action.REBIND
    check_clone(identity, facts.physical, facts.name)
    if origin.physical not in (None, facts.physical):
        told = f"the database of region {facts.name!r} was left behind: control knows the region in another place since `--rebind`"
        hint = f"correct regions.{facts.name}.url; if this is the right one after all: `relocate init --rebind {facts.name}`"
        raise Clone(told, hint=hint)
    return Action.KEEP


def _take_up(facts: RegionFacts, identity: Identity, known: _Known) -> Action:
    """The region has an origin from another control, or from one that was lost."""
    free = all(origin.origin != identity.origin for origin in known.origins)
    if facts.name in known.options.rebind and free:
        return Action.TAKE_UP
    told = f"region {facts.name!r} says that it has origin {identity.origin}, and this control never issued it"
    hint = _either(facts.name, "from a control that was lost") if free else f"`relocate init --new-origin {facts.name}`"
    raise NoOrigin(told, hint=hint)


def _either(name: str, case: str) -> str:
    return f"if it is the same database, {case}: `relocate init --rebind {name}`; if it is another: `relocate init --new-origin {name}`"
