"""What the twins need before they can take the others' place: indexes, checks, a proof, foreign keys, statistics. The same both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psycopg import sql

from splitter.dependents import CheckFacts, StatisticsFacts, WideColumn
from splitter.plans.foreign_keys import PATIENT_MS, name_of, regclass
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.domains import Domains
from splitter.plans.widen_ids.indexes import Indexes
from splitter.plans.widen_ids.keys import Keys
from splitter.plans.widen_ids.names import Side, digest, temporary, twin_name
from splitter.plans.widen_ids.parts import cut
from splitter.plans.widen_ids.replaced_views import fill_views, make_views
from splitter.plans.widen_ids.step_maker import StepMaker, constraint_exists, negated
from splitter.plans.widen_ids.twin import as_wide
from splitter.schema import TableName
from splitter.steps import Lock, Step

_NULLABLE = """EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = ANY ({columns}) AND NOT a.attnotnull AND NOT a.attisdropped)"""
_STATISTICS = """EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
    WHERE n.nspname = {schema} AND s.stxname = {name})"""
PROOF = "proof"
NAMED_NOT_NULL = 180000  # from here on NOT NULL is a constraint with a name


def prepare(component: Component, side: Side) -> Iterator[Step]:
    """The twins of that side, complete, proved and analysed; the others still have the names."""
    made = _Prepare(component, side)
    yield from Indexes(component, side).steps()
    for table in reversed(component.tables):  # where a check is a child's own as well, its parent's joins it
        yield from made.proof(table)
    yield from Keys(component, side).steps()
    for table in component.tables:
        yield from made.statistics(table)
    yield from Domains(component, side).prove()
    for part in cut(component):
        yield from make_views(part) if side is Side.WIDE else ()
        yield from fill_views(part, side)


def check_temporary(check: CheckFacts, side: Side) -> str:
    """The same for a table and what inherits the check from it."""
    return f"orglift_{side.value}_{digest('check', check.name)}"


def proof_temporary(table: TableName, side: Side) -> str:
    return temporary(side, PROOF, table, "")


def statistics_temporary(one: StatisticsFacts, side: Side) -> TableName:
    return TableName(one.name.schema, temporary(side, "statistics", one.table, one.name.name))


def not_null_temporary(column: WideColumn, side: Side) -> str:
    return temporary(side, "not null", column.table, column.name)


class _Prepare(StepMaker):
    # checks, the proof that the twins are equal, and NOT NULL by it

    def proof(self, table: TableName) -> Iterator[Step]:
        checks = [check for check in self.component.found.checks if check.table == table and check.local]
        adds = [self._add_check(check) for check in checks]
        names = [check_temporary(check, self.side) for check in checks]
        if table in self.component.holders:
            names.append(proof_temporary(table, self.side))
            adds.append(self._proof(table))
        if not names:
            return
        there = constraint_exists(table, names[-1])
        drops = [sql.SQL("DROP CONSTRAINT IF EXISTS {}").format(sql.Identifier(name)) for name in names]
        undo = self.alter(table, f"{table}: no proof and no checks of the twins", self.whole(table, drops), there, None)
        shown = f"{table}: no row whose twins are not equal, and the checks of the twins, not yet proved"
        yield self.alter(table, shown, self.whole(table, adds), negated(there), (undo,))
        if table in self.component.holders:
            yield self.validate(table, proof_temporary(table, self.side))
        for check in checks:
            if check.validated and check.enforced:
                yield from self._validated(check)
        if not self.component.in_tree(table):
            yield from self._not_null(table)

    def _proof(self, table: TableName) -> sql.Composed:
        parts: list[sql.Composable] = [self._equal(column) for column in self.component.of(table)]
        generated = [column for column in self.component.generated(table) if column.not_null]
        parts += [sql.SQL("{} IS NOT NULL").format(sql.Identifier(twin_name(column, self.side))) for column in generated]
        equal = sql.SQL(" AND ").join(parts)
        alone = sql.SQL(" NO INHERIT" if self.schema.tables[table].inherited_by else "")
        name = sql.Identifier(proof_temporary(table, self.side))
        return sql.SQL("ADD CONSTRAINT {} CHECK ({}){} NOT VALID").format(name, equal, alone)

    def _validated(self, check: CheckFacts) -> Iterator[Step]:
        """One after the other, what inherits it first: then nothing is left for the table that they inherit it from."""
        having = {each.table for each in self.component.found.checks if each.name == check.name and (each.inherited or each == check)}
        for table in reversed(self.component.below(check.table)):
            if table in having:
                yield self.validate(table, check_temporary(check, self.side))

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
        columns = [column for column in (*self.component.of(table), *self.component.generated(table)) if column.not_null]
        names = [twin_name(column, self.side) for column in columns]
        if not names:
            return
        nullable = sql.SQL(_NULLABLE).format(table=regclass(table), columns=sql.Literal(names))
        sets = [self._set_not_null(column) for column in columns]
        unsets = [sql.SQL("ALTER COLUMN {} DROP NOT NULL").format(sql.Identifier(name)) for name in names]
        undo = self.alter(table, f"{table}: the twins may be NULL", self.parts(table, unsets), negated(nullable), None)
        yield self.alter(table, f"{table}: the twins are NOT NULL, by the proof", self.parts(table, sets), nullable, (undo,))

    def _set_not_null(self, column: WideColumn) -> sql.Composed:
        twin = sql.Identifier(twin_name(column, self.side))
        if self.schema.server_version < NAMED_NOT_NULL:
            return sql.SQL("ALTER COLUMN {} SET NOT NULL").format(twin)
        name = sql.Identifier(not_null_temporary(column, self.side))
        return sql.SQL("ADD CONSTRAINT {} NOT NULL {}").format(name, twin)

    # statistics

    def statistics(self, table: TableName) -> Iterator[Step]:
        for one in self.component.found.statistics:
            if one.table == table:
                yield self._extended(one)
        targets = [
            sql.SQL("ALTER COLUMN {} SET STATISTICS {}").format(sql.Identifier(twin_name(column, self.side)), sql.Literal(column.target))
            for column in (*self.component.of(table), *self.component.generated(table))
            if column.target >= 0 and self.side is Side.WIDE
        ]
        if targets:
            only = sql.SQL("ALTER TABLE ONLY {} {}").format(name_of(table), sql.SQL(", ").join(targets))
            yield self.alter(table, f"{table}: statistics targets of the twins", only, sql.SQL("true"), ())
        if table not in self.component.triggered:
            return  # goes with its root
        yield Step(
            purpose=f"{table}: the planner knows the twins",
            sql=sql.SQL("ANALYZE {}").format(name_of(table)).as_string(),
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            tables=self.component.reached((table,)),
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
        drop = self.alter(one.table, f"no statistics {name}", sql.SQL("DROP STATISTICS {}").format(name_of(name)), there, None)
        made = self.alter(one.table, f"statistics {one.name} of the twins", create, negated(there), (drop,))
        return replace(made, sql=create.as_string(), lock=Lock.SHARE_UPDATE_EXCLUSIVE, hazard="")
