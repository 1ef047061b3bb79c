"""A fingerprint changes with what matters, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from splitter.schema import Column, Index, Schema, Table, TableName

NAME = TableName("public", "project")
OTHER = TableName("public", "team")


def column(name: str, position: int) -> Column:
    return Column(name=name, position=position, type="bigint", bare_type="bigint", base_type="bigint", not_null=True)


def index(name: str) -> Index:
    return Index(name=TableName("public", name), table=NAME, method="btree", columns=("id",), descending=(False,), expressions=("id",))


TABLE = Table(name=NAME, columns=(column("id", 1), column("n", 2)), indexes=(index("a"), index("b")), inherited_by=(OTHER,))


def of(table: Table) -> str:
    return Schema(server_version=180000, tables={NAME: table, OTHER: Table(name=OTHER)}).fingerprint([NAME])


@pytest.mark.parametrize(
    "same",
    [
        replace(TABLE, rows=5, bytes=8192),
        replace(TABLE, owner="somebody"),
        replace(TABLE, indexes=TABLE.indexes[::-1]),
    ],
)
def test_sizes_owner_and_order_of_names_do_not_count(same):
    assert of(same) == of(TABLE)


@pytest.mark.parametrize(
    "other",
    [
        replace(TABLE, columns=TABLE.columns[::-1]),
        replace(TABLE, columns=(replace(TABLE.columns[0], not_null=False), TABLE.columns[1])),
        replace(TABLE, indexes=TABLE.indexes[:1]),
        replace(TABLE, indexes=(replace(TABLE.indexes[0], columns=(None,)), TABLE.indexes[1])),
        replace(TABLE, row_security=True),
    ],
)
def test_what_the_catalog_says_counts(other):
    assert of(other) != of(TABLE)


def test_a_table_that_is_gone_counts():
    assert Schema(server_version=180000, tables={}).fingerprint([NAME]) != of(TABLE)


def test_other_tables_do_not_count():
    alone = Schema(server_version=150000, tables={NAME: TABLE})
    assert alone.fingerprint([NAME, NAME]) == of(TABLE)
