"""A shape as SQL: what is made before the rows are there, and what comes after them, which checks them all."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.random_schemas.drafts import SCHEMAS
from tests.random_schemas.names import columns_sql, identifier, table_sql
from tests.random_schemas.shapes import Column, Key, Kind, Reference, Shape, Standing, Table
from tests.random_schemas.values import OWN_TYPES_SQL

TRAP = """
CREATE FUNCTION "my types".trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a trigger fired on %', TG_TABLE_NAME; END $$;
"""
TEXTS = ("text", "character varying(20)")
NEWER = "added later"  # the column that only the target has, where schemas differ


def region_ddl(shape: Shape, *, target: bool = False) -> str:
    """Types and tables with their keys."""
    schemas = [f"CREATE SCHEMA {identifier(name)};" for name in SCHEMAS if name != "public"]
    tables = [statement for table in shape.tables for statement in _table(shape, table, target)]
    return "\n".join((*schemas, OWN_TYPES_SQL, TRAP, *tables))


def region_constraints(shape: Shape) -> str:
    """Foreign keys, indexes and triggers, for tables that have their rows."""
    parts = [_foreign_key(each) for each in shape.references if each.kind is Kind.HARD]
    for table in shape.tables:
        name = table_sql(table.name)
        parts += [f"CREATE INDEX ON {name} ({columns_sql(columns)});" for columns in table.indexed if columns]
        if table.trap:
            event = "AFTER INSERT OR UPDATE OR DELETE"
            parts.append(f'CREATE TRIGGER "a trap" {event} ON {name} FOR EACH ROW EXECUTE FUNCTION "my types".trap();')
    return "\n".join(parts)


def control_ddl(shape: Shape) -> str:
    parts = [statement for table in shape.control for statement in _table(shape, table, False)]
    if shape.own_mapping:
        root = shape.root
        type_ = "bigint" if root.column(root.key_columns[0]).type not in ("uuid", "text") else root.column(root.key_columns[0]).type
        columns = f"organization_id {type_} PRIMARY KEY, slug text NOT NULL UNIQUE, region_name text NOT NULL"
        parts.append(f"CREATE TABLE {table_sql(shape.own_mapping)} ({columns});")
    return "\n".join(parts)


def written_columns(shape: Shape, table: Table, *, target: bool) -> list[Column]:
    """In the order in which that side's table has them."""
    columns = list(table.columns)
    if target and (shape.drifted or shape.shuffled):
        Random(table.name.name).shuffle(columns)
    return columns


def _table(shape: Shape, table: Table, target: bool) -> Iterator[str]:
    drifted = target and shape.drifted and table.standing is Standing.OWNED
    by_bytes = shape.by_bytes_there if target else shape.by_bytes
    lines = [_column(column, drifted, by_bytes) for column in written_columns(shape, table, target=target)]
    if table.holed:
        lines.insert(1, '"a hole" integer')
    if table.key_columns:
        lines.append(f"{'UNIQUE' if table.key is Key.UNIQUE else 'PRIMARY KEY'} ({columns_sql(table.key_columns)})")
    if table.code:
        lines.append(f"UNIQUE ({columns_sql((table.code,))})")
    name = table_sql(table.name)
    partitioned = f" PARTITION BY HASH ({columns_sql(table.key_columns)})" if table.partitions else ""
    yield f"CREATE TABLE {name} (\n    " + ",\n    ".join(lines) + f"\n){partitioned};"
    for number in range(table.partitions):
        part = table_sql(table.name._replace(name=f"{table.name.name[:20]} part {number}"))
        yield f"CREATE TABLE {part} PARTITION OF {name} FOR VALUES WITH (MODULUS {table.partitions}, REMAINDER {number});"
    if table.holed:
        yield f'ALTER TABLE {name} DROP COLUMN "a hole";'
    if drifted:
        yield f"ALTER TABLE {name} ADD COLUMN {identifier(NEWER)} text NOT NULL DEFAULT 'new';"


def _column(column: Column, drifted: bool, by_bytes: bool) -> str:
    type_ = column.type_in(drifted=drifted)
    collated = f'{type_} COLLATE "C"' if by_bytes and type_ in TEXTS else type_
    not_null = " NOT NULL" if column.not_null else ""
    return f"{identifier(column.name)} {collated}{' ' if column.extra else ''}{column.extra}{not_null}"


def _foreign_key(reference: Reference) -> str:
    target = reference.target
    clause = f"FOREIGN KEY ({columns_sql(reference.columns)}) REFERENCES {table_sql(target.table)} ({columns_sql(target.columns)})"
    return f"ALTER TABLE {table_sql(reference.table)} ADD {clause}{reference.sql_options};"
