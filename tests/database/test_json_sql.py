"""Ids inside JSON, at any path, in any spelling: what the server makes of random documents is what a few lines of Python make of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from exports.id_sql import TEXT_ID
from exports.json_sql import (
    HAS_IS_JSON,
    JSON,
    JSONB,
    TEXT_JSON_FUNCTION,
    Place,
    changes_document,
    found_ids,
    rewrite_document,
    text_as_json,
)
from splitter.json_path import EveryItem, EveryMember, Item, Member, PathStep, parse_path
from tests.servers import Servers

# The documents: text is built beside the tree, so that nothing parses it.


@dataclass(frozen=True)
class Scalar:
    text: str


@dataclass(frozen=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Object:
    members: tuple[tuple[str, Node], ...]  # names as they are spelled, quotes and all


Node = Scalar | Array | Object

BLANKS = ("", "", " ", "\n\t ")
SANE = ('"5"', '"x"', '"05"', '""', '"\\n\\/"', '"é"', '"\\u00e9"', '"\\\\u0035"', '"\\\\"', '"12345678901234567890"', '"{"')
INSANE = ('"\\u0000"', '"a\\\\\\u0000"', '"\\ud800"', '"\\uDC00x"', '"\\ud83d\\ude00"')
NUMBERS = ("5", "0", "-5", "1e5", "5.0", "1.50", "-0", "68719476736", "123456789012345678901234567890")
NAMES = ('"a"', '"a"', '"id"', '"5"', '"7"', '"é"', '"\\u00e9"', '"type"', '""', '"we.ird"', '"\\\\"')


def nodes(strings: tuple[str, ...], names: tuple[str, ...]) -> st.SearchStrategy[Node]:
    scalars = st.sampled_from((*strings, *NUMBERS, "true", "null")).map(Scalar)
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda items: Array(tuple(items))),
            st.lists(st.tuples(st.sampled_from(names), inner), max_size=5).map(lambda members: Object(tuple(members))),
        ),
        max_leaves=12,
    )


def spell(node: Node, blanks: Iterator[str]) -> str:
    def pad(text: str) -> str:
        return next(blanks) + text + next(blanks)

    match node:
        case Scalar(text):
            return pad(text)
        case Array(items):
            return pad("[" + ",".join(spell(item, blanks) for item in items) + next(blanks) + "]")
        case Object(members):
            return pad("{" + ",".join(pad(name) + ":" + spell(value, blanks) for name, value in members) + next(blanks) + "}")


# What has to come out


def shifted(text: str) -> str:
    """What the tests' own rule makes of an id."""
    return str(int(text) + 1000) if re.fullmatch(TEXT_ID, text) else text


def rewritten(node: Node, place: Place, path: tuple[PathStep, ...] | None = None, depth: int = 0) -> Node:
    rest = place.path if path is None else path
    if not _says_so(node, place, depth):
        return node
    if not rest:
        return _renamed(node) if place.keys else _moved(node)
    step, rest = rest[0], rest[1:]
    if isinstance(node, Object) and isinstance(step, Member | EveryMember):
        return Object(
            tuple(
                (
                    name,
                    rewritten(value, place, rest, depth + 1) if isinstance(step, EveryMember) or json.loads(name) == step.name else value,
                )
                for name, value in node.members
            )
        )
    if isinstance(node, Array) and isinstance(step, Item | EveryItem):
        return Array(
            tuple(
                rewritten(value, place, rest, depth + 1) if isinstance(step, EveryItem) or number == step.index else value
                for number, value in enumerate(node.items)
            )
        )
    return node


def _says_so(node: Node, place: Place, depth: int) -> bool:
    if place.label is None or depth != len(place.type_path) - 1:
        return True
    assert isinstance(place.type_path[-1], Member)
    named = [value for name, value in node.members if json.loads(name) == place.type_path[-1].name] if isinstance(node, Object) else []
    return bool(named) and isinstance(named[-1], Scalar) and named[-1].text.strip('"') == place.label


def _renamed(node: Node) -> Node:
    if not isinstance(node, Object):
        return node
    return Object(tuple((json.dumps(shifted(json.loads(name))), value) for name, value in node.members))


def _moved(node: Node) -> Node:
    if not isinstance(node, Scalar):
        return node
    if re.fullmatch("[0-9]+", node.text):
        return Scalar(shifted(node.text))
    return Scalar(f'"{shifted(node.text[1:-1])}"') if node.text.startswith('"') and "\\" not in node.text else node


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def tokens(text: str) -> list[str]:
    """Without blanks; names of members may be spelled otherwise, values may not."""
    found = TOKEN.findall(text)
    return [
        json.dumps(json.loads(token)) if token[0] == '"' and after == ":" else token
        for token, after in zip(found, [*found[1:], ""], strict=True)
    ]


def plain(node: Node) -> str:
    return spell(node, iter(lambda: "", None))


PATHS = ("$", "$.a", "$.a.id", "$[*]", "$.a[*]", "$.a[*].id", "$.*", "$.*.*", "$[0]", "$.a[1]", '$."é"', '$."é".id', '$."we.ird"[*]')
PLACES = st.one_of(
    st.builds(lambda path, keys: Place(parse_path(path), keys), st.sampled_from(PATHS), st.booleans()),
    st.builds(
        lambda pair: Place(parse_path(pair[0]), False, parse_path(pair[1]), "x"),
        st.sampled_from((("$.a[*].id", "$.a[*].type"), ("$.id", "$.type"))),
    ),
)


def leaf(text: sql.Composable) -> sql.Composable:
    return sql.SQL("CASE WHEN {text} ~ {id} THEN ({text}::bigint + 1000)::text ELSE {text} END").format(text=text, id=sql.Literal(TEXT_ID))


@dataclass
class Asked:
    """What a server makes of documents."""

    conn: psycopg.Connection[tuple[str | None, bool, list[str | None] | None]]

    def rewrite(self, kind: str, texts: list[str], place: Place) -> list[tuple[str, bool]]:
        document = JSONB if kind == "jsonb" else JSON
        value = sql.SQL("d::{}").format(sql.SQL("jsonb" if kind == "jsonb" else "json"))
        value = text_as_json(self.conn.info.server_version, sql.SQL("d")) if kind == "text" else value
        query = sql.SQL(
            "SELECT ({new})::text, {changes}, ARRAY(SELECT id FROM {ids} AS f)"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS t(d, n) ORDER BY n"
        )
        asked = query.format(
            new=rewrite_document(document, value, place, leaf),
            changes=changes_document(document, value, place, leaf),
            ids=found_ids(document, value, place),
        )
        found = self.conn.execute(asked, (texts,)).fetchall()
        assert all(new is not None for new, _, _ in found)
        return [(str(new), changes) for new, changes, _ in found]


@pytest.fixture
def asked(servers: Servers, major: int) -> Iterator[Asked]:
    with psycopg.connect(servers(major).url("postgres"), autocommit=True) as conn:
        if conn.info.server_version < HAS_IS_JSON:
            conn.execute(TEXT_JSON_FUNCTION)
        yield Asked(conn)


DOCUMENTS = st.lists(st.tuples(nodes(SANE, NAMES), st.integers(0, 999)), min_size=1, max_size=12)
ODD_DOCUMENTS = st.lists(nodes((*SANE, *INSANE), (*NAMES, *INSANE)), min_size=1, max_size=12)
MANY = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("kind", ["json", "text"])
@MANY
@given(documents=DOCUMENTS, place=PLACES)
def test_text_keeps_its_order_its_doubles_and_the_spelling_of_numbers(
    asked: Asked, kind: str, documents: list[tuple[Node, int]], place: Place
):
    texts = [spell(node, iter(partial(Random(seed).choice, BLANKS), None)) for node, seed in documents]
    for (node, _), (found, changes) in zip(documents, asked.rewrite(kind, texts, place), strict=True):
        before, after = tokens(plain(node)), tokens(plain(rewritten(node, place)))
        assert tokens(found) == after
        assert changes == (before != after)


@MANY
@given(documents=ODD_DOCUMENTS, place=PLACES)
def test_what_the_server_cannot_read_comes_back_as_it_was(asked: Asked, documents: list[Node], place: Place):
    texts = [plain(node) for node in documents]
    for node, (found, _) in zip(documents, asked.rewrite("json", texts, place), strict=True):
        assert tokens(found) == tokens(plain(rewritten(node, place)))


@MANY
@given(documents=st.lists(nodes(SANE, NAMES), min_size=1, max_size=12), place=PLACES)
def test_jsonb_keeps_what_it_means(asked: Asked, documents: list[Node], place: Place):
    values = [json.loads(plain(node)) for node in documents]  # of several members of one name the last, as jsonb has it
    for value, (found, _) in zip(values, asked.rewrite("jsonb", [json.dumps(value) for value in values], place), strict=True):
        assert json.loads(found) == json.loads(plain(rewritten(_node(value), place)))


def _node(value: object) -> Node:
    if isinstance(value, dict):
        return Object(tuple((json.dumps(name), _node(each)) for name, each in value.items()))
    if isinstance(value, list):
        return Array(tuple(map(_node, value)))
    return Scalar(json.dumps(value, ensure_ascii=False))
