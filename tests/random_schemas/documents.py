"""JSON documents that hold ids, in the forms that silos.toml's paths can name. The text is built from parts, so that nothing parses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.random_schemas.cells import Doc, Id, Matched

Part = str | Id | Matched
Piece = tuple[Part, ...]
Give = Callable[[], Piece]  # one id as a JSON value, or something else that may stand in its place


@dataclass(frozen=True, slots=True)
class Form:
    """How one form is named in silos.toml, and its text around what ``give`` returns."""

    path: str
    make: Callable[[Random, Give], list[Piece]]
    keys: bool = False
    type_path: str | None = None


def _single(rng: Random, give: Give) -> list[Piece]:
    return [(rng.choice(('{"n": 1e5, "ref": ', '{"ref": ')),), give(), (rng.choice(("}", ', "x": "\\"ref\\": 5", "n": 1.50}')),)]


def _items(rng: Random, give: Give) -> list[Piece]:
    pieces: list[Piece] = [('{"items": [{"other": 7}',)]
    for _ in range(rng.randrange(5)):
        pieces += [(', {"id": ',), give(), ("}",)]
    return [*pieces, ('], "id": 3}',)]


def _list(rng: Random, give: Give) -> list[Piece]:
    pieces: list[Piece] = [("[",)]
    for number in range(rng.randrange(5)):
        pieces += [(", " if number else "",), give()]
    return [*pieces, ("]",)]


def _first(_: Random, give: Give) -> list[Piece]:
    return [('{"we.ird": [[',), give(), (', 9], 4], "list": [5]}',)]


def _members(rng: Random, give: Give) -> list[Piece]:
    pieces: list[Piece] = [('{"by": {"": {"x": 1}',)]
    for number in range(rng.randrange(4)):
        pieces += [(f', "k {number}": {{"id": ',), give(), ("}",)]
    return [*pieces, ("}}",)]


def _whole(_: Random, give: Give) -> list[Piece]:
    return [give()]


def _keyed(rng: Random, give: Give) -> list[Piece]:
    pieces: list[Piece] = [('{"map": {"none": 0',)]
    for _ in range(rng.randrange(4)):
        name = give()
        if name[0] == '"':
            pieces += [(", ",), name, (f": {rng.randrange(9)}",)]
    return [*pieces, ('}, "5": 6}',)]


def _labelled(rng: Random, give: Give) -> list[Piece]:
    pieces: list[Piece] = [('{"targets": [{"type": "unknown", "id": 5}',)]
    for _ in range(rng.randrange(5)):
        pieces += [(', {"type": "it\'s a", "id": ',), give(), ("}",)]
    return [*pieces, ("]}",)]


FORMS = {
    "single": Form("$.ref", _single),
    "items": Form("$.items[*].id", _items),
    "list": Form("$[*]", _list),
    "first": Form('$."we.ird"[0][0]', _first),
    "members": Form("$.by.*.id", _members),
    "whole": Form("$", _whole),
    "keyed": Form("$.map", _keyed, keys=True),
    "labelled": Form("$.targets[*].id", _labelled, type_path="$.targets[*].type"),
}
LABEL = "it's a"  # that the polymorphic form carries
OTHERS = ("null", "true", '"abc"', "{}", "[]", '""')  # what may stand where an id could
BYSTANDERS = ("null", "{}", "[]", '"text"', '{"unrelated": [1, 2, {"idx": 3}]}')  # whole documents without an id at any path


def spell(cell: Part, rng: Random, *, quoted: bool) -> Piece:
    """An id as JSON: a number, or a string of its digits; texts always as strings."""
    if isinstance(cell, Id):
        return ('"', cell, '"') if quoted or rng.randrange(3) == 0 else (cell,)
    if isinstance(cell, Matched):
        numeric = cell.here.isdigit() and cell.there.isdigit() and not quoted and rng.randrange(3)
        return (cell,) if numeric else (Matched(_string(cell.here), _string(cell.there)),)
    return (_string(cell),)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def document(form: str, rng: Random, choices: list[Part]) -> Doc:
    """A document of that form with ids out of ``choices``."""
    shape = FORMS[form]

    def give() -> Piece:
        if not choices or rng.randrange(6) == 0:
            return (rng.choice(OTHERS),)
        return spell(rng.choice(choices), rng, quoted=shape.keys)

    if rng.randrange(8) == 0:
        return Doc((rng.choice(BYSTANDERS),))
    return Doc(tuple(part for piece in shape.make(rng, give) for part in piece))


def without_blanks(text: str) -> str:
    """The same document without blanks between its tokens: what a rewrite may change."""
    out, inside, position = [], False, 0
    while position < len(text):
        char = text[position]
        if inside and char == "\\":
            out.append(text[position : position + 2])
            position += 2
            continue
        if char == '"':
            inside = not inside
        if inside or char not in " \t\r\n":
            out.append(char)
        position += 1
    return "".join(out)
