"""A live database -> Schema: everything that is known of a database's structure is read here, in a dozen queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row

from splitter.catalog_schema import Answers, make_schema
from splitter.schema import Schema
from splitter.sql import load_queries

_FIRST_WITH = {"constraints_18": 180000}  # the blocks that older servers don't understand


def read_schema(conn: psycopg.Connection[Any]) -> Schema:
    """The structure of the database that ``conn`` is connected to: PostgreSQL 15 or newer, also a standby.

    Needs no rights beyond connecting. The session's settings and transaction are as they were afterwards. Raises psycopg.Error only.
    """
    with _pinned(conn):
        return make_schema(conn.info.server_version, _ask(conn))


def _ask(conn: psycopg.Connection[Any]) -> Answers:
    version = conn.info.server_version
    cursor = conn.cursor(row_factory=namedtuple_row)
    answers: dict[str, list[Any]] = {}
    for name, query in _questions().items():
        asked = version >= _FIRST_WITH.get(name, 0)
        answers[name] = list(cursor.execute(query).fetchall()) if asked else []
    return answers


def _questions() -> Mapping[str, Any]:
    return {name: query for name, query in load_queries("catalog.sql").items() if name != "pin"}


@contextmanager
def _pinned(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """A transaction, or a savepoint in the caller's, that spells everything alike; rolled back, so that no setting outlives it."""
    outermost = conn.info.transaction_status is TransactionStatus.IDLE
    with conn.transaction(force_rollback=True):
        if outermost:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        conn.execute(load_queries("catalog.sql")["pin"])
        yield
