"""Expressions over a domain that becomes wider: the server spells its implicit casts, and made again from that text they would be narrow.

``(id)::integer > 5`` is what it says of ``id > 5``. Its parsed trees tell such a cast from one that somebody wrote.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from psycopg import sql

from splitter.dependents import read_tokens
from splitter.schema import TableName

_NARROW = frozenset({"integer", "smallint"})
_OIDS = "(?:21|23)"  # of int2 and int4
_NODE = re.compile(r"\\.|\{(?P<name>\w+)|(?P<end>\})", re.DOTALL)
_RELABEL = re.compile(rf":resulttype {_OIDS} .*:relabelformat (?P<format>\d)", re.DOTALL)
_OTHER = re.compile(rf":funcresulttype {_OIDS} .*:funcformat [12] |:resulttype {_OIDS} ", re.DOTALL)
_IMPLICIT = "2"
_COLUMNS = {"VAR": re.compile(r":vartype (\d+)"), "COERCETODOMAINVALUE": re.compile(r":typeId (\d+)")}
_NAMED = re.compile(r":resulttype (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Widened:
    """The domains that become wider, by name and by OID, and what columns that have one are called."""

    domains: frozenset[TableName]
    types: frozenset[int]
    columns: frozenset[str]


class _Cast(Enum):
    COLUMN = auto()  # put in by the server, of a column, or of what a domain's check calls VALUE
    NAMED = auto()  # put in by the server, of what is cast to the domain
    OTHER = auto()  # of a column that stays as it is, or of another type
    UNCLEAR = auto()


def without_casts(texts: tuple[str, ...], tree: str, widened: Widened) -> tuple[str, ...] | None:
    """The texts of one object without the casts that PostgreSQL put into it; None where it cannot be told which those are.

    ``tree``: what its texts were parsed to.
    """
    said = Counter(_read_casts(tree, widened.types))
    if not said - Counter({_Cast.OTHER: said[_Cast.OTHER]}):
        return texts
    found = [spelled for text in texts for _, spelled in _find_casts(text)]
    columns = [spelled for spelled in found if isinstance(spelled, str)]
    named = [spelled for spelled in found if spelled in widened.domains]
    mine = [name for name in columns if name in widened.columns]
    if said[_Cast.UNCLEAR] or len(mine) != said[_Cast.COLUMN] or len(named) != said[_Cast.NAMED]:
        return None
    if len(columns) != said[_Cast.COLUMN] + said[_Cast.OTHER]:
        return None
    return tuple(strip_casts(text, widened) for text in texts)


def _read_casts(tree: str, types: Collection[int]) -> Iterator[_Cast]:
    """The casts to a narrow integer in a tree as the catalog prints it: of those domains, and of other columns."""
    open_: list[tuple[str, list[str], list[tuple[str, str]]]] = []  # name, its own text, its children's names and texts
    at = 0
    for match in _NODE.finditer(tree):
        if open_:
            open_[-1][1].append(tree[at : match.start()])
        at = match.end()
        if match["name"]:
            open_.append((match["name"], [], []))
        elif match["end"] and open_:
            name, parts, children = open_.pop()
            own = "".join(parts)
            if open_:
                open_[-1][2].append((name, own))
            if children:
                yield from _classify(name, own, *children[0], types)


def _classify(name: str, own: str, child: str, its: str, types: Collection[int]) -> Iterator[_Cast]:
    """What a node is, by its first child, whose own text is ``its``."""
    if name == "RELABELTYPE" and (found := _RELABEL.search(own)):
        of = _COLUMNS.get(child, _NAMED if child == "COERCETODOMAIN" else None)
        if of is None:
            yield _Cast.UNCLEAR
        elif not ((oid := of.search(its)) and int(oid[1]) in types):
            yield from [_Cast.OTHER] if child in _COLUMNS else []
        elif found["format"] != _IMPLICIT:
            yield _Cast.UNCLEAR
        else:
            yield _Cast.COLUMN if child in _COLUMNS else _Cast.NAMED
    elif name in ("FUNCEXPR", "COERCEVIAIO") and child in _COLUMNS and _OTHER.search(own):
        yield _Cast.OTHER


def _find_casts(text: str) -> Iterator[tuple[tuple[int, int], str | TableName]]:
    """The places of ``::`` and ``integer`` behind a column, or the name of the type that something is cast to before."""
    tokens = read_tokens(text)
    solid = [number for number, (kind, _) in enumerate(tokens) if kind != "space"]
    for place in range(1, len(solid) - 1):
        if tokens[solid[place]][1] != "::" or tokens[solid[place + 1]][1] not in _NARROW:
            continue
        enclosed = tokens[solid[place - 1]][1] == ")"  # not in a statistics object
        start = end = place - 2 if enclosed else place - 1
        while start > 1 and tokens[solid[start - 1]][1] == ".":
            start -= 2
        kind, token = tokens[solid[end]]
        before = tokens[solid[start - 1]][1] if start else ""
        if kind in ("word", "quoted") and (not enclosed or before in ("(", "::")):
            first = _unquoted(tokens[solid[start]][1])
            yield (solid[place], solid[place + 1]), TableName(first, _unquoted(token)) if before == "::" else _unquoted(token)


def strip_casts(text: str, widened: Widened) -> str:
    """The text without casts to a narrow integer of columns of those names, and of what is cast to those domains."""
    casts = {*widened.columns, *widened.domains}
    gone = {place for places, spelled in _find_casts(text) if spelled in casts for place in range(places[0], places[1] + 1)}
    return "".join(token for number, (_, token) in enumerate(read_tokens(text)) if number not in gone)


def rename_types(text: str, types: Mapping[TableName, str]) -> str:
    """The same with other types of those qualified names, in the same schemas."""
    tokens = read_tokens(text)
    solid = [number for number, (kind, _) in enumerate(tokens) if kind != "space"]
    result = [token for _, token in tokens]
    for place in range(2, len(solid)):
        schema, dot, name = (tokens[solid[place - back]] for back in (2, 1, 0))
        after = tokens[solid[place + 1]][1] if place + 1 < len(solid) else ""
        if dot[1] == "." and after not in ("(", "."):
            known = types.get(TableName(_unquoted(schema[1]), _unquoted(name[1])))
            if known is not None:
                result[solid[place]] = sql.Identifier(known).as_string()
    return "".join(result)


def _unquoted(token: str) -> str:
    return token[1:-1].replace('""', '"') if token.startswith('"') else token
