"""Executions of statements -> how often each distinct one ran, how long, and which of them shared a transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from splitter.guard.names import Path
from splitter.guard.sql_text import read_statement
from splitter.guard.statement_ids import statement_id, text_id
from splitter.guard.statements import Statement, UnreadableStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Of one statement, or of the same one many times. ``hidden``: why there is no text of it, or only a part."""

    text: str
    source: str  # where it was seen: a database's name, a file's
    path: Path | None = None  # its search path, where the source knows
    calls: int = 1
    milliseconds: float = 0.0
    session: str = ""
    transaction: str = ""  # of that session; empty: BEGIN and COMMIT in the texts tell
    hidden: str = ""


class Reading(NamedTuple):
    """``statement`` None: it could not be read, ``why``."""

    id: str
    statement: Statement | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One distinct statement; ``text`` is that of its first execution."""

    reading: Reading
    text: str
    sources: tuple[str, ...]
    path: Path | None
    calls: int = 0
    milliseconds: float = 0.0


_SESSIONS = 20_000  # that may be open at a time: a log has many more, one after the other, and holds back the last words of half as many
Key = tuple[str, Path | None]  # a name may mean another table on another path


@dataclass
class _Session:
    transaction: str = ""
    statements: int = 0  # of the transaction that is open
    writing: set[Key] = field(default_factory=set)
    begun: bool = False
    path: Path | None = None  # that it set itself


@dataclass
class Tally:
    """``add`` every execution in the order in which its session ran it, then ``close``."""

    queries: dict[Key, Query] = field(default_factory=dict)
    shared: int = 0  # transactions of several statements
    transactions: Counter[frozenset[Key]] = field(default_factory=Counter)  # those with several that may write, by these
    _sessions: dict[tuple[str, str], _Session] = field(default_factory=dict)
    _read: dict[str, Reading] = field(default_factory=dict)

    def add(self, execution: Execution) -> None:
        reading = self._reading(execution)
        session = self._session((execution.source, execution.session))
        statement = reading.statement or Statement()
        if statement.search_path is not None:
            session.path = statement.search_path or None  # RESET and DEFAULT name none
        key = self._count(execution, reading, session.path if execution.path is None else execution.path)
        self._follow(session, execution.transaction, key, statement)

    def close(self) -> None:
        """What is still open has ended."""
        for session in self._sessions.values():
            self._end(session)

    def _session(self, name: tuple[str, str]) -> _Session:
        """The one that was heard of last stands last; the first has gone, and nobody said so."""
        self._sessions[name] = self._sessions.pop(name, _Session())
        if len(self._sessions) > _SESSIONS:
            self._end(self._sessions.pop(next(iter(self._sessions))))
        return self._sessions[name]

    def _reading(self, execution: Execution) -> Reading:
        if execution.hidden:
            return Reading(statement_id(execution.text), None, execution.hidden)
        id_ = statement_id(execution.text)
        known = self._read.get(id_) or self._read.get(execution.text)
        if known is None:
            known = read(id_, execution.text)
            self._read[known.id if known.id == id_ else execution.text] = known
        return known

    def _count(self, execution: Execution, reading: Reading, path: Path | None) -> Key:
        key = (reading.id, path)
        known = self.queries.get(key) or Query(reading=reading, text=execution.text, sources=(), path=path)
        self.queries[key] = replace(
            known,
            sources=known.sources if execution.source in known.sources else (*known.sources, execution.source),
            calls=known.calls + execution.calls,
            milliseconds=known.milliseconds + execution.milliseconds,
        )
        return key

    def _follow(self, session: _Session, transaction: str, key: Key, statement: Statement) -> None:
        """By the log's own word, or by BEGIN and COMMIT."""
        if transaction != session.transaction:
            self._end(session)
            session.transaction = transaction
        if transaction or session.begun:
            session.statements += not statement.transactions
            if statement.writes or statement.calls:
                session.writing.add(key)
        if not transaction:
            self._step(session, statement.transactions)

    def _step(self, session: _Session, words: tuple[str, ...]) -> None:
        for word in words:
            if word in ("begin", "start"):
                session.begun = True
            elif word in ("commit", "rollback", "prepare"):
                self._end(session)

    def _end(self, session: _Session) -> None:
        self.shared += session.statements > 1
        if len(session.writing) > 1:
            self.transactions[frozenset(session.writing)] += 1
        session.statements, session.writing, session.begun = 0, set(), False


def read(id_: str, text: str) -> Reading:
    """``id_``: of the text, which stays its id unless constants decide what it does."""
    try:
        statement = read_statement(text)
    except UnreadableStatement as exc:
        return Reading(id_, None, exc.reason)
    is_plain = statement.search_path is None and not statement.prepares | statement.executes and "do" not in statement.verbs
    return Reading(id_ if is_plain else text_id(text), statement)
