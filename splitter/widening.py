"""Whether ids of a database are between two widths: a plan that is not finished, or waits for somebody to say that it is for good."""

from __future__ import annotations

from collections.abc import Iterator

from splitter.db import Connection, translated
from splitter.errors import Problem
from splitter.findings_kinds import WIDENING
from splitter.journal import JournalPlan, read_journal
from splitter.plans.widen_ids.names import TRIGGER
from splitter.plans.widen_ids.plan import KIND
from splitter.schema import TableName

_TWINNED = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_trigger AS g
  JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE g.tgname = %s AND NOT g.tgisinternal ORDER BY 1, 2
"""


def read_twinned(conn: Connection) -> tuple[TableName, ...]:
    """Tables whose ids have a twin, whoever gave it to them: rendered migrations keep no journal."""
    with translated("looking for tables whose ids are widened"):
        return tuple(TableName(schema, table) for schema, table in conn.execute(_TWINNED, (TRIGGER,)).fetchall())


def find_widening(conn: Connection, name: str) -> tuple[Problem, ...]:
    """``name``: what silos.toml calls the database. No organization moves into or out of it meanwhile."""
    plans = [known for known in read_journal(conn) if known.kind == KIND and known.is_open]
    return tuple(_of_plan(name, known) for known in plans) or tuple(_of_migrations(conn, name))


def _of_plan(name: str, known: JournalPlan) -> Problem:
    return Problem(
        code=WIDENING,
        object=f"{name}: plan {known.plan}",
        found=f"is {known.state.value}: {known.purpose}, begun {known.begun_at:%Y-%m-%d %H:%M}",
        remedy=f"`splitter apply {known.plan}`, with --commit --finish after the watch; or `splitter undo {known.plan}`",
    )


def _of_migrations(conn: Connection, name: str) -> Iterator[Problem]:
    for table in read_twinned(conn):
        remedy = "run the migrations to their end, those of --stage finish too, or downwards"
        yield Problem(code=WIDENING, object=f"{name}: {table}", found="has twins of its ids, made by rendered migrations", remedy=remedy)
