"""Several databases' catalogs, asked as if they were one: what silos.toml names may be in any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from splitter.nearest import nearest
from splitter.schema import Column, Schema, Table, TableName, split_name
from splitter.silos import Silo, SiloMap

_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_TEXTS = frozenset({"text", "character varying", "character", "name"})


@dataclass(frozen=True)
class CatalogUnion:
    """``schemas`` by the name of their database: control, a region's, or any other name for one that stands for all of them."""

    silos: SiloMap
    schemas: Mapping[str, Schema]

    def covers(self, table: TableName) -> bool:
        """Whether the databases that were read are those that should have the table: what was not read is not judged."""
        if self.silos.silo_of(table) is Silo.CONTROL:
            return self.covers_control
        return bool(self.schemas.keys() - {Silo.CONTROL.value})

    @property
    def covers_control(self) -> bool:
        """Whether control's tables must be in what was read: control itself, a monolith, or a schema that stands for all."""
        if self.silos.is_monolith:
            return bool(self.schemas)
        return bool(self.schemas.keys() - self.silos.regions.keys())

    def tables(self, name: TableName) -> tuple[Table, ...]:
        """The table in every database that has it, first in those of its own silo."""
        own = self.silos.silo_of(name).value
        ordered = sorted(self.schemas, key=lambda database: (database == Silo.CONTROL.value) != (own == Silo.CONTROL.value))
        return tuple(self.schemas[database].tables[name] for database in ordered if name in self.schemas[database].tables)

    def column(self, table: TableName, name: str) -> Column | None:
        """The column as the first database has it that knows it."""
        return next((found.column(name) for found in self.tables(table) if name in found.columns_by_name), None)

    def columns(self, table: TableName) -> tuple[str, ...]:
        """The names of its columns in all databases."""
        return tuple(dict.fromkeys(column.name for found in self.tables(table) for column in found.columns))

    def is_unique(self, table: TableName, columns: tuple[str, ...]) -> bool:
        """Whether a primary key, or a total unique key, tells rows apart by these columns or some of them."""
        keys = (key for found in self.tables(table) for key in found.keys)
        return any(key.columns and set(key.columns) <= set(columns) and key.predicate is None and key.valid for key in keys)

    def is_view(self, name: TableName) -> bool:
        return any(name in schema.views for schema in self.schemas.values())

    def root_of(self, name: TableName) -> TableName:
        """The partitioned table that a partition belongs to; any other table itself."""
        return next((schema.root_of(name) for schema in self.schemas.values() if name in schema.tables), name)

    def enum_labels(self, column: Column) -> tuple[str, ...] | None:
        """The labels of a column of an enum type; None for any other."""
        parts = split_name(column.base_type)
        if len(parts) != 2:
            return None
        return next((schema.enums[TableName(*parts)] for schema in self.schemas.values() if TableName(*parts) in schema.enums), None)

    @cached_property
    def roots(self) -> tuple[TableName, ...]:
        """All tables but partitions."""
        return tuple(dict.fromkeys(table.name for schema in self.schemas.values() for table in schema.roots()))

    def nearest_table(self, name: TableName) -> TableName | None:
        """The table that was meant: of that name in another schema, else the closest one."""
        spelled = {str(known): known for known in self._elsewhere(name)} or {str(known): known for known in self.roots}
        near = nearest(str(name), spelled)
        return spelled[near] if near is not None else next(self._elsewhere(name), None)

    def _elsewhere(self, name: TableName) -> Iterator[TableName]:
        return (known for known in self.roots if known.name == name.name)


def kind_of(type_name: str) -> str:
    """The kind of a type, for comparing ids: ``integer``, ``text``, or the type itself. An array's is that of its elements."""
    element = type_name.removesuffix("[]")
    if element in _INTEGERS:
        return "integer"
    return "text" if element in _TEXTS or element.endswith(".citext") else element
