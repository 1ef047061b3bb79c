"""What the twins need before they can take the others' place: indexes, checks, a proof, foreign keys, statistics. The same both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from psycopg import sql

from splitter.dependents import CheckFacts, IndexFacts, StatisticsFacts, WideColumn, rename_columns
from splitter.plans.foreign_keys import (
    LOCK_BUDGET_MS,
    LOCK_TIMEOUT_MS,
    PATIENT_MS,
    name_of,
    regclass,
    render_definition,
    under_lock,
)
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.names import Side, temporary, twin_name, wanted
from splitter.plans.widen_ids.twin import as_wide
from splitter.schema import ForeignKey, TableName
from splitter.steps import Lock, Step

_VALID_INDEX = "EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass({index}) AND x.indisvalid)"
_ANY_INDEX = "pg_catalog.to_regclass({index}) IS NOT NULL"
_CONSTRAINT = """EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass({table}) AND k.conname = {name}{more})"""
_NULLABLE = """EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = ANY ({columns}) AND NOT a.attnotnull AND NOT a.attisdropped)"""
_STATISTICS = """EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
    WHERE n.nspname = {schema} AND s.stxname = {name})"""
PROOF = "proof"
NAMED_NOT_NULL = 180000  # from here on NOT NULL is a constraint with a name


def prepare(component: Component, side: Side) -> Iterator[Step]:
    """The twins of that side, complete, proved and analysed; the others still have the names."""
    made = _Prepare(component, side)
    for index in component.found.indexes:
        yield from made.index(index)
    for table in component.tables:
        yield from made.proof(table)
    for key in component.keys:
        yield from made.key(key)
    for table in component.tables:
        yield from made.statistics(table)


def index_temporary(index: IndexFacts, side: Side) -> TableName:
    return TableName(index.name.schema, temporary(side, "index", index.table, index.name.name))


def key_temporary(key: ForeignKey, side: Side) -> str:
    return temporary(side, "key", key.table, key.name)


def check_temporary(check: CheckFacts, side: Side) -> str:
    return temporary(side, "check", check.table, check.name)


def proof_temporary(table: TableName, side: Side) -> str:
    return temporary(side, PROOF, table, "")


def statistics_temporary(one: StatisticsFacts, side: Side) -> TableName:
    return TableName(one.name.schema, temporary(side, "statistics", one.table, one.name.name))


def not_null_temporary(column: WideColumn, side: Side) -> str:
    return temporary(side, "not null", column.table, column.name)


def constraint_exists(table: TableName, name: str, more: str = "") -> sql.Composed:
    return sql.SQL(_CONSTRAINT).format(table=regclass(table), name=sql.Literal(name), more=sql.SQL(more))


def _not(condition: sql.Composable) -> sql.Composed:
    return sql.SQL("NOT {}").format(condition)


class _Prepare:
    def __init__(self, component: Component, side: Side) -> None:
        self.component = component
        self.schema = component.schema
        self.side = side

    def wanted(self, table: TableName, condition: sql.Composable) -> str:
        columns = self.component.of(table) or self.component.columns
        return wanted(columns[0], self.side, condition)

    def renamed(self, table: TableName, text: str) -> sql.SQL:
        return sql.SQL(rename_columns(text, self.component.twins(table, self.side)))

    # indexes

    def index(self, index: IndexFacts) -> Iterator[Step]:
        name = index_temporary(index, self.side)
        drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name_of(name)).as_string()
        valid = sql.SQL(_VALID_INDEX).format(index=regclass(name))
        there = sql.SQL(_ANY_INDEX).format(index=regclass(name))
        half = sql.SQL("({} AND NOT {})").format(there, valid)
        yield self._concurrently(f"nothing left of an index {name} that was begun", drop, index.table, half, ())
        gone = self._concurrently(f"no index {name}", drop, index.table, there, None)
        shown = f"index {index.name}, for the {self.side.value} twins" if index.constraint else f"index {index.name.name} of the twins"
        yield self._concurrently(shown, self._create(index, name), index.table, _not(valid), (gone,))
        if index.targets:
            yield self._targets(index, name)

    def _create(self, index: IndexFacts, name: TableName) -> str:
        unique = sql.SQL("UNIQUE " if index.unique else "")
        parts: list[sql.Composable] = [
            sql.SQL("CREATE {}INDEX CONCURRENTLY {} ON ONLY {}").format(unique, sql.Identifier(name.name), name_of(index.table)),
            self.renamed(index.table, index.tail),
        ]
        if index.tablespace is not None:
            parts.append(sql.SQL(" TABLESPACE {}").format(sql.Identifier(index.tablespace)))
        if index.predicate is not None:
            parts.append(sql.SQL(" WHERE {}").format(self.renamed(index.table, index.predicate)))
        return sql.Composed(parts).as_string()

    def _targets(self, index: IndexFacts, name: TableName) -> Step:
        texts = [
            sql.SQL("ALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}").format(name_of(name), sql.Literal(position), sql.Literal(target))
            for position, target in index.targets
        ]
        condition = sql.SQL(_ANY_INDEX).format(index=regclass(name))
        return self._alter(index.table, f"statistics targets of index {index.name}", sql.SQL(";\n").join(texts), condition, ())

    def _concurrently(
        self, purpose: str, statement: str, table: TableName, condition: sql.Composable, undo: tuple[Step, ...] | None
    ) -> Step:
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
            precondition=self.wanted(table, condition),
        )

    # checks, the proof that the twins are equal, and NOT NULL by it

    def proof(self, table: TableName) -> Iterator[Step]:
        checks = [check for check in self.component.found.checks if check.table == table]
        adds = [self._add_check(check) for check in checks]
        proof = proof_temporary(table, self.side)
        equal = sql.SQL(" AND ").join(self._equal(column) for column in self.component.of(table))
        adds.append(sql.SQL("ADD CONSTRAINT {} CHECK ({}) NOT VALID").format(sql.Identifier(proof), equal))
        there = constraint_exists(table, proof)
        names = [proof, *(check_temporary(check, self.side) for check in checks)]
        yield self._alter(
            table,
            f"{table}: no row whose twins are not equal, and the checks of the twins, not yet proved",
            self._table(table, adds),
            _not(there),
            (self._no_proof(table, names),),
        )
        proved = [check_temporary(check, self.side) for check in checks if check.validated and check.enforced]
        for name in (proof, *proved):
            yield self._validate(table, name)
        yield from self._not_null(table)

    def _no_proof(self, table: TableName, names: Iterable[str]) -> Step:
        drops = [sql.SQL("DROP CONSTRAINT IF EXISTS {}").format(sql.Identifier(name)) for name in names]
        there = constraint_exists(table, proof_temporary(table, self.side))
        return self._alter(table, f"{table}: no proof and no checks of the twins", self._table(table, drops), there, None)

    def _add_check(self, check: CheckFacts) -> sql.Composed:
        text = "ADD CONSTRAINT {} CHECK ({}){}{}"
        tail = " NOT VALID" if check.enforced else " NOT ENFORCED"
        return sql.SQL(text).format(
            sql.Identifier(check_temporary(check, self.side)),
            self.renamed(check.table, check.expression),
            sql.SQL(" NO INHERIT" if check.no_inherit else ""),
            sql.SQL(tail),
        )

    def _equal(self, column: WideColumn) -> sql.Composed:
        twin, live = sql.Identifier(twin_name(column, self.side)), sql.Identifier(column.name)
        pair = (as_wide(column, twin), as_wide(column, live))
        if column.not_null:
            return sql.SQL("{} IS NOT NULL AND {} = {}").format(twin, *pair)
        return sql.SQL("{} IS NOT DISTINCT FROM {}").format(*pair)

    def _not_null(self, table: TableName) -> Iterator[Step]:
        columns = [column for column in self.component.of(table) if column.not_null]
        names = [twin_name(column, self.side) for column in columns]
        if not names:
            return
        nullable = sql.SQL(_NULLABLE).format(table=regclass(table), columns=sql.Literal(names))
        sets = [self._set_not_null(column) for column in columns]
        unsets = [sql.SQL("ALTER COLUMN {} DROP NOT NULL").format(sql.Identifier(name)) for name in names]
        undo = self._alter(table, f"{table}: the twins may be NULL", self._table(table, unsets), _not(nullable), None)
        yield self._alter(table, f"{table}: the twins are NOT NULL, by the proof", self._table(table, sets), nullable, (undo,))

    def _set_not_null(self, column: WideColumn) -> sql.Composed:
        twin = sql.Identifier(twin_name(column, self.side))
        if self.schema.server_version < NAMED_NOT_NULL:
            return sql.SQL("ALTER COLUMN {} SET NOT NULL").format(twin)
        name = sql.Identifier(not_null_temporary(column, self.side))
        return sql.SQL("ADD CONSTRAINT {} NOT NULL {}").format(name, twin)

    # foreign keys

    def key(self, key: ForeignKey) -> Iterator[Step]:
        name = key_temporary(key, self.side)
        twin = self.component.twin_key(key, self.side, name)
        add = sql.SQL("ADD CONSTRAINT {} {}").format(
            sql.Identifier(name),
            sql.SQL(render_definition(replace(twin, validated=False))),
        )
        both = (key.target, key.table)
        there = constraint_exists(key.table, name)
        drop = self._table(key.table, [sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(name))])
        gone = self._alter(key.table, f"no foreign key {name}", drop, there, None, locked=both)
        made = self._alter(
            key.table,
            f"foreign key {key.name} of {key.table} between the twins, not yet proved",
            self._table(key.table, [add]),
            _not(there),
            (gone,),
            locked=both,
        )
        statement = under_lock(self.schema, dict.fromkeys(both), Lock.SHARE_ROW_EXCLUSIVE, self._table(key.table, [add]))
        yield replace(made, sql=statement, lock=Lock.SHARE_ROW_EXCLUSIVE, hazard="writers wait for a moment")
        if key.validated and key.enforced:
            yield self._validate(key.table, name)

    # statistics

    def statistics(self, table: TableName) -> Iterator[Step]:
        for one in self.component.found.statistics:
            if one.table == table:
                yield self._extended(one)
        targets = [
            sql.SQL("ALTER COLUMN {} SET STATISTICS {}").format(sql.Identifier(twin_name(column, self.side)), sql.Literal(column.target))
            for column in self.component.of(table)
            if column.target >= 0 and self.side is Side.WIDE
        ]
        if targets:
            yield self._alter(table, f"{table}: statistics targets of the twins", self._table(table, targets), sql.SQL("true"), ())
        yield Step(
            purpose=f"{table}: the planner knows the twins",
            sql=sql.SQL("ANALYZE {}").format(name_of(table)).as_string(),
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            tables=(table,),
            lock_timeout_ms=PATIENT_MS,
            statement_timeout_ms=0,
            undo=(),
            precondition=self.wanted(table, sql.SQL("true")),
        )

    def _extended(self, one: StatisticsFacts) -> Step:
        name = statistics_temporary(one, self.side)
        there = sql.SQL(_STATISTICS).format(schema=sql.Literal(name.schema), name=sql.Literal(name.name))
        create = sql.SQL("CREATE STATISTICS {}{}").format(name_of(name), self.renamed(one.table, one.tail))
        if one.target >= 0:
            create = sql.SQL("{};\nALTER STATISTICS {} SET STATISTICS {}").format(create, name_of(name), sql.Literal(one.target))
        drop = self._alter(one.table, f"no statistics {name}", sql.SQL("DROP STATISTICS {}").format(name_of(name)), there, None)
        made = self._alter(one.table, f"statistics {one.name} of the twins", create, _not(there), (drop,))
        return replace(made, sql=create.as_string(), lock=Lock.SHARE_UPDATE_EXCLUSIVE, hazard="")

    # all of them

    def _table(self, table: TableName, parts: Iterable[sql.Composable]) -> sql.Composed:
        return sql.SQL("ALTER TABLE ONLY {} {}").format(name_of(table), sql.SQL(", ").join(parts))

    def _alter(
        self,
        table: TableName,
        purpose: str,
        statement: sql.Composable,
        condition: sql.Composable,
        undo: tuple[Step, ...] | None,
        locked: tuple[TableName, ...] = (),
    ) -> Step:
        tables = tuple(dict.fromkeys(locked or (table,)))
        return Step(
            purpose=purpose,
            sql=under_lock(self.schema, tables, Lock.ACCESS_EXCLUSIVE, statement),
            lock=Lock.ACCESS_EXCLUSIVE,
            tables=tables,
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=LOCK_BUDGET_MS,
            hazard="readers and writers wait for a moment",
            undo=undo,
            precondition=self.wanted(table, condition),
        )

    def _validate(self, table: TableName, name: str) -> Step:
        return Step(
            purpose=f"{name} of {table} proved",
            sql=self._table(table, [sql.SQL("VALIDATE CONSTRAINT {}").format(sql.Identifier(name))]).as_string(),
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            tables=(table,),
            lock_timeout_ms=PATIENT_MS,
            statement_timeout_ms=0,
            hazard="reads the table",
            undo=(),
            precondition=self.wanted(table, constraint_exists(table, name, " AND NOT k.convalidated")),
        )
