"""The twins' indexes. Those of partitions are built one by one, and then put together to that of the partitioned table."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from splitter.dependents import IndexFacts
from splitter.plans.cleanup_index import concurrent_step
from splitter.plans.foreign_keys import name_of, regclass
from splitter.plans.widen_ids.names import Side, temporary
from splitter.plans.widen_ids.step_maker import StepMaker, constraint_exists, negated
from splitter.schema import TableName
from splitter.steps import Step

_VALID_INDEX = "EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass({index}) AND x.indisvalid)"
_ANY_INDEX = "pg_catalog.to_regclass({index}) IS NOT NULL"


def index_temporary(index: IndexFacts, side: Side) -> TableName:
    return TableName(index.name.schema, temporary(side, "index", index.table, index.name.name))


class Indexes(StepMaker):
    def steps(self) -> Iterator[Step]:
        indexes = self.component.found.indexes
        for index in indexes:
            if not index.partitioned and not index.temporal:
                yield from self._under_lock(index) if index.needs_lock else self._beside(index)
        for index in indexes:
            if index.partitioned and index.parent is None and index.constraint is None:
                yield self._together(index)

    def _beside(self, index: IndexFacts) -> Iterator[Step]:
        name = index_temporary(index, self.side)
        drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name_of(name)).as_string()
        valid = sql.SQL(_VALID_INDEX).format(index=regclass(name))
        there = sql.SQL(_ANY_INDEX).format(index=regclass(name))
        half = sql.SQL("({} AND NOT {})").format(there, valid)
        yield self._concurrently(f"nothing left of an index {name} that was begun", drop, index.table, half, ())
        gone = self._concurrently(f"no index {name}", drop, index.table, there, None)
        shown = f"index {index.name}, for the {self.side.value} twins" if index.constraint else f"index {index.name.name} of the twins"
        yield self._concurrently(shown, self._create(index, "CONCURRENTLY ").as_string(), index.table, negated(valid), (gone,))
        if index.targets:
            yield self._targets(index, name)

    def _create(self, index: IndexFacts, how: str = "") -> sql.Composed:
        unique = sql.SQL("UNIQUE " if index.unique else "")
        name = sql.Identifier(index_temporary(index, self.side).name)
        parts: list[sql.Composable] = [
            sql.SQL("CREATE {}INDEX {}{} ON ONLY {}").format(unique, sql.SQL(how), name, name_of(index.table)),
            self.renamed(index.table, index.tail),
        ]
        if index.tablespace is not None:
            parts.append(sql.SQL(" TABLESPACE {}").format(sql.Identifier(index.tablespace)))
        if index.predicate is not None:
            parts.append(sql.SQL(" WHERE {}").format(self.renamed(index.table, index.predicate)))
        return sql.Composed(parts)

    def _targets(self, index: IndexFacts, name: TableName) -> Step:
        condition = sql.SQL(_ANY_INDEX).format(index=regclass(name))
        return self.alter(index.table, f"statistics targets of index {index.name}", _set_targets(index, name), condition, ())

    def _concurrently(
        self, purpose: str, statement: str, table: TableName, condition: sql.Composable, undo: tuple[Step, ...] | None
    ) -> Step:
        return concurrent_step(purpose=purpose, statement=statement, table=table, precondition=self.wanted(table, condition), undo=undo)

    def _under_lock(self, index: IndexFacts) -> Iterator[Step]:
        """The constraint itself, beside the one that it stands in for."""
        assert index.definition is not None
        name = index_temporary(index, self.side)
        add = sql.SQL("ADD CONSTRAINT {} {}").format(sql.Identifier(name.name), self.renamed(index.table, index.definition))
        statement: sql.Composed = self.parts(index.table, [add])
        if index.tablespace is not None:
            statement = sql.SQL("SET LOCAL default_tablespace = {};\n{}").format(sql.Identifier(index.tablespace), statement)
        if index.options:
            options = sql.SQL(", ".join(index.options))
            statement = sql.SQL("{};\nALTER INDEX {} SET ({})").format(statement, name_of(name), options)
        if index.targets:
            statement = sql.SQL("{};\n{}").format(statement, _set_targets(index, name))
        there = constraint_exists(index.table, name.name)
        drop = self.parts(index.table, [sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(name.name))])
        gone = self.alter(index.table, f"{index.table}: no constraint {name.name}", drop, there, None)
        shown = f"constraint {index.name.name} of {index.table} for the twins, built under a lock"
        yield self.alter(index.table, shown, statement, negated(there), (gone,))

    def _together(self, index: IndexFacts) -> Step:
        """Only as long as the partitions are those of the plan is the index of all of them valid."""
        tree = [index, *_below(self, index)]
        texts: list[sql.Composable] = [self._create(each) for each in tree if each.partitioned]
        texts += [_set_targets(each, index_temporary(each, self.side)) for each in tree if each.partitioned and each.targets]
        for each in reversed(tree):
            parent = next((other for other in tree if other.name == each.parent), None)
            if parent is not None:
                names = (name_of(index_temporary(one, self.side)) for one in (parent, each))
                texts.append(sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(*names))
        name = index_temporary(index, self.side)
        there = sql.SQL(_ANY_INDEX).format(index=regclass(name))
        drop = sql.SQL("DROP INDEX {}").format(name_of(name))
        gone = self.alter(index.table, f"no index {name}", drop, there, None)
        shown = f"index {index.name.name} of the twins, of {index.table} and its partitions"
        return self.alter(index.table, shown, sql.SQL(";\n").join(texts), negated(there), (gone,))


def _below(made: Indexes, index: IndexFacts) -> Iterator[IndexFacts]:
    """A parent before what is attached to it."""
    for each in made.component.found.indexes:
        if each.parent == index.name:
            yield each
            yield from _below(made, each)


def _set_targets(index: IndexFacts, name: TableName) -> sql.Composed:
    text = "ALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}"
    return sql.SQL(";\n").join(
        sql.SQL(text).format(name_of(name), sql.Literal(position), sql.Literal(target)) for position, target in index.targets
    )
