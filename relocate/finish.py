"""What follows the switch, and what surrounds a move: the hidden column, the target's sequences, the application's hooks.

Everything here may be repeated.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile

from psycopg import sql

from exports.membership import column_sql, table_sql
from exports.snapshot import Connection
from exports.survey import Survey, key_of
from relocate.control import Relocation
from relocate.move import spelled
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


def reveal(target: Survey, connection: Connection, relocation: Relocation, value: str | None) -> None:
    """Give the ``hide`` column of the organization that has come its own value again; not if the application changed it since."""
    fence = sql.SQL("{now} = {moving} AND EXISTS (SELECT FROM orglift.moves WHERE relocation = {id} AND finished_at IS NULL)")
    _set_hidden(target, connection, relocation.organization_after, value, _fenced(target, relocation, fence))


def conceal(source: Survey, connection: Connection, relocation: Relocation) -> None:
    """Hide the organization that has gone; not after its purge: it may have come back since."""
    fence = sql.SQL(
        "{now} IS DISTINCT FROM {moving} AND NOT EXISTS (SELECT FROM orglift.moves WHERE relocation = {id} AND finished_at IS NOT NULL)"
    )
    assert source.silos.organization.hide is not None
    moving = spelled(source.silos.organization.hide.moving)
    _set_hidden(source, connection, relocation.organization_before, moving, _fenced(source, relocation, fence))


def _fenced(survey: Survey, relocation: Relocation, fence: sql.SQL) -> sql.Composed:
    hide = survey.silos.organization.hide
    assert hide is not None
    now = sql.SQL("{}::text").format(column_sql("k", hide.column))
    return fence.format(now=now, moving=sql.Literal(spelled(hide.moving)), id=sql.Literal(str(relocation.id)))


def _set_hidden(survey: Survey, connection: Connection, id_: str, value: str | None, fence: sql.Composable) -> None:
    """One statement, its condition in it: a process that was stopped before it and wakes up later finds nothing to change."""
    hide = survey.silos.organization.hide
    assert hide is not None
    query = sql.SQL("UPDATE {table} AS k SET {column} = {value}::{type} WHERE {where} AND {fence}").format(
        table=table_sql(survey.scope.table(survey.scope.root)),
        column=sql.Identifier(hide.column),
        value=sql.Literal(value),
        type=sql.SQL(survey.scope.table(survey.scope.root).column(hide.column).base_type),
        where=_is_root(survey, key_of(survey.scope, id_)),
        fence=fence,
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
    """Run one of the application's commands; RefusedError where it fails or takes too long. The last line it prints is told, scrubbed.

    What it leaves running in the background is left; when it takes too long, or we are stopped, all that it started ends.
    """
    command = getattr(hooks, name)
    if command is None:
        return
    with TemporaryFile() as output:  # no pipe: a process in the background would hold it open
        running = subprocess.Popen(
            command,
            shell=True,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = running.wait(hooks.timeout)
        except BaseException as exc:
            _end(running)
            if isinstance(exc, subprocess.TimeoutExpired):
                raise RefusedError(f"the hook {name} took longer than {hooks.timeout:g} s, and was ended", hint=_HOOKS) from None
            raise
        if code != 0:
            output.seek(0)
            said = scrub(output.read().decode("utf-8", "replace").strip().rpartition("\n")[2])
            raise RefusedError(f"the hook {name} failed with exit code {code}: {said}", hint=_HOOKS)


_HOOKS = "see [hooks] in silos.toml"


def _end(running: subprocess.Popen[bytes]) -> None:
    """End the command's shell and everything that it started."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
