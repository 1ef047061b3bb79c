"""read_schema and the session of its caller: nothing of one changes the other."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from splitter.catalog import read_schema
from splitter.schema import Schema, TableName

FEATURES = Path(__file__).with_name("catalog_features.sql")
UNUSUAL = {
    "search_path": "tools,public",
    "DateStyle": "German,DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Asia/Tokyo",
    "quote_all_identifiers": "on",
    "client_encoding": "LATIN9",
}


def public(name: str) -> TableName:
    return TableName("public", name)


def read(url: str) -> Schema:
    with psycopg.connect(url, autocommit=True) as conn:
        return read_schema(conn)


def test_the_settings_of_the_session_change_nothing(make_database):
    url = make_database(FEATURES)
    options = " ".join(f"-c {name}={value}" for name, value in UNUSUAL.items())
    with psycopg.connect(url, options=options, row_factory=dict_row) as conn:
        assert read_schema(conn) == read(url)


def test_the_session_is_as_it_was(database):
    with psycopg.connect(database, autocommit=True, options="-c search_path=tools") as conn:
        read_schema(conn)
        assert conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        assert conn.execute("SHOW search_path").fetchone() == ("tools",)


def test_the_callers_transaction_goes_on_and_is_seen(database):
    with psycopg.connect(database, options="-c search_path=tools") as conn:
        conn.execute("CREATE TABLE public.young (id int)")
        assert public("young") in read_schema(conn).tables
        assert conn.execute("SHOW search_path").fetchone() == ("tools",)
        conn.commit()
        assert conn.execute("SELECT count(*) FROM public.young").fetchone() == (0,)


def test_no_rights_are_needed(make_database):
    url = make_database(FEATURES)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET ROLE pg_signal_backend")
        assert read_schema(conn) == read(url)


def test_temporary_tables_and_sequences_are_nobodys_business(database):
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE TEMP TABLE passing (id serial PRIMARY KEY)")
        conn.execute("CREATE TABLE staying (id int DEFAULT nextval('passing_id_seq'))")
        schema = read_schema(conn)
    assert [name.name for name in schema.tables] == ["staying"]
    assert schema.tables[public("staying")].column("id").sequence is None
    assert schema.sequences == {}


def test_an_empty_database_has_nothing(database):
    schema = read(database)
    assert (schema.tables, schema.sequences, schema.views) == ({}, {}, {})
