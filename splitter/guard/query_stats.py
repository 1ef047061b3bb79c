"""What a live database tells of its statements, and what it takes to read them: pg_stat_statements, search paths, texts of routines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import sql
from psycopg.rows import namedtuple_row

from splitter.db import Connection, translated
from splitter.errors import UsageError
from splitter.events import Reporter, Warned
from splitter.guard.names import Path, RoutineText, read_text
from splitter.guard.tally import Execution
from splitter.schema import RoutineName, TableName
from splitter.sql import load_queries

_FILE = "queries.sql"
_HIDDEN = "<insufficient privilege>"  # the server's words
_DEFAULT = '"$user", public'
_HOW = (
    "add pg_stat_statements to shared_preload_libraries, restart the server and run CREATE EXTENSION pg_stat_statements; "
    "or give a log of it with --log"
)
_PART = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,"]+?))\s*(?:,|$)')


def read_apart(conn: Connection) -> frozenset[TableName]:
    """Relations that are in neither silo."""
    return frozenset(TableName(row.schema, row.name) for row in _ask(conn, "apart"))


def read_room(conn: Connection) -> int:
    """The bytes that pg_stat_activity has for a statement and its end."""
    return int(_ask(conn, "room")[0].bytes)


def read_routine_texts(conn: Connection) -> Mapping[RoutineName, RoutineText]:
    """What the routines do whose uses the catalog does not know."""
    return {
        RoutineName(row.schema, row.name, row.arguments): read_text(row.language, row.definition, row.body)._replace(path=_own_path(row))
        for row in _ask(conn, "routines")
    }


def _own_path(row: Any) -> Path | None:
    said = next((option.partition("=")[2] for option in row.settings or () if option.startswith("search_path=")), None)
    return None if said is None else parse_path(said, "")


def read_statistics(conn: Connection, name: str, report: Reporter) -> Iterator[Execution]:
    """Every statement of this database that pg_stat_statements has. UsageError, with the way to get it, where it is not there."""
    schema = _find_extension(conn, name)
    schemas = {row.name for row in _ask(conn, "schemas")}
    paths = {row.role: _existing(parse_path(row.path or _DEFAULT, row.name), schemas) for row in _ask(conn, "paths")}
    thrown = _ask(conn, "thrown_out", schema)[0].dealloc
    if thrown:
        report(Warned(f"{name}: what ran least was thrown out {thrown:,} times and is not seen: raise pg_stat_statements.max"))
    for row in _ask(conn, "statements", schema):
        text = row.text or ""
        yield Execution(
            text=text,
            source=name,
            path=paths.get(row.role),
            calls=row.calls,
            milliseconds=row.milliseconds,
            hidden=_hidden(text, conn.info.user),
        )


def _find_extension(conn: Connection, name: str) -> str:
    found = _ask(conn, "extension")
    if not found:
        raise UsageError(f"{name} has no pg_stat_statements", hint=_HOW)
    if found[0].room is None:
        raise UsageError(f"{name} has pg_stat_statements, and its server has not loaded it", hint=_HOW)
    return str(found[0].schema)


def _existing(path: Path, schemas: set[str]) -> Path:
    """Most roles have no schema of their own: what they run alike is one statement."""
    return tuple(name for name in path if name in schemas)


def _hidden(text: str, user: str) -> str:
    if text == _HIDDEN:
        return f"it is another role's, whose statements {user} may not see: GRANT pg_read_all_stats TO it"
    return "" if text else "the server has lost its text"


def _ask(conn: Connection, block: str, schema: str | None = None) -> list[Any]:
    query: sql.SQL | sql.Composed = sql.SQL(load_queries(_FILE)[block])
    if schema is not None:
        query = sql.SQL(load_queries(_FILE)[block]).format(schema=sql.Identifier(schema))
    with translated("reading what the server knows of its statements"):
        return list(conn.cursor(row_factory=namedtuple_row).execute(query).fetchall())


def parse_path(text: str, role: str) -> Path:
    """A setting of search_path as names of schemas; ``$user`` is the role's own."""
    found = (quoted.replace('""', '"') or plain.strip().lower() for quoted, plain in _PART.findall(text))
    return tuple(role if name == "$user" else name for name in found if name)
