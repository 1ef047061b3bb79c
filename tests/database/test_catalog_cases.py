"""read_schema on the schemas of real applications, compared with what is known of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest

from splitter.catalog import read_schema
from splitter.schema import Schema, TableKind
from tests.cases_support import find_cases
from tests.servers import MAJORS, Server, Servers

CASES = ("citusads", "concourse", "hatchet", "labelstudio", "langfuse")


@pytest.fixture
def read_case(servers: Servers) -> Callable[[str, int], Schema]:
    def read(name: str, major: int) -> Schema:
        server = servers(major)
        if name == "concourse" and not has_extension(server, "pgcrypto"):
            pytest.skip("this server has no pgcrypto")
        return read_script(server, f"{name}/schema.sql")

    return read


def has_extension(server: Server, name: str) -> bool:
    return bool(server.execute(f"SELECT 1 FROM pg_available_extensions WHERE name = '{name}'"))


def read_script(server: Server, script: str) -> Schema:
    url = server.create()
    server.psql(url, find_cases() / script)
    with psycopg.connect(url, autocommit=True) as conn:
        schema = read_schema(conn)
    server.drop(url)
    return schema


def known_of(name: str) -> dict[str, int]:
    """The counts of meta.json: its own numbers and its features ("enums: 5")."""
    meta = json.loads((find_cases() / name / "meta.json").read_text())
    features = dict(feature.split(": ") for feature in meta["features"])
    return {key: meta[key] for key in ("tables", "partitions", "fks")} | {
        key: int(said) for key, said in features.items() if said.isdigit()
    }


def count(schema: Schema) -> dict[str, int]:
    """The same counts of a schema. The features of roots and partitions together are those that meta.json counts so."""
    return _count_tables(schema) | _count_foreign_keys(schema) | _count_columns(schema) | _count_parts(schema)


def _count_tables(schema: Schema) -> dict[str, int]:
    roots = list(schema.roots())
    return {
        "tables": len(roots),
        "partitions": len(schema.tables) - len(roots),
        "partitioned tables": sum(table.kind is TableKind.PARTITIONED for table in roots),
        "INHERITS tables": sum(bool(table.inherits) for table in roots),
        "tables without PK": sum(not table.primary_key for table in roots),
        "composite PKs": sum(len(table.primary_key) > 1 for table in roots),
        "enums": len(schema.enums),
    }


def _count_foreign_keys(schema: Schema) -> dict[str, int]:
    keys = [key for table in schema.tables.values() for key in table.foreign_keys]
    return {
        "fks": len(keys),
        "self FKs": sum(key.table == key.target for key in keys),
        "composite FKs": sum(len(key.columns) > 1 for key in keys),
        "deferrable FKs": sum(key.deferrable for key in keys),
        "FKs to a unique key that is not the PK": sum(
            set(key.target_columns) != set(schema.tables[key.target].primary_key) for key in keys
        ),
    }


def _count_columns(schema: Schema) -> dict[str, int]:
    columns = [column for table in schema.roots() for column in table.columns]
    return {
        "identity columns": sum(bool(column.identity) for column in columns),
        "identity ALWAYS": sum(column.identity == "a" for column in columns),
        "generated columns": sum(column.generated is not None for column in columns),
        "serial columns": sum(column.sequence is not None and not column.identity for column in columns),
    }


def _count_parts(schema: Schema) -> dict[str, int]:
    tables = schema.tables.values()
    keys = [key for table in tables for key in table.keys]
    return {
        "triggers": sum(len(table.triggers) for table in tables),
        "exclusion constraints": sum(len(table.exclusions) for table in tables),
        "CHECKs": sum(len(table.checks) for table in tables),
        "partial unique indexes": sum(key.predicate is not None for key in keys),
        "expression unique indexes": sum(bool(key.expressions) for key in keys),
    }


@pytest.mark.parametrize("name", CASES)
def test_every_part_of_a_case_is_found(name, major, read_case):
    known = known_of(name)
    counted = count(read_case(name, major))
    assert counted == {key: known.get(key, 0) for key in counted}


@pytest.mark.parametrize("name", [name for name in CASES if name != "concourse"])
def test_a_case_has_one_fingerprint_on_all_versions(name, read_case):
    assert len({read_case(name, major).fingerprint() for major in MAJORS}) == 1


@pytest.mark.long
def test_a_thousand_tables_are_read(server):
    url = server.create()
    server.psql(url, find_cases() / "gitlab" / "structure.sql")
    with psycopg.connect(url, autocommit=True) as conn:
        schema = read_schema(conn)
    server.drop(url)
    assert (len(list(schema.roots())), sum(len(table.foreign_keys) for table in schema.tables.values())) == (860, 1465)
