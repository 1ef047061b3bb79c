"""Ids inside JSON text, changed in place: member order, duplicate members, blanks and the spelling of numbers stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

Step = str | int  # a member's name, or a place in a list
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[-+.\w]+|[\[\]{}:,])', re.DOTALL)
_INTEGER = re.compile(r"-?(0|[1-9]\d*)")


def parse_path(path: str) -> tuple[str, ...]:
    """``$.items[*].team_id`` -> ("items", "[*]", "team_id"): all that the cases' paths are made of."""
    return tuple(re.findall(r"\[\*\]|[^.$\[\]]+", path))


def rewrite_json(text: str, changes: Sequence[tuple[tuple[str, ...], Callable[[str], str | None]]]) -> str:
    """``text`` with every integer, and every string, at one of the paths replaced by what its function makes of it."""
    pieces: list[str] = []
    done = 0
    for start, end, place in _scalars(text):
        old = text[start:end]
        for path, change in changes:
            if _matches(place, path):
                pieces += [text[done:start], _changed(old, change)]
                done = end
    return "".join([*pieces, text[done:]])


def compact(text: str) -> str:
    """Without the blanks between tokens, which a document of type json may lose when an id in it changes, and only then."""
    return "".join(token.group(1) for token in _TOKEN.finditer(text))


def _changed(token: str, change: Callable[[str], str | None]) -> str:
    if token.startswith('"'):
        old = json.loads(token)
        new = change(old)
        return token if new == old else json.dumps(new, ensure_ascii=False)
    return str(change(token)) if _INTEGER.fullmatch(token) else token


def _matches(place: tuple[Step, ...], path: tuple[str, ...]) -> bool:
    return len(place) == len(path) and all(
        isinstance(step, int) if wanted == "[*]" else step == wanted for step, wanted in zip(place, path, strict=True)
    )


def _scalars(text: str) -> Iterator[tuple[int, int, tuple[Step, ...]]]:
    """Start, end and path of every value that is neither object nor list."""
    stack: list[Step | None] = []  # where we are in each open object (None before its first member) or list
    name: str | None = None
    for token in _TOKEN.finditer(text):
        start, end, found = token.start(1), token.end(1), token.group(1)
        if found in "{[":
            stack.append(None if found == "{" else 0)
        elif found in "}]":
            stack.pop()
        elif found == ",":
            stack[-1] = stack[-1] + 1 if isinstance(stack[-1], int) else None
        elif found == ":":
            stack[-1] = name
        elif stack and stack[-1] is None:
            name = json.loads(found)
        else:
            yield start, end, tuple(step for step in stack if step is not None)
