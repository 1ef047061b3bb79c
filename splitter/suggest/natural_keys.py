"""By which columns two databases' rows of one look-up table can be told to be the same."""

from __future__ import annotations

from collections.abc import Iterator

from splitter.schema import Column, Table, UniqueKey
from splitter.suggest.values import key_kind
from splitter.suggest.words import is_id_name


def find_natural_keys(table: Table) -> tuple[tuple[str, ...], ...]:
    """Unique keys over columns that are never NULL and that no database made up for itself, the shortest first.

    A column that a foreign key holds is taken: it is as good as the key of the table that it refers to.
    """
    held = {name for key in table.foreign_keys for name in key.columns}
    found = [key.columns for key in table.keys if _may_match(key) and all(_is_natural(table.column(name), held) for name in key.columns)]
    return tuple(sorted(dict.fromkeys(found), key=lambda columns: (len(columns), columns)))


def _may_match(key: UniqueKey) -> bool:
    return bool(key.columns) and key.predicate is None and key.valid


def _is_natural(column: Column, held: set[str]) -> bool:
    if not column.not_null or column.generated is not None:
        return False
    return column.name in held or not any(_made_up(column))


def _made_up(column: Column) -> Iterator[bool]:
    yield column.sequence is not None
    yield column.base_type == "uuid"
    yield is_id_name(column.name) and key_kind(column) is not None
