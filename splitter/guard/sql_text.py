"""A text of SQL -> what it does. Read by PostgreSQL's own grammar; no database is asked, so names stand as they are written."""

from __future__ import annotations

import re
from dataclasses import replace

from splitter.guard.parse_tree import parse, read_tree
from splitter.guard.plpgsql_text import read_plpgsql
from splitter.guard.statements import Body, Statement, TableRef, UnreadableStatement

__all__ = ["Statement", "TableRef", "UnreadableStatement", "read_statement"]

_PLACEHOLDER = re.compile(  # of Python's drivers, and of psql and SQLAlchemy's text()
    r"%(?:\([^)]*\)[sbt]|[sbt%])|(?<![:\w]):(?:'[^\W\d]\w*'|[^\W\d]\w*)"
)


def read_statement(sql: str) -> Statement:
    """What a text does that an application sends: one statement or several, with ``$1``, ``%s`` or ``%(name)s`` for its values.

    UnreadableStatement for what is not PostgreSQL's SQL: such a text is never harmless. A DO block in PL/pgSQL is looked into.
    """
    statement = read_tree(_parse(sql))
    for body in statement.bodies:
        statement |= _read_body(body)
    return replace(statement, bodies=())


def _parse(sql: str) -> list[object]:
    try:
        return parse(sql)
    except UnreadableStatement:
        plain = _PLACEHOLDER.sub(lambda found: "%" if found[0] == "%%" else "$1", sql)
        if plain == sql:
            raise
        return parse(plain)


def _read_body(body: Body) -> Statement:
    if body.language.lower() != "plpgsql":
        return Statement(unseen=(f"a DO block in {body.language}",))
    tag = "$body$"
    while tag in body.text:
        tag = tag[:-1] + "_$"
    try:
        return read_plpgsql(f"DO {tag}{body.text}{tag}")
    except UnreadableStatement as exc:
        return Statement(unseen=(f"a DO block: {exc.reason}",))
