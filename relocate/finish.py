"""What follows the switch, and what surrounds a move: the hidden column, the target's sequences, the application's hooks.

Everything here may be repeated.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from psycopg import sql

from exports.membership import column_sql, table_sql
from exports.snapshot import Connection
from exports.survey import Survey
from splitter.db import translated
from splitter.errors import RefusedError, scrub
from splitter.plans.region_ids import find_uses
from splitter.sequences import read_sequence_facts
from splitter.silos import Hooks


def read_hidden(survey: Survey, connection: Connection, key: Sequence[str]) -> tuple[str | None] | None:
    """The one value of the ``hide`` column in the organization's row, which may be NULL; None: there is no such column or row."""
    hide = survey.silos.organization.hide
    if hide is None:
        return None
    query = sql.SQL("SELECT {column}::text FROM {table} AS k WHERE {where}").format(
        column=column_sql("k", hide.column), table=table_sql(survey.scope.table(survey.scope.root)), where=_is_root(survey, key)
    )
    row = connection.execute(query).fetchone()
    return None if row is None else (None if row[0] is None else str(row[0]),)


def write_hidden(survey: Survey, connection: Connection, key: Sequence[str], value: str | None) -> None:
    """Set the ``hide`` column of the organization's row."""
    hide = survey.silos.organization.hide
    assert hide is not None
    column = survey.scope.table(survey.scope.root).column(hide.column)
    query = sql.SQL("UPDATE {table} AS k SET {column} = {value}::{type} WHERE {where} AND {now} IS DISTINCT FROM {value}").format(
        table=table_sql(survey.scope.table(survey.scope.root)),
        column=sql.Identifier(hide.column),
        value=sql.Literal(value),
        type=sql.SQL(column.base_type),
        where=_is_root(survey, key),
        now=sql.SQL("{}::text").format(column_sql("k", hide.column)),
    )
    with translated(f"setting {hide.column} of the organization"):
        connection.execute(query)


def _is_root(survey: Survey, key: Sequence[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(column_sql("k", name), sql.Literal(value)) for name, value in zip(survey.scope.root_key, key, strict=True)
    )


def advance_sequences(survey: Survey, connection: Connection, origin: int) -> None:
    """Move the target's sequences beyond the largest id of its own range that came in; only forward.

    Rows of the range come back when an organization moves back, or where the region was restored to an earlier time.
    """
    uses = find_uses(survey.schema, survey.silos)
    for facts in read_sequence_facts(connection, uses, survey.silos.ids, origin):
        largest = facts.largest_local if origin == 0 else facts.largest_own
        if largest is not None and largest >= facts.following:
            name = sql.Identifier(*facts.use.sequence.name).as_string(None)
            with translated(f"advancing {facts.use.sequence.name}"):
                connection.execute(
                    "SELECT setval(%(name)s::regclass, greatest(%(largest)s, pg_sequence_last_value(%(name)s::regclass)))",
                    {"name": name, "largest": largest},
                )


def run_hook(hooks: Hooks, name: str, environment: Mapping[str, str]) -> None:
    """Run one of the application's commands; RefusedError where it fails or takes too long. What it prints is in the error, scrubbed."""
    command = getattr(hooks, name)
    if command is None:
        return
    try:
        done = subprocess.run(
            command,
            shell=True,
            env={**os.environ, **environment},
            timeout=hooks.timeout,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise RefusedError(f"the hook {name} took longer than {hooks.timeout:g} s", hint="see [hooks] in silos.toml") from exc
    if done.returncode != 0:
        said = scrub((done.stderr or done.stdout).strip().rpartition("\n")[2])
        raise RefusedError(f"the hook {name} failed with exit code {done.returncode}: {said}", hint="see [hooks] in silos.toml")
