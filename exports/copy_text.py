"""COPY's text format: lines to fields and back, without a server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.|\Z)", re.DOTALL)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_TO_ESCAPES = {"\\": r"\\", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}
_SPECIAL = re.compile(r"[\\\b\f\n\r\t\v]")


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream that comes in pieces of any size, each without its newline. Holds one piece and one line.

    Raises ValueError where the stream ends within a line.
    """
    begun: list[bytes] = []
    for piece in pieces:
        head, newline, rest = piece.partition(b"\n")
        begun.append(head)
        if not newline:
            continue
        yield b"".join(begun)
        lines = rest.split(b"\n")
        begun = [lines.pop()]
        yield from lines
    if any(begun):
        raise ValueError("the data ends within a row")


def parse_line(line: bytes) -> tuple[str | None, ...]:
    r"""The values of one line (without its newline); None stands for NULL (``\N``).

    A row without columns and a row of one empty text are the same empty line: it comes back as the latter.
    Raises ValueError for a backslash at the end of a field and for what isn't UTF-8.
    """
    return tuple(_parse_field(field) for field in line.split(b"\t"))


def format_line(values: Iterable[str | None]) -> bytes:
    """One line with its newline, escaped as the server does."""
    return "\t".join(r"\N" if value is None else _SPECIAL.sub(_escape, value) for value in values).encode() + b"\n"


def project(line: bytes, positions: Sequence[int]) -> bytes:
    """The line with only the fields at ``positions``, in that order, untouched. IndexError where it has too few."""
    fields = line.split(b"\t")
    return b"\t".join([fields[position] for position in positions])


def _parse_field(field: bytes) -> str | None:
    if field == rb"\N":
        return None
    if b"\\" in field:
        field = _ESCAPE.sub(_unescape, field)
    return field.decode()


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if not code:
        raise ValueError("a field ends with a lone backslash")
    if code[:1].isdigit() and code < b"8":
        return bytes([int(code, 8) & 0xFF])  # the server masks it too
    if len(code) > 1:
        return bytes([int(code[1:], 16)])
    return _LETTERS.get(code, code)


def _escape(match: re.Match[str]) -> str:
    return _TO_ESCAPES[match[0]]
