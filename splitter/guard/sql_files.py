"""A file of SQL -> its statements, as psql would send them; its own commands and the data of COPY are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*)
      | (?P<block>/\*)
      | (?P<quoted>\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z) | '(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z))
      | (?P<dollar>(?<![\w$])\$(?:[^\W\d]\w*)?\$)
      | (?P<end>;)
      | (?P<command>^[ \t]*\\[^\n]*)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_EDGES = re.compile(r"/\*|\*/")
_ATOMIC = re.compile(r"\bbegin\s+atomic\b", re.IGNORECASE)
_CLOSED = re.compile(r"\bend\s*\Z", re.IGNORECASE)
_DATA = re.compile(r"\A\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_NO_MORE = re.compile(r"^\\\.[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"\s*(?:--[^\n]*|(?P<block>/\*))")


def split_statements(text: str) -> Iterator[str]:
    """Each without the semicolon and the comments before it; nothing is judged: a statement that is none comes out too."""
    begin = position = 0
    while token := _next(text, position):
        kind, start, position = token
        if kind == "command" and not _bare(text[begin:start]):
            begin = position
        elif kind == "end" and not _goes_on(text[begin:start]):
            yield from _said(text[begin:start])
            begin = position = _after_data(text, begin, position)
    yield from _said(text[begin:])


def find_tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """What must not be looked into, in one statement: its kind (``comment``, ``quoted``, ...), where it begins and where it ends."""
    position = 0
    while token := _next(text, position):
        position = token[2]
        yield token


def _next(text: str, position: int) -> tuple[str, int, int] | None:
    token = _TOKEN.search(text, position)
    if token is None:
        return None
    kind, end = str(token.lastgroup), token.end()
    if kind == "block":
        return "comment", token.start(), _after_comment(text, end)
    if kind == "dollar":
        closing = text.find(token[0], end)
        return "quoted", token.start(), len(text) if closing < 0 else closing + len(token[0])
    return kind, token.start(), end


def _said(text: str) -> Iterator[str]:
    bare = _bare(text)
    if bare:
        yield bare


def _bare(text: str) -> str:
    """Without the comments at its beginning; those inside may be hints."""
    position = 0
    while found := _COMMENT.match(text, position):
        position = _after_comment(text, found.end()) if found["block"] else found.end()
    return text[position:].strip()


def _after_comment(text: str, position: int) -> int:
    """Comments stand inside comments."""
    depth = 1
    while depth and (edge := _EDGES.search(text, position)):
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position if not depth else len(text)


def _goes_on(statement: str) -> bool:
    """A semicolon inside of BEGIN ATOMIC ... END."""
    return bool(_ATOMIC.search(statement)) and not _CLOSED.search(statement)


def _after_data(text: str, begin: int, position: int) -> int:
    if not _DATA.match(_bare(text[begin:position])):
        return position
    end = _NO_MORE.search(text, position)
    return len(text) if end is None else end.end()
