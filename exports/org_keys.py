"""An organization's key as one text: the values of its columns, joined by ``|``; in a value of several, ``|`` and the backslash get one.

A key of one column is its value, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from psycopg import sql

_SPELLED = re.compile(r"(?:[^|\\]|\\[|\\])*")  # one value


def spell_key(values: Sequence[str]) -> str:
    """The one text."""
    if len(values) == 1:
        return values[0]
    return "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)


def split_key(text: str, width: int) -> tuple[str, ...] | None:
    """The ``width`` values that it spells; None where it spells as many not."""
    if width == 1:
        return (text,)
    values, position = [], 0
    while (found := _SPELLED.match(text, position)) is not None:
        values.append(re.sub(r"\\(.)", r"\1", found.group(), flags=re.DOTALL))
        position = found.end() + 1
        if position > len(text):
            return tuple(values) if len(values) == width else None
        if text[found.end()] != "|":
            return None
    return None


def spelled_sql(values: Sequence[sql.Composable]) -> sql.Composable:
    """The same in SQL, of texts that aren't null."""
    if len(values) == 1:
        return sql.SQL("{}").format(values[0])
    escaped = "pg_catalog.replace(pg_catalog.replace({}, {}, {}), '|', {})"
    parts = [sql.SQL(escaped).format(value, sql.Literal("\\"), sql.Literal("\\\\"), sql.Literal("\\|")) for value in values]
    return sql.SQL("pg_catalog.concat_ws('|', {})").format(sql.SQL(", ").join(parts))
