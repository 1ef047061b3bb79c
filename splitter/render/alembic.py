"""A plan as Alembic revisions, one a step, on top of one that holds what they run with.

Alembic knows no file beside revisions, and a folder of revisions is no package: so the first revision holds the shipped code, and the
others find it by its revision id, wherever the files are and whatever they are called. Ids come from the plan's: rendered again, they
are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from splitter.errors import UsageError
from splitter.render.python_text import comments, docstring, literal, shipped_source, step_list
from splitter.render.units import RenderedFile, Unit, after_key, find_units, head, shown
from splitter.steps import Plan, Stage

_ID = 12  # hex digits of the plan's: alembic_version takes 32 characters
_SYMBOLS = frozenset({"head", "heads", "base"})
_HEAD = """revision = {revision}
down_revision = {down_revision}
branch_labels = None
depends_on = None"""
_REST = """
def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    {downgrade}


def _shipped():
    return context.script.get_revision({first}).module
"""
_NOTHING = """

def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
"""
_ALONE = "a history of its own: beside other revisions, render with --after REVISION (`alembic heads`), or there are two heads"
_MODEL = "in the models the ForeignKey goes too, or autogenerate would bring it back:"


def render_alembic(plan: Plan, after: str | None = None, last: Stage = Stage.APPLY) -> tuple[RenderedFile, ...]:
    """Nothing for an empty plan. ``after``: the revision that the first one revises; None: there is none before. ``last``: the last stage
    that is rendered; of the stages before it the files are the same.

    UsageError where ``after`` is no revision id, RefusedError where a step cannot be rendered.
    """
    _check_after(after)
    units = find_units(plan, last)
    if not units:
        return ()
    previous = [_revision(plan, 0), *(_revision(plan, unit.number) for unit in units)]
    first = RenderedFile(f"{previous[0]}_steps.py", _first(plan, after))
    return (first, *(_file(plan, unit, before) for unit, before in zip(units, previous, strict=False)))


def _revision(plan: Plan, number: int) -> str:
    return f"{plan.id[:_ID]}_{number:04}"


def _check_after(after: str | None) -> None:
    if after is not None and (not re.fullmatch(r"[^\s@+-]+", after) or after in _SYMBOLS):
        raise UsageError(f"--after: {after!r} is no revision id", hint="name one revision: `alembic heads` prints the id of the last one")


def _first(plan: Plan, after: str | None) -> str:
    lines = [f"plan {plan.kind} {plan.id} for {shown(plan.database.silo)}: what its revisions run with"]
    if after is None:
        lines.append(_ALONE)
    head = _head(_revision(plan, 0), after)
    return shipped_source("alembic.py", [comments(lines), head, ""]) + _NOTHING


def _head(revision: str, before: str | None) -> str:
    return _HEAD.format(revision=literal(revision), down_revision="None" if before is None else literal(before))


def _file(plan: Plan, unit: Unit, before: str) -> RenderedFile:
    revision = _revision(plan, unit.number)
    parts = [
        docstring(shown(unit.step.purpose)),
        comments(_comments(plan, unit)),
        "",
        "from alembic import context",
        "",
        _head(revision, before),
        "",
        step_list("UP", unit.steps),
        *([step_list("DOWN", unit.step.undo)] if unit.step.undo else []),
        "",
        _REST.format(downgrade=_downgrade(unit), first=literal(_revision(plan, 0))),
    ]
    return RenderedFile(f"{revision}_{unit.slug}.py", "\n".join(parts))


def _comments(plan: Plan, unit: Unit) -> Iterator[str]:
    yield from head(plan, unit, "")
    key = after_key(unit.step)
    if key is not None:
        yield f"{_MODEL} {key}"


def _downgrade(unit: Unit) -> str:
    if unit.step.undo is None:
        return f"_shipped().refuse({literal(unit.no_way_back)})"
    return "_shipped().run(DOWN)" if unit.step.undo else "pass"
