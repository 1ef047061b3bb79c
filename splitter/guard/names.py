"""The names in a statement -> tables, as one database has them: through its search path, its views, and what its routines do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

from splitter.guard.plpgsql_text import read_plpgsql
from splitter.guard.sql_text import read_statement
from splitter.guard.statements import Statement, TableRef, UnreadableStatement
from splitter.schema import RoutineName, Schema, TableName

Path: TypeAlias = tuple[str, ...]

_SYSTEM = ("pg_catalog", "information_schema", "pg_toast", "orglift")
_TEMPORARY = "pg_temp"
_RUNS_TEXT = frozenset(  # what these do stands in a text that they are given
    {
        "query_to_xml",
        "query_to_xml_and_xmlschema",
        "query_to_xmlschema",
        "schema_to_xml",
        "database_to_xml",
        "table_to_xml",
        "cursor_to_xml",
        "ts_stat",
        "ts_rewrite",
        "dblink",
        "dblink_exec",
        "dblink_send_query",
        "dblink_open",
    }
)


class RoutineText(NamedTuple):
    """What a routine does by its own text. ``statement`` None: ``why`` nobody can tell. ``path``: of SET search_path, where it has one."""

    statement: Statement | None
    why: str = ""
    path: Path | None = None


class Touched(NamedTuple):
    """Tables (partitions as their roots) read and written, what could not be told, and views and routines that lead to them."""

    reads: frozenset[TableName] = frozenset()
    writes: frozenset[TableName] = frozenset()
    unseen: tuple[str, ...] = ()
    through: tuple[str, ...] = ()

    @property
    def tables(self) -> frozenset[TableName]:
        return self.reads | self.writes

    def __or__(self, other: Touched) -> Touched:
        unseen = tuple(dict.fromkeys((*self.unseen, *other.unseen)))
        through = tuple(dict.fromkeys((*self.through, *other.through)))
        return Touched(self.reads | other.reads, self.writes | other.writes, unseen, through)


NOTHING = Touched()


@dataclass(frozen=True, slots=True)
class _View:
    name: TableName
    path: Path
    written: bool


@dataclass(frozen=True, slots=True)
class _Routine:
    name: RoutineName
    path: Path


_Way: TypeAlias = _View | _Routine


class _Step(NamedTuple):
    """What is touched at once, and what leads on."""

    found: Touched = NOTHING
    ways: tuple[_Way, ...] = ()

    def __or__(self, other: _Step) -> _Step:
        return _Step(self.found | other.found, self.ways + other.ways)


_HERE = _Step()


@dataclass
class Names:
    """``apart``: relations outside of both silos, an extension's. ``texts``: of the routines whose uses the catalog does not know."""

    schema: Schema
    apart: frozenset[TableName] = frozenset()
    texts: Mapping[RoutineName, RoutineText] = field(default_factory=dict)
    _known: dict[_Way, _Step] = field(default_factory=dict)

    def touched(self, statement: Statement, path: Path, temporary: frozenset[TableRef] = frozenset()) -> Touched:
        """All that a statement needs, in whatever way. ``temporary``: tables that its session made."""
        found, ways = self._statement(statement, path, temporary)
        waiting, seen = list(ways), set(ways)
        while waiting:
            way = waiting.pop()
            if way not in self._known:
                self._known[way] = self._view(way) if isinstance(way, _View) else self._routine(way)
            step = self._known[way]
            found |= step.found
            waiting += [each for each in step.ways if each not in seen]
            seen.update(step.ways)
        return found

    def _statement(self, statement: Statement, path: Path, temporary: frozenset[TableRef] = frozenset()) -> _Step:
        step = _Step(NOTHING._replace(unseen=statement.unseen))
        written = statement.writes - statement.temporary
        for ref in sorted(statement.reads | written, key=str):
            is_definition = ref in statement.defines and self._is_view(ref, path)  # nothing is changed in what a view reads
            if is_definition and ref not in statement.reads:
                continue
            if ref not in temporary or self._candidates(ref, path):  # a table of the database counts before somebody's temporary one
                step |= self._relation(ref, path, ref in written and not is_definition)
        for ref in sorted(statement.calls, key=str):
            step |= self._called(ref, path)
        return step

    def _relation(self, ref: TableRef, path: Path, written: bool) -> _Step:
        names = self._candidates(ref, path)
        if len(names) == 1:
            return self._standing(names[0], path, written)
        if names:
            return _unseen(f"{ref}, which is in the schemas {', '.join(name.schema for name in names)}, none of them on its search path")
        return _HERE if self._is_system(ref) else _unseen(f"{ref}, which is no table or view of the database")

    def _candidates(self, ref: TableRef, path: Path) -> tuple[TableName, ...]:
        """The one relation that the name means; where the path has none, all of that name: a session may set a path of its own."""
        if ref.schema is not None:
            name = TableName(ref.schema, ref.name)
            return (name,) if name in self._relations else ()
        on_path = (TableName(schema, ref.name) for schema in path)
        first = next((name for name in on_path if name in self._relations), None)
        return self._by_name.get(ref.name, ()) if first is None else (first,)

    def _is_view(self, ref: TableRef, path: Path) -> bool:
        return any(name in self.schema.views for name in self._candidates(ref, path))

    def _is_system(self, ref: TableRef) -> bool:
        if ref.schema is None:
            return ref.name.startswith("pg_")  # found before any path is looked at
        return ref.schema in _SYSTEM or ref.schema.startswith(_TEMPORARY)

    def _standing(self, name: TableName, path: Path, written: bool) -> _Step:
        schema = self.schema
        if name in schema.views:
            return _Step(ways=(_View(name, path, written),))
        if name in schema.foreign_tables:
            return _unseen(f"{name}, a foreign table: its rows are in another database")
        owner = schema.sequences[name].owner if name in schema.sequences else None
        table = name if owner is None else owner[0]
        if table not in schema.tables:
            return _HERE
        root = frozenset({schema.root_of(table)})
        return _Step(Touched(writes=root) if written else Touched(reads=root))

    def _view(self, way: _View) -> _Step:
        """One that is written to is over a single table, or has rules or triggers: all that it reads may be changed."""
        view = self.schema.views[way.name]
        step = _Step(Touched(through=(f"view {way.name}",)), tuple(_Routine(name, way.path) for name in sorted(view.calls)))
        for name in sorted(view.reads):
            step |= self._standing(name, way.path, way.written)
        return step

    def _called(self, ref: TableRef, path: Path) -> _Step:
        if ref.name in _RUNS_TEXT:
            return _unseen(f"what {ref.name}() is given to run")
        return _Step(ways=tuple(_Routine(name, path) for name in self._overloads(ref, path)))

    def _overloads(self, ref: TableRef, path: Path) -> tuple[RoutineName, ...]:
        """All of that name: arguments are not told apart. What the catalog does not list is built in, or an extension's."""
        if ref.schema is not None:
            return self._routines.get(TableName(ref.schema, ref.name), ())
        on_path = tuple(found for schema in path for found in self._routines.get(TableName(schema, ref.name), ()))
        return on_path or self._routines_by_name.get(ref.name, ())

    def _routine(self, way: _Routine) -> _Step:
        routine = self.schema.routines[way.name]
        step = _Step(ways=tuple(_Routine(name, way.path) for name in sorted(routine.calls)))
        for name in sorted(routine.reads):
            step |= self._standing(name, way.path, False)
        if routine.body is not None:
            step |= self._text(way)
        named = (f"routine {way.name}",) if step.found.tables or step.found.unseen else ()
        unseen = tuple(f"routine {way.name}: {each}" for each in step.found.unseen)
        return step._replace(found=step.found._replace(unseen=unseen, through=named))

    def _text(self, way: _Routine) -> _Step:
        text = self.texts.get(way.name, RoutineText(None, "its text was not read"))
        if text.statement is None:
            return _unseen(text.why)
        return self._statement(text.statement, way.path if text.path is None else text.path)

    @cached_property
    def _relations(self) -> frozenset[TableName]:
        schema = self.schema
        return frozenset((*schema.tables, *schema.views, *schema.sequences, *schema.foreign_tables, *self.apart))

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[TableName, ...]]:
        groups: dict[str, tuple[TableName, ...]] = {}
        for name in sorted(self._relations):
            groups[name.name] = (*groups.get(name.name, ()), name)
        return groups

    @cached_property
    def _routines(self) -> Mapping[TableName, tuple[RoutineName, ...]]:
        return self.schema.routines_by_name()

    @cached_property
    def _routines_by_name(self) -> Mapping[str, tuple[RoutineName, ...]]:
        groups: dict[str, tuple[RoutineName, ...]] = {}
        for routine in sorted(self.schema.routines):
            groups[routine.name] = (*groups.get(routine.name, ()), routine)
        return groups


def _unseen(what: str) -> _Step:
    return _Step(Touched(unseen=(what,)))


def read_text(language: str, definition: str, body: str) -> RoutineText:
    """``definition``: CREATE FUNCTION as a whole. Bodies in SQL and PL/pgSQL are read; those in other languages are not."""
    try:
        if language == "plpgsql":
            return RoutineText(read_plpgsql(definition))
        if language == "sql":
            return RoutineText(read_statement(body))
    except UnreadableStatement as exc:
        return RoutineText(None, exc.reason)
    return RoutineText(None, f"it is written in {language}")
