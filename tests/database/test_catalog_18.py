"""What PostgreSQL 18 can say and older servers can't (catalog_features_18.sql)."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from splitter.catalog import read_schema
from splitter.schema import Schema, Table, TableName

FEATURES = Path(__file__).with_name("catalog_features_18.sql")

pytestmark = pytest.mark.postgres(18)


@pytest.fixture
def schema(make_database) -> Schema:
    with psycopg.connect(make_database(FEATURES), autocommit=True) as conn:
        return read_schema(conn)


@pytest.fixture
def source(schema: Schema) -> Table:
    return schema.tables[TableName("public", "source")]


def test_a_generated_column_may_be_virtual(source):
    assert source.column("half").generated_virtual
    assert not source.column("whole").generated_virtual


def test_constraints_may_not_be_enforced(source):
    (loosely,) = source.foreign_keys
    assert not loosely.enforced and not loosely.validated
    hopefully = next(check for check in source.checks if check.name == "hopefully")
    assert not hopefully.enforced


def test_a_not_null_that_was_never_validated_is_a_check(source):
    assert not source.column('o"ld').not_null
    found = next(check for check in source.checks if check.name == "from_now_on")
    assert (found.expression, found.validated) == ('("o""ld" IS NOT NULL)', False)


def test_temporal_keys_are_marked(schema):
    lease, visit = (schema.tables[TableName("public", name)] for name in ("lease", "visit"))
    assert [(key.temporal, key.primary, key.columns) for key in lease.keys] == [(True, True, ("id", "during"))]
    assert [(key.temporal, key.target_columns) for key in visit.foreign_keys] == [(True, ("id", "during"))]
    assert not lease.exclusions
