"""Where each key of a TOML file stands, so that a problem can name its line.

tomllib keeps no positions and has checked the syntax before: the scanner here only has to find keys in text that is known to be right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from splitter.errors import Problem

KeyPath: TypeAlias = tuple[str | int, ...]  # ("references", 3, "from"): names of keys, positions in arrays

_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BASIC = r'"(?:\\.|[^"\\\n])*"'
_LITERAL = r"'[^'\n]*'"
_KEY = re.compile(rf"{_BASIC}|{_LITERAL}|[A-Za-z0-9_-]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR = re.compile(rf'"""(?:\\.|[^\\])*?"{{3,5}}|\'\'\'.*?\'{{3,5}}|{_BASIC}|{_LITERAL}|[^,\]}}#\n]+', re.DOTALL)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Remark(NamedTuple):
    """A problem before its place is known: the key that has it, and what ``Problem`` says."""

    key: KeyPath
    code: str
    found: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The lines of one file's keys; the first line is 1."""

    source: str = "silos.toml"
    lines: Mapping[KeyPath, int] = field(default_factory=dict, repr=False)

    def line(self, key: KeyPath) -> int:
        """The line of a key, or of what it would stand in; 0 where neither is in the file."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.lines:
                return self.lines[key[:length]]
        return 0

    def spell(self, key: KeyPath) -> str:
        """``silos.toml:41: references[3].from``."""
        line = self.line(key)
        return f"{self.source}:{line}: {spell_key(key)}" if line else f"{self.source}: {spell_key(key)}"

    def problems(self, remarks: Iterable[Remark]) -> tuple[Problem, ...]:
        """The remarks as problems, each once, in the order of the file."""
        ordered = sorted(dict.fromkeys(remarks), key=lambda remark: self.line(remark.key))
        return tuple(
            Problem(code=remark.code, object=self.spell(remark.key), found=remark.found, remedy=remark.remedy) for remark in ordered
        )


def spell_key(key: KeyPath) -> str:
    """``references[3].from``; a key that TOML would quote is quoted."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{_spell_part(part)}" for part in key]
    return "".join(parts).removeprefix(".")


def _spell_part(part: str) -> str:
    if _BARE.fullmatch(part):
        return part
    return f"'{part}'" if '"' in part else f'"{part}"'


def find_places(text: str, source: str) -> Places:
    """The line of every key and array item of a text that tomllib has accepted."""
    scanner = _Scanner(text)
    scanner.document()
    return Places(source=source, lines=scanner.lines)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted = (0, 1)  # an offset and its line: what lies before is not counted again
        self.lines: dict[KeyPath, int] = {}
        self.items: dict[KeyPath, int] = {}  # how many [[tables]] a key has had

    def document(self) -> None:
        prefix: KeyPath = ()
        while self.more():
            if self.text.startswith("[", self.at):
                prefix = self.header()
            else:
                self.pair(prefix)

    def more(self) -> bool:
        self.skip()
        return self.at < len(self.text)

    def skip(self) -> None:
        self.take(_SKIP)

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None, f"tomllib accepted what {pattern.pattern} does not match at {self.at}"
        self.at = found.end()
        return found[0]

    def peek(self) -> str:
        self.skip()
        return self.text[self.at]

    def mark(self, key: KeyPath) -> None:
        offset, line = self.counted
        line += self.text.count("\n", offset, self.at)
        self.counted = (self.at, line)
        self.lines.setdefault(key, line)

    def header(self) -> KeyPath:
        width = 2 if self.text.startswith("[[", self.at) else 1
        start = self.at
        self.at += width
        parts = self.dotted()
        end = self.at
        self.at = start
        path: KeyPath = ()
        for part in parts:
            path = (*self.current(path), part)
            self.mark(path)
        if width == 2:
            number = self.items[path] = self.items.get(path, -1) + 1
            path = (*path, number)
            self.mark(path)
        self.at = end
        self.skip()
        self.at += width
        return self.current(path) if width == 1 else path

    def current(self, path: KeyPath) -> KeyPath:
        """The path itself, or of an array of tables the item that was begun last."""
        return (*path, self.items[path]) if path in self.items else path

    def dotted(self) -> KeyPath:
        self.skip()
        parts: KeyPath = (_unquote(self.take(_KEY)),)
        while _DOT.match(self.text, self.at):
            self.take(_DOT)
            parts = (*parts, _unquote(self.take(_KEY)))
        return parts

    def pair(self, prefix: KeyPath) -> None:
        start = self.at
        parts = self.dotted()
        end, self.at = self.at, start
        for length in range(1, len(parts) + 1):
            self.mark(prefix + parts[:length])
        self.at = end
        self.skip()
        self.at += 1  # =
        self.value(prefix + parts)

    def value(self, key: KeyPath) -> None:
        opening = self.peek()
        if opening == "[":
            self.array(key)
        elif opening == "{":
            self.inline(key)
        else:
            self.take(_SCALAR)

    def array(self, key: KeyPath) -> None:
        self.at += 1
        number = 0
        while self.peek() != "]":
            self.mark((*key, number))
            self.value((*key, number))
            number += 1
            self.comma()
        self.at += 1

    def inline(self, key: KeyPath) -> None:
        self.at += 1
        while self.peek() != "}":
            self.pair(key)
            self.comma()
        self.at += 1

    def comma(self) -> None:
        if self.peek() == ",":
            self.at += 1


def _unquote(part: str) -> str:
    if part.startswith('"'):
        return str(tomllib.loads(f"key = {part}")["key"])
    return part[1:-1] if part.startswith("'") else part
