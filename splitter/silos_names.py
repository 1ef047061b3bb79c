"""Tables and columns that silos.toml names: are they in a catalog, and if not, which ones were meant?"""

from __future__ import annotations

from collections.abc import Iterator

from splitter.catalog_union import CatalogUnion
from splitter.nearest import did_you_mean
from splitter.places import KeyPath, Remark
from splitter.schema import TableName


def table_remarks(union: CatalogUnion, table: TableName, key: KeyPath) -> Iterator[Remark]:
    """A table that no database has, or one that is a partition; nothing of a silo whose databases were not read."""
    if not union.covers(table):
        return
    if not union.tables(table):
        yield Remark(key, "unknown-table", f"there is no table {str(table)!r}", _meant(union, table))
        return
    root = union.root_of(table)
    if root != table:
        found = f"{str(table)!r} is a partition"
        yield Remark(key, "wrong-table", found, f"name the table that it belongs to: {str(root)!r}")


def _meant(union: CatalogUnion, table: TableName) -> str:
    if union.is_view(table):
        return "it is a view: name the table that it reads"
    near = union.nearest_table(table)
    return f"did you mean {str(near)!r}?" if near else "correct the name; one without a dot is in the schema public"


def column_remarks(union: CatalogUnion, table: TableName, column: str, key: KeyPath) -> Iterator[Remark]:
    """A column that the table has in no database; nothing where the table itself is unknown."""
    columns = union.columns(table)
    if columns and column not in columns:
        remedy = did_you_mean(column, columns, f"its columns are {', '.join(columns)}")
        yield Remark(key, "unknown-column", f"{str(table)!r} has no column {column!r}", remedy)
