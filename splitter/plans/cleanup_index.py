"""The index by which a parent's children are found: a foreign key never needed one, the clean-up does.

On a partitioned child: an index of the root alone, one on each partition, CONCURRENTLY, and then each is attached; later partitions get
theirs from the root's. What a killed CREATE INDEX CONCURRENTLY left is dropped right before it is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from psycopg import sql

from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, PATIENT_MS, name_of, regclass, under_lock, with_partitions
from splitter.schema import Index, Schema, Table, TableKind, TableName
from splitter.steps import Lock, Step

MAX_NAME = 63  # bytes
_THIS = """FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid = pg_catalog.to_regclass({index}) AND i.indrelid = pg_catalog.to_regclass({table})"""
_ATTACHED = "EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = pg_catalog.to_regclass({index}))"
# A partition that was dropped in between needs nothing, and keeps nothing.
_IS_MISSING = f"SELECT pg_catalog.to_regclass({{table}}) IS NOT NULL AND NOT EXISTS (SELECT {_THIS})"
_IS_NOT_VALID = f"SELECT pg_catalog.to_regclass({{table}}) IS NOT NULL AND NOT EXISTS (SELECT {_THIS} AND i.indisvalid)"
_IS_LEFT_OVER = f"SELECT EXISTS (SELECT {_THIS} AND NOT i.indisvalid)"
_IS_APART = f"SELECT EXISTS (SELECT {_THIS}) AND NOT {_ATTACHED}"


def is_served(schema: Schema, table: Table, columns: tuple[str, ...]) -> bool:
    """Whether the rows of one key are found by an index: the table's own, or, of a partitioned one, one on each of its partitions."""
    if any(_serves(index, columns) for index in table.indexes):
        return True
    below = [child for child in schema.tables.values() if child.partition_of == table.name]
    return table.kind is TableKind.PARTITIONED and bool(below) and all(is_served(schema, child, columns) for child in below)


def _serves(index: Index, columns: tuple[str, ...]) -> bool:
    """Its first columns are the key's, in any order; or all of a unique index are among them, for then there is one row at most."""
    if not (index.valid and index.default_opclass) or index.method not in ("btree", "hash") or not _covers_all(index, columns):
        return False
    lead = index.columns[: len(columns)]
    return set(lead) == set(columns) or (index.unique and None not in index.columns and set(index.columns) <= set(columns))


def _covers_all(index: Index, columns: tuple[str, ...]) -> bool:
    """A partial index does only where it leaves out nothing but rows without the key."""
    names = {name for column in columns for name in (column, '"' + column.replace('"', '""') + '"')}
    return index.predicate is None or index.predicate in {f"({name} IS NOT NULL)" for name in names}


def find_broken_indexes(table: Table, columns: tuple[str, ...]) -> Iterator[TableName]:
    """Those that would serve if they were valid: what somebody's CREATE INDEX CONCURRENTLY has left, perhaps."""
    return (index.name for index in table.indexes if not index.valid and set(index.columns[: len(columns)]) == set(columns))


def index_name(table: TableName, columns: Iterable[str], word: str = "orglift") -> TableName:
    """The same for the same columns, and no other's: whoever starts again finds what was begun."""
    digest = hashlib.sha256(json.dumps([*table, *columns]).encode()).hexdigest()[:8]
    tail = f"_{word}_{digest}"
    head = table.name.encode()[: MAX_NAME - len(tail)].decode(errors="ignore")
    return TableName(table.schema, head + tail)


def plan_index(schema: Schema, table: TableName, columns: tuple[str, ...]) -> Iterator[Step]:
    """Nothing where the table is served."""
    if is_served(schema, schema.tables[table], columns):
        return
    if schema.tables[table].kind is not TableKind.PARTITIONED:
        yield from _concurrently(table, columns)
        return
    yield _on_root(schema, table, columns)
    yield from _below(schema, table, columns)


def _below(schema: Schema, table: TableName, columns: tuple[str, ...]) -> Iterator[Step]:
    for child in (name for name, known in schema.tables.items() if known.partition_of == table):
        if schema.tables[child].kind is TableKind.PARTITIONED:
            yield _on_root(schema, child, columns)
            yield from _below(schema, child, columns)
        else:
            yield from _concurrently(child, columns)
        yield _attach(table, child, columns)


def _concurrently(table: TableName, columns: tuple[str, ...]) -> Iterator[Step]:
    index = index_name(table, columns)
    drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name_of(index)).as_string()
    yield concurrent_step(
        purpose=f"nothing left of an index {index} that was begun",
        statement=drop,
        table=table,
        precondition=_ask(_IS_LEFT_OVER, table, index),
        undo=(),
    )
    gone = concurrent_step(purpose=f"no index {index}", statement=drop, table=table, precondition=_ask(_IS_APART, table, index), undo=None)
    yield concurrent_step(
        purpose=f"index {index}: {table} is found by {', '.join(columns)}",
        statement=_create("CREATE INDEX CONCURRENTLY {} ON {} ({})", table, columns),
        table=table,
        precondition=_ask(_IS_NOT_VALID, table, index),
        undo=(gone,),
    )


def _create(text: str, table: TableName, columns: tuple[str, ...]) -> str:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(text).format(sql.Identifier(index_name(table, columns).name), name_of(table), names).as_string()


def concurrent_step(*, purpose: str, statement: str, table: TableName, precondition: str, undo: tuple[Step, ...] | None) -> Step:
    """Waits for old transactions, and nobody waits for it."""
    return Step(
        purpose=purpose,
        sql=statement,
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        tables=(table,),
        lock_timeout_ms=PATIENT_MS,
        statement_timeout_ms=0,
        transactional=False,
        hazard="waits for every transaction that is older than it",
        undo=undo,
        precondition=precondition,
    )


def _on_root(schema: Schema, table: TableName, columns: tuple[str, ...]) -> Step:
    index = index_name(table, columns)
    drop = sql.SQL("DROP INDEX {}").format(name_of(index))
    gone = Step(
        purpose=f"no index {index}",
        sql=under_lock(schema, (table,), Lock.ACCESS_EXCLUSIVE, drop),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=with_partitions(schema, table),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="an index of a partitioned table cannot be dropped CONCURRENTLY: all its partitions are locked for a moment",
        undo=None,
        precondition=_ask(_IS_APART, table, index),
    )
    return Step(
        purpose=f"index {index}: what comes later to {table} is found by {', '.join(columns)}",
        sql=_create("CREATE INDEX {} ON ONLY {} ({})", table, columns),
        lock=Lock.SHARE,
        tables=(table,),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="writes through the root wait for a moment",
        undo=(gone,),
        precondition=_ask(_IS_MISSING, table, index),
    )


def _attach(table: TableName, child: TableName, columns: tuple[str, ...]) -> Step:
    index = index_name(child, columns)
    root = index_name(table, columns)
    return Step(
        purpose=f"index {index} belongs to {root}",
        sql=sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(name_of(root), name_of(index)).as_string(),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=(index,),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="the lock is on the partition's index alone; queries on that partition wait for a moment",
        undo=(),  # it goes with the root's
        precondition=_ask(_IS_APART, child, index),
    )


def _ask(question: str, table: TableName, index: TableName) -> str:
    return sql.SQL(question).format(table=regclass(table), index=regclass(index)).as_string()
