"""Names as they may be shown: without what breaks a line, a file format or the reading direction, and about as wide as there is room."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\u200c\u200d")  # joiners, which some alphabets need
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|![]()-_ "), frozenset("mwMW@%")


def visible(text: str) -> str:
    """``text`` with control characters as their pictures, and what else cannot be seen, or turns the text around, as ``\\u{202e}``."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"\\u{{{code:x}}}"


def text_width(text: str, size: float) -> float:
    """About how wide a text is, in the unit of its font's size, in any common sans-serif font."""
    return size * sum(map(_letter_width, text))


def _letter_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in _NARROW:
        return 0.36 if character != "_" else 0.55
    return 0.9 if character in _WIDE else 0.61 if not character.isupper() else 0.72


def fitted(text: str, size: float, width: float) -> str:
    """``text``, shortened in its middle where it is wider than ``width``: names differ at their ends."""
    if text_width(text, size) <= width:
        return text
    kept = len(text) - 1
    while kept > 2 and text_width(_shortened(text, kept), size) > width:
        kept -= 1
    return _shortened(text, kept)


def _shortened(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    return f"{text[:head]}…{text[len(text) - (kept - head):]}"
