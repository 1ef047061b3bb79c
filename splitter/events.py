"""Progress as values: the library's only voice. A ``Reporter`` gets them; only a command prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for whoever watches."""


@dataclass(frozen=True, slots=True)
class Started(Event):
    """Work with a name of its own began. ``total`` counts ``unit``; None where nobody knows. ``done``: of it, by an earlier run."""

    task: str
    total: int | None = None
    unit: str = "rows"
    done: int = 0


@dataclass(frozen=True, slots=True)
class Advanced(Event):
    task: str
    by: int = 1


@dataclass(frozen=True, slots=True)
class Finished(Event):
    task: str


@dataclass(frozen=True, slots=True)
class Note(Event):
    """One sentence that an operator wants to read."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """One sentence that an operator should act upon."""

    text: str


Reporter = Callable[[Event], None]


def silent(event: Event) -> None:
    """Reports nothing."""
