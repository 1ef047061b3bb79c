"""What stands in one column of one row, before a move and after it: design §4's formula in the tests' own words.

A cell is the text that COPY takes, None for NULL, or one of the classes below, which know how a move changes them.
"""

from __future__ import annotations

from dataclasses import dataclass

SERIAL_BITS = 36
LIMIT: int = 2**SERIAL_BITS
SOURCE_ORIGIN, TARGET_ORIGIN = 1, 2


@dataclass(frozen=True, slots=True)
class Id:
    """An integer id of a region: local ones change on their way out, once."""

    value: int


@dataclass(frozen=True, slots=True)
class Matched:
    """The key of a shared row, which has another one in each region."""

    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Unset:
    """What a move makes NULL: a dangling reference, or one to a region's own machinery."""

    cell: Cell


@dataclass(frozen=True, slots=True)
class Doc:
    """Text with ids in it: an array, a JSON document."""

    parts: tuple[str | Id | Matched, ...]


Cell = None | str | Id | Matched | Unset | Doc


def before(cell: Cell) -> str | None:
    """The text of a cell where it was written."""
    match cell:
        case None | str():
            return cell
        case Id(value):
            return str(value)
        case Matched(here, _):
            return here
        case Unset(inner):
            return before(inner)
        case Doc(parts):
            return "".join(str(before(part)) for part in parts)


def after(cell: Cell, origin: int = SOURCE_ORIGIN, *, back: bool = False) -> str | None:
    """The text after a move out of the region with ``origin``; ``back``: after a move there and back again."""
    match cell:
        case None | str():
            return cell
        case Id(value):
            return str(value if value >= LIMIT else value + origin * LIMIT)
        case Matched(here, there):
            return here if back else there
        case Unset(_):
            return None
        case Doc(parts):
            return "".join(str(after(part, origin, back=back)) for part in parts)
