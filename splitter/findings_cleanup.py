"""Whether somebody cleans up after deletes in the other silo: what the registries and triggers of the databases say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from splitter.cascade import Cascade, ChildAction
from splitter.findings_catalog import Catalog
from splitter.findings_crossings import Held
from splitter.findings_kinds import UNDECLARED_REFERENCE, Finding, make_finding
from splitter.graph import Reference
from splitter.schema import Schema, TableName
from splitter.silos import Silo, SiloMap
from splitter.tombstone_triggers import function_name
from splitter.tombstones import trigger_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """``held``: the references of one database's registry whose parents, all of their partitions too, write tombstones.

    ``declarations``: all of its references, with what the registry does after a delete.
    """

    database: str
    held: frozenset[Held]
    declarations: Mapping[Held, str] = field(default_factory=dict)


def make_registry(database: str, schema: Schema, cascades: Iterable[Cascade]) -> Registry:
    """Of what a live database's registry says."""
    known = {_held(schema, cascade): cascade for cascade in cascades}
    acting = {held: cascade for held, cascade in known.items() if cascade.on_delete is not ChildAction.NONE}
    return Registry(
        database=database,
        held=frozenset(held for held, cascade in acting.items() if writes_tombstones(schema, cascade.parent)),
        declarations={held: cascade.on_delete.value for held, cascade in known.items()},
    )


def _held(schema: Schema, cascade: Cascade) -> Held:
    child = schema.root_of(cascade.child) if cascade.child in schema.tables else cascade.child
    return Held(child, frozenset(zip(cascade.columns, cascade.parent_columns, strict=True)), cascade.parent, cascade.type_value)


def writes_tombstones(schema: Schema, parent: TableName) -> bool:
    """Whether deletes of that table are written down, whichever of its partitions they are addressed to."""
    if parent not in schema.tables:
        return False
    wanted = ("orglift", function_name(parent, "deleted"))
    tables = (schema.tables[name] for name in trigger_tables(schema, parent))
    return all(any(tuple(trigger.function) == wanted and trigger.enabled in "OA" for trigger in table.triggers) for table in tables)


def find_undeclared(registries: Iterable[Registry], catalogs: Iterable[Catalog], silos: SiloMap) -> Iterator[Finding]:
    """Broken keys that neither the catalogs hold any more nor silos.toml declares, whether or not the child's database was looked at."""
    declared = {Held.of(reference) for catalog in catalogs for reference in catalog.graph.references} | set(_declared(silos))
    for registry in registries:
        for held, effect in registry.declarations.items():
            if held not in declared:
                found = f"its foreign key was broken here (ON DELETE {effect.upper()}), and silos.toml says nothing of it"
                remedy = "paste its [[references]], which `splitter plan break-fks` printed, into silos.toml"
                made = make_finding(UNDECLARED_REFERENCE, str(held), found, remedy, (held.child, held.parent))
                yield replace(made, databases=(registry.database,))


def _declared(silos: SiloMap) -> Iterator[Held]:
    for declared in silos.references:
        for target in declared.targets:
            yield Held(declared.table, frozenset(zip(declared.columns, target.columns, strict=True)), target.table, target.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """Those of all databases that were looked at. A schema file has none: there the triggers of its parents stand for them."""

    silos: SiloMap
    schemas: Mapping[str, Schema]
    known: tuple[Registry, ...] = ()

    def is_installed(self, reference: Reference) -> bool:
        if not self.known:
            return any(writes_tombstones(schema, reference.target) for schema in self.schemas.values())
        parents = [registry for registry in self.known if self._may_hold(registry.database, reference.target)]
        return all(Held.of(reference) in registry.held for registry in parents)

    def _may_hold(self, database: str, table: TableName) -> bool:
        return self.silos.is_monolith or database not in self._others(self.silos.silo_of(table))

    def _others(self, silo: Silo) -> set[str]:
        """The databases that are of the other silo alone."""
        return set(self.silos.regions) if silo is Silo.CONTROL else {Silo.CONTROL.value}
