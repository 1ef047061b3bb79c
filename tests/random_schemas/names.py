"""Names that a schema may legally have and that break what pastes them into text, and how they are spelled in SQL and silos.toml."""

from __future__ import annotations

import json
from typing import NamedTuple

PLAIN_TABLES = ("project", "team", "member", "event", "comment", "task", "label", "note", "file")
PLAIN_COLUMNS = ("name", "title", "body", "state", "size", "score", "made_at", "kind", "value", "extra")

HOSTILE = (
    'we"ird',
    "a.b",
    'both."of.them',
    "with space",
    " leading",
    "select",
    "order",
    "user",
    "CamelCase",
    "Ünïcödé",
    "日本語の表",
    "new\nline",
    "tab\there",
    "back\\slash",
    "100%",
    "%s",
    "%(x)s",
    "{}",
    "{name}",
    "$1",
    "$body$",
    "it's",
    "semi;colon",
    "--dashes",
    "/*",
    "[x]",
    "star*",
    "q?",
    ":named",
    "x" * 63,
    "x" * 62 + "y",  # the same for anything that cuts names short
    "é" * 31,
    "row",
    "t",
    "k",
)


class TableName(NamedTuple):
    schema: str
    name: str


def identifier(name: str) -> str:
    """As SQL wants it, quoted always."""
    return '"' + name.replace('"', '""') + '"'


def table_sql(table: TableName) -> str:
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def columns_sql(columns: tuple[str, ...]) -> str:
    return ", ".join(identifier(column) for column in columns)


def spelled(table: TableName, *column: str) -> str:
    """The spelling of silos.toml: public is left out, a part with a dot or a quote is quoted as in SQL."""
    schema = () if table.schema == "public" else (table.schema,)
    parts = (*schema, table.name, *column)
    return ".".join(identifier(part) if "." in part or '"' in part else part for part in parts)


def quoted(text: str) -> str:
    """A basic string of TOML, also as a key."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
