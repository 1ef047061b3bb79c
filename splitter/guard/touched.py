"""A compiled statement -> the tables that it touches. Constructs are walked; where a text stands in one, the SQL that is sent is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import Compiled, DDLCompiler
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.sql.elements import ClauseElement, ColumnClause, TextClause
from sqlalchemy.sql.expression import TableClause

from splitter.guard.sql_text import TableRef, UnreadableStatement, read_statement

# The placeholders of drivers, and what must not be taken for one: strings, quoted names, comments.
_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*"""
_PLACEHOLDERS = {
    "qmark": re.compile(rf"({_QUOTED})|\?"),
    "named": re.compile(rf"({_QUOTED}|::)|:\w+"),
}


@dataclass(frozen=True, slots=True)
class Raw:
    """The tables of one statement before anybody asked for their silos. ``unreadable``: why a text could not be read."""

    operation: str
    reads: tuple[TableClause, ...] = ()
    writes: tuple[TableClause, ...] = ()
    read_names: tuple[TableRef, ...] = ()
    written_names: tuple[TableRef, ...] = ()
    unreadable: str = ""


NOTHING = Raw("ddl")


class Spelling(NamedTuple):
    """How a driver wants its SQL."""

    dialect: str = "postgresql"
    paramstyle: str = "pyformat"

    @classmethod
    def of(cls, dialect: Dialect) -> Spelling:
        return cls(dialect.name, dialect.paramstyle)


def read_compiled(compiled: Compiled, sql: str, spelling: Spelling) -> Raw:
    """What SQLAlchemy compiled; ``sql`` is what it sends. DDL touches nothing: migrations are `splitter check`'s."""
    statement = compiled.statement
    if statement is None or isinstance(compiled, DDLCompiler):
        return NOTHING
    found = _Found()
    for root in _roots(compiled, statement):
        found.look(root)
    operation = _operation(statement)
    raw = Raw(operation, tuple(found.reads), tuple(found.writes))
    if not found.has_text:
        return raw
    text = read_text(sql, spelling, operation)
    return replace(raw, read_names=text.read_names, written_names=text.written_names, unreadable=text.unreadable)


def read_construct(statement: ClauseElement) -> Raw:
    """What a statement says before it is compiled; for the ORM that may be less than what is sent."""
    if isinstance(statement, TextClause):
        return read_text(statement.text, Spelling(paramstyle="named"))
    found = _Found()
    found.look(statement)
    return Raw(_operation(statement), tuple(found.reads), tuple(found.writes))


def mappers_of(compiled: Compiled) -> Iterator[Mapper[Any]]:
    """The models that a statement of the ORM says that it is about."""
    statement = compiled.statement
    try:
        described = [*getattr(statement, "column_descriptions", ()), getattr(statement, "entity_description", {})]
    except KeyError:  # SQLAlchemy's own, for delete(table).where(Model.column): it has an entity in one half and none in the other
        return iter(())
    found = (inspect(each.get("entity"), raiseerr=False) for each in described)
    return (each.mapper for each in found if each is not None and isinstance(each.mapper, Mapper))


class _Found:
    """What a walk met."""

    def __init__(self) -> None:
        self.reads: dict[TableClause, None] = {}
        self.writes: dict[TableClause, None] = {}
        self.has_text = False

    def look(self, root: ClauseElement) -> None:
        for element in _walk(root):
            if isinstance(element, Insert | Update | Delete):
                self.writes.update(dict.fromkeys(_tables_of(element.table)))
            elif isinstance(element, TableClause):
                self.reads[element] = None
            elif isinstance(element, TextClause) or (isinstance(element, ColumnClause) and element.is_literal):
                self.has_text = True


def read_text(sql: str, spelling: Spelling, operation: str = "text") -> Raw:
    """What a text does by its own words. A PRAGMA of SQLite is of its settings and catalog; SQLAlchemy sends one for each table."""
    if spelling.dialect == "sqlite" and sql.lstrip()[:6].upper() == "PRAGMA":
        return Raw(operation)
    placeholders = _PLACEHOLDERS.get(spelling.paramstyle)
    plain = placeholders.sub(lambda found: found[1] or "$1", sql) if placeholders else sql
    try:
        found = read_statement(plain)
    except UnreadableStatement as exc:
        return Raw(operation, unreadable=exc.reason)
    return Raw(
        operation,
        read_names=tuple(sorted(found.reads - found.temporary, key=str)),
        written_names=tuple(sorted(found.writes - found.temporary, key=str)),
        unreadable="; ".join(found.unseen),
    )


def _roots(compiled: Compiled, statement: Any) -> Iterator[ClauseElement]:
    """The statement as it was written, and as the ORM has rewritten it: eager joins stand only in the second, options only in the first."""
    written = getattr(statement, "_resolved", statement)  # of a lambda
    yield written
    rewritten = getattr(getattr(compiled, "compile_state", None), "statement", None)
    if isinstance(rewritten, ClauseElement) and rewritten is not written:
        yield rewritten


def _walk(root: ClauseElement) -> Iterator[ClauseElement]:
    """Every element once. Those seen are held: children may be made on the way, and a new one must not get the id of one that is gone."""
    seen: dict[int, ClauseElement] = {}
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if id(element) in seen:
            continue
        seen[id(element)] = element
        yield element
        waiting += element.get_children()
        table = getattr(element, "table", None) if isinstance(element, ColumnClause) else None
        if table is not None:  # a join along a relationship is told by its columns alone
            waiting.append(table)


def _tables_of(target: ClauseElement) -> Iterator[TableClause]:
    return (element for element in _walk(target) if isinstance(element, TableClause))


def _operation(statement: Any) -> str:
    for kind, word in ((Insert, "insert"), (Update, "update"), (Delete, "delete"), (TextClause, "text")):
        if isinstance(statement, kind):
            return word
    return _operation(statement.element) if isinstance(getattr(statement, "element", None), Executable) else "select"
