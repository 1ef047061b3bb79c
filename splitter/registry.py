"""What a database's registry says: the references whose children are cleaned up, those of all plans."""

from __future__ import annotations

from collections.abc import Iterable

from splitter.cascade import Cascade, ChildAction
from splitter.db import Connection, translated
from splitter.identity import has_relation
from splitter.schema import TableName, split_name

_READ = """
SELECT name, child, columns, parent, parent_columns, on_delete, delete_columns, on_update, type_column, type_value, lane_column, definition
FROM orglift.cascades ORDER BY parent, child, name
"""


def read_cascades(conn: Connection) -> tuple[Cascade, ...]:
    """In order of parent, child and name; nothing where no key was broken."""
    if not has_relation(conn, "orglift.cascades"):
        return ()
    with translated("reading orglift.cascades"):
        return tuple(_cascade(row) for row in conn.execute(_READ).fetchall())


def cascades_of(cascades: Iterable[Cascade], parent: TableName) -> tuple[Cascade, ...]:
    """Those of one parent."""
    return tuple(each for each in cascades if each.parent == parent)


def named_table(text: str) -> TableName:
    """A table in the spelling of silos.toml."""
    parts = split_name(text)
    return TableName(parts[0], parts[1]) if len(parts) == 2 else TableName("public", parts[0])


def _cascade(row: tuple[object, ...]) -> Cascade:
    name, child, columns, parent, parent_columns, on_delete, delete_columns, on_update, type_column, type_value, lane, definition = row
    return Cascade(
        name=str(name),
        child=named_table(str(child)),
        columns=_texts(columns),
        parent=named_table(str(parent)),
        parent_columns=_texts(parent_columns),
        on_delete=ChildAction(on_delete),
        delete_columns=_texts(delete_columns),
        on_update=ChildAction(on_update),
        type_column=_maybe(type_column),
        type_value=_maybe(type_value),
        lane_column=_maybe(lane),
        definition=str(definition),
    )


def _texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, list)
    return tuple(map(str, value))


def _maybe(value: object) -> str | None:
    return None if value is None else str(value)
