"""Every table's silo, from what the models, the tables and silos.toml say, and the name by which the application knows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import Mapper, registry
from sqlalchemy.sql.expression import TableClause

from splitter.errors import ConfigError, UsageError
from splitter.guard.models import silo_of
from splitter.schema import TableName
from splitter.silos import Silo, SiloMap

Models: TypeAlias = type | MetaData | registry | Iterable["Models"]  # a declarative base, or what has one's tables

_SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast", "orglift"})
_OF_EACH_DATABASE = frozenset({"alembic_version"})  # every database has its own


@dataclass(frozen=True, slots=True)
class Assigned:
    """One table. ``silo`` None: nobody says."""

    table: TableName
    silo: Silo | None
    label: str  # the model's name; the table's where it has none
    is_model: bool


class Assignments:
    """Learns tables and models as they come; what it knows of a name it looks up once."""

    def __init__(self, silos: SiloMap | None = None) -> None:
        self._silos = silos
        self._tables: dict[TableName, Table] = {}
        self._models: dict[TableName, type] = {}
        self._metadata: set[MetaData] = set()
        self._assigned: dict[TableName, Assigned] = {}
        self.mappers: dict[Mapper[Any], None] = {}  # in the order in which they were met

    def use(self, silos: SiloMap) -> None:
        """silos.toml from now on, unless there is one."""
        self._silos = self._silos or silos
        self._assigned.clear()

    def learn(self, models: Models) -> None:
        """The tables, and where there are any the models, of a declarative base, a registry, a MetaData, or several of them."""
        if isinstance(models, MetaData):
            self._learn_metadata(models)
        elif isinstance(models, registry):
            self._learn_metadata(models.metadata)
            for mapper in models.mappers:
                self.learn_mapper(mapper)
        elif isinstance(found := getattr(models, "registry", None), registry):
            self.learn(found)
        elif isinstance(models, Iterable):
            for one in models:
                self.learn(one)
        else:
            raise UsageError(f"{models!r} has no models", hint="give a declarative base, a registry or a MetaData")

    def learn_beside(self, mapper: Mapper[Any]) -> None:
        """A mapper, and the others of its registry, unless it is known."""
        if mapper not in self.mappers:
            for one in {mapper, *mapper.registry.mappers}:
                self.learn_mapper(one)

    def learn_mapper(self, mapper: Mapper[Any]) -> None:
        """The model's table is called by the model; where several share one, by the one that is nearest to the base."""
        self.mappers[mapper] = None
        table = mapper.local_table
        if not isinstance(table, Table):
            return
        name = name_of(table)
        known = self._models.get(name)
        if known is None or issubclass(known, mapper.class_):
            self._models[name] = mapper.class_
            self._assigned.pop(name, None)
        self._learn_metadata(table.metadata)

    def _learn_metadata(self, metadata: MetaData) -> None:
        self._metadata.add(metadata)

    def of_construct(self, table: TableClause) -> Assigned | None:
        """The table of a statement; None: outside of both silos."""
        if isinstance(table, Table) and table.metadata not in self._metadata:
            self._learn_metadata(table.metadata)
            self._assigned.clear()
        return self.of_name(name_of(table))

    def silo_of_mapper(self, mapper: Mapper[Any]) -> Silo | None:
        found = self.of_construct(mapper.local_table) if isinstance(mapper.local_table, Table) else None
        return found.silo if found else None

    def of_text(self, schema: str | None, name: str) -> Assigned | None:
        """The table that a text names. Without a schema the search path decides: public's, else the only one of that name."""
        if schema is not None:
            return self.of_name(TableName(schema, name))
        public = TableName("public", name)
        if self._table(public) is not None:
            return self.of_name(public)
        named = {name_of(table) for metadata in self._metadata for table in metadata.tables.values() if table.name == name}
        return self.of_name(named.pop() if len(named) == 1 else public)

    def of_name(self, name: TableName) -> Assigned | None:
        if name not in self._assigned:
            if self._is_outside(name):
                return None
            self._assigned[name] = self._find(name)
        return self._assigned[name]

    def _is_outside(self, name: TableName) -> bool:
        if name.schema in _SYSTEM_SCHEMAS or name.name in _OF_EACH_DATABASE:
            return True
        return self._table(name) is None and name.name.startswith(("pg_", "sqlite_"))

    def _find(self, name: TableName) -> Assigned:
        table, model = self._table(name), self._models.get(name)
        said = (silo_of(model) if model else None) or (silo_of(table) if table is not None else None)
        silo = said or self._by_file(name)
        label = model.__name__ if model else str(name)
        if said and self._silos and said is not self._silos.silo_of(name):
            found = f"{label} is {said.value} by its model, and {self._silos.silo_of(name).value} by {self._silos.places.source}"
            raise ConfigError(f"table {str(name)!r}: {found}", hint="`splitter check --models` names all that disagree")
        return Assigned(name, silo, label, model is not None)

    def _by_file(self, name: TableName) -> Silo | None:
        return self._silos.silo_of(name) if self._silos else None

    def _table(self, name: TableName) -> Table | None:
        if name in self._tables:
            return self._tables[name]
        keys = (f"{name.schema}.{name.name}", *([name.name] if name.schema == "public" else []))
        for metadata in self._metadata:
            for key in keys:
                found = metadata.tables.get(key)
                if found is not None:
                    self._tables[name] = found
                    return found
        return None

    def all(self) -> tuple[Assigned, ...]:
        """Every table that is known of so far."""
        names = {name_of(table) for metadata in self._metadata for table in metadata.tables.values()}
        found = (self.of_name(name) for name in sorted(names))
        return tuple(one for one in found if one is not None)

    @property
    def metadata(self) -> frozenset[MetaData]:
        return frozenset(self._metadata)


def name_of(table: TableClause) -> TableName:
    """As silos.toml has it: no schema means public. A name of SQLAlchemy's may be a text of a class of its own."""
    return TableName(str(getattr(table, "schema", None) or "public"), str(table.name))
