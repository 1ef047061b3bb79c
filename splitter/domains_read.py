"""The domains over ids that a plan widens, with what is made anew because it names them, or spells what they are over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from psycopg import sql
from psycopg.rows import namedtuple_row

from splitter.db import Connection, translated
from splitter.dependents import (
    BY_HAND,
    NOT_CARRIED,
    Bound,
    CheckFacts,
    Dependents,
    DomainCheck,
    DomainFacts,
    IndexFacts,
    StatisticsFacts,
    WideColumn,
    rename_columns,
)
from splitter.domain_texts import Widened, strip_casts, without_casts
from splitter.errors import Problem, ServerError
from splitter.schema import TableName
from splitter.sql import load_queries

_UNCLEAR = "does with a domain that is widened what cannot be told apart from a cast to integer"
_OF_HOLDERS = ("trees", "problems")  # blocks that stand behind ``held``
_VALUE = "VALUE"  # what a domain's check calls it
_REFUSES_NULL = "SELECT ({}) IS FALSE FROM (SELECT NULL::{}) AS v (v)"


def domain_head() -> sql.Composed:
    """What follows the chosen columns: their domains, with those that are over the same."""
    return sql.SQL(load_queries("domains.sql")["head"]) + sql.SQL("\n")


def domain_query(name: str) -> sql.SQL:
    return sql.SQL(load_queries("domains.sql")[name])


def read_domains(conn: Connection, head: sql.Composed, found: Dependents) -> tuple[Dependents, Callable[[str], str], list[Problem]]:
    """``found`` with the domains of its columns, its texts without casts that PostgreSQL put in; what takes them out of any text; and what
    can't be carried along, by name. ``head``: the columns.
    """
    reader = _Reader(conn, head)
    problems = [Problem(code=NOT_CARRIED, object=row.object, found=row.found, remedy=BY_HAND) for row in reader.ask("problems")]
    found = reader.read(found)
    return found, reader.plain, [*problems, *reader.problems]


class _Reader:
    """The texts of an object are found by its kind, its table's or domain's name, and its own."""

    def __init__(self, conn: Connection, head: sql.Composed) -> None:
        self.conn = conn
        self.head = head + domain_head()
        self.problems: list[Problem] = []
        self.rows = {TableName(row.schema, row.name): row for row in self.ask("domains")}
        self.widened = Widened(
            domains=frozenset(self.rows),
            types=frozenset(row.oid for row in self.rows.values()),
            columns=frozenset(row.name for row in self.ask("spelled")),
        )
        self.trees: dict[str, str] = {}

    def ask(self, name: str) -> list[Any]:
        more = domain_query("held") + sql.SQL("\n") if name in _OF_HOLDERS else sql.Composed([])
        return self.conn.cursor(row_factory=namedtuple_row).execute(self.head + more + domain_query(name)).fetchall()

    def read(self, found: Dependents) -> Dependents:
        self.trees = {_key(row): row.tree for row in self.ask("trees")}
        domains = tuple(self._domains(self.rows))
        tables = dict.fromkeys(column.table for column in found.columns if column.domain is not None)
        touched = [(table, row.statement) for row in self.ask("touched") for table in tables]
        return replace(
            found,
            domains=domains,
            columns=tuple(map(self._column, found.columns)),
            indexes=tuple(map(self._index, found.indexes)),
            checks=tuple(map(self._check, found.checks)),
            statistics=tuple(map(self._statistics, found.statistics)),
            bound=tuple((owner, self._bound(bound)) for owner, bound in found.bound),
            touched=(*found.touched, *touched),
        )

    def plain(self, text: str) -> str:
        return strip_casts(text, self.widened)

    def _plain(self, key: str, *texts: str) -> tuple[str, ...]:
        """The texts of one object, without the casts."""
        tree = self.trees.get(key)
        plain = without_casts(texts, tree or "", self.widened)
        if plain is None or (tree is None and tuple(map(self.plain, texts)) != texts):
            self.problems.append(Problem(code=NOT_CARRIED, object=key, found=_UNCLEAR, remedy=BY_HAND))
            return texts
        return plain

    def _column(self, column: WideColumn) -> WideColumn:
        key = f"column {column.name} of {column.table}"
        if column.generated is not None:
            (generated,) = self._plain(key, column.generated)
            return replace(column, generated=generated)
        if column.default is not None:
            self._plain(key, column.default)
        return column

    def _index(self, index: IndexFacts) -> IndexFacts:
        key = f"index {index.name}"
        tail, predicate = self._plain(key, index.tail, index.predicate or "")
        (definition,) = self._plain(key, index.definition) if index.needs_lock and index.definition else (index.definition,)
        return replace(index, tail=tail, predicate=predicate or None, definition=definition)

    def _check(self, check: CheckFacts) -> CheckFacts:
        (expression,) = self._plain(f"check {check.name} of {check.table}", check.expression)
        return replace(check, expression=expression)

    def _statistics(self, one: StatisticsFacts) -> StatisticsFacts:
        (tail,) = self._plain(f"statistics {one.name}", one.tail)
        return replace(one, tail=tail)

    def _bound(self, bound: Bound) -> Bound:
        replaced = bound.replaced
        if replaced is not None:
            replaced = replace(replaced, create=self._plain(bound.name, *replaced.create))
        return replace(bound, create=self._plain(bound.name, *bound.create), replaced=replaced)

    # the domains

    def _domains(self, rows: dict[TableName, Any]) -> Iterator[DomainFacts]:
        """Each after the one that it is over."""
        checks = self.ask("constraints")
        roots = {name: _root(rows, name) for name in rows}
        for name, row in sorted(rows.items(), key=lambda item: (_depth(rows, item[0]), item[0])):
            base = TableName(row.base_schema, row.base)
            self._plain(f"domain {name}", row.default or "")
            yield DomainFacts(
                name=name,
                root=roots[name],
                base=base if base in rows else None,
                default=row.default,
                not_null=row.not_null,
                not_null_name=row.not_null_name,
                not_null_comment=row.not_null_comment,
                checks=tuple(self._checks(name, row.bottom, (each for each in checks if (each.schema, each.domain) == name))),
                owner=row.owner,
                granted=None if row.granted is None else tuple(row.granted),
                comment=row.comment,
            )

    def _checks(self, domain: TableName, type_: str, rows: Iterable[Any]) -> Iterator[DomainCheck]:
        for row in rows:
            key = f"constraint {row.name} of {domain}"
            plain = without_casts((row.expression,), self.trees.get(key, ""), replace(self.widened, columns=frozenset({_VALUE})))
            if plain is None:
                self.problems.append(Problem(code=NOT_CARRIED, object=key, found=_UNCLEAR, remedy=BY_HAND))
                plain = (row.expression,)
            yield DomainCheck(
                name=row.name,
                expression=plain[0],
                validated=row.validated,
                comment=row.comment,
                needs_value=self._refuses_null(plain[0], type_),
            )

    def _refuses_null(self, expression: str, type_: str) -> bool:
        """One that fails refuses it as well."""
        query = sql.SQL(_REFUSES_NULL).format(sql.SQL(rename_columns(expression, {_VALUE: "v"})), sql.SQL(type_))
        try:
            with translated("trying a domain's check"), self.conn.transaction():
                answer = self.conn.execute(query).fetchone()
        except ServerError:
            return True
        return bool(answer and answer[0])


def _key(row: Any) -> str:
    """As ``Bound.name`` has it."""
    if row.kind == "function":
        return f"function {row.name}"
    owner = TableName(row.schema, row.owner)
    if row.kind in ("view", "index", "domain"):
        return f"{row.kind} {owner}"
    if row.kind == "statistics":
        return f"statistics {TableName(row.schema, row.name)}"
    return f"{row.kind} {row.name} of {owner}"


def _root(rows: dict[TableName, Any], name: TableName) -> TableName:
    base = TableName(rows[name].base_schema, rows[name].base)
    return _root(rows, base) if base in rows else name


def _depth(rows: dict[TableName, Any], name: TableName) -> int:
    base = TableName(rows[name].base_schema, rows[name].base)
    return 1 + _depth(rows, base) if base in rows else 0
