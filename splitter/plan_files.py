"""Plans as files: read for `splitter apply`, written by `splitter plan --out`."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from splitter.errors import Conflict, UsageError
from splitter.steps import Plan, plan_from_json, plan_to_json


def read_plan(path: Path) -> Plan:
    """UsageError where there is no such file, or it is no plan."""
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {_why(exc)}", hint="name a file that `splitter plan --out` wrote") from exc
    try:
        return plan_from_json(content)
    except UsageError as exc:
        raise UsageError(f"{path}: {exc.message}", hint=exc.hint) from exc


def write_plan(path: Path, plan: Plan, unfinished: Collection[str] = ()) -> None:
    """Write the file, or replace an older plan, whole or not at all.

    UsageError where something else than a plan is there, Conflict where it is the only copy of one that is ``unfinished`` (ids).
    """
    if path.exists():
        _check_replaceable(path, plan, unfinished)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(plan_to_json(plan))
        draft.replace(path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {_why(exc)}", hint="name another file with --out") from exc


def _why(exc: OSError) -> str:
    return (exc.strerror or str(exc)).lower()


def _check_replaceable(path: Path, plan: Plan, unfinished: Collection[str]) -> None:
    try:
        there = read_plan(path)
    except UsageError as exc:
        raise UsageError(f"{path} is there, and it is no plan", hint="name another file with --out") from exc
    if there.id != plan.id and there.id in unfinished:
        told = f"{path} holds plan {there.id}, which is unfinished in this database"
        raise Conflict(told, hint=f"apply it again first: `splitter apply {path}`, or name another file with --out")
