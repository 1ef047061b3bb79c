"""What a plan's revisions run with; this revision itself changes nothing.

A revision's statements are transactions of their own, outside of Alembic's, which is committed before: so no lock is held for longer than
its step takes, however env.py is set up. A revision that fails is not stamped; the same `alembic upgrade` goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alembic import context, op
from alembic.util import CommandError

from splitter.render.shipped.steps import Step, StepError, run_steps

DRIVERS = ("psycopg", "psycopg_async", "psycopg2", "psycopg2cffi")  # others cannot send several statements at once


class Connection:
    """Alembic's."""

    def __init__(self, bind: Any) -> None:
        self._bind = bind

    def _send(self, text: str) -> Any:
        return self._bind.exec_driver_sql(text, execution_options={"no_parameters": True})

    def execute(self, text: str) -> int:
        return int(self._send(text).rowcount)

    def fetch(self, text: str) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self._send(text).fetchall()
        return rows


def run(steps: Sequence[Step]) -> None:
    """What upgrade() and downgrade() of the plan's other revisions call."""
    if context.is_offline_mode():
        raise CommandError(
            "a plan asks the catalog before each step, and --sql cannot: `splitter render --format sql` makes files for psql"
        )
    dialect = op.get_bind().dialect
    if dialect.name != "postgresql" or dialect.driver not in DRIVERS:
        raise CommandError(f"a plan is for PostgreSQL, by psycopg or psycopg2, and this is {dialect.name}+{dialect.driver}")
    with op.get_context().autocommit_block():
        try:
            run_steps(Connection(op.get_bind()), steps)
        except StepError as exc:
            raise CommandError(str(exc)) from exc


def refuse(why: str) -> None:
    """What downgrade() of a step without a way back calls."""
    raise CommandError(why)
