"""Where in JSON documents ids stand: every path that a sample of documents has, with what is found there.

Members of an object whose names are ids themselves, numbers or uuids, are one path (``.*``); so are the items of an array (``[*]``).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from splitter.json_path import EveryItem, EveryMember, Member, PathStep

Path: TypeAlias = tuple[PathStep, ...]
Value: TypeAlias = tuple[str, str | None]  # an id as text, and the organization of the row that the document is of

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DEPTH = 12
_NODES = 50_000  # of all documents of one column together
_LONGEST = 200  # characters of an id


@dataclass(slots=True)
class Spot:
    """What stands at one path. ``labelled``: the values beside each label, for the members that may say what kind of thing is meant."""

    values: list[Value] = field(default_factory=list)
    numbers: int = 0  # of the values, those that are JSON numbers
    others: int = 0  # what is no id: objects, texts that are too long, fractions, true and false
    labelled: dict[str, dict[str, list[Value]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))


@dataclass(slots=True)
class Trove:
    """All that the documents of one column have: ids by their path, and by the path of the objects whose member names they are."""

    documents: int = 0
    spots: dict[Path, Spot] = field(default_factory=lambda: defaultdict(Spot))
    member_names: dict[Path, Spot] = field(default_factory=lambda: defaultdict(Spot))
    nodes: int = 0

    def add(self, text: str, owner: str | None) -> bool:
        """One more document; false where the text is none (an object or an array)."""
        try:
            document = json.loads(text, parse_float=_fraction)
        except (ValueError, RecursionError):
            return False
        if not isinstance(document, dict | list):
            return False
        self.documents += 1
        self._walk(document, (), owner)
        return True

    def _walk(self, node: Any, path: Path, owner: str | None) -> None:
        self.nodes += 1
        if self.nodes > _NODES or len(path) > _DEPTH:
            return
        if isinstance(node, list):
            for item in node:
                self._walk(item, (*path, EveryItem()), owner)
        elif isinstance(node, dict):
            self._object(node, path, owner)
        elif node is not None:
            _put(self.spots[path], node, owner)

    def _object(self, node: dict[str, Any], path: Path, owner: str | None) -> None:
        if node and all(map(is_id_text, node)):
            for name, value in node.items():
                _put(self.member_names[path], name, owner)
                self._walk(value, (*path, EveryMember()), owner)
            return
        labels = {name: value for name, value in node.items() if isinstance(value, str) and 0 < len(value) <= _LONGEST}
        for name, value in node.items():
            self._walk(value, (*path, Member(name)), owner)
            text = _as_id(value)
            if text is not None:
                for beside, label in labels.items():
                    if beside != name:
                        self.spots[*path, Member(name)].labelled[beside][label].append((text, owner))


def _fraction(text: str) -> float:
    return float(text)


def is_id_text(text: str) -> bool:
    """Whether a text is a number or a uuid, as ids are."""
    return bool(_NUMBER.fullmatch(text) or _UUID.fullmatch(text))


def _as_id(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) and len(value) <= _LONGEST else None


def _put(spot: Spot, value: Any, owner: str | None) -> None:
    text = _as_id(value)
    if text is None:
        spot.others += 1
        return
    spot.numbers += isinstance(value, int)
    spot.values.append((text, owner))


def kinds_of(texts: Iterable[str], *, numbers: bool = False) -> tuple[str, ...]:
    """The kinds of key that all these texts may be; ``numbers``: they are numbers, and no text."""
    known = [text for text in dict.fromkeys(texts) if text]
    kinds: list[str] = []
    if known and all(_NUMBER.fullmatch(text) for text in known):
        kinds.append("integer")
    if known and all(_UUID.fullmatch(text) for text in known):
        kinds.append("uuid")
    return tuple(kinds) if numbers else (*kinds, "text")


def naming_words(path: Path) -> Iterator[str]:
    """The member names that may say whose ids stand at a path, nearest first: of ``$.project.id`` id, then project."""
    return (step.name for step in reversed(path) if isinstance(step, Member))
