"""Paths of silos.toml into a JSON document: ``$.actions[*].team_id``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object, by its exact name."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}" if _PLAIN.fullmatch(self.name) else '."' + self.name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an array, counted from 0."""

    index: int

    def __str__(self) -> str:
        return f"[{self.index}]"


@dataclass(frozen=True, slots=True)
class EveryItem:
    """All items of an array."""

    def __str__(self) -> str:
        return "[*]"


@dataclass(frozen=True, slots=True)
class EveryMember:
    """All members of an object."""

    def __str__(self) -> str:
        return ".*"


PathStep: TypeAlias = Member | Item | EveryItem | EveryMember

_PLAIN = re.compile(r'[^.\[\]"*\s]+')
_STEP = re.compile(
    r"""\.(?P<every>\*)(?=[.\[]|$)        # .*
      | \."(?P<quoted>(?:[^"]|"")+)"      # ."we.ird"
      | \.(?P<plain>[^.\[\]"*\s]+)        # .name
      | \[(?P<item>\d+|\*)\]              # [0], [*]
    """,
    re.VERBOSE,
)


def parse_path(text: str) -> tuple[PathStep, ...]:
    """The steps of a path; none for ``$``, the document itself. Raises ValueError that says where it goes wrong."""
    if not text.startswith("$"):
        raise ValueError(f"{text!r} is no path: a path begins with $, as $.a[*].b")
    steps: list[PathStep] = []
    end = 1
    while end < len(text):
        found = _STEP.match(text, end)
        if found is None:
            raise ValueError(f'{text!r} is no path from {text[end:]!r} on: use .name, ."na.me", .*, [0] or [*]')
        steps.append(_step(found))
        end = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> PathStep:
    if found["every"]:
        return EveryMember()
    if found["item"]:
        return EveryItem() if found["item"] == "*" else Item(int(found["item"]))
    return Member(found["quoted"].replace('""', '"') if found["quoted"] else found["plain"])


def spell_path(path: tuple[PathStep, ...]) -> str:
    """The spelling that ``parse_path`` reads."""
    return "$" + "".join(str(step) for step in path)


def overlap(left: tuple[PathStep, ...], right: tuple[PathStep, ...]) -> bool:
    """Whether both may lead to one place of a document."""
    return len(left) == len(right) and all(_meet(one, other) for one, other in zip(left, right, strict=True))


def _meet(one: PathStep, other: PathStep) -> bool:
    if isinstance(one, Member | EveryMember) != isinstance(other, Member | EveryMember):
        return False
    return one == other or isinstance(one, EveryMember | EveryItem) or isinstance(other, EveryMember | EveryItem)
