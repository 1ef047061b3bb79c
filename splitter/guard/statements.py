"""What a text of SQL does, as far as the text says it: the relations that it reads and writes, the routines that it calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple


class TableRef(NamedTuple):
    """A relation or routine as a statement names it, unfolded and unquoted; ``schema`` None: the search path decides."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


class UnreadableStatement(Exception):
    """A text that is no statement of PostgreSQL's, or not all of one. ``reason``: lower case, without the text itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Body(NamedTuple):
    """The code of a DO block."""

    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One text, which may hold several statements. Names of common table expressions are no relations and stand nowhere here.

    ``writes``: also what is created, altered or dropped. ``unseen``: what it does besides, and no text tells, in words. Where that is
    not empty, nobody can say that the statement is harmless.
    """

    verbs: tuple[str, ...] = ()  # select, insert, ...: one for each statement
    reads: frozenset[TableRef] = frozenset()
    writes: frozenset[TableRef] = frozenset()
    calls: frozenset[TableRef] = frozenset()
    defines: frozenset[TableRef] = frozenset()  # of ``writes``: what is made, altered or dropped, whose rows nobody touches
    temporary: frozenset[TableRef] = frozenset()  # tables that it makes and that go with the session
    prepares: frozenset[str] = frozenset()
    executes: frozenset[str] = frozenset()  # by the name that a PREPARE gave
    transactions: tuple[str, ...] = ()  # begin, commit, rollback, ...
    search_path: tuple[str, ...] | None = None  # that it sets; empty: back to the one that the session began with
    bodies: tuple[Body, ...] = ()  # of DO
    unseen: tuple[str, ...] = ()

    @property
    def touches(self) -> frozenset[TableRef]:
        return self.reads | self.writes

    def __or__(self, other: Statement) -> Statement:
        """One after the other."""
        return Statement(
            verbs=self.verbs + other.verbs,
            reads=self.reads | other.reads,
            writes=self.writes | other.writes,
            calls=self.calls | other.calls,
            defines=self.defines | other.defines,
            temporary=self.temporary | other.temporary,
            prepares=self.prepares | other.prepares,
            executes=self.executes | other.executes,
            transactions=self.transactions + other.transactions,
            search_path=self.search_path if other.search_path is None else other.search_path,
            bodies=self.bodies + other.bodies,
            unseen=tuple(dict.fromkeys((*self.unseen, *other.unseen))),
        )


def joined(statements: Iterable[Statement]) -> Statement:
    """All of them, one after the other."""
    return reduce(Statement.__or__, statements, Statement())
