"""The name of an index that orglift makes: the same for the same columns, never too long, never another's."""

from __future__ import annotations

import pytest

from splitter.plans.cleanup_index import MAX_NAME, index_name
from splitter.schema import TableName


@pytest.mark.parametrize("name", ["c", "c" * 63, "ü" * 31, "ü" * 31 + "x", "字" * 21, "😀" * 15])
def test_it_fits(name: str) -> None:
    index = index_name(TableName("s", name), ("x",))
    assert index.schema == "s" and len(index.name.encode()) <= MAX_NAME
    assert index == index_name(TableName("s", name), ("x",))


def test_what_differs_has_another_name() -> None:
    tables = [TableName("s", "c" * 63), TableName("s", "c" * 62), TableName("t", "c" * 63)]
    names = {index_name(table, columns) for table in tables for columns in (("x",), ("x", "y"), ("y", "x"), ("xy",))}
    assert len(names) == 12
