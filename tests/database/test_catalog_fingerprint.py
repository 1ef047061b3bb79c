"""A fingerprint stands for the structure of tables: it is equal on every server and differs after any change."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from splitter.catalog import read_schema
from splitter.schema import Schema, TableName
from tests.servers import MAJORS, Server, Servers

FEATURES = Path(__file__).with_name("catalog_features.sql")
SOURCE = TableName("public", "source")


def read(url: str) -> Schema:
    with psycopg.connect(url, autocommit=True) as conn:
        return read_schema(conn)


def read_features(server: Server) -> Schema:
    url = server.create(FEATURES)
    schema = read(url)
    server.drop(url)
    return schema


def test_every_feature_has_one_fingerprint_on_all_versions(servers: Servers):
    schemas = [read_features(servers(major)) for major in MAJORS]
    differing = [name for name in schemas[0].tables if len({schema.fingerprint([name]) for schema in schemas}) > 1]
    assert differing == []
    assert schemas[0].fingerprint() == schemas[1].fingerprint()


@pytest.mark.parametrize(
    ("of", "change"),
    [
        ("wide_default", "ALTER TABLE wide_default ALTER i TYPE int"),
        ("source", "ALTER TABLE source ALTER x SET NOT NULL"),
        ("source", "ALTER TABLE source ALTER x SET DEFAULT 5"),
        ("source", "ALTER TABLE source VALIDATE CONSTRAINT short"),
        ("source", "ALTER TABLE source DROP CONSTRAINT to_half"),
        ("source", "ALTER TABLE source DISABLE TRIGGER watch"),
        ("source", "CREATE INDEX ON source (x DESC)"),
        ("source", "ALTER POLICY mine ON source USING (x = 2)"),
        ("source", "DROP TABLE source CASCADE"),
        ("fed", "ALTER SEQUENCE fed_a_seq AS bigint"),
        ("animal", "CREATE TABLE cat () INHERITS (animal)"),
        ("parted_2024_a", "ALTER TABLE parted_2024 DETACH PARTITION parted_2024_a"),
    ],
)
def test_a_change_of_structure_is_seen(make_database, run_sql, of, change):
    url = make_database(FEATURES)
    before = read(url).fingerprint([TableName("public", of)])
    run_sql(url, change)
    assert read(url).fingerprint([TableName("public", of)]) != before


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO source (id) SELECT generate_series(1, 1000); ANALYZE source",
        "ALTER TABLE source OWNER TO pg_monitor",
        "ALTER TABLE target ADD other int",
        "ALTER TABLE source ADD gone int; ALTER TABLE source DROP gone",
        "DROP INDEX source_again; CREATE INDEX source_again ON source (x)",
    ],
)
def test_what_changes_no_structure_is_not_seen(make_database, run_sql, change):
    url = make_database(FEATURES)
    before = read(url).fingerprint([SOURCE])
    run_sql(url, change)
    assert read(url).fingerprint([SOURCE]) == before


def test_the_place_of_a_column_in_the_file_does_not_count(make_database, run_sql):
    url = make_database("CREATE TABLE source (gone int, id int)")
    run_sql(url, "ALTER TABLE source DROP gone")
    assert read(url).fingerprint() == read(make_database("CREATE TABLE source (id int)")).fingerprint()
