"""Random queries, whose names of WITH hide tables and each other: what is read of the text is what the server says that it uses."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from splitter.guard.sql_text import read_statement

TABLES = ("a", "b", "c", "d")
NAMES = (*TABLES, "x", "y")
SCRIPT = ";".join(f"CREATE TABLE {name} (n bigint)" for name in TABLES)
USED = """SELECT DISTINCT c.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_class c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass WHERE r.ev_class = 'drawn'::regclass AND c.relkind = 'r'"""


@st.composite
def queries(draw: st.DrawFn, depth: int = 3, known: tuple[str, ...] = TABLES) -> str:
    """A query of one bigint ``n``; ``known``: names that mean something where it stands."""
    head = ""
    if depth and draw(st.booleans()):
        clauses = []
        recursive = draw(st.booleans())
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)):
            clauses.append(f"{name} AS ({draw(queries(depth - 1, known))})")
            known = (*known, name)
        head = f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(clauses)} "
    body = draw(selects(depth, known))
    if depth and draw(st.booleans()):
        body += f" {draw(st.sampled_from(('UNION ALL', 'EXCEPT', 'INTERSECT')))} {draw(selects(depth - 1, known))}"
    return head + body


@st.composite
def selects(draw: st.DrawFn, depth: int, known: tuple[str, ...]) -> str:
    items = [f"{draw(st.sampled_from(known))} t0"]
    if depth and draw(st.booleans()):
        items.append(f"JOIN ({draw(queries(depth - 1, known))}) t1 ON t1.n = t0.n")
    if draw(st.booleans()):
        items.append(f"LEFT JOIN public.{draw(st.sampled_from(TABLES))} t2 ON true")
    where = f" WHERE t0.n IN ({draw(queries(depth - 1, known))})" if depth and draw(st.booleans()) else ""
    return f"SELECT t0.n FROM {' '.join(items)}{where}"


@pytest.mark.long
@pytest.mark.postgres(18)
def test_what_is_read_is_what_the_server_uses(database: str):
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SCRIPT)

        @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
        @given(queries())
        def compare(query: str) -> None:
            conn.execute("DROP VIEW IF EXISTS drawn")
            try:
                conn.execute(f"CREATE VIEW drawn AS {query}".encode())
            except psycopg.Error:
                assume(False)  # a recursion that PostgreSQL does not take
            used = {name for (name,) in conn.execute(USED)}
            assert {ref.name for ref in read_statement(query).reads} == used

        compare()
