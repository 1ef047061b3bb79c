"""The answers to the catalog's queries -> Schema. Pure: ``catalog`` asks, this file puts together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from splitter.catalog_parts import (
    Names,
    is_key,
    make_check,
    make_column,
    make_exclusion,
    make_foreign_key,
    make_index,
    make_key,
    make_not_null_check,
    make_policy,
    make_trigger,
)
from splitter.catalog_types import Types
from splitter.catalog_uses import Uses
from splitter.schema import Check, Column, Domain, ForeignKey, Schema, Sequence, Table, TableKind, TableName

Answers = Mapping[str, list[Any]]  # the rows of each query, by its name
Feeds = Mapping[tuple[int, int], TableName]  # (relation, position) -> the sequence that feeds the column

_FEEDING = "ina"  # identity, named in the default, owned: the first of them counts


def make_schema(server_version: int, answers: Answers) -> Schema:
    """Everything in ``answers`` but what belongs to an extension or to orglift."""
    names = Names(answers["relations"], answers["columns"])
    ours = [row for row in answers["relations"] if not row.left_out]
    kept = {row.oid for row in ours}
    uses = Uses(names, {row.oid for row in ours if row.kind != "S"}, answers["uses"], answers["routines"])
    return Schema(
        server_version=server_version,
        tables={table.name: table for table in _make_tables([row for row in ours if row.kind in "rp"], names, answers)},
        sequences=_make_sequences([row for row in answers["sequences"] if row.oid in kept], names),
        views=uses.views([row for row in ours if row.kind in "vm"]),
        enums={TableName(row.schema, row.name): tuple(row.labels) for row in answers["named_types"] if row.kind == "e"},
        domains={domain.name: domain for domain in _make_domains(answers["named_types"])},
        extensions={row.name: row.version for row in answers["extensions"]},
        routines=uses.routines(),
        dependents=uses.dependents({row.oid for row in ours if row.kind in "rpvm"}),
        foreign_tables={names.relations[row.oid]: _partition_of(row, names) for row in ours if row.kind == "f"},
    )


def _make_tables(rows: list[Any], names: Names, answers: Answers) -> Iterator[Table]:
    parts = _Parts(names, answers, rows)
    return (_make_table(row, parts) for row in rows)


def _by_relation(rows: Iterable[Any]) -> Mapping[int, list[Any]]:
    """Rows by their relation; an empty list for one that has none."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.relation].append(row)
    return groups


class _Parts:
    """The rows of all tables' parts, to be taken table by table."""

    def __init__(self, names: Names, answers: Answers, tables: list[Any]) -> None:
        self.names = names
        self.types = Types(answers["types"])
        self.orders: Mapping[int, str | None] = {row.oid: row.order for row in answers["orders"]}
        self.tables = {row.oid: row for row in tables}
        self.columns = _by_relation(answers["columns"])
        self.indexes = _by_relation(answers["indexes"])
        self.constraints = _by_relation(answers["constraints"])
        self.triggers = _by_relation(answers["triggers"])
        self.policies = _by_relation(answers["policies"])
        self.not_nulls = _by_relation(row for row in answers["constraints_18"] if row.type == "n")
        self.unenforced = {row.oid for row in answers["constraints_18"] if not row.enforced}
        self.temporal = {row.oid for row in answers["constraints_18"] if row.temporal}
        self.feeds = _find_feeds(answers["sequences"], names)
        self.children: dict[int, list[Any]] = defaultdict(list)
        for row in tables:
            for parent in row.parents:
                self.children[parent].append(row)


def _make_table(row: Any, parts: _Parts) -> Table:
    names, oid = parts.names, row.oid
    indexes = parts.indexes[oid]
    estimate = _Estimate.of(row, parts.children)
    return Table(
        name=names.relations[oid],
        kind=TableKind(row.kind),
        columns=tuple(_make_columns(row, parts)),
        keys=tuple(make_key(index, names, temporal=index.constraint_oid in parts.temporal) for index in indexes if is_key(index)),
        foreign_keys=tuple(_make_foreign_keys(oid, parts)),
        indexes=tuple(make_index(index, names) for index in indexes),
        checks=tuple(_make_checks(oid, parts)),
        exclusions=tuple(make_exclusion(index, names) for index in indexes if index.constraint_type == "x"),
        triggers=tuple(make_trigger(trigger, names) for trigger in parts.triggers[oid]),
        policies=tuple(make_policy(policy, names) for policy in parts.policies[oid]),
        partition_of=_partition_of(row, names),
        partition_bound=row.partition_bound,
        partition_key=tuple(part.name if part else None for part in names.parts(oid, row.partition_key or ())),
        partition_strategy=row.partition_strategy,
        inherits=() if row.is_partition else tuple(names.relations[parent] for parent in row.parents),
        inherited_by=tuple(names.relations[child.oid] for child in parts.children[oid] if not child.is_partition),
        owner=row.owner,
        persistence=row.persistence,
        row_security=row.row_security,
        row_security_forced=row.row_security_forced,
        replica_identity=row.replica_identity,
        rows=estimate.rows,
        bytes=estimate.bytes,
    )


def _partition_of(row: Any, names: Names) -> TableName | None:
    return names.relations[row.parents[0]] if row.is_partition and row.parents else None


def _make_columns(row: Any, parts: _Parts) -> Iterator[Column]:
    unproven = {not_null.key[0] for not_null in parts.not_nulls[row.oid]}
    for column in parts.columns[row.oid]:
        made = make_column(column, parts.types, _feeding(column, row, parts), parts.orders.get(column.collation_oid))
        yield replace(made, not_null=False) if column.position in unproven else made


def _feeding(column: Any, row: Any, parts: _Parts) -> TableName | None:
    """The sequence behind a column; behind a partition's identity (PostgreSQL 17) stands that of the root."""
    own = parts.feeds.get((row.oid, column.position))
    if own or not (column.identity and row.is_partition and row.parents):
        return own
    parent = parts.tables[row.parents[0]]
    above = next(other for other in parts.columns[parent.oid] if other.name == column.name)
    return _feeding(above, parent, parts)


def _make_foreign_keys(oid: int, parts: _Parts) -> Iterator[ForeignKey]:
    for row in parts.constraints[oid]:
        if row.type == "f":
            yield make_foreign_key(row, parts.names, enforced=row.oid not in parts.unenforced, temporal=row.oid in parts.temporal)


def _make_checks(oid: int, parts: _Parts) -> Iterator[Check]:
    for row in parts.constraints[oid]:
        if row.type == "c":
            yield make_check(row, parts.names, enforced=row.oid not in parts.unenforced)
    for row in parts.not_nulls[oid]:
        yield make_not_null_check(row, parts.names)


class _Estimate(NamedTuple):
    rows: int
    bytes: int

    @classmethod
    def of(cls, row: Any, children: Mapping[int, list[Any]]) -> _Estimate:
        """Of a partitioned table the sum over its partitions: autovacuum keeps no figures for the parent."""
        if row.kind != TableKind.PARTITIONED.value:
            return cls(row.rows, row.bytes)
        partitions = [cls.of(child, children) for child in children[row.oid]]
        known = [partition.rows for partition in partitions if partition.rows >= 0]
        return cls(sum(known) if known or not partitions else -1, sum(partition.bytes for partition in partitions))


def _find_feeds(rows: list[Any], names: Names) -> Feeds:
    feeds: dict[tuple[int, int], TableName] = {}
    for row in sorted(rows, key=lambda row: _FEEDING.find(row.how or "")):
        if row.how and row.oid in names.relations:  # a temporary sequence is not
            feeds.setdefault((row.relation, row.position), names.relations[row.oid])
    return feeds


def _make_sequences(rows: list[Any], names: Names) -> Mapping[TableName, Sequence]:
    owned = {row.oid: row for row in rows if row.how in ("a", "i")}
    return {names.relations[row.oid]: _make_sequence(row, owned.get(row.oid), names) for row in rows}


def _make_sequence(row: Any, owned: Any, names: Names) -> Sequence:
    return Sequence(
        name=names.relations[row.oid],
        type=row.type,
        start=row.start,
        minimum=row.minimum,
        maximum=row.maximum,
        increment=row.increment,
        cycle=row.cycle,
        owner=(names.relations[owned.relation], names.columns(owned.relation, [owned.position])[0]) if owned else None,
    )


def _make_domains(rows: list[Any]) -> Iterator[Domain]:
    for row in rows:
        if row.kind == "d":
            yield Domain(name=TableName(row.schema, row.name), base_type=row.base_type, not_null=row.not_null, checks=tuple(row.checks))
