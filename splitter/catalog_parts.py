"""One row of a catalog query -> one part of a table. Pure; the rows' attributes are the columns of the queries in sql/catalog.sql."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from splitter.catalog_types import Types
from splitter.schema import Check, Column, Exclusion, ForeignKey, Index, Policy, TableName, Trigger, UniqueKey

# pg_trigger.tgtype
_ROW, _BEFORE = 1, 2
_EVENTS = {"insert": 4, "delete": 8, "update": 16, "truncate": 32}

_DESCENDING = 1  # pg_index.indoption


class Attribute(NamedTuple):
    name: str
    collation: int

    @property
    def quoted(self) -> str:
        """Always in quotes: which words need them differs between versions of the server."""
        return '"' + self.name.replace('"', '""') + '"'


class Names:
    """What OIDs and attribute numbers stand for, in one database."""

    def __init__(self, relations: Iterable[Any], columns: Iterable[Any]) -> None:
        self.relations: Mapping[int, TableName] = {row.oid: TableName(row.schema, row.name) for row in relations}
        self._attributes: dict[int, dict[int, Attribute]] = defaultdict(dict)
        for row in columns:
            self._attributes[row.relation][row.position] = Attribute(row.name, row.collation_oid)

    def parts(self, relation: int, key: Iterable[int]) -> tuple[Attribute | None, ...]:
        """None for an expression, whose number is 0."""
        known = self._attributes[relation]
        return tuple(known[position] if position else None for position in key)

    def columns(self, relation: int, key: Iterable[int] | None) -> tuple[str, ...]:
        known = self._attributes[relation]
        return tuple(known[position].name for position in key or ())


def make_column(row: Any, types: Types, sequence: TableName | None, order: str | None) -> Column:
    facts = types.facts(row.type_oid)
    return Column(
        name=row.name,
        position=row.position,
        type=row.type,
        bare_type=types.name(row.type_oid),
        base_type=facts.base_type,
        not_null=row.not_null,
        default=None if row.generated else row.expression,
        generated=row.expression if row.generated else None,
        generated_virtual=row.generated == "v",
        identity=row.identity,
        collation=row.collation,
        sequence=sequence,
        binary_safe=facts.binary_safe,
        comparable=facts.comparable,
        extension=facts.extension,
        order=order,
    )


class _Key(NamedTuple):
    """The parts of an index that its key, its constraint and the index itself have in common."""

    attributes: tuple[Attribute | None, ...]
    expressions: tuple[str, ...]  # all parts as SQL

    @classmethod
    def of(cls, row: Any, names: Names) -> _Key:
        attributes = names.parts(row.relation, row.key[: row.key_length])
        spelled = row.expressions or [""] * len(attributes)
        return cls(attributes, tuple(part.quoted if part else text for part, text in zip(attributes, spelled, strict=True)))

    @property
    def columns(self) -> tuple[str | None, ...]:
        return tuple(part.name if part else None for part in self.attributes)

    @property
    def collations(self) -> tuple[int | None, ...]:
        return tuple(part.collation if part else None for part in self.attributes)


def is_key(row: Any) -> bool:
    return row.is_unique or row.constraint_type in ("p", "u")


def make_key(row: Any, names: Names, *, temporal: bool = False) -> UniqueKey:
    key = _Key.of(row, names)
    plain = tuple(name for name in key.columns if name is not None)
    simple = len(plain) == len(key.columns)
    return UniqueKey(
        name=row.constraint_name or row.name,
        table=names.relations[row.relation],
        columns=plain if simple else (),
        expressions=() if simple else key.expressions,
        predicate=row.predicate,
        primary=row.is_primary,
        constraint=row.constraint_name is not None,
        nulls_not_distinct=row.nulls_not_distinct,
        deferrable=bool(row.deferrable),
        valid=row.valid,
        temporal=temporal,
    )


def make_index(row: Any, names: Names) -> Index:
    table = names.relations[row.relation]
    key = _Key.of(row, names)
    own_collations = all(own in (None, used) for own, used in zip(key.collations, row.collations, strict=True))
    return Index(
        name=TableName(table.schema, row.name),
        table=table,
        method=row.method,
        columns=key.columns,
        descending=tuple(bool(option & _DESCENDING) for option in row.options),
        expressions=key.expressions,
        include=names.columns(row.relation, row.key[row.key_length :]),
        predicate=row.predicate,
        unique=row.is_unique,
        valid=row.valid,
        default_opclass=not row.other_opclass and own_collations,
    )


def make_exclusion(row: Any, names: Names) -> Exclusion:
    key = _Key.of(row, names)
    return Exclusion(
        name=row.constraint_name,
        table=names.relations[row.relation],
        columns=key.columns,
        operators=tuple(row.operators),
        expressions=key.expressions,
        predicate=row.predicate,
        deferrable=row.deferrable,
    )


def make_foreign_key(row: Any, names: Names, *, enforced: bool = True, temporal: bool = False) -> ForeignKey:
    return ForeignKey(
        name=row.name,
        table=names.relations[row.relation],
        columns=names.columns(row.relation, row.key),
        target=names.relations[row.target],
        target_columns=names.columns(row.target, row.target_key),
        on_delete=row.on_delete,
        on_update=row.on_update,
        delete_columns=names.columns(row.relation, row.delete_key),
        match_full=row.match_full,
        deferrable=row.deferrable,
        deferred=row.deferred,
        validated=row.validated,
        enforced=enforced,
        temporal=temporal,
    )


def make_check(row: Any, names: Names, *, enforced: bool = True) -> Check:
    return Check(name=row.name, table=names.relations[row.relation], expression=row.expression, validated=row.validated, enforced=enforced)


def make_not_null_check(row: Any, names: Names) -> Check:
    """PostgreSQL 18's NOT NULL ... NOT VALID, as what it is: new rows obey it, older ones may not."""
    (attribute,) = names.parts(row.relation, row.key)
    assert attribute is not None
    return Check(name=row.name, table=names.relations[row.relation], expression=f"({attribute.quoted} IS NOT NULL)", validated=False)


def make_trigger(row: Any, names: Names) -> Trigger:
    return Trigger(
        name=row.name,
        table=names.relations[row.relation],
        enabled=row.enabled,
        events=frozenset(event for event, bit in _EVENTS.items() if row.bits & bit),
        before=bool(row.bits & _BEFORE),
        row=bool(row.bits & _ROW),
        function=TableName(row.function_schema, row.function_name),
        columns=names.columns(row.relation, row.key),
    )


def make_policy(row: Any, names: Names) -> Policy:
    return Policy(
        name=row.name,
        table=names.relations[row.relation],
        command=row.command,
        permissive=row.permissive,
        using=row.using,
        check=row.check,
    )
