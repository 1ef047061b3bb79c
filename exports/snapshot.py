"""One consistent view of a database for many connections: an exported snapshot.

Works on a standby too: a snapshot can be exported there, nothing has to be created.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import psycopg
from psycopg import sql

from splitter.db import connect, in_recovery, translated

Connection = psycopg.Connection[tuple[object, ...]]

Row = tuple[object, ...]

# One query is one process: how many work at a time is what --jobs says, and several streams gain nothing from handing rows about.
SERIAL = "SET max_parallel_workers_per_gather = 0"
WORK_MEM = "64MB"  # sets of keys are hashed; the server's default of 4 MB would spill for every large parent table


def ask(connection: Connection, query: sql.Composable) -> list[Row]:
    """The rows of a query; they are all held in memory."""
    return connection.execute(sql.Composed([query])).fetchall()


def ask_number(connection: Connection, query: sql.Composable) -> int:
    """The one number that a query gives."""
    ((number,),) = ask(connection, query)
    return int(str(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A snapshot that other connections can enter while its holder lives."""

    name: str
    lsn: str
    xmin: int  # every transaction below it had ended: a row version with a smaller xmin was there


class Snapshot:
    """Holds a snapshot open; ``enter`` gives further connections that see exactly the same rows."""

    def __init__(self, url: str, *, setting: str, prepare: str = "") -> None:
        """``prepare``: a statement that each session runs before it enters the snapshot; not on a standby, which would refuse it."""
        self.url = url
        self.setting = setting
        self.prepare = prepare
        self._opened: list[Connection] = []
        self.connection = self._open()
        with translated(self.setting):
            self.standby = in_recovery(self.connection)
            self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self.view = self._export()

    def _export(self) -> View:
        place = "pg_last_wal_replay_lsn()" if self.standby else "pg_current_wal_lsn()"
        statement = sql.SQL("SELECT pg_export_snapshot(), {}::text, pg_snapshot_xmin(pg_current_snapshot())::text")
        ((name, lsn, xmin),) = ask(self.connection, statement.format(sql.SQL(place)))
        return View(name=str(name), lsn=str(lsn), xmin=int(str(xmin)))

    def _open(self) -> Connection:
        connection = connect(self.url, setting=self.setting)
        self._opened.append(connection)
        with translated(self.setting):
            connection.execute(sql.SQL("SET work_mem = {}").format(sql.Literal(WORK_MEM)))
            if self.prepare and not in_recovery(connection):
                connection.execute(sql.SQL(self.prepare))
        return connection

    def enter(self) -> Connection:
        """A new connection inside the snapshot."""
        connection = self._open()
        with translated(self.setting):
            connection.execute(SERIAL)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self.view.name)))
        return connection

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
