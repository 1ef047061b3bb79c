"""The body of a PL/pgSQL function, procedure or DO block -> Statement: every statement and expression in it, whichever way it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pgparse

from splitter.guard.parse_tree import Node, parse, read_tree
from splitter.guard.statements import Statement, TableRef, UnreadableStatement, joined

_STATEMENT, _EXPRESSION = 0, 2  # parse modes; the others are assignments
_ASSIGNS = re.compile(r":?=")
_DYNAMIC = ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors")
_ROW = re.compile(r'^\s*(?:"?(?P<schema>[^".]+)"?\.)?"?(?P<name>[^".]+)"?\s*%\s*rowtype', re.IGNORECASE)


def read_plpgsql(definition: str) -> Statement:
    """``definition``: CREATE FUNCTION, CREATE PROCEDURE or DO as a whole. What it puts together and EXECUTEs is ``unseen``."""
    _check(parse(definition))
    try:
        tree = pgparse.parse_pgsql(definition)
    except pgparse.PGQueryError as exc:
        raise UnreadableStatement(exc.message) from exc
    except RecursionError as exc:
        raise UnreadableStatement("it is nested too deeply") from exc
    found = list(_find(tree))
    return replace(joined(found), verbs=())


def _check(statements: list[Node]) -> None:
    """libpg_query ends the process at a definition without a body."""
    options = [option for each in statements for node in each["stmt"].values() for option in node.get("options", node.get("args", ()))]
    if len(statements) != 1 or not any(option.get("DefElem", {}).get("defname") == "as" for option in options):
        raise UnreadableStatement("it is no function, procedure or DO block with a body")


def _find(tree: Node) -> Iterator[Statement]:
    waiting = [("", tree)]
    while waiting:
        kind, node = waiting.pop()
        if isinstance(node, list):
            waiting.extend((kind, each) for each in node)
        elif isinstance(node, dict):
            for name, value in node.items():
                if name == "PLpgSQL_expr":
                    yield _read_expression(value)
                elif name == "PLpgSQL_type":
                    yield from _read_type(value)
                elif name == "dynquery" or (name == "query" and kind in _DYNAMIC):
                    yield _read_dynamic(value["PLpgSQL_expr"]["query"])
                else:
                    waiting.append((name if name.startswith("PLpgSQL") else kind, value))


def _read_expression(node: dict[str, Any]) -> Statement:
    mode, text = node.get("parseMode", _STATEMENT), node["query"]
    if mode == _STATEMENT:
        return read_tree(parse(text))
    if mode != _EXPRESSION:
        text = _ASSIGNS.split(text, maxsplit=1)[-1]
    return replace(read_tree(parse(f"SELECT {text}")), verbs=())


def _read_type(node: dict[str, Any]) -> Iterator[Statement]:
    """A variable that has a table's row for its type."""
    found = _ROW.match(node.get("typname", ""))
    if found:
        yield Statement(reads=frozenset({TableRef(found["schema"], found["name"].lower())}))


def _read_dynamic(text: str) -> Statement:
    """EXECUTE of a constant is a statement like any other."""
    asked = read_tree(parse(f"SELECT {text}"))
    constant = _constant(parse(f"SELECT {text}"))
    if constant is None:
        return replace(asked, verbs=(), unseen=(f"EXECUTE {_shorten(text)}",))
    return read_tree(parse(constant))


def _constant(tree: list[Node]) -> str | None:
    value = tree[0]["stmt"]["SelectStmt"]["targetList"][0]["ResTarget"]["val"]
    text = value.get("A_Const", {}).get("sval", {}).get("sval")
    return text if isinstance(text, str) else None


def _shorten(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 60 else plain[:57] + "..."
