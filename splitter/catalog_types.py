"""What follows from a column's type: what lies beneath it, whether it can travel in binary, whether it has an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_ALWAYS_ORDERED = frozenset("erm")  # enums, ranges and multiranges: by the polymorphic operator classes


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    base_type: str  # as Column.base_type
    binary_safe: bool
    comparable: bool
    extension: str | None  # that owns the type, or one inside it


class Types:
    """The types of one database by OID, from the rows of the query ``types``."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows: Mapping[int, Any] = {row.oid: row for row in rows}
        self._facts: dict[int, TypeFacts] = {}

    def name(self, oid: int) -> str:
        """Its spelling without a modifier."""
        return str(self._rows[oid].name)

    def facts(self, oid: int) -> TypeFacts:
        """What is known of a type; KeyError for one that no column has."""
        if oid not in self._facts:
            self._facts[oid] = self._find_facts(self._rows[oid])
        return self._facts[oid]

    def _find_facts(self, row: Any) -> TypeFacts:
        inner = [self.facts(oid) for oid in (row.base, row.element, *row.fields) if oid]
        return TypeFacts(
            base_type=self._base_type(row),
            binary_safe=row.has_binary and not row.names_object and all(part.binary_safe for part in inner),
            comparable=row.ordered or row.kind in _ALWAYS_ORDERED or (bool(inner) and all(part.comparable for part in inner)),
            extension=next(filter(None, [row.extension, *(part.extension for part in inner)]), None),
        )

    def _base_type(self, row: Any) -> str:
        if row.base:
            return self.facts(row.base).base_type
        # an array of domains over arrays can't be cast to an array of what lies beneath
        if row.element and not self._is_array(row.element):
            return self.facts(row.element).base_type + "[]"
        return str(row.name)

    def _is_array(self, oid: int) -> bool:
        row = self._rows[oid]
        return self._is_array(row.base) if row.base else bool(row.element)
