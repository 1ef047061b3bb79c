"""The statements that take a foreign key away and put it back as it was, each with its precondition from the catalog.

Dropping a key locks the table that it refers to as well, and PostgreSQL takes the child's lock first. Applications go from the parent to
the child: so both are locked before, parent first, by one statement whose time-out is the budget for all locks together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from psycopg import sql

from splitter.orphans import KeyJoin, render_orphan_audit
from splitter.schema import ForeignKey, Schema, TableKind, TableName
from splitter.steps import Action, DroppedKey, Lock, Step

LOCK_TIMEOUT_MS = 100  # below deadlock_timeout: who queues behind a lock that is not had waits no longer than this
LOCK_BUDGET_MS = 150  # for all the locks of one step
VACUUM_MS = 10_000  # above deadlock_timeout, after which an autovacuum gives way to whoever waits
WORK_MS = 10_000  # what may be done under them, were it ever to take long
PATIENT_MS = 600_000  # for locks behind which neither reads nor writes queue
FIRST_VALIDATES_PARTITIONS = 180000  # NOT VALID keys of partitioned tables

ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
# An autovacuum would not give way to a lock that is waited for less than deadlock_timeout. So it is asked to before, by a lock that stops
# vacuums and other changes of the table alone, and none begins anew until the transaction ends.
_UNDER_LOCK = """SET LOCAL lock_timeout = {vacuum};
SET LOCAL statement_timeout = 0;
LOCK TABLE {tables} IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = {lock};
SET LOCAL statement_timeout = {budget};
{locks};
SET LOCAL statement_timeout = {work};
{statement}"""
_BOTH = "pg_catalog.to_regclass({child}) IS NULL OR pg_catalog.to_regclass({parent}) IS NULL"
_THIS_KEY = """FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass({child}) AND k.conname = {name} AND k.contype = 'f'"""
_IS_THERE = f"""SELECT CASE WHEN {_BOTH} THEN NULL ELSE EXISTS (
    SELECT {_THIS_KEY} AND k.confrelid = pg_catalog.to_regclass({{parent}}) AND k.conparentid = 0) END"""
_IS_GONE = f"""SELECT CASE WHEN {_BOTH} THEN NULL ELSE NOT EXISTS (
    SELECT {_THIS_KEY}) END"""
_IS_UNPROVED = f"""SELECT CASE WHEN {_BOTH} THEN NULL ELSE EXISTS (
    SELECT {_THIS_KEY} AND NOT k.convalidated) END"""

_PARTS_KEY_IS_UNPROVED = f"SELECT EXISTS (SELECT {_THIS_KEY} AND NOT k.convalidated)"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """What a plan needs to know of a key beside its ``ForeignKey``. ``operators``: SQL, parent's value first.

    ``fires``: the name of the trigger behind its action, for triggers fire by name. ``ruled``: a rule goes off where its table is updated.
    """

    operators: tuple[str, ...]
    comment: str | None = None
    fires: str | None = None
    ruled: bool = False


def name_of(table: TableName) -> sql.Identifier:
    return sql.Identifier(*table)


def regclass(table: TableName) -> sql.Literal:
    """What ``to_regclass`` understands."""
    return sql.Literal(name_of(table).as_string())


def render_definition(key: ForeignKey) -> str:
    """FOREIGN KEY ... with everything that the catalog knows of it."""
    columns, target = _columns(key.columns, key.temporal), _columns(key.target_columns, key.temporal)
    parts: list[sql.Composable] = [sql.SQL("FOREIGN KEY ({}) REFERENCES {} ({})").format(columns, name_of(key.target), target)]
    parts += [sql.SQL("MATCH FULL")] if key.match_full else []
    parts += [sql.SQL(f"ON UPDATE {ACTIONS[key.on_update]}")] if key.on_update != "a" else []
    parts += [sql.SQL(f"ON DELETE {ACTIONS[key.on_delete]}")] if key.on_delete != "a" else []
    parts += [sql.SQL("({})").format(_columns(key.delete_columns))] if key.delete_columns else []
    parts += [sql.SQL("DEFERRABLE")] if key.deferrable else []
    parts += [sql.SQL("INITIALLY DEFERRED")] if key.deferred else []
    if not key.enforced:
        parts.append(sql.SQL("NOT ENFORCED"))
    elif not key.validated:
        parts.append(sql.SQL("NOT VALID"))
    return sql.SQL(" ").join(parts).as_string()


def _columns(names: tuple[str, ...], temporal: bool = False) -> sql.Composed:
    shown: list[sql.Composable] = [sql.Identifier(name) for name in names]
    if temporal:
        shown[-1] = sql.SQL("PERIOD {}").format(shown[-1])
    return sql.SQL(", ").join(shown)


def locked_tables(schema: Schema, key: ForeignKey) -> tuple[TableName, ...]:
    """Those that adding or dropping the key locks, in the order of all our plans: parent before child, each with its partitions."""
    return tuple(dict.fromkeys((*with_partitions(schema, key.target), *with_partitions(schema, key.table))))


def with_partitions(schema: Schema, name: TableName) -> tuple[TableName, ...]:
    """The table and its partitions of every level, as LOCK TABLE goes through them."""
    below = [each for each, table in schema.tables.items() if table.partition_of == name] if _is_partitioned(schema, name) else []
    return (name, *(each for child in below for each in with_partitions(schema, child)))


def _is_partitioned(schema: Schema, name: TableName) -> bool:
    return name in schema.tables and schema.tables[name].kind is TableKind.PARTITIONED


def under_lock(
    schema: Schema, roots: Iterable[TableName], lock: Lock, statement: sql.Composable, first: Collection[sql.Composable] = ()
) -> str:
    """The statement, after one LOCK TABLE for everything that it locks; inheritance children, which it does not touch, are left alone.

    ``first``: statements that take other locks before that; they are one statement with it, for the budget is that of all together.
    """
    named = [sql.SQL("{}{}").format(sql.SQL("" if _is_partitioned(schema, name) else "ONLY "), name_of(name)) for name in roots]
    tables = sql.SQL(", ").join(named)
    locks = sql.SQL("LOCK TABLE {} IN {} MODE").format(tables, sql.SQL(lock.value))
    text = sql.SQL(_UNDER_LOCK).format(
        tables=tables,
        locks=_together([*first, locks]) if first else locks,
        statement=statement,
        vacuum=sql.Literal(VACUUM_MS),
        lock=sql.Literal(LOCK_TIMEOUT_MS),
        budget=sql.Literal(LOCK_BUDGET_MS),
        work=sql.Literal(WORK_MS),
    )
    return text.as_string()


def _together(statements: Iterable[sql.Composable]) -> sql.Composed:
    body = sql.SQL("BEGIN\n{};\nEND").format(sql.SQL(";\n").join(statements))
    return sql.SQL("DO {}").format(sql.Literal(body.as_string()))


class BrokenKey:
    """One foreign key: the step that drops it, and those that bring it back."""

    def __init__(self, schema: Schema, key: ForeignKey, facts: KeyFacts, join: KeyJoin) -> None:
        self.schema = schema
        self.key = key
        self.facts = facts
        self.join = join
        self.locked = locked_tables(schema, key)
        self.whole = _is_partitioned(schema, key.table)

    def __str__(self) -> str:
        return f"{self.key.name} of {self.key.table}"

    def drop(self) -> Step:
        statement = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(self._altered(self.key.table), sql.Identifier(self.key.name))
        return Step(
            purpose=f"no foreign key {self}",
            sql=under_lock(self.schema, (self.key.target, self.key.table), Lock.ACCESS_EXCLUSIVE, statement),
            lock=Lock.ACCESS_EXCLUSIVE,
            tables=self.locked,
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=LOCK_BUDGET_MS,
            hazard="locks the table that the key refers to as well; from here on nothing stops a row that refers to nothing",
            undo=tuple(self.restore()),
            precondition=self.is_there(),
            dropped=DroppedKey(table=self.key.table, name=self.key.name, columns=self.key.columns),
        )

    def asks(self, question: str, table: TableName | None = None) -> str:
        named = {
            "child": regclass(table or self.key.table),
            "parent": regclass(self.key.target),
            "name": sql.Literal(self.key.name),
        }
        return sql.SQL(question).format(**named).as_string()

    def is_there(self) -> str:
        """The precondition of whatever is done because the key stands."""
        return self.asks(_IS_THERE)

    def audit(self, precondition: str, remedy: str) -> Step:
        """Orphans; reads both tables, locks nothing that anybody would notice."""
        return Step(
            purpose=f"every row of {self.join} refers to one of {self.key.target}",
            sql=render_orphan_audit(self.join),
            lock=Lock.ACCESS_SHARE,
            tables=(self.key.table, self.key.target),
            lock_timeout_ms=PATIENT_MS,
            statement_timeout_ms=0,
            action=Action.AUDIT,
            hazard="reads both tables",
            remedy=remedy,
            undo=(),
            precondition=precondition,
        )

    def audit_before(self, remedy: str) -> Step:
        return self.audit(self.is_there(), remedy)

    def restore(self) -> Iterator[Step]:
        """NOT VALID, orphans shown, VALIDATE; a key that was not valid before is put back as that, and one that needs no proof at once."""
        if not (self.key.validated and self.key.enforced):
            yield self._add(self.key.table, self.key)
            return
        unproved = replace(self.key, validated=False)
        if not self.whole or self.schema.server_version >= FIRST_VALIDATES_PARTITIONS:
            yield self._add(self.key.table, unproved)
            yield self._audit_back(self.asks(_IS_UNPROVED))
            yield self._validate(self.key.table)
            return
        leaves = [table.name for table in self.schema.partitions(self.key.table)]
        yield from (self._add(leaf, unproved) for leaf in leaves)
        yield self._audit_back(self.asks(_IS_GONE))
        yield from (self._validate(leaf) for leaf in leaves)
        yield self._add(self.key.table, self.key)

    def _audit_back(self, precondition: str) -> Step:
        remedy = "bring the rows that are missing, or let `splitter cascades run` and then you yourself clean up these; then undo again"
        return replace(self.audit(precondition, remedy), undo=None)

    def _add(self, table: TableName, key: ForeignKey) -> Step:
        """On one partition: only as long as the root has not its own again, which takes those of its partitions over."""
        definition = sql.SQL(render_definition(key))
        statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(self._altered(table), sql.Identifier(key.name), definition)
        takes_over = key.validated and key.enforced and table == self.key.table  # the triggers of the partitions' keys go
        lock = Lock.ACCESS_EXCLUSIVE if takes_over else Lock.SHARE_ROW_EXCLUSIVE
        if self.facts.comment is not None and table == self.key.table:
            comment = sql.SQL("COMMENT ON CONSTRAINT {} ON {} IS {}")
            named = comment.format(sql.Identifier(key.name), name_of(table), sql.Literal(self.facts.comment))
            statement = sql.SQL("{};\n{}").format(statement, named)
        return Step(
            purpose=f"foreign key {key.name} of {table} again" + ("" if key.validated else ", not yet proved"),
            sql=under_lock(self.schema, (key.target, table), lock, statement),
            lock=lock,
            tables=locked_tables(self.schema, replace(key, table=table)),
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=LOCK_BUDGET_MS,
            hazard="new rows have to refer to something from here on",
            undo=None,
            precondition=self._is_gone(table),
        )

    def _is_gone(self, table: TableName) -> str:
        if table == self.key.table:
            return self.asks(_IS_GONE)
        there = sql.SQL("pg_catalog.to_regclass({}) IS NOT NULL").format(regclass(table)).as_string()
        return f"SELECT {there} AND ({self.asks(_IS_GONE, table)}) AND ({self.asks(_IS_GONE)})"

    def _validate(self, table: TableName) -> Step:
        return Step(
            purpose=f"foreign key {self.key.name} of {table} proved",
            sql=sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(self._altered(table), sql.Identifier(self.key.name)).as_string(),
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            tables=(*with_partitions(self.schema, table), *with_partitions(self.schema, self.key.target)),
            lock_timeout_ms=PATIENT_MS,
            statement_timeout_ms=0,
            hazard="reads both tables",
            undo=None,
            precondition=self._is_unproved(table),
        )

    def _is_unproved(self, table: TableName) -> str:
        if table == self.key.table:
            return self.asks(_IS_UNPROVED)
        return sql.SQL(_PARTS_KEY_IS_UNPROVED).format(child=regclass(table), name=sql.Literal(self.key.name)).as_string()

    def _altered(self, table: TableName) -> sql.Composed:
        only = "" if _is_partitioned(self.schema, table) else "ONLY "
        return sql.SQL("{}{}").format(sql.SQL(only), name_of(table))
