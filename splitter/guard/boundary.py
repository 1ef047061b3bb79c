"""The guard: listens to SQLAlchemy's own events, and says what crosses before it reaches a database.

Every statement is seen where a cursor is about to execute it, whoever made it: the ORM, Core, a text, a relationship that is loaded, a
cascade, a flush. What it touches was found out once for its compiled form; what is left each time is a look-up and a comparison.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from types import FrameType
from typing import Any, TypeAlias

from sqlalchemy import event, inspect
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Mapper, RelationshipProperty, Session, object_mapper
from sqlalchemy.orm.attributes import History

from splitter.guard.analysis import Analyses, Analysis
from splitter.guard.assignments import Assignments, Models
from splitter.guard.crossing import Crossing, Kind
from splitter.guard.errors import SiloAvailabilityError, SiloWarning
from splitter.guard.ledger import ledger
from splitter.guard.loads import with_relationship
from splitter.guard.model_crossings import crossing_relationships, find_model_crossings, relationship_crossing
from splitter.guard.modes import SiloMode, Standing, current
from splitter.guard.places import own_frame, place_of
from splitter.guard.transactions import Transactions
from splitter.guard.verdict import find_crossings
from splitter.silos import SiloMap

Listener: TypeAlias = tuple[Any, str, Callable[..., Any]]

_MONOLITH = SiloMode.MONOLITH  # looked up once: the way through the class of an Enum is long


class Action(str, Enum):
    """What the guard does with a crossing. All of them count it."""

    RAISE = "raise"
    WARN = "warn"
    RECORD = "record"


class Guard:
    """One a process: it listens to every engine and session. ``in_monolith``: also record what no silo could run, where all may."""

    def __init__(self, silos: SiloMap | None = None, action: Action = Action.RAISE) -> None:
        self.action = action
        self.in_monolith = False
        self.count_uses = False  # for the ledger that is written to
        self.assignments = Assignments(silos)
        self.analyses = Analyses(self.assignments)
        self._transactions = Transactions()
        self._ties: dict[Mapper[Any], tuple[RelationshipProperty[Any], ...]] = {}
        self._listeners: list[Listener] = []

    def learn(self, models: Models) -> None:
        """Tables and models that are known before the first statement: those of a declarative base, a registry, a MetaData."""
        self.assignments.learn(models)
        self._forget()

    def listen(self) -> None:
        self._add(Engine, "before_cursor_execute", self._before_cursor_execute, retval=True)  # which spares a call each time
        self._add(Session, "before_flush", self._before_flush)
        self._add(Mapper, "mapper_configured", self._mapper_configured)
        self._add(Mapper, "after_configured", self._after_configured)
        self._transactions.listen(self._add)

    def remove(self) -> None:
        """Listens no longer."""
        while self._listeners:
            event.remove(*self._listeners.pop())

    def model_crossings(self) -> tuple[Crossing, ...]:
        """What crosses in the models that are known, whatever the mode."""
        return find_model_crossings(self.assignments, current().mode)

    def _add(self, target: Any, name: str, function: Callable[..., Any], **options: bool) -> None:
        event.listen(target, name, function, **options)
        self._listeners.append((target, name, function))

    def _forget(self) -> None:
        self._ties.clear()
        self.analyses.forget()

    def _mapper_configured(self, mapper: Mapper[Any], _class: type) -> None:
        self.assignments.learn_mapper(mapper)
        self._forget()

    def _after_configured(self) -> None:
        """A process that is a silo has no use for models that cross; one that enters a silo for a block has not split them yet."""
        if current().ground.mode is SiloMode.MONOLITH or self.action is Action.RECORD:
            return
        for crossing in self.model_crossings():
            self._act(crossing)

    def _before_cursor_execute(
        self, connection: Connection, cursor: Any, sql: str, parameters: Any, context: Any, _many: bool
    ) -> tuple[str, Any]:
        """What is returned is what is executed."""
        self._look(connection, cursor, sql, context)
        return sql, parameters

    def _look(self, connection: Connection, cursor: Any, sql: str, context: Any) -> None:
        standing = current()
        mode, began = standing.mode, self._transactions.of(connection).began
        if mode is _MONOLITH and began.mode is _MONOLITH and not self.in_monolith:
            return
        analysis = self.analyses.of(context, sql)
        if self.count_uses:
            ledger().note_uses(analysis.uses(standing.ground.mode.value))
        settled = began is standing or began.mode is _MONOLITH or began == standing.ground
        if settled and not analysis.written and mode in analysis.allowed_in and not (self.in_monolith and analysis.is_joint):
            return
        self._examine(standing, analysis, connection, cursor, context)

    def _examine(self, standing: Standing, analysis: Analysis, connection: Connection, cursor: Any, context: Any) -> None:
        """What may cross, or writes."""
        transaction = self._transactions.of(connection)
        autocommit = analysis.written != () and _is_autocommit(connection)
        for crossing in find_crossings(standing, analysis, transaction, autocommit):
            self._act(with_relationship(crossing, context), cursor)
        if standing.mode.silo is not None or standing.beneath is None:  # in assume_monolith() a transaction may do what it likes
            transaction.note_writes(analysis)

    def _before_flush(self, session: Session, _context: Any, _objects: Any) -> None:
        """Ties that are made or cut between objects of the two silos: where only an id is written, no statement would show it."""
        mode = current().mode
        if mode.silo is None:
            return
        changed = (*session.new, *session.dirty)
        self.analyses.learn(map(object_mapper, changed))
        for entity in changed:
            for tie in self._ties_of(object_mapper(entity), mode):
                if _is_changed(entity, tie):
                    self._act(relationship_crossing(tie, self.assignments, mode, "flush"))

    def _ties_of(self, mapper: Mapper[Any], mode: SiloMode) -> tuple[RelationshipProperty[Any], ...]:
        """Of this mode's own models only: the same tie seen from the other side is no second crossing."""
        if mapper not in self._ties:
            self._ties[mapper] = crossing_relationships(mapper, self.assignments)
        ties = self._ties[mapper]
        return ties if ties and self.assignments.silo_of_mapper(mapper) is mode.silo else ()

    def _act(self, crossing: Crossing, cursor: Any = None) -> None:
        frame = own_frame()
        crossing = replace(crossing, place=place_of(frame))
        ledger().note(crossing)
        if self.action is Action.RECORD or (crossing.mode == SiloMode.MONOLITH.value and crossing.kind is not Kind.OUTLIVED):
            return
        error = SiloAvailabilityError(crossing, frame)
        if self.action is Action.RAISE:
            if cursor is not None:
                cursor.close()  # SQLAlchemy would leave it to the garbage collector
            raise error
        _warn(str(error), frame)


def _is_autocommit(connection: Connection) -> bool:
    """Whether each statement is a transaction of its own; psycopg and others say so. An int is sqlite3's own way of saying no."""
    return getattr(connection.connection.dbapi_connection, "autocommit", False) is True


def _is_changed(entity: Any, tie: RelationshipProperty[Any]) -> bool:
    history: History = inspect(entity).attrs[tie.key].history
    return any(far is not None for far in (*(history.added or ()), *(history.deleted or ())))


def _warn(message: str, frame: FrameType | None) -> None:
    """At the application's own line, so that Python's filters count by it."""
    if frame is None:
        warnings.warn(message, SiloWarning, stacklevel=2)
        return
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    name = frame.f_globals.get("__name__", "")
    warnings.warn_explicit(message, SiloWarning, frame.f_code.co_filename, frame.f_lineno, name, registry)
