"""What the tests' ground truth asks a database itself: its tables, keys and foreign keys, and its rows as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Row = Mapping[str, str | None]
Rows = Mapping[str, list[Row]]
KEYLESS = "#"  # the name under which a row carries the md5 that stands for its key in owners.json
_PINNED = {"TimeZone": "UTC", "DateStyle": "ISO", "IntervalStyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1"}
_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'orglift') AND n.nspname !~ '^pg_'"
_TABLES = f"""
    SELECT c.oid::int8, n.nspname, c.relname, c.relkind = 'r' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {_OURS} ORDER BY 2, 3"""
_COLUMNS = """
    SELECT a.attrelid::int8, a.attname, format_type(a.atttypid, NULL), a.attgenerated <> '',
           a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum"""
_KEYS = """
    SELECT i.indrelid::int8, i.indisprimary, array(
             SELECT a.attname::text FROM unnest(i.indkey[:i.indnkeyatts - 1]) WITH ORDINALITY k(num, place)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num ORDER BY k.place)
    FROM pg_index i WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL"""
_FOREIGN_KEYS = """
    SELECT conrelid::int8, array(SELECT a.attname::text FROM unnest(conkey) WITH ORDINALITY k(num, place)
             JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.num ORDER BY k.place),
           confrelid::int8, array(SELECT a.attname::text FROM unnest(confkey) WITH ORDINALITY k(num, place)
             JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = k.num ORDER BY k.place)
    FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    generated: bool
    fed: bool  # by a sequence


@dataclass(frozen=True, slots=True)
class Table:
    """``only``: rows of tables that inherit from it are not its own."""

    name: str
    only: bool
    columns: tuple[Column, ...]
    primary: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]

    @property
    def stored(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if not column.generated)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class Link:
    """A column, or several, that hold another table's key."""

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    tables: Mapping[str, Table]
    links: tuple[Link, ...]


def pinned(url: str) -> psycopg.Connection[Any]:
    """A connection whose texts are the same everywhere."""
    options = " ".join(f"-c {name}={value}" for name, value in _PINNED.items())
    return psycopg.connect(url, autocommit=True, options=options)


def read_catalog(conn: psycopg.Connection[Any]) -> Catalog:
    """The tables outside the schema orglift, and the foreign keys between them."""
    names = {oid: f"{schema}.{name}" for oid, schema, name, _ in conn.execute(_TABLES)}
    columns: dict[int, list[Column]] = {oid: [] for oid in names}
    for oid, *column in conn.execute(_COLUMNS):
        if oid in names:
            columns[oid].append(Column(*column))
    keys: dict[int, list[tuple[bool, tuple[str, ...]]]] = {oid: [] for oid in names}
    for oid, primary, key in conn.execute(_KEYS):
        if oid in names:
            keys[oid].append((primary, tuple(key)))
    tables = {
        names[oid]: Table(
            name=names[oid],
            only=only,
            columns=tuple(columns[oid]),
            primary=next((key for primary, key in keys[oid] if primary), ()),
            keys=tuple(key for _, key in keys[oid]),
        )
        for oid, _, _, only in conn.execute(_TABLES)
    }
    links = [
        Link(names[oid], tuple(own), names[target], tuple(theirs))
        for oid, own, target, theirs in conn.execute(_FOREIGN_KEYS)
        if oid in names and target in names
    ]
    return Catalog(tables, tuple(links))


def from_table(table: Table) -> sql.Composed:
    """``FROM ONLY public.x AS x``."""
    template = "FROM ONLY {} AS x" if table.only else "FROM {} AS x"
    return sql.SQL(template).format(sql.Identifier(*table.name.split(".", 1)))


def read_rows(conn: psycopg.Connection[Any], catalog: Catalog) -> Rows:
    """Every row of every table, each stored column as the server writes it."""
    return {name: list(_read_table(conn, table)) for name, table in catalog.tables.items()}


def _read_table(conn: psycopg.Connection[Any], table: Table) -> Iterator[Row]:
    columns = sql.SQL(", ").join(sql.SQL("x.{}").format(sql.Identifier(name)) for name in table.stored)
    chosen = sql.SQL(", ").join([sql.SQL("'md5:' || md5(x::text)"), columns])
    with conn.cursor().copy(sql.SQL("COPY (SELECT {} {}) TO STDOUT").format(chosen, from_table(table))) as copy:
        for row in copy.rows():
            yield dict(zip((KEYLESS, *table.stored), row, strict=True))


def read_state(url: str) -> dict[str, Counter[str]]:
    """All rows of a database as the server writes them, generated columns too: to see whether anything at all has changed."""
    with pinned(url) as conn:
        tables = read_catalog(conn).tables
        return {
            name: Counter(text for (text,) in conn.execute(sql.SQL("SELECT x::text {}").format(from_table(table))))
            for name, table in tables.items()
        }


def read_sequences(url: str) -> dict[str, tuple[int | None, int]]:
    """Where every sequence outside the schema orglift stands, by name: last value (None: not used yet) and start."""
    query = f"SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND {_OURS}"
    with pinned(url) as conn:
        found = conn.execute(
            f"SELECT s.schemaname, s.sequencename, s.last_value, s.start_value FROM pg_sequences s JOIN ({query}) o "
            "ON (o.nspname, o.relname) = (s.schemaname, s.sequencename)"
        )
        return {f"{schema}.{name}": (last, start) for schema, name, last, start in found}
