"""The soft references of silos.toml held against the catalogs: can these columns hold those keys?"""

from __future__ import annotations

from collections.abc import Iterator

from splitter.catalog_union import CatalogUnion, kind_of
from splitter.nearest import did_you_mean
from splitter.places import Remark
from splitter.schema import Column
from splitter.silos import SoftReference, SoftTarget, spell_column
from splitter.silos_names import column_remarks, table_remarks

_DOCUMENTS = frozenset({"json", "jsonb"})


def reference_remarks(union: CatalogUnion, reference: SoftReference) -> Iterator[Remark]:
    """Everything that is wrong with one reference."""
    yield from table_remarks(union, reference.table, (*reference.key, "from"))
    for name in reference.columns:
        yield from column_remarks(union, reference.table, name, (*reference.key, "from"))
    holders = [column for name in reference.columns if (column := union.column(reference.table, name))]
    for target in reference.targets:
        yield from _target_remarks(union, reference, target)
    if len(holders) < len(reference.columns):
        return
    yield from _holder_remarks(reference, holders)
    yield from _unset_remarks(reference, holders)
    if reference.type_column is not None:
        yield from _type_column_remarks(union, reference, reference.type_column)


def _target_remarks(union: CatalogUnion, reference: SoftReference, target: SoftTarget) -> Iterator[Remark]:
    key = (*reference.key, "to") if target.label is None else (*reference.key, "to", target.label)
    yield from table_remarks(union, target.table, key)
    for name in target.columns:
        yield from column_remarks(union, target.table, name, key)
    columns = [column for name in target.columns if (column := union.column(target.table, name))]
    if len(columns) < len(target.columns):
        return
    if not union.is_unique(target.table, target.columns):
        shown = ", ".join(target.columns)
        remedy = f"name a key of {str(target.table)!r}, or make one of it: a unique index without a predicate"
        yield Remark(key, "no-key", f"{str(target.table)!r} has no unique key over {shown}", remedy)
    for name, held in zip(reference.columns, columns, strict=False):
        holder = union.column(reference.table, name)
        if holder is not None and not reference.json and not _can_hold(holder, held):
            mine, theirs = spell_column(reference.table, name), spell_column(target.table, held.name)
            found = f"{mine!r} is {holder.type}, and {theirs!r} is {held.type}"
            yield Remark(key, "wrong-type", found, "name the column that holds this key, or the key that the column holds")


def _can_hold(holder: Column, held: Column) -> bool:
    """Text may hold any key, a JSON column's type says nothing; else both are of one kind."""
    kind = kind_of(holder.base_type)
    return kind == "text" or kind in _DOCUMENTS or kind == kind_of(held.base_type)


def _holder_remarks(reference: SoftReference, holders: list[Column]) -> Iterator[Remark]:
    first = holders[0]
    document = first.base_type in _DOCUMENTS
    if reference.json and not document and (kind_of(first.base_type) != "text" or _is_array(first)):
        found = f"{first.name!r} is {first.type}, which holds no JSON document"
        yield Remark((*reference.key, "path"), "wrong-type", found, "remove path, or name a column of json, jsonb or text")
    if document and not reference.json:
        found = f"{first.name!r} is {first.type}"
        remedy = "add path, to where the ids are: as $.team_id; $ is the document itself"
        yield Remark((*reference.key, "from"), "missing-key", found, remedy)
    if any(_is_array(column) for column in holders) and not reference.json:
        yield from _array_remarks(reference)


def _array_remarks(reference: SoftReference) -> Iterator[Remark]:
    if len(reference.columns) > 1:
        found = "an array in a composite reference"
        yield Remark((*reference.key, "from"), "wrong-type", found, "name the array alone")
    if reference.polymorphic:
        found = "an array whose ids have different targets"
        yield Remark((*reference.key, "to"), "wrong-type", found, "name one target: the ids of an array cannot have labels")


def _is_array(column: Column) -> bool:
    return column.base_type.endswith("[]")


def _unset_remarks(reference: SoftReference, holders: list[Column]) -> Iterator[Remark]:
    """Keys that would set a column to NULL; inside JSON and arrays nothing is NOT NULL."""
    if reference.json or not all(column.not_null and not _is_array(column) for column in holders):
        return
    shown = ", ".join(column.name for column in holders)
    asked = {
        "dangling": reference.dangling == "null",
        "on_move": reference.on_move == "null",
        "on_delete": reference.on_delete == "set null",
        "restrict_becomes": reference.restrict_becomes == "set null",
    }
    for name in (name for name, is_asked in asked.items() if is_asked):
        yield Remark((*reference.key, name), "not-null", f"{shown} cannot be NULL", f"give {name} another value, or drop NOT NULL")


def _type_column_remarks(union: CatalogUnion, reference: SoftReference, name: str) -> Iterator[Remark]:
    key = (*reference.key, "type_column")
    yield from column_remarks(union, reference.table, name, key)
    column = union.column(reference.table, name)
    if column is None:
        return
    labels = union.enum_labels(column)
    for label in (target.label for target in reference.targets if target.label is not None):
        place = (*reference.key, "to", label)
        if labels is not None and label not in labels:
            remedy = did_you_mean(label, labels, f"its labels are {', '.join(labels)}")
            yield Remark(place, "wrong-value", f"{label!r} is no label of {column.type}", remedy)
        if kind_of(column.base_type) == "integer" and not label.lstrip("-").isdecimal():
            found = f"{label!r} is no value of {name!r}, which is {column.type}"
            yield Remark(place, "wrong-value", found, "write the number as the label")
