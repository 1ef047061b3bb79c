"""What a statement means for the silos: which of its tables are where, and whether each mode may run it. Made once a compiled statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Mapper
from sqlalchemy.sql.compiler import Compiled
from sqlalchemy.sql.elements import ClauseElement

from splitter.guard.assignments import Assigned, Assignments
from splitter.guard.crossing import shown_statement
from splitter.guard.ledger import Use
from splitter.guard.modes import SiloMode
from splitter.guard.touched import Raw, Spelling, mappers_of, read_compiled, read_construct, read_text
from splitter.silos import Silo

_TEXTS = 10_000  # distinct texts that are remembered


@dataclass(frozen=True)
class Analysis:
    """One statement's tables. Tables outside of both silos are not among them."""

    operation: str
    tables: tuple[Assigned, ...]
    written: tuple[Assigned, ...]
    unreadable: str
    statement: str

    @cached_property
    def allowed_in(self) -> tuple[SiloMode, ...]:
        """The modes that have all of it. No set: an Enum's hash is computed in Python, each time."""
        return tuple(mode for mode in SiloMode if not self.foreign_to(mode) and not (self.unreadable and mode.silo))

    @cached_property
    def is_joint(self) -> bool:
        """Whether no silo could run it."""
        return self.in_silo(Silo.CONTROL) != () and self.in_silo(Silo.REGION) != ()

    @cached_property
    def writes(self) -> frozenset[Silo]:
        return frozenset(table.silo for table in self.written if table.silo)

    def in_silo(self, silo: Silo) -> tuple[Assigned, ...]:
        return tuple(table for table in self.tables if table.silo is silo)

    def foreign_to(self, mode: SiloMode) -> tuple[Assigned, ...]:
        """The tables that a mode does not have: of the other silo first, then those of none."""
        if mode.silo is None:
            return ()
        other = Silo.REGION if mode.silo is Silo.CONTROL else Silo.CONTROL
        return self.in_silo(other) + tuple(table for table in self.tables if table.silo is None)

    def uses(self, mode: str) -> tuple[Use, ...]:
        return tuple(Use(str(table.table), table.silo.value if table.silo else "", mode) for table in self.tables)


class Analyses:
    """Keeps each analysis for as long as SQLAlchemy keeps the compiled statement, which is once a cache key."""

    def __init__(self, assignments: Assignments) -> None:
        self._assignments = assignments
        self._compiled: WeakKeyDictionary[Compiled, Analysis] = WeakKeyDictionary()
        self._text = lru_cache(maxsize=_TEXTS)(self._analyse_text)
        self.made = 0

    def of(self, context: Any, sql: str) -> Analysis:
        """Of what is about to be executed; ``context`` is SQLAlchemy's of that execution."""
        compiled = context.compiled if context is not None else None
        if compiled is None:
            return self._text(sql, Spelling.of(context.dialect) if context is not None else Spelling())
        found = self._compiled.get(compiled)
        if found is None:
            self.learn(mappers_of(compiled))
            raw = read_compiled(compiled, sql, Spelling.of(compiled.dialect))
            found = self._compiled[compiled] = self._resolved(raw, sql)
        return found

    def learn(self, mappers: Iterable[Mapper[Any]]) -> None:
        """The models beside these, where they were configured before anybody listened."""
        known = len(self._assignments.mappers)
        for mapper in mappers:
            self._assignments.learn_beside(mapper)
        if len(self._assignments.mappers) > known:
            self.forget()

    def of_construct(self, statement: ClauseElement) -> tuple[Assigned, ...]:
        """The tables of a statement that is not compiled yet."""
        return self._resolved(read_construct(statement), "").tables

    def forget(self) -> None:
        """What is known of the tables has changed."""
        self._compiled.clear()
        self._text.cache_clear()

    def _analyse_text(self, sql: str, spelling: Spelling) -> Analysis:
        return self._resolved(read_text(sql, spelling), sql)

    def _resolved(self, raw: Raw, sql: str) -> Analysis:
        self.made += 1
        find = self._assignments
        written = [find.of_construct(table) for table in raw.writes] + [find.of_text(*name) for name in raw.written_names]
        read = [find.of_construct(table) for table in raw.reads] + [find.of_text(*name) for name in raw.read_names]
        tables = dict.fromkeys(table for table in (*written, *read) if table is not None)
        return Analysis(
            operation=raw.operation,
            tables=tuple(tables),
            written=tuple(dict.fromkeys(table for table in written if table is not None)),
            unreadable=raw.unreadable,
            statement=shown_statement(sql),
        )
