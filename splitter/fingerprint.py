"""The fingerprint of tables: what a plan was made for, so that it is never run on something else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum

import orjson

from splitter.schema import Schema, Table, TableName

# Estimates change by themselves, the owner changes nothing; columns_by_name repeats columns.
_LEFT_OUT = frozenset({"rows", "bytes", "owner", "columns_by_name"})
# The catalog gives no order to these, other than by name.
_UNORDERED = frozenset({"keys", "foreign_keys", "indexes", "checks", "exclusions", "triggers", "policies", "inherited_by"})


def fingerprint(schema: Schema, tables: Iterable[TableName]) -> str:
    """A hex digest of everything that the catalog says of ``tables``, save sizes and owner. A table that is not there counts as absent."""
    found = [[str(name), _plain(schema.tables[name]) if name in schema.tables else None] for name in sorted(set(tables))]
    return hashlib.sha256(orjson.dumps(found, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value):
        table = isinstance(value, Table)
        return {
            field.name: _in_order(_plain(getattr(value, field.name))) if field.name in _UNORDERED else _plain(getattr(value, field.name))
            for field in fields(value)
            if not (table and field.name in _LEFT_OUT)
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return _in_order([_plain(item) for item in value])
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _in_order(value: object) -> object:
    assert isinstance(value, list)
    return sorted(value, key=lambda item: orjson.dumps(item, option=orjson.OPT_SORT_KEYS))
