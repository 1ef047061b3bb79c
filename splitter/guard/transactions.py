"""Which transaction a connection is in: in which mode it began, and what it has written so far.

A session's transaction counts as one, over all its connections, and ends with ``commit`` of the session, even where a test keeps the
connection's own transaction open around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session, SessionTransaction

from splitter.guard.analysis import Analysis
from splitter.guard.assignments import Assigned
from splitter.guard.modes import Standing, current
from splitter.silos import Silo


@dataclass
class Transaction:
    """``began``: without escapes. ``written``: the first table of each silo that it wrote to, savepoints that were rolled back included."""

    began: Standing
    written: dict[Silo, Assigned] = field(default_factory=dict)

    def note_writes(self, analysis: Analysis) -> None:
        for table in analysis.written:
            if table.silo is not None:
                self.written.setdefault(table.silo, table)


class Transactions:
    def __init__(self) -> None:
        self._of_connection: WeakKeyDictionary[Connection, Transaction] = WeakKeyDictionary()
        self._of_session: WeakKeyDictionary[SessionTransaction, Transaction] = WeakKeyDictionary()

    def of(self, connection: Connection) -> Transaction:
        found = self._of_connection.get(connection)
        if found is None:
            found = self._of_connection[connection] = Transaction(current().ground)
        return found

    def listen(self, add: Any) -> None:
        """``add(target, name, function)`` is how SQLAlchemy is told."""
        add(Engine, "begin", self._begin)
        add(Engine, "begin_twophase", lambda connection, _xid: self._begin(connection))
        add(Session, "after_begin", self._after_begin)
        add(Session, "after_transaction_end", self._after_end)

    def _begin(self, connection: Connection) -> None:
        self._of_connection.pop(connection, None)

    def _after_begin(self, _session: Session, transaction: SessionTransaction, connection: Connection) -> None:
        root = transaction
        while root.parent is not None:
            root = root.parent
        if root not in self._of_session:
            self._of_session[root] = Transaction(current().ground)
        self._of_connection[connection] = self._of_session[root]

    def _after_end(self, _session: Session, transaction: SessionTransaction) -> None:
        ended = self._of_session.pop(transaction, None)
        if ended is not None:
            for connection in [each for each, known in self._of_connection.items() if known is ended]:
                del self._of_connection[connection]
