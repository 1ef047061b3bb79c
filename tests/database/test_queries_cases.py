"""The reader on what others wrote: views and routines of real applications, held against what the server itself says that they use."""

from __future__ import annotations

import re
from collections.abc import Iterable

import psycopg
import pytest

from splitter.catalog import read_schema
from splitter.db import connect
from splitter.guard.names import Names
from splitter.guard.plpgsql_text import read_plpgsql
from splitter.guard.query_stats import read_apart, read_routine_texts
from splitter.guard.sql_files import split_statements
from splitter.guard.sql_text import UnreadableStatement, read_statement
from splitter.schema import Schema, TableName
from tests.cases_support import find_cases
from tests.servers import Servers

SCRIPTS = ("citusads/schema.sql", "hatchet/schema.sql", "labelstudio/schema.sql", "langfuse/schema.sql")
GITLAB = "gitlab/structure.sql"
PLPGSQL = [("concourse/schema.sql", 6, 5), ("hatchet/schema.sql", 46, 20), (GITLAB, 255, 0)]
_ROUTINE = re.compile(r"CREATE (FUNCTION|PROCEDURE)\b")
_IN_PLPGSQL = re.compile(r"LANGUAGE plpgsql\b")


@pytest.mark.parametrize("script", [*SCRIPTS, "concourse/schema.sql", pytest.param(GITLAB, marks=pytest.mark.long)])
def test_every_statement_of_a_dump_is_read(script: str):
    statements = list(split_statements((find_cases() / script).read_text()))
    assert statements and not list(_unread(statements))


@pytest.mark.parametrize(("script", "routines", "putting_together"), PLPGSQL, ids=[script for script, *_ in PLPGSQL])
def test_every_body_in_plpgsql_is_read_and_what_it_puts_together_named(script: str, routines: int, putting_together: int):
    made = [text for text in split_statements((find_cases() / script).read_text()) if _ROUTINE.match(text) and _IN_PLPGSQL.search(text)]
    read = [read_plpgsql(text) for text in made]
    assert (len(read), sum(bool(each.unseen) for each in read)) == (routines, putting_together)


def _unread(statements: Iterable[str]) -> Iterable[tuple[str, str]]:
    for statement in statements:
        try:
            read_statement(statement)
        except UnreadableStatement as exc:
            yield exc.reason, statement[:200]


@pytest.mark.long
def test_views_and_routines_of_gitlab_are_read_to_the_last(servers: Servers):
    server = servers(15)
    url = server.create(find_cases() / GITLAB)
    try:
        with connect(url, setting=GITLAB, readonly=True) as conn:
            schema, texts, apart = read_schema(conn), read_routine_texts(conn), read_apart(conn)
            definitions = _definitions(conn)
    finally:
        server.drop(url)
    assert len(schema.views) == 14 and len(texts) == 256
    names = Names(schema, apart, texts)
    assert {name: names.touched(read_statement(text), ("public",)).tables for name, text in definitions.items()} == {
        name: _used(schema, name) for name in definitions
    }
    unread = {str(name): text.why for name, text in texts.items() if text.statement is None}
    assert unread == {}
    put_together = {name.name: text.statement.unseen for name, text in texts.items() if text.statement and text.statement.unseen}
    assert put_together == {}


def _definitions(conn: psycopg.Connection[tuple[str, ...]]) -> dict[TableName, str]:
    rows = conn.execute(
        "SELECT n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND c.oid >= 16384"
    )
    return {TableName(schema, name): text for schema, name, text in rows}


def _used(schema: Schema, view: TableName) -> frozenset[TableName]:
    """By the server's own account, through other views too."""
    reads = schema.views[view].reads
    inner = (_used(schema, name) for name in reads if name in schema.views)
    return frozenset(schema.root_of(name) for name in reads if name in schema.tables).union(*inner)
