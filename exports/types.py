"""The types of an archive's columns, written down, so that a target knows what their spelling stands for at the source."""

from __future__ import annotations

import re

from pydantic import JsonValue

from exports.scope import Scope
from splitter.schema import Schema, TableName


def note_types(scope: Scope) -> dict[str, JsonValue]:
    """Every type of an exported column as it is spelled: what lies beneath it, and the labels of an enum."""
    labels = spelled_labels(scope.schema)
    columns = (column for table in scope.exported for column in scope.table(table.name).stored_columns)
    return {column.type: {"base": column.base_type, "labels": _noted(labels, column.base_type)} for column in columns}


def _noted(labels: dict[str, tuple[str, ...]], base: str) -> JsonValue:
    found = labels.get(base.removesuffix("[]"))
    return None if found is None else list(found)


def spelled_labels(schema: Schema) -> dict[str, tuple[str, ...]]:
    """The labels of every enum, by the type's name as columns spell it."""
    return {_spelled(name): labels for name, labels in schema.enums.items()}


def _spelled(name: TableName) -> str:
    quoted = [part if re.fullmatch(r"[a-z_][a-z0-9_$]*", part) else '"' + part.replace('"', '""') + '"' for part in name]
    return ".".join(quoted)
