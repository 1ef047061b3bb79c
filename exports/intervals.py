"""Ranges of keys: what a chunk reads at the source, and where the same rows lie in the target once their ids are shifted.

Within a class of ids (local, of the source's own origin, below and above its range) the formula keeps the order, so that a range of the
class is a range again; across classes it isn't. Ranges are half-open or one value, and together they leave no gap, so that a row that is
written later falls into one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from splitter.layout import IdLayout


@dataclass(frozen=True, slots=True)
class Bound:
    value: str
    inclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A class of ids: its borders at the source, ``low`` included, and where they lie once the class is shifted by ``add``."""

    number: int
    low: int | None = None
    high: int | None = None
    target_low: int | None = None
    target_high: int | None = None
    add: int = 0

    def bounds(self) -> tuple[Bound | None, Bound | None]:
        return _border(self.low, True), _border(self.high, False)

    def images(self) -> tuple[Bound | None, Bound | None]:
        return _border(self.target_low, True), _border(self.target_high, False)

    def image(self, bound: Bound) -> Bound:
        """Where a bound inside the class lies in the target."""
        return replace(bound, value=self.image_of(bound.value))

    def image_of(self, value: str) -> str:
        return str(int(value) + self.add) if self.add else value


def _border(value: int | None, inclusive: bool) -> Bound | None:
    return None if value is None else Bound(str(value), inclusive)


LOCAL, BELOW, OWN, ABOVE = range(4)
WHOLE = (Interval(number=LOCAL),)  # of a column whose values stay


def classes(layout: IdLayout, origin: int | None, border: int | None = None) -> tuple[Interval, ...]:
    """The classes of an id column that is shifted with ``origin``, in their order at the source.

    In the target the images of local ids lie below ``border``, the ids that the origin minted itself from there on; None: there are
    none of those.
    """
    if not origin:
        return WHOLE
    first, after = layout.first(origin), layout.first(origin + 1)
    between = after if border is None else border
    found = (
        Interval(number=LOCAL, high=layout.serials, target_low=first, target_high=between, add=first),
        Interval(number=BELOW, low=layout.serials, high=first, target_low=layout.serials, target_high=first),
        Interval(number=OWN, low=first, high=after, target_low=between, target_high=after),
        Interval(number=ABOVE, low=after, target_low=after),
    )
    return tuple(each for each in found if each.low is None or each.high is None or each.low < each.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rows whose column lies from ``lowest`` to ``highest``, in one class; ``heavy``: one value with more rows than a chunk should have."""

    number: int
    lowest: str
    highest: str
    rows: int
    heavy: bool = False


def find_classes(layout: IdLayout, origin: int | None, runs: Sequence[Run]) -> tuple[Interval, ...] | None:
    """The classes in which these runs can be cut; None where images of local ids would lie among the origin's own."""
    if not origin:
        return WHOLE
    local = max((int(run.highest) for run in runs if run.number == LOCAL), default=None)
    own = min((int(run.lowest) for run in runs if run.number == OWN), default=None)
    if own is None:
        return classes(layout, origin)
    border = layout.first(origin) + (0 if local is None else local + 1)
    return None if border > own else classes(layout, origin, border)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A range of one class; None: up to the class's border. ``heavy``: one value, to be cut along another column."""

    low: Bound | None
    high: Bound | None
    rows: int = 0
    heavy: str | None = None


def cover(runs: Sequence[Run]) -> Iterator[Piece]:
    """The runs of one class, in order, as pieces that cover the whole class; where nothing lies between two, an empty piece does."""
    if not runs:
        yield Piece(low=None, high=None)
        return
    if runs[0].heavy:
        yield Piece(low=None, high=Bound(runs[0].lowest, False))
    low = None
    for run, after in pairwise([*runs, None]):
        assert run is not None
        if run.heavy:
            value = Bound(run.lowest, True)
            yield Piece(low=value, high=value, rows=run.rows, heavy=run.lowest)
            if after is None or after.heavy:
                yield Piece(low=Bound(run.lowest, False), high=None if after is None else Bound(after.lowest, False))
        else:
            high = None if after is None else Bound(after.lowest, False) if after.heavy else Bound(run.highest, True)
            yield Piece(low=low, high=high, rows=run.rows)
        low = Bound(run.highest, False)
