"""What lies across the border by its making: families of tables, and sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from splitter.findings_catalog import Catalog
from splitter.findings_kinds import SHARED_SEQUENCE, SPLIT_FAMILY, Finding, make_finding
from splitter.id_columns import Place
from splitter.schema import Table, TableName
from splitter.silos import Silo, spell_column


def find_split_families(catalog: Catalog) -> Iterator[Finding]:
    for table in catalog.schema.tables.values():
        if table.partition_of is not None:
            yield from _stray_partition(catalog, table)
        for parent in table.inherits:
            if parent in catalog.schema.tables and catalog.silo(parent) is not catalog.silo(table.name):
                found = f"is a {catalog.silo(table.name).value} table and inherits from {parent}, a {catalog.silo(parent).value} table"
                remedy = f"let a pattern of control.tables match both or neither, or ALTER TABLE {table.name} NO INHERIT {parent}"
                yield make_finding(SPLIT_FAMILY, str(table.name), found, remedy, [table.name, parent])
    for name, above in catalog.schema.foreign_tables.items():
        if above is not None:
            yield from _foreign_partition(name, above)


def _stray_partition(catalog: Catalog, table: Table) -> Iterator[Finding]:
    """A pattern that names a partition and not its table; a partition that none names goes where its table goes."""
    root = catalog.schema.root_of(table.name)
    if catalog.silos.silo_of(table.name) is Silo.CONTROL and catalog.silos.silo_of(root) is Silo.REGION:
        found = f"a pattern of control.tables matches this partition of {root}, and not {root}"
        remedy = f"let it match {root} too or neither of them; or detach the partition and make it a table of its own"
        yield make_finding(SPLIT_FAMILY, str(table.name), found, remedy, [table.name, root])


def _foreign_partition(name: TableName, above: TableName) -> Iterator[Finding]:
    found = f"is a foreign table and a partition of {above}: its rows are in another database already"
    remedy = "detach it, or bring its rows here: what lies elsewhere is neither checked nor moved"
    yield make_finding(SPLIT_FAMILY, str(name), found, remedy, [above])


def find_shared_sequences(catalog: Catalog) -> Iterator[Finding]:
    fed: dict[TableName, list[Place]] = {}
    for sequence in catalog.schema.sequences.values():
        if sequence.owner is not None and sequence.owner[0] in catalog.schema.tables:
            fed[sequence.name] = [(catalog.schema.root_of(sequence.owner[0]), sequence.owner[1])]
    for table in catalog.schema.tables.values():
        for column in table.columns:
            if column.sequence is not None:
                fed.setdefault(column.sequence, []).append((catalog.schema.root_of(table.name), column.name))
    for name in catalog.schema.sequences:
        places = tuple(dict.fromkeys(fed.get(name, ())))
        if len({catalog.silo(table) for table, _ in places}) > 1:
            yield _shared(catalog, name, places)


def _shared(catalog: Catalog, sequence: TableName, places: Sequence[Place]) -> Finding:
    shown = ", ".join(f"{spell_column(table, column)} ({catalog.silo(table).value})" for table, column in places)
    remedy = "give the columns of one silo a sequence of their own, from above the largest id"
    return make_finding(SHARED_SEQUENCE, str(sequence), f"feeds {shown}", remedy, [table for table, _ in places])
