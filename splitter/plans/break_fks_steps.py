"""The steps of ``break-fks`` that are not about the key itself: outbox, registry, triggers, orphans, and what MATCH FULL demanded."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from splitter.cascade import Cascade, ChildAction
from splitter.orphans import KeyJoin, render_orphan_delete, render_orphan_update
from splitter.plans.cleanup_index import index_name
from splitter.plans.crossed_keys import CrossedKey
from splitter.plans.foreign_keys import (
    LOCK_BUDGET_MS,
    LOCK_TIMEOUT_MS,
    PATIENT_MS,
    BrokenKey,
    name_of,
    regclass,
    under_lock,
    with_partitions,
)
from splitter.schema import Schema, TableKind, TableName
from splitter.steps import Action, Lock, Step
from splitter.tombstones import (
    render_outbox,
    render_registration,
    render_registration_precondition,
    render_registration_removal,
    render_registration_removal_precondition,
    render_triggers,
    render_triggers_precondition,
    render_triggers_removal,
    render_triggers_removal_precondition,
)

_NO_OUTBOX = """SELECT pg_catalog.to_regclass('orglift.tombstones') IS NULL OR pg_catalog.to_regclass('orglift.cascades') IS NULL"""
_CHECK = """FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass({table}) AND k.conname = {name} AND k.contype = 'c'"""
_NO_CHECK = f"SELECT CASE WHEN pg_catalog.to_regclass({{table}}) IS NOT NULL THEN NOT EXISTS (SELECT {_CHECK}) END"
_HAS_CHECK = f"SELECT EXISTS (SELECT {_CHECK})"
_UNPROVED_CHECK = f"SELECT EXISTS (SELECT {_CHECK} AND NOT k.convalidated)"


def outbox_step() -> Step:
    """It stays when a plan is taken back: other plans may use it, and what was deleted in between stands in it."""
    return Step(
        purpose="registry and outbox of the clean-up",
        sql=render_outbox(),
        lock=Lock.NONE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=60_000,
        undo=(),
        precondition=_NO_OUTBOX,
    )


def registration_step(cascade: Cascade, before: Cascade | None = None) -> Step:
    """``before``: what the registry says of it, and says again when the plan is taken back."""
    if before is None:
        removal = render_registration_removal(cascade)
        gone = _registry_step(f"{cascade} is not cleaned up any more", removal, render_registration_removal_precondition(cascade))
    else:
        gone = _registry_step(_cleaned(before), render_registration(before), render_registration_precondition(before))
    return _registry_step(_cleaned(cascade), render_registration(cascade), render_registration_precondition(cascade), (gone,))


def _cleaned(cascade: Cascade) -> str:
    return f"{cascade} is cleaned up: on delete {cascade.on_delete.value}, on update {cascade.on_update.value}"


def _registry_step(purpose: str, statement: str, precondition: str, undo: tuple[Step, ...] | None = None) -> Step:
    return Step(
        purpose=purpose,
        sql=statement,
        lock=Lock.ROW_EXCLUSIVE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=60_000,
        undo=undo,
        precondition=precondition,
    )


def triggers_step(schema: Schema, parent: TableName, earlier: tuple[Cascade, ...], added: tuple[Cascade, ...]) -> Step:
    """``earlier``: what the registry held for the parent before this plan; that remains when the plan is taken back."""
    named = {(cascade.child, cascade.name) for cascade in added}
    cascades = (*(known for known in earlier if (known.child, known.name) not in named), *added)
    return Step(
        purpose=f"deletes and new keys of {parent} are written down",
        sql=under_lock(schema, (parent,), Lock.SHARE_ROW_EXCLUSIVE, sql.SQL(render_triggers(schema, parent, cascades))),
        lock=Lock.SHARE_ROW_EXCLUSIVE,
        tables=with_partitions(schema, parent),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="writers wait for a moment",
        undo=(_triggers_back(schema, parent, earlier),),
        precondition=render_triggers_precondition(schema, parent, cascades),
    )


def _triggers_back(schema: Schema, parent: TableName, earlier: tuple[Cascade, ...]) -> Step:
    text = render_triggers(schema, parent, earlier) if earlier else render_triggers_removal(parent)
    precondition = render_triggers_precondition(schema, parent, earlier) if earlier else render_triggers_removal_precondition(parent)
    return Step(
        purpose=f"triggers of {parent} as they were",
        sql=under_lock(schema, (parent,), Lock.ACCESS_EXCLUSIVE, sql.SQL(text)),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=with_partitions(schema, parent),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="readers and writers wait for a moment",
        undo=None,
        precondition=precondition,
    )


def repair_step(broken: BrokenKey, crossed: CrossedKey) -> Step | None:
    """What ON DELETE says, done to the orphans that there are; None where it says nothing."""
    if crossed.action in (None, ChildAction.NONE):
        return None
    return Step(
        purpose=f"rows of {broken.join} that refer to nothing: {crossed.action.value if crossed.action else ''}",
        sql=_repair(broken.join, crossed),
        lock=Lock.ROW_EXCLUSIVE,
        tables=(broken.key.table, broken.key.target),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=0,
        action=Action.REPEAT,
        hazard="these rows are changed for good: the key would not take them back",
        undo=(),
        precondition=broken.is_there(),
    )


def _repair(join: KeyJoin, crossed: CrossedKey) -> str:
    if crossed.action is ChildAction.CASCADE:
        return render_orphan_delete(join)
    names = crossed.key.delete_columns or crossed.key.columns
    return render_orphan_update(join, names, to_default=crossed.action is ChildAction.SET_DEFAULT)


def match_full_steps(schema: Schema, broken: BrokenKey) -> Iterator[Step]:
    """MATCH FULL allows no key of which only a part is NULL: a CHECK goes on to say so."""
    key = broken.key
    if not key.match_full or len(key.columns) == 1 or not key.enforced:
        return
    name = index_name(key.table, (key.name, *key.columns), "orglift_full").name
    whole = schema.tables[key.table].kind is TableKind.PARTITIONED
    alter = sql.SQL("ALTER TABLE {}{} ").format(sql.SQL("" if whole else "ONLY "), name_of(key.table))
    columns = sql.SQL(", ").join(map(sql.Identifier, key.columns))
    add = sql.SQL("{}ADD CONSTRAINT {} CHECK (pg_catalog.num_nulls({}) IN (0, {})) NOT VALID")
    drop = sql.SQL("{}DROP CONSTRAINT {}").format(alter, sql.Identifier(name))
    yield _check_step(
        schema,
        key.table,
        f"all columns of {broken.join} are NULL or none",
        add.format(alter, sql.Identifier(name), columns, sql.Literal(len(key.columns))),
        _ask_check(_NO_CHECK, key.table, name),
        (_check_step(schema, key.table, f"no check {name}", drop, _ask_check(_HAS_CHECK, key.table, name), None),),
    )
    if key.validated:
        yield _proof_step(schema, key.table, name, sql.SQL("{}VALIDATE CONSTRAINT {}").format(alter, sql.Identifier(name)))


def _ask_check(question: str, table: TableName, name: str) -> str:
    return sql.SQL(question).format(table=regclass(table), name=sql.Literal(name)).as_string()


def _check_step(
    schema: Schema, table: TableName, purpose: str, statement: sql.Composed, precondition: str, undo: tuple[Step, ...] | None
) -> Step:
    return Step(
        purpose=purpose,
        sql=under_lock(schema, (table,), Lock.ACCESS_EXCLUSIVE, statement),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=with_partitions(schema, table),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        undo=undo,
        precondition=precondition,
    )


def _proof_step(schema: Schema, table: TableName, name: str, statement: sql.Composed) -> Step:
    return Step(
        purpose=f"check {name} proved",
        sql=statement.as_string(),
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        tables=with_partitions(schema, table),
        lock_timeout_ms=PATIENT_MS,
        statement_timeout_ms=0,
        hazard="reads the table",
        undo=(),
        precondition=_ask_check(_UNPROVED_CHECK, table, name),
    )
