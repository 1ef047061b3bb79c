"""A dump becomes a schema; one that doesn't load is told with its line and statement."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from splitter.catalog import read_schema
from splitter.db import connect
from splitter.errors import UsageError
from splitter.schema_file import read_schema_file
from tests.servers import Server, Servers

FEATURES = Path(__file__).with_name("catalog_features.sql")


def test_a_dump_is_the_schema_that_it_was_made_of(server: Server, database: str, tmp_path: Path):
    with connect(database, setting="--url") as conn:
        conn.execute(
            "CREATE SCHEMA app; CREATE TABLE app.org (id bigserial PRIMARY KEY, at timestamptz DEFAULT now());"
            "CREATE TABLE app.item (id int GENERATED ALWAYS AS IDENTITY, org_id bigint REFERENCES app.org ON DELETE CASCADE)"
        )
        there = read_schema(conn)
    dump = tmp_path / "schema.sql"
    command = [str(server.binaries / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", f"--file={dump}", database]
    subprocess.run(command, check=True)
    assert read_schema_file(dump).fingerprint() == there.fingerprint()


def write(folder: Path, text: str) -> Path:
    path = folder / "schema.sql"
    path.write_text(text, encoding="utf-8")
    return path


STATEMENT = "CREATE TABLE item (\n    id int,\n    org_id int REFERENCES org\n);\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"CREATE TABLE t ();\n{STATEMENT}CREATE TABLE u ();", 'line 2: relation "org" does not exist: CREATE TABLE item ( id int,'),
        ("CREATE TABLE t (id int);\nALTER TABLE t OWNER TO app;", 'line 2: role "app" does not exist: ALTER TABLE t OWNER TO app;'),
        ("CREATE TABLE t (id int);\nCREATE TABLE u (\n", "fails at line 2: syntax error at end of input: CREATE TABLE u ("),
        ("CREATE TABLE t (id int);\nCOPY t FROM stdin;\nx\n\\.\n", 'invalid input syntax for type integer: "x"'),
        ("\\connect nowhere\n", "nowhere"),
        ("PGDMP\x01", "is in a format of pg_dump's own"),
        ("SELECT 1;", "makes no table"),
    ],
)
def test_what_does_not_load_is_told(tmp_path: Path, text: str, told: str):
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_schema_file(path)
    assert caught.value.message.startswith(str(path)) and told in caught.value.message
    assert "pg_dump --schema-only" in caught.value.hint or "pg_restore" in caught.value.hint


def test_extensions_that_the_server_lacks_are_all_named(tmp_path: Path):
    text = 'CREATE EXTENSION pg_trgm;\nCREATE EXTENSION nowhere;\nCREATE EXTENSION IF NOT EXISTS "else-where";\nCREATE TABLE t ();'
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_schema_file(path)
    assert f'{path} fails at line 2: extension "nowhere" is not available' in caught.value.message
    assert "lacks else-where, nowhere: install" in caught.value.hint and "ORGLIFT_PG_BIN" in caught.value.hint


def test_a_server_that_has_the_dump_s_extensions_is_preferred(tmp_path: Path, servers: Servers):
    """pgcrypto: the distribution's PostgreSQL 15 has it, the wheel's 18 has not."""
    if not servers(15).execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pgcrypto'"):
        pytest.skip("no server here has pgcrypto")
    path = write(tmp_path, "-- Dumped by pg_dump version 15.1\nCREATE EXTENSION pgcrypto;\nCREATE TABLE t ();")
    assert "pgcrypto" in read_schema_file(path).extensions


def test_a_password_in_a_statement_is_not_told(tmp_path: Path):
    path = write(tmp_path, "CREATE USER MAPPING FOR public SERVER nowhere OPTIONS (password 'hunter2');")
    with pytest.raises(UsageError) as caught:
        read_schema_file(path)
    assert "hunter2" not in caught.value.message and "USER MAPPING" in caught.value.message


def test_the_version_that_made_the_dump_is_looked_for(tmp_path: Path):
    setting = "SET transaction_timeout = 0;"  # since PostgreSQL 17
    path = write(tmp_path, f"-- Dumped from database version 18.1\n-- Dumped by pg_dump version 18.1\n\n{setting}\nCREATE TABLE t ();")
    assert read_schema_file(path).server_version >= 180000


def test_the_environment_of_the_caller_reaches_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "rc").write_text("\\quit\n")
    for name, value in {"PGOPTIONS": "-c search_path=nowhere", "PGDATABASE": "nowhere", "PSQLRC": str(tmp_path / "rc")}.items():
        monkeypatch.setitem(os.environ, name, value)
    assert [str(name) for name in read_schema_file(write(tmp_path, "CREATE TABLE t (ü int);")).tables] == ["t"]
