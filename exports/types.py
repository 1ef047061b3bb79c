"""Types as they are under their names: domains resolved, modifiers kept; and how an archive writes them down."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from exports.scope import Scope
from splitter.schema import Column, Schema, TableName, split_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainType:
    """``type`` with its modifiers, ``base`` without them (as ``Column.base_type``); no domain in either."""

    type: str
    base: str

    @classmethod
    def of(cls, schema: Schema, column: Column) -> PlainType:
        return cls(type=_resolved(schema, column.type), base=column.base_type)

    @property
    def element(self) -> str:
        """The base type of one element, where it is an array."""
        return self.base.removesuffix("[]")

    @property
    def bare(self) -> bool:
        """Whether it has no modifiers."""
        return self.type == self.base


def _resolved(schema: Schema, type_: str) -> str:
    element = type_.removesuffix("[]")
    name = _named(element)
    domain = schema.domains.get(name) if name else None
    if domain is None:
        return type_
    beneath = _resolved(schema, domain.base_type)
    if element == type_:
        return beneath
    return type_ if beneath.endswith("[]") else f"{beneath}[]"  # an array of arrays has no other name


def _named(text: str) -> TableName | None:
    """The name of a type of the application; None for one of the server's own."""
    try:
        parts = split_name(text)
    except ValueError:
        return None
    return TableName(*parts) if len(parts) == 2 else None


def labels_of(schema: Schema, base: str) -> tuple[str, ...] | None:
    """The labels of the enum of that name, or of an array of it; None for any other type."""
    name = _named(base.removesuffix("[]"))
    return schema.enums.get(name) if name else None


def note_labels(scope: Scope) -> dict[str, JsonValue]:
    """The labels of every enum that an exported column has, by the type's name without [], so that a target knows what may come."""
    bases = {column.base_type.removesuffix("[]") for table in scope.exported for column in scope.table(table.name).stored_columns}
    return {base: list(labels) for base in sorted(bases) if (labels := labels_of(scope.schema, base)) is not None}
