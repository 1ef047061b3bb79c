"""The vocabulary of a plan: what will be done to one database, as values that print, travel as JSON and can be compared.

A step carries its cost: the lock that it takes, for how long it may wait and run, and what it means for the application. Nothing in
this file touches a database; ``apply`` runs what stands here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from splitter.errors import UsageError
from splitter.schema import TableName

FORMAT = 1


class Lock(str, Enum):
    """The strongest lock that a step takes, on the object that its purpose names."""

    NONE = "none"
    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"


class Action(str, Enum):
    """How a step's SQL is to be used."""

    RUN = "run"  # executed once
    AUDIT = "audit"  # a query of rows (object, found): any row stops the plan, and nothing is changed
    REPEAT = "repeat"  # executed again, each time in a transaction of its own, until it changes no row
    # executed for one range of the one table's blocks after the other, orglift.first_row and orglift.last_row set to its ends, for a part
    # of its rows where orglift.round is 0, 1 or 2, and for all that are left where it is 3
    BACKFILL = "backfill"


class Stage(str, Enum):
    """A plan may stop between two of them for as long as somebody wants to watch what it did."""

    APPLY = "apply"
    COMMIT = "commit"  # `splitter apply --commit`
    FINISH = "finish"  # `splitter apply --finish`


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedKey:
    """A foreign key that is no more: an application's models may still speak of it."""

    table: TableName
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement of a plan, or several that only make sense in one transaction.

    ``precondition`` is a query of one boolean, asked right before: true, the step has to be done; false, it is done already; null or
    no row, its object is not what the plan was made for. Times are milliseconds; a ``statement_timeout_ms`` of 0 is none.

    A step outside a transaction that fails may leave something half-done: what clears that is the step right before it, which is asked
    again first. ``tables`` are locked by one statement, so that ``statement_timeout_ms`` is the budget for all of their locks together.

    ``undo`` has to be said: the steps that take this one back, in their order; empty where nothing has to be taken back, None where
    there is no way back. They have no undo of their own: None; one without a precondition may run twice.
    """

    purpose: str
    sql: str
    lock: Lock
    tables: tuple[TableName, ...] = ()  # those that it locks, in the order in which it does
    lock_timeout_ms: int
    statement_timeout_ms: int
    action: Action = Action.RUN
    stage: Stage = Stage.APPLY
    transactional: bool = True
    hazard: str = ""
    remedy: str = ""  # of an audit: what to do about what it finds
    undo: tuple[Step, ...] | None
    precondition: str | None = None
    dropped: DroppedKey | None = None  # what the step takes away that the application's models may know


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDatabase:
    """The database that a plan is for: by silo and uuid, never by URL. ``silo`` is ``control`` or a region's name."""

    silo: str
    uuid: UUID


@dataclass(frozen=True, kw_only=True)  # without slots: its id is worked out once, which takes half a second for a plan of 5,000 steps
class Plan:
    """``steps`` in their order. ``fingerprint`` covers ``tables``; ``notes`` is what a person should know and no step does.

    ``paste`` are blocks for silos.toml: what the catalog will not say any more.
    """

    kind: str  # break-fks, widen-ids, region-ids
    database: PlanDatabase
    fingerprint: str
    tables: tuple[TableName, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    paste: tuple[str, ...] = ()

    @cached_property
    def id(self) -> str:
        """The same for the same plan, also once steps can say more than they do today: 32 hex digits, the key of its journal."""
        return hashlib.sha256(orjson.dumps(_PLAN.dump_python(self, mode="json", exclude_defaults=True))).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    __pydantic_config__ = ConfigDict(extra="forbid")
    orglift_plan: int
    id: str
    plan: dict[str, Any]


_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
_FILE: TypeAdapter[_File] = TypeAdapter(_File)


def plan_to_value(plan: Plan) -> dict[str, Any]:
    """What ``plan_to_json`` spells."""
    return {"orglift_plan": FORMAT, "id": plan.id, "plan": _PLAN.dump_python(plan, mode="json")}


def plan_to_json(plan: Plan) -> bytes:
    """The plan as a file's content: indented JSON, keys in the order of the classes."""
    return orjson.dumps(plan_to_value(plan), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def plan_from_json(content: bytes) -> Plan:
    """The plan that ``plan_to_json`` wrote. UsageError for anything else."""
    hint = "make the plan anew with `splitter plan`"
    try:
        file = _FILE.validate_json(content)
        if file.orglift_plan != FORMAT:
            raise UsageError(f"the plan has format {file.orglift_plan}, and this orglift reads format {FORMAT}", hint=hint)
        plan = _PLAN.validate_python(file.plan, extra="forbid")
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"this is not a plan: {place or 'the file'}: {first['msg'].lower()}", hint=hint) from exc
    if plan.id != file.id:
        raise UsageError("the plan was changed after it was made", hint=f"a plan runs as it was made, or not at all: {hint}")
    return plan


def plan_to_text(plan: Plan) -> str:
    """The plan for a person: what, on which lock, for how long, and the statements."""
    lines = [f"plan {plan.kind} for {plan.database.silo}, database {plan.database.uuid}"]
    lines += [f"  note: {note}" for note in plan.notes]
    if not plan.steps:
        lines.append("  nothing to do")
    for number, step in enumerate(plan.steps, start=1):
        lines += ["", f"{number}. {step.purpose}", *_told(step), *_undo_told(step)]
    if plan.paste:
        lines += ["", "# for silos.toml", *(f"\n{block}" for block in plan.paste)]
    return "\n".join(lines) + "\n"


def _told(step: Step) -> Iterator[str]:
    """What a step costs, and its statement."""
    limit = f"runs at most {step.statement_timeout_ms} ms" if step.statement_timeout_ms else "runs without a limit"
    where = "in a transaction" if step.transactional else "outside a transaction"
    if step.stage is not Stage.APPLY:
        yield f"   only with --{step.stage.value}"
    on = f" on {', '.join(map(str, step.tables))}" if step.tables else ""
    yield f"   {_ACTIONS[step.action]}lock: {step.lock.value}{on}, waits at most {step.lock_timeout_ms} ms, {limit}, {where}"
    if step.hazard:
        yield f"   hazard: {step.hazard}"
    yield from (f"       {line}" for line in step.sql.splitlines())


_ACTIONS = {
    Action.RUN: "",
    Action.AUDIT: "stops where it finds anything; ",
    Action.REPEAT: "repeated until nothing is left; ",
    Action.BACKFILL: "in ranges of blocks; ",
}


def _undo_told(step: Step) -> Iterator[str]:
    if not step.undo:
        yield "   undo: none: there is no way back" if step.undo is None else "   undo: nothing to take back"
    for back in step.undo or ():
        yield f"   undo: {back.purpose}"
        yield from (f"    {line}" for line in _told(back))
