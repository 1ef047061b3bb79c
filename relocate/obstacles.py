"""What is in the way of a move."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from exports.report import row_problems
from exports.rows import Source
from exports.snapshot import Connection
from relocate.move import Move
from splitter.errors import Problem


def may_set_replica(target: Connection) -> bool:
    """Whether ``session_replication_role`` may be set here; the session is left as it was."""
    try:
        with target.transaction():
            target.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def find_obstacles(
    move: Move, reading: Source, source: Connection, target: Connection, *, replica: bool, resuming: bool = False
) -> Iterable[Problem]:
    """Everything that would stop the move, found before its first write."""
    yield from row_problems(reading.membership, source, inbound=True)
