"""A plan as Django migrations, one a step, and one module beside them with what they run with.

State and database are apart. What the database does is the plan's own; Django's state changes in one way alone: a ForeignKey whose
constraint goes has ``db_constraint=False`` from there on. Which model and field that is stands in no catalog, and the field's other
arguments (on_delete, related_name) neither, so no AlterField could be written here: the operation finds the field by its table and column
in the project's own state, when it is migrated, and changes that one argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from splitter.errors import UsageError
from splitter.render.python_text import comments, docstring, literal, shipped_source, step_list
from splitter.render.units import RenderedFile, Unit, after_key, find_units, head, shown
from splitter.steps import Plan, Stage, Step

_ID = 8  # hex digits of the plan's
_BODY = """
def forwards(apps, schema_editor):
    {module}.run(schema_editor, UP)


def backwards(apps, schema_editor):
    {backwards}


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = [{dependencies}]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[{state}],
        ),
    ]
"""


def render_django(plan: Plan, app: str, after: Sequence[str] = (), last: Stage = Stage.APPLY) -> tuple[RenderedFile, ...]:
    """Nothing for an empty plan. ``app``: the label of the app that the migrations belong to; ``after``: ``NAME`` of its own, or
    ``LABEL.NAME``, that have to be applied before. ``last``: the last stage that is rendered; of those before the files are the same.

    UsageError for what is no label or name, RefusedError where a step cannot be rendered.
    """
    if not app.isidentifier():
        raise UsageError(f"--app: {app!r} is no app label", hint="give the label of the app whose migrations these are to be")
    needed = [_dependency(app, name) for name in after]
    units = find_units(plan, last)
    if not units:
        return ()
    offset = max((_number(name) for label, name in needed if label == app), default=0)
    module = f"_orglift_{plan.id[:_ID]}"
    files = [RenderedFile("__init__.py", ""), RenderedFile(f"{module}.py", shipped_source("django.py"))]
    for unit in units:
        name = f"{offset + unit.number:04}_orglift_{plan.id[:_ID]}_{unit.slug}"
        files.append(RenderedFile(f"{name}.py", _file(plan, unit, module, needed)))
        needed = [(app, name)]
    return tuple(files)


def _dependency(app: str, after: str) -> tuple[str, str]:
    label, dot, name = after.rpartition(".")
    label = label if dot else app
    if not (label.isidentifier() and re.fullmatch(r"\w+", name)):
        raise UsageError(f"--after: {after!r} is no migration", hint="write NAME, or LABEL.NAME for another app's: 0042_more")
    return label, name


def _number(name: str) -> int:
    """Of 0042_more: 42."""
    digits = re.match(r"\d+", name)
    return int(digits[0]) if digits else 0


def _file(plan: Plan, unit: Unit, module: str, needed: list[tuple[str, str]]) -> str:
    step = unit.step
    parts = [
        docstring(shown(step.purpose)),
        comments([*head(plan, unit, ""), *_told_of_state(step)]),
        "",
        "from django.db import migrations",
        "",
        f"from . import {module}",
        "",
        step_list("UP", unit.steps),
        *([step_list("DOWN", step.undo)] if step.undo else []),
        "",
        _BODY.format(module=module, backwards=_backwards(unit, module), dependencies=_spelled(needed), state=_state(step, module)),
    ]
    return "\n".join(parts)


def _spelled(needed: list[tuple[str, str]]) -> str:
    return ", ".join(f"({literal(label)}, {literal(name)})" for label, name in needed)


def _backwards(unit: Unit, module: str) -> str:
    if unit.step.undo is None:
        return f"{module}.refuse({literal(unit.no_way_back)})"
    return f"{module}.run(schema_editor, DOWN)" if unit.step.undo else "pass"


def _state(step: Step, module: str) -> str:
    """Django has no foreign key of several columns."""
    if step.dropped is None or len(step.dropped.columns) != 1:
        return ""
    schema, table, column = map(literal, (*step.dropped.table, step.dropped.columns[0]))
    return f"{module}.WithoutConstraint(({schema}, {table}), {column})"


def _told_of_state(step: Step) -> Iterator[str]:
    key = after_key(step)
    if key is None:
        yield "state: as it was"
    elif _state(step, ""):
        yield f"state: {key}: models.py needs db_constraint=False with this change, or makemigrations would bring it back"
    else:
        yield f"state: {key}: Django knows no foreign key of several columns; a model that speaks of it has to be changed by hand"
