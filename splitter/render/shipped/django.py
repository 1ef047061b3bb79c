"""What a plan's migrations run with. Django takes a file whose name begins with an underscore for no migration.

They are not atomic: a step is a transaction of its own, or none at all, and one that gives way begins its transaction again. A migration
that fails is not recorded; the same `manage.py migrate` goes on. On another database than PostgreSQL there is nothing to do, as for
Django's own operations for PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.db import models
from django.db.backends.utils import truncate_name
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.operations.base import Operation

from splitter.render.shipped.steps import Step, StepError, run_steps

MAX_NAME = 63


class Cursor:
    """Django's."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, text: str) -> int:
        self._cursor.execute(text)
        return int(self._cursor.rowcount)

    def fetch(self, text: str) -> Sequence[Sequence[Any]]:
        self._cursor.execute(text)
        rows: Sequence[Sequence[Any]] = self._cursor.fetchall()
        return rows


def run(schema_editor: Any, steps: Sequence[Step]) -> None:
    """What forwards() and backwards() of the plan's migrations call."""
    connection = schema_editor.connection
    if schema_editor.collect_sql:  # sqlmigrate, which must not change anything
        schema_editor.collected_sql += [line for step in steps for line in _told(step)]
        return
    if connection.vendor != "postgresql":
        return
    if connection.in_atomic_block:
        raise CommandError("a plan's migrations begin their own transactions, and there is one already")
    try:
        with connection.cursor() as cursor:
            run_steps(Cursor(cursor), steps)
    except StepError as exc:
        raise CommandError(str(exc)) from exc


def _told(step: Step) -> Sequence[str]:
    asked = (step["precondition"] or "SELECT true").strip().splitlines()
    return [f"-- {step['action']}, where this is true:", *(f"--     {line}" for line in asked), f"{step['sql'].strip().rstrip(';')};"]


def refuse(why: str) -> None:
    """What backwards() of a step without a way back calls."""
    raise IrreversibleError(why)


class WithoutConstraint(Operation):
    """State alone: the ForeignKey in this column has ``db_constraint=False`` from here on, whichever model it belongs to.

    Say so in models.py too, with the same change, or `makemigrations` would bring the constraint back.
    """

    def __init__(self, table: Sequence[str], column: str) -> None:
        self.table = table  # schema, name
        self.column = column

    def state_forwards(self, _app_label: str, state: Any) -> None:
        for (label, model_name), model in tuple(state.models.items()):
            if not self._is_table(_table_name(label, model_name, model)):
                continue
            for name, field in tuple(model.fields.items()):
                if isinstance(field, models.ForeignKey) and field.db_constraint and (field.db_column or f"{name}_id") == self.column:
                    changed = field.clone()
                    changed.db_constraint = False
                    state.alter_field(label, model_name, name, changed, preserve_default=True)

    def _is_table(self, name: str) -> bool:
        schema, table = self.table
        quoted = {f'{schema}"."{table}', f'"{schema}"."{table}"'}  # how a table in another schema is written
        return name in quoted or (schema == "public" and name.strip('"') == table)

    def database_forwards(self, *_: Any) -> None:
        """Nothing: the migration's own statements do it."""

    def database_backwards(self, *_: Any) -> None:
        """Nothing."""

    def describe(self) -> str:
        return f"The ForeignKey in {'.'.join(self.table)}.{self.column} has no constraint"


def _table_name(label: str, model_name: str, model: Any) -> str:
    return str(model.options.get("db_table") or truncate_name(f"{label}_{model_name}", MAX_NAME))
