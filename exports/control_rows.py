"""Rows of a control database that an organization's rows refer to, for an archive that leaves the installation.

There the same users have other ids: they are known by their natural keys, which the import looks up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from psycopg import sql

from exports.id_sql import TEXT_ID
from exports.key_sql import INTEGERS, LARGEST, all_sql, column_sql, raw, table_sql
from exports.membership import Membership
from exports.scope import follows
from exports.shared import Row, SharedRows, group_by_key
from exports.snapshot import Connection, ask
from exports.survey import Survey
from splitter.catalog import read_schema
from splitter.db import connect, translated
from splitter.graph import Kind, Reference, ReferenceGraph, build_graph, components
from splitter.identity import read_identity
from splitter.ownership import EXPORTED, Standing
from splitter.schema import Schema, Table, TableName
from splitter.silos import SiloMap

Values = tuple[str, ...]  # of a reference's columns, as texts
_PLAIN = frozenset({Kind.HARD, Kind.SOFT, Kind.POLYMORPHIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPart:
    """What an archive says of control. ``installation``: the uuid of the one that numbered the origins.

    ``rows``: those that exported rows, and the shared rows that they need, refer to, straight or through others of control; a table
    stands before those that it refers to.
    """

    installation: str | None
    schema: Schema
    rows: tuple[SharedRows, ...]


def read_control_part(survey: Survey, membership: Membership, region: Connection, needed: Sequence[SharedRows]) -> ControlPart | None:
    """``needed``: of ``exports.shared``; ``region``: in the snapshot. None where no control stands apart."""
    control = survey.silos.control
    if control is None or control.database is None:
        return None
    setting = control.database.setting
    with closing(connect(control.database.url(), setting=setting, readonly=True)) as connection, translated(setting):
        identity = read_identity(connection)
        schema = read_schema(connection)
        reader = _Reader(connection=connection, schema=schema, graph=build_graph(schema, survey.silos), silos=survey.silos)
        rows = tuple(_read(reader, membership, region, needed))
    return ControlPart(installation=str(identity.database) if identity else None, schema=schema, rows=rows)


def _read(reader: _Reader, membership: Membership, region: Connection, needed: Sequence[SharedRows]) -> Iterable[SharedRows]:
    for reference in membership.scope.graph.references:
        if membership.scope.standing(reference.target) is not Standing.CONTROL or not follows(reference):
            continue
        if membership.scope.standing(reference.table) in EXPORTED:
            reader.want(reference, _held(membership, region, reference))
        else:
            rows = (row for shared in needed if shared.table == reference.table for row in shared.rows)
            reader.want(reference, _values(reference, rows))
    reader.read()
    return reader.shared_rows()


def _held(membership: Membership, region: Connection, reference: Reference) -> Iterator[Values]:
    names = [sql.SQL("{}::text").format(column_sql("w", f"v{number}")) for number in range(len(reference.columns))]
    query = sql.SQL("SELECT DISTINCT {names} FROM ({values}) AS w").format(
        names=sql.SQL(", ").join(names), values=membership.values(reference)
    )
    for row in ask(region, query):
        if all(value is not None for value in row):
            yield tuple(map(str, row))


def _values(reference: Reference, rows: Iterable[Row]) -> Iterator[Values]:
    """What rows that were read hold in a reference; what is inside arrays and documents of theirs is compared with nothing."""
    if reference.kind not in _PLAIN:
        return
    for row in rows:
        found = [row[column] for column in reference.columns]
        if reference.type_column is None or row[reference.type_column] == reference.label:
            values = tuple(value for value in found if value is not None)
            if len(values) == len(found):
                yield values


@dataclass(kw_only=True)
class _Reader:
    """Follows references from row to row of control until nothing new turns up."""

    connection: Connection
    schema: Schema
    graph: ReferenceGraph
    silos: SiloMap
    wanted: dict[tuple[TableName, tuple[str, ...]], set[Values]] = field(default_factory=dict)
    asked: dict[tuple[TableName, tuple[str, ...]], set[Values]] = field(default_factory=dict)
    found: dict[TableName, dict[tuple[str | None, ...], Row]] = field(default_factory=dict)  # by all values of the row

    def want(self, reference: Reference, values: Iterable[Values]) -> None:
        place = reference.target, reference.target_columns
        self.wanted.setdefault(place, set()).update(set(values) - self.asked.setdefault(place, set()))

    def read(self) -> None:
        while any(self.wanted.values()):
            wanted, self.wanted = self.wanted, {}
            for (name, columns), values in wanted.items():
                self.asked[name, columns] |= values
                rows = self._look_up(name, columns, values)
                for reference in self.graph.of(name):
                    if follows(reference) and reference.target in self.schema.tables:
                        self.want(reference, _values(reference, rows))

    def _look_up(self, name: TableName, columns: Sequence[str], values: Iterable[Values]) -> list[Row]:
        """Rows that have one of ``values`` in ``columns``, and that were not known before."""
        table = self.schema.tables.get(name)
        fitting = [] if table is None else [each for each in values if _may_be(table, columns, each)]
        if table is None or not fitting:
            return []
        names = [column.name for column in table.stored_columns]
        shown = sql.SQL(", ").join(sql.SQL("{}::text").format(column_sql("k", each)) for each in names)
        query = sql.SQL("SELECT {} FROM {}").format(shown, _having(table, columns, fitting))
        known = self.found.setdefault(name, {})
        texts = (tuple(None if value is None else str(value) for value in row) for row in ask(self.connection, query))
        added = {row: dict(zip(names, row, strict=True)) for row in texts if row not in known}
        known.update(added)
        return list(added.values())

    def shared_rows(self) -> Iterator[SharedRows]:
        names = [name for name in self.found if self.found[name]]
        order = components(names, lambda name: [each.target for each in self.graph.of(name)])
        for name in (name for group in reversed(order) for name in group):
            rows = tuple(row for _, row in sorted(self.found[name].items(), key=lambda each: tuple(map(str, each[0]))))
            referred = tuple(columns for table, columns in self.asked if table == name)
            yield SharedRows(table=name, rows=rows, referred=referred, doubles=tuple(self._doubles(name, rows)))

    def _doubles(self, name: TableName, rows: Sequence[Row]) -> Iterator[str]:
        """Natural keys of ``rows`` that other rows of the table have too."""
        match, table = self.silos.rules(name).match, self.schema.tables[name]
        for key, having in group_by_key(rows, match).items():
            if key is None:
                continue
            shown = sql.SQL("concat_ws(', ', {})").format(sql.SQL(", ").join(sql.Identifier("u", f"c{n}") for n in range(len(key))))
            values = {tuple(str(row[column]) for column in key) for row in having}
            query = sql.SQL("SELECT {} FROM {} GROUP BY 1 HAVING count(*) > 1").format(shown, _having(table, key, values))
            yield from (str(double) for (double,) in ask(self.connection, query))


def _having(table: Table, columns: Sequence[str], values: Collection[Values]) -> sql.Composable:
    """The rows (k) that have one of ``values`` (u, each once) in ``columns``."""
    return sql.SQL("{table} AS k JOIN unnest({arrays}) AS u({keys}) ON {same}").format(
        table=table_sql(table),
        arrays=sql.SQL(", ").join(sql.SQL("{}::text[]").format(sql.Literal(list(each))) for each in zip(*values, strict=True)),
        keys=sql.SQL(", ").join(sql.Identifier(f"c{number}") for number in range(len(columns))),
        same=all_sql([_is(table, column, f"c{number}") for number, column in enumerate(columns)]),
    )


def _may_be(table: Table, columns: Sequence[str], values: Values) -> bool:
    """Whether the columns could hold the values: an integer column has no other text than a number's."""
    for column, value in zip(columns, values, strict=True):
        base = table.column(column).base_type
        if base in INTEGERS and (not re.fullmatch(TEXT_ID, value) or int(value) > LARGEST.get(base, int(value))):
            return False
    return True


def _is(table: Table, column: str, value: str) -> sql.Composable:
    """Integers as such, so that an index serves; everything else by its text."""
    held, given = column_sql("k", column), sql.Identifier("u", value)
    base = table.column(column).base_type
    if base in INTEGERS:
        return sql.SQL("{} = {}::{}").format(held, given, raw(base))
    return sql.SQL("{}::text = {}").format(held, given)
