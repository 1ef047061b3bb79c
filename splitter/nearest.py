"""The name that somebody meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(found: str, known: Iterable[str]) -> str | None:
    """The known name that is most like ``found``: one that differs in case alone, else the closest; None where none is close."""
    names = list(known)
    folded = found.casefold()
    for name in names:
        if name.casefold() == folded:
            return name
    return next(iter(get_close_matches(found, names, n=1)), None)


def did_you_mean(found: str, known: Iterable[str], otherwise: str) -> str:
    """A remedy for a name that is not known: the nearest one, or ``otherwise``."""
    near = nearest(found, known)
    return otherwise if near is None else f"did you mean {near!r}?"
