"""Puts a case into real databases, and reads it back as texts that compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.random_schemas import Case
from tests.random_schemas.cells import LIMIT
from tests.random_schemas.ddl import NEWER, control_ddl, region_constraints, region_ddl
from tests.random_schemas.documents import without_blanks
from tests.random_schemas.names import TableName, columns_sql, identifier, table_sql
from tests.random_schemas.shapes import Kind, Shape, Standing, Table
from tests.random_schemas.truth import Texts, rows_before

Connection = psycopg.Connection[tuple[Any, ...]]
Fingerprint = dict[TableName, dict[tuple[str, ...], Texts]]  # place and writing transaction of each row -> its content
PINNED = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(PINNED)
        yield conn


def fill_region(url: str, case: Case, *, target: bool) -> None:
    """Tables, then rows, then the constraints, which hold only if the rows are right."""
    shape, contents = case.shape, case.target if target else case.source
    with connected(url) as conn:
        conn.execute(region_ddl(shape, target=target))
        for table in shape.tables:
            _copy(conn, table_sql(table.name), shape, table, rows_before(shape, table.name, contents.rows[table.name]))
            _advance_sequences(conn, table)
        conn.execute(region_constraints(shape))


def fill_control(url: str, case: Case) -> None:
    with connected(url) as conn:
        conn.execute(control_ddl(case.shape) or "SELECT 1")
        for table in case.shape.control:
            _copy(conn, table_sql(table.name), case.shape, table, case.pins(moved=False)[table.name])
        if case.shape.own_mapping:
            with conn.cursor().copy(f"COPY {table_sql(case.shape.own_mapping)} FROM STDIN") as copy:
                for line in case.homes(moved=False):
                    copy.write_row(line)


def _copy(conn: Connection, into: str, shape: Shape, table: Table, rows: Iterable[Texts]) -> None:
    columns = columns_sql(tuple(column.name for column in shape.table(table.name).written))
    with conn.cursor().copy(f"COPY {into} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _advance_sequences(conn: Connection, table: Table) -> None:
    """As if the local ids had come from them."""
    for column in table.columns:
        if "IDENTITY" in column.extra or column.type == "bigserial":
            top = f"SELECT max({identifier(column.name)}) AS top FROM {table_sql(table.name)} WHERE {identifier(column.name)} < {LIMIT}"
            query = f"SELECT setval(pg_get_serial_sequence(%s, %s), top) FROM ({top.replace('%', '%%')}) AS x WHERE top IS NOT NULL"
            conn.execute(query, (table_sql(table.name), column.name))


def read_region(conn: Connection, shape: Shape, *, target: bool) -> Fingerprint:
    """Every row of every table with where it lies and which transaction wrote it: equal only if nobody touched it."""
    found: Fingerprint = {}
    for table in shape.tables:
        columns = _texts(shape, table, target)
        rows = conn.execute(f"SELECT tableoid::text, ctid::text, xmin::text, {columns} FROM {table_sql(table.name)}").fetchall()
        found[table.name] = {row[:3]: _plain(shape, table, row[3:]) for row in rows}
    return found


def expected(conn: Connection, shape: Shape, rows: Mapping[TableName, list[Texts]], *, target: bool) -> dict[TableName, Counter[Texts]]:
    """The same rows as that database would print them: written into temporary tables of the same types."""
    found: dict[TableName, Counter[Texts]] = {}
    for name, texts in rows.items():
        table = shape.table(name)
        conn.execute(f"CREATE TEMP TABLE expected (LIKE {table_sql(name)} INCLUDING DEFAULTS INCLUDING GENERATED)")
        _copy(conn, "expected", shape, table, texts)
        printed = conn.execute(f"SELECT {_texts(shape, table, target)} FROM expected").fetchall()
        conn.execute("DROP TABLE expected")
        found[name] = Counter(_plain(shape, table, row) for row in printed)
    return found


def read_control(conn: Connection, shape: Shape) -> dict[TableName, Counter[Texts]]:
    found = {}
    for table in shape.control:
        found[table.name] = Counter(conn.execute(f"SELECT {_texts(shape, table, False)} FROM {table_sql(table.name)}").fetchall())
    return found


def read_homes(conn: Connection, shape: Shape) -> set[Texts]:
    assert shape.own_mapping is not None
    return set(conn.execute(f"SELECT organization_id::text, slug, region_name FROM {table_sql(shape.own_mapping)}").fetchall())


def _texts(shape: Shape, table: Table, target: bool) -> str:
    newer = [NEWER] if target and shape.drifted and table.standing is Standing.OWNED else []
    return ", ".join(f"{identifier(name)}::text" for name in (*(column.name for column in table.columns), *newer))


def _plain(shape: Shape, table: Table, row: tuple[Any, ...]) -> Texts:
    """Blanks between the tokens of a document may change with its ids."""
    documents = {each.columns[0] for each in table.references if each.kind is Kind.JSON}
    if not documents:
        return row
    names = [column.name for column in table.columns]
    loose = {number for number, name in enumerate(names) if name in documents}
    return tuple(without_blanks(value) if number in loose and value else value for number, value in enumerate(row))
