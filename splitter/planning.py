"""What every `splitter plan` command does around its planner: open the one database, read it, hold silos.toml against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from splitter.addresses import Address
from splitter.catalog import read_schema
from splitter.db import Connection, translated
from splitter.errors import UsageError
from splitter.nearest import did_you_mean
from splitter.schema import Schema, TableName, split_name
from splitter.silos import SiloMap
from splitter.silos_check import check_silos


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput:
    """What a planner needs. ``tables``: those that were chosen; empty: all."""

    conn: Connection
    silos: SiloMap
    schema: Schema
    tables: tuple[TableName, ...]


@contextmanager
def open_for_plan(silos: SiloMap, address: Address, tables: Iterable[str] = ()) -> Iterator[PlanInput]:
    """A read-only session in the database to plan for. ConfigError where silos.toml contradicts it, UsageError for unknown ``tables``."""
    with address.open("splitter plan") as conn:
        with translated(f"reading the catalog of {address.name}"):
            schema = read_schema(conn)
        check_silos(silos, {address.name: schema})
        yield PlanInput(conn=conn, silos=silos, schema=schema, tables=choose_tables(schema, tables))


def choose_tables(schema: Schema, names: Iterable[str]) -> tuple[TableName, ...]:
    """``--table``: names in the spelling of silos.toml. UsageError for one that the database does not have."""
    return tuple(_table(schema, name) for name in names)


def _table(schema: Schema, text: str) -> TableName:
    try:
        parts = split_name(text)
    except ValueError as exc:
        raise UsageError(f"--table: {exc}", hint="write table or schema.table; a part with a dot or a quote in double quotes") from exc
    table = TableName(parts[0], parts[1]) if len(parts) == 2 else TableName("public", parts[0])
    if len(parts) > 2 or table not in schema.tables:
        hint = did_you_mean(text, map(str, schema.tables), "write table or schema.table; one without a dot is in the schema public")
        raise UsageError(f"there is no table {text!r}", hint=hint)
    return table
