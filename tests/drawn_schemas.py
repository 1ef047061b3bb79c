"""Schemas for tests, drawn in a few words: ``draw("project: id bigint pk, team_id bigint -> team, name text unique")``."""

from __future__ import annotations

import re

from splitter.schema import Column, ForeignKey, Schema, Table, TableName, UniqueKey

_MARKS = ("pk", "unique", "null")


def draw(*lines: str, enums: dict[str, tuple[str, ...]] | None = None) -> Schema:
    """A line a table. A column is NOT NULL unless ``null``; ``-> t`` is a foreign key to the primary key of t; a last part in brackets
    is a primary key of several columns: ``[a, b]``."""
    tables = [_table(line) for line in lines]
    made = {TableName(*split.split(".", 1)): labels for split, labels in (enums or {}).items()}
    return Schema(server_version=180004, tables={table.name: table for table in tables}, enums=made)


def name_of(text: str) -> TableName:
    schema, _, name = text.rpartition(".")
    return TableName(schema or "public", name)


def _table(line: str) -> Table:
    head, _, rest = line.partition(":")
    name = name_of(head.strip())
    key = re.search(r"\s\[(.+?)\]\s*$", rest)
    parts = [part.strip() for part in rest[: key.start() if key else None].strip().rstrip(",").split(",") if part.strip()]
    columns = [_column(part, number) for number, part in enumerate(parts, 1)]
    keys = [_key(name, part) for part in parts if {"pk", "unique"} & set(part.split())]
    if key:
        own = tuple(column.strip() for column in key[1].split(","))
        keys.append(UniqueKey(name=f"{name.name}_pkey", table=name, columns=own, primary=True))
    held = tuple(_foreign_key(name, part) for part in parts if "->" in part)
    return Table(name=name, columns=tuple(columns), keys=tuple(keys), foreign_keys=held)


def _column(part: str, number: int) -> Column:
    name, *rest = part.partition("->")[0].split()
    kind = " ".join(word for word in rest if word not in _MARKS)
    return Column(name=name, position=number, type=kind, bare_type=kind, base_type=kind, not_null="null" not in rest)


def _key(table: TableName, part: str) -> UniqueKey:
    column = part.split()[0]
    return UniqueKey(name=f"{table.name}_{column}", table=table, columns=(column,), primary="pk" in part.split())


def _foreign_key(table: TableName, part: str) -> ForeignKey:
    column, target = part.split()[0], part.partition("->")[2].strip()
    return ForeignKey(name=f"{table.name}_{column}_fk", table=table, columns=(column,), target=name_of(target), target_columns=("id",))
