"""What every table is that no reference ties to the organization: control, shared, travelling along, left, or for somebody to decide.

What hangs on people is control; what the organization's rows refer to and a natural key identifies is shared; the rest is a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field

from splitter.graph import Kind, Reference, ReferenceGraph
from splitter.ownership import Standing, find_standings
from splitter.schema import Schema, Table, TableName
from splitter.silos import SiloMap
from splitter.suggest.keys import KeyBook
from splitter.suggest.lexicon import MIGRATION_TABLES
from splitter.suggest.natural_keys import find_natural_keys
from splitter.suggest.people import belongs_by, is_about_login, is_people
from splitter.suggest.values import Placement, Role
from splitter.suggest.words import split_words

LARGE = 100_000  # rows above which a table is hardly one that every region has alike
_TRAVELLING = frozenset({Standing.OWNED, Standing.REFERENCED})
_NAMED = 3  # tables that are told by name


def place_tables(book: KeyBook, silos: SiloMap, graph: ReferenceGraph, loose: Set[TableName] = frozenset()) -> tuple[Placement, ...]:
    """A placement for every table of which neither ``silos`` nor a way to the organization says anything, in the catalog's order.

    ``loose``: tables that may turn out to be tied to the organization after all; what else they hang on proves nothing.
    """
    return _Placer(book, silos, graph, loose).place()


@dataclass
class _Placer:
    book: KeyBook
    silos: SiloMap
    graph: ReferenceGraph
    loose: Set[TableName]
    placed: dict[TableName, Placement] = field(default_factory=dict)
    standings: dict[TableName, Standing] = field(init=False)
    open: list[TableName] = field(init=False)

    def __post_init__(self) -> None:
        self.standings = find_standings(self.schema, self.silos, self.graph)
        asked = {undecided.table for undecided in self.silos.undecided if not undecided.columns}
        self.open = [name for name, standing in self.standings.items() if standing is Standing.UNDECIDED and name not in asked]

    @property
    def schema(self) -> Schema:
        return self.book.schema

    def place(self) -> tuple[Placement, ...]:
        self._each(self._of_migrations)
        self._each(self._of_people)
        while self._each(self._hanging) or self._each(self._behind_control):
            pass
        self._each(self._base)
        self._share()
        self._each(self._question)
        return tuple(self.placed[name] for name in self.open)

    def _each(self, rule: Callable[[TableName], Placement | None]) -> bool:
        found = {name: made for name in self.open if name not in self.placed and (made := rule(name))}
        self.placed |= found
        return bool(found)

    def _is(self, name: TableName, role: Role, standing: Standing) -> bool:
        placed = self.placed.get(name)
        return placed.role is role if placed else self.standings.get(name) is standing

    def _is_control(self, name: TableName) -> bool:
        return self._is(name, Role.CONTROL, Standing.CONTROL)

    def _is_shared(self, name: TableName) -> bool:
        return self._is(name, Role.SHARED, Standing.SHARED)

    def _pointers(self, name: TableName, holds: Callable[[TableName], bool]) -> list[Reference]:
        """The references to a table from other tables of which that holds."""
        return [reference for reference in self.graph.to(name) if reference.table != name and holds(reference.table)]

    def _travels(self, name: TableName) -> bool:
        return self.standings.get(name) in _TRAVELLING

    def _of_migrations(self, name: TableName) -> Placement | None:
        if "".join(split_words(name.name)) not in MIGRATION_TABLES or self.graph.to(name):
            return None
        return Placement(table=name, role=Role.NONE, why="which changes of the schema this database has had, by its name")

    def _of_people(self, name: TableName) -> Placement | None:
        if not is_people(self.schema.tables[name], self.book.words_of(name)):
            return None
        return Placement(table=name, role=Role.CONTROL, why="people, by its name and columns; nothing ties a row to one organization")

    def _hanging(self, name: TableName) -> Placement | None:
        if name in self.loose:
            return None
        held = [each for each in self.graph.of(name) if each.owns and self._is_control(each.target) and belongs_by(each)]
        return Placement(table=name, role=Role.CONTROL, why=f"hangs on control: {held[0]}") if held else None

    def _behind_control(self, name: TableName) -> Placement | None:
        pointers = self._pointers(name, _any)
        if not pointers or not all(self._is_control(pointer.table) for pointer in pointers):
            return None
        return Placement(table=name, role=Role.CONTROL, why=f"only control tables refer to it: {_tables(pointers)}")

    def _base(self, name: TableName) -> Placement | None:
        """The parent of multi-table inheritance: its children have its key."""
        children = [each for each in self._pointers(name, self._travels) if each.kind is Kind.HARD and self._is_own_key(each)]
        if not children or self._pointers(name, self._is_control):
            return None
        return Placement(table=name, role=Role.REFERENCED, why=f"each of its rows is the base of one row of {_tables(children)}")

    def _is_own_key(self, reference: Reference) -> bool:
        own, target = self.schema.tables[reference.table], self.schema.tables[reference.target]
        return bool(own.primary_key) and own.primary_key == reference.columns and target.primary_key == reference.target_columns

    def _share(self) -> None:
        """The largest set of tables with natural keys that refer to nothing but each other, and that the organization's rows need."""
        keys = {name: found for name in self.open if name not in self.placed and (found := self._shareable(name))}
        while odd := [name for name in keys if not self._is_closed(name, keys)]:
            for name in odd:
                del keys[name]
        needed = self._needed(keys)
        for name, found in keys.items():
            if name not in needed:
                continue
            pointers = self._pointers(name, self._travels)
            why = (
                f"{_tables(pointers)} refer{'s' if len({p.table for p in pointers}) == 1 else ''} to it" if pointers else "of shared tables"
            )
            self.placed[name] = Placement(table=name, role=Role.SHARED, why=f"{why}; nothing ties it to an organization", match=found)

    def _shareable(self, name: TableName) -> tuple[tuple[str, ...], ...]:
        table = self.schema.tables[name]
        if table.rows > LARGE or self._pointers(name, self._is_control):
            return ()
        return find_natural_keys(table)[:1]

    def _is_closed(self, name: TableName, chosen: Iterable[TableName]) -> bool:
        """Whether it refers to shared tables only."""
        known = set(chosen)
        return all(each.target in known or self._is_shared(each.target) for each in self.graph.of(name) if each.target != name)

    def _needed(self, chosen: Iterable[TableName]) -> set[TableName]:
        """Of these, what the organization's rows refer to, in one step or several; and what only says more of those."""
        names = list(chosen)
        found = {name for name in names if self._pointers(name, self._travels)}
        while more := {name for name in names if name not in found and self._is_part_of(name, found)}:
            found |= more
        return found

    def _is_part_of(self, name: TableName, needed: set[TableName]) -> bool:
        def known(table: TableName) -> bool:
            return table in needed or self._is_shared(table)

        targets = [each.target for each in self.graph.of(name) if each.target != name]
        return bool(self._pointers(name, known)) or (bool(targets) and all(map(known, targets)))

    def _question(self, name: TableName) -> Placement:
        table = self.schema.tables[name]
        return Placement(
            table=name,
            role=Role.UNDECIDED,
            why="; ".join(self._known(table)),
            choices=tuple(dict.fromkeys(self._choices(table))),
        )

    def _known(self, table: Table) -> Iterator[str]:
        pointers = self._pointers(table.name, _any)
        needed = [each for each in pointers if self._travels(each.table)]
        controlled = [each for each in pointers if self._is_control(each.table)]
        others = [each for each in pointers if each not in needed and each not in controlled]
        if needed:
            yield f"rows of organizations refer to it, from {_tables(needed)}"
        if controlled:
            yield f"control refers to it, from {_tables(controlled)}"
        if others:
            yield f"{_tables(others)} refer to it"
        held = [each for each in self.graph.of(table.name) if each.target != table.name]
        if held:
            yield f"it refers to {_targets(held)}"
        yield "nothing ties it to an organization" if pointers or held else "no reference leads to it, and none from it"
        if table.name in self.loose:
            yield "a column that is undecided may tie it to an organization"
        if is_about_login(split_words(table.name.name)):
            yield "by its name it is about logging in"
        if table.rows > LARGE:
            yield f"about {table.rows:,} rows"

    def _choices(self, table: Table) -> Iterator[str]:
        name = str(table.name)
        control = "add it to control.tables"
        needed = self._pointers(table.name, self._travels)
        if is_about_login(split_words(table.name.name)) or self._pointers(table.name, self._is_control):
            yield control
        if needed or self._pointers(table.name, self._is_shared):
            keys = find_natural_keys(table)
            match = f"match = {[list(keys[0])]}".replace("'", '"') if keys else "match = the columns that identify a row everywhere"
            yield f'[tables.{name}] export = "shared" with {match}'
            yield f'[tables.{name}] export = "referenced", if a row belongs to those that refer to it'
        yield control
        yield "declare the [[references]] that tie it to the organization"
        yield f'[tables.{name}] export = "none" with why'


def _any(_: TableName) -> bool:
    return True


def _tables(references: Iterable[Reference]) -> str:
    return _names(reference.table for reference in references)


def _targets(references: Iterable[Reference]) -> str:
    return _names(reference.target for reference in references)


def _names(tables: Iterable[TableName]) -> str:
    names = list(dict.fromkeys(map(str, tables)))
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
