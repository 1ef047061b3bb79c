"""Whether a type of the target takes every value of the source's, and whether it spells them alike."""

from __future__ import annotations

import re

from exports.types import PlainType

_WIDER = {
    "smallint": ("integer", "bigint"),
    "integer": ("bigint",),
    "character varying": ("text",),
    "real": ("double precision",),
}
# Those of which one with a larger length or precision takes the values of a smaller one as they are. char(n) pads, bit(n) is exactly n.
_GROWING = frozenset(
    {
        "character varying",
        "bit varying",
        "numeric",
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "time with time zone",
    }
)
_MODIFIERS = re.compile(r"\((?P<first>\d+)(?:,(?P<second>-?\d+))?\)")


def fits(mine: PlainType, theirs: PlainType) -> bool:
    """Whether no value is refused, cut, rounded or padded on its way from a column of ``mine`` into one of ``theirs``."""
    if mine.base != theirs.base:
        return theirs.bare and _is_wider(mine, theirs)
    if theirs.bare:
        return True
    have, has = _MODIFIERS.search(mine.type), _MODIFIERS.search(theirs.type)
    if mine.element not in _GROWING or have is None or has is None:
        return mine.type == theirs.type
    room, has_room = int(have["first"]), int(has["first"])
    if mine.element == "numeric":
        scale, has_scale = int(have["second"] or 0), int(has["second"] or 0)
        return scale <= has_scale and room - scale <= has_room - has_scale
    return room <= has_room


def _is_wider(mine: PlainType, theirs: PlainType) -> bool:
    return mine.base.endswith("[]") == theirs.base.endswith("[]") and theirs.element in _WIDER.get(mine.element, ())


def sent_type(theirs: PlainType) -> str:
    """The type that values are cast to on their way: the base type, without length, which a cast would cut in silence.

    A numeric's scale is said, since its zeros are part of the text that is hashed; that nothing is rounded, ``fits`` has seen to.
    """
    return theirs.type if theirs.element == "numeric" else theirs.base


def is_spelled_alike(mine: PlainType, theirs: PlainType) -> bool:
    """Of types that fit: whether ``theirs`` prints every value of ``mine`` in the same way, and reads it from there as a cast would."""
    if (mine.element, theirs.element) == ("real", "double precision"):
        return False
    return mine.element != "numeric" or theirs.bare or _scale(mine) == _scale(theirs)


def _scale(numeric: PlainType) -> int | None:
    """The places of every value; None where each has its own."""
    found = _MODIFIERS.search(numeric.type)
    return int(found["second"] or 0) if found else None
