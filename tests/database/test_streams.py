"""Rows that are hashed on their way out: the bytes are those of a plain COPY, the hash is the one that the server computes apart."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from psycopg import sql

from exports.chunks import Chunk
from exports.streams import Content, HashedRows
from splitter.db import translated
from splitter.errors import OrgliftError
from splitter.schema import TableName
from tests.exported import Exported
from tests.random_schemas.values import MAKERS, OWN_TYPES_SQL, type_sql
from tests.streamed import check_stream, rows_of

Open = Callable[..., Exported]
SAMPLES = 60  # of each type: more than there are values to choose from
DOMAINS = """
CREATE DOMAIN "my types".document AS jsonb; CREATE DOMAIN "my types".spelled AS json; CREATE DOMAIN "my types".words AS text;
CREATE TYPE "my types".whole AS (j jsonb, t text, d "my types".document);
"""
MADE = {  # types that have no values of their own in MAKERS
    '"my types".document': ('{"a": "tab\\t\\\\"}', "7", "null"),
    '"my types".spelled': ('{"a":1,  "a":2}', " [1 ] "),
    '"my types".words': ("", "tab\there", "\\N"),
    '"my types".whole': ('("{""a"": ""\\\\\\\\n""}","x y",)', "(,,null)"),
    '"my types".document[]': ('{"{\\"a\\": 1}",NULL}', "{}"),
    "jsonb[]": ('{"{\\"a\\": 1}",NULL}',),
    "money": ("-$1,234.50",),
    '"char"': ("x", ""),
    "macaddr": ("08:00:2b:01:02:03",),
    "circle": ("<(0,-0),1e300>",),
    "pg_lsn": ("16/B374D848",),
    "cidr": ("10.0.0.0/8", "::/0"),
    "numrange": ("(1.50,]", "empty"),
    "bit(3)": ("101",),
}


def values_of(type_: str) -> list[str | None]:
    """Different ones, and NULL."""
    made = [MAKERS[type_](Random(seed)) for seed in range(SAMPLES)] if type_ in MAKERS else list(MADE[type_])
    return [*dict.fromkeys(made), None]


def item_sql(name: str, type_: str) -> str:
    """A table whose rows have every value of the type beside every other's neighbour, and the organization."""
    values = values_of(type_)
    rows = [(1, value, values[-1 - number], number, str(number % 2 == 0)) for number, value in enumerate(values)]
    listed = sql.SQL(", ").join(sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row))) for row in rows).as_string(None)
    columns = f'org_id bigint REFERENCES org, "the ""value" {type_sql(type_)}, b {type_sql(type_)}, id int, f bool'
    return f"CREATE TABLE {name} ({columns}); INSERT INTO {name} VALUES {listed};"


def whole(name: str) -> Chunk:
    return Chunk(table=TableName("public", name), part=0, number=0)


def test_every_type(acme: Open):
    types = [*MAKERS, *MADE]
    exported = acme(OWN_TYPES_SQL + DOMAINS + "".join(item_sql(f"item{number}", type_) for number, type_ in enumerate(types)))
    for number, type_ in enumerate(types):
        assert check_stream(exported.source, exported.connection, whole(f"item{number}")).rows == len(values_of(type_)), type_


def test_documents_that_are_rewritten(acme: Open):
    exported = acme(
        """
        CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, b jsonb, j json, t text);
        INSERT INTO item VALUES (1, 1, '{"i": 1, "x": "\\t\\\\"}', '{"i":"1",  "i": 2.0}', '{"i" : 1}'),
            (2, 1, '[]', NULL, 'no { document'),
            (3, 1, NULL, '7', '');
        """,
        "".join(f'[[references]]\nfrom = "item.{column}"\npath = "$.i"\nto = "item.id"\n' for column in "bjt"),
    )
    check_stream(exported.source, exported.connection, whole("item"))


def test_large_values_are_taken_from_where_they_are_stored(acme: Open):
    exported = acme(
        """
        CREATE TABLE item (org_id bigint REFERENCES org, t text, v varchar, j jsonb, b bytea);
        ALTER TABLE item ALTER v SET STORAGE EXTERNAL;
        INSERT INTO item SELECT 1, w, w || 'v', to_jsonb(w), w::bytea
            FROM (SELECT repeat(md5(n::text), 30000) FROM generate_series(1, 3) AS n) AS x(w);
        """
    )
    assert check_stream(exported.source, exported.connection, whole("item")).rows == 3


def test_no_row_and_many_blocks_of_rows(acme: Open):
    exported = acme(
        """
        CREATE TABLE none (org_id bigint REFERENCES org, name text);
        CREATE TABLE item (org_id bigint REFERENCES org, n int, name text);
        INSERT INTO item SELECT 1, n, repeat(md5(n::text), 5) FROM generate_series(1, 20000) AS n;
        """
    )
    assert check_stream(exported.source, exported.connection, whole("none")) == Content(rows=0, hash=0)
    assert check_stream(exported.source, exported.connection, whole("item")).rows == 20000


def test_a_sum_beyond_64_bits_is_exact(acme: Open):
    """Of equal rows, so that all hashes have one sign."""
    exported = acme("CREATE TABLE item (org_id bigint REFERENCES org, n int); INSERT INTO item SELECT 1, 1 FROM generate_series(1, 1000);")
    content = check_stream(exported.source, exported.connection, whole("item"))
    assert content.hash is not None and abs(content.hash) > 2**64


def test_generated_columns_and_dropped_ones(acme: Open):
    exported = acme(
        """
        CREATE TABLE item (org_id bigint REFERENCES org, gone int, name text, twice text GENERATED ALWAYS AS (name || name) STORED);
        ALTER TABLE item DROP COLUMN gone;
        INSERT INTO item VALUES (1, 'a'), (1, NULL);
        """
    )
    assert exported.source.columns(TableName("public", "item")) == ("org_id", "name")
    assert check_stream(exported.source, exported.connection, whole("item")).rows == 2


@pytest.mark.parametrize("binary", [False, True])
def test_rows_without_a_column(acme: Open, binary: bool):
    query = sql.SQL("SELECT md5(ROW()::text) FROM generate_series(1, 3)")
    stream = HashedRows(acme("").connection, query, binary=binary, columns=0)
    data = b"".join(stream)
    assert stream.content.rows == 3
    assert rows_of(data, binary=binary) == {b"\0\0" if binary else b"": 3}


def test_an_error_in_the_middle_is_the_servers(acme: Open):
    query = sql.SQL("SELECT md5(n::text), 1 / (9000 - n) FROM generate_series(1, 10000) AS n")
    connection = acme("").connection
    with pytest.raises(OrgliftError, match="division by zero"), translated("reading"):
        b"".join(HashedRows(connection, query, binary=True, columns=1))
