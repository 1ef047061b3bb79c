"""The relationship whose objects a statement loads, for the message: SQLAlchemy knows it, and has no public name for it at this place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import RelationshipProperty

from splitter.guard.assignments import name_of
from splitter.guard.crossing import Crossing


def with_relationship(crossing: Crossing, context: Any) -> Crossing:
    """The crossing, and that it loads ``Project.owner`` for a row of ``project``, where the statement does so."""
    tie = _loaded(context)
    if tie is None or crossing.because:
        return crossing
    table = tie.parent.local_table
    near = (str(name_of(table)),) if isinstance(table, Table) else ()
    return replace(crossing, because=f"loading {tie}", near=crossing.near or near)


def _loaded(context: Any) -> RelationshipProperty[Any] | None:
    """None also where this release of SQLAlchemy keeps it elsewhere."""
    state = getattr(getattr(context, "compiled", None), "compile_state", None)
    path = getattr(getattr(state, "compile_options", None), "_current_path", None) or ()
    ties = [step for step in path if isinstance(step, RelationshipProperty)]
    return ties[-1] if ties else None
