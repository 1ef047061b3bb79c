"""silos.toml held against the catalogs of the databases that it is about: does what it names exist, and can it be what it says?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from splitter.catalog_union import CatalogUnion, kind_of
from splitter.errors import Problem
from splitter.nearest import did_you_mean
from splitter.places import KeyPath, Remark
from splitter.references_check import reference_remarks
from splitter.schema import Column, Schema, TableName
from splitter.silos import Scalar, SiloMap, TableRules, Undecided, config_error, matches, spell_column
from splitter.silos_names import column_remarks, table_remarks


def check_silos(silos: SiloMap, schemas: Mapping[str, Schema]) -> None:
    """Raises ConfigError with everything that ``validate_silos`` finds."""
    problems = validate_silos(silos, schemas)
    if problems:
        raise config_error(silos.places.source, problems)


def validate_silos(silos: SiloMap, schemas: Mapping[str, Schema]) -> tuple[Problem, ...]:
    """Every problem of the file with the union of these catalogs, in the order of the file.

    ``schemas`` goes by the name of the database: ``control``, a region's, or any other name for a schema that stands for all of
    them. Tables of a silo none of whose databases is among them are not judged. ``shared_where`` is SQL and not looked into.
    """
    union = CatalogUnion(silos, schemas)
    return silos.places.problems(
        [
            *_organization_remarks(union),
            *_control_remarks(union),
            *(remark for reference in silos.references for remark in reference_remarks(union, reference)),
            *(remark for rules in silos.tables.values() for remark in _rules_remarks(union, rules)),
            *(remark for undecided in silos.undecided for remark in _undecided_remarks(union, undecided)),
        ]
    )


def _organization_remarks(union: CatalogUnion) -> Iterator[Remark]:
    organization = union.silos.organization
    yield from table_remarks(union, organization.table, ("organization", "table"))
    if organization.slug is not None:
        yield from column_remarks(union, organization.table, organization.slug, ("organization", "slug"))
    if organization.hide:
        yield from column_remarks(union, organization.table, organization.hide.column, ("organization", "hide", "column"))
        column = union.column(organization.table, organization.hide.column)
        for name in ("live", "moving") if column else ():
            yield from _value_remarks(union, column, getattr(organization.hide, name), ("organization", "hide", name))


def _value_remarks(union: CatalogUnion, column: Column | None, value: Scalar, key: KeyPath) -> Iterator[Remark]:
    if column is None:
        return
    labels = union.enum_labels(column)
    if labels is not None and value not in labels:
        remedy = did_you_mean(str(value), labels, f"its labels are {', '.join(labels)}")
        yield Remark(key, "wrong-value", f"{value!r} is no label of {column.type}", remedy)
    wanted = {"integer": int, "boolean": bool, "text": str}.get(kind_of(column.base_type))
    if wanted is not None and type(value) is not wanted:
        words = {int: "a whole number", bool: "true or false", str: "a string"}
        yield Remark(key, "wrong-value", f"{value!r} is no value of {column.type}", f"write {words[wanted]}")


def _control_remarks(union: CatalogUnion) -> Iterator[Remark]:
    control = union.silos.control
    if control is None:
        return
    for number, pattern in enumerate(control.tables):
        yield from _pattern_remarks(union, pattern, ("control", "tables", number))
    if control.mapping is None:
        return
    key, table = ("control", "mapping"), control.mapping.table
    yield from table_remarks(union, table, (*key, "table"))
    for name in ("organization", "slug", "region"):
        column = getattr(control.mapping, name)
        if column is not None:
            yield from column_remarks(union, table, column, (*key, name))


def _pattern_remarks(union: CatalogUnion, pattern: str, key: KeyPath) -> Iterator[Remark]:
    if not union.covers_control or any(matches(pattern, table) for table in union.roots):
        return
    remedy = did_you_mean(pattern.strip("*"), map(str, union.roots), "correct it, or remove it; one without a dot means the schema public")
    yield Remark(key, "empty-pattern", f"{pattern!r} matches no table", remedy)


def _rules_remarks(union: CatalogUnion, rules: TableRules) -> Iterator[Remark]:
    yield from table_remarks(union, rules.table, rules.key)
    if not union.tables(rules.table):
        return
    for number, alternative in enumerate(rules.match):
        yield from _columns_remarks(union, rules.table, alternative, (*rules.key, "match", number))
    yield from _columns_remarks(union, rules.table, rules.ignore, (*rules.key, "ignore"))
    yield from _id_remarks(union, rules)
    yield from _owner_remarks(union, rules)
    yield from _trigger_remarks(union, rules)


def _columns_remarks(union: CatalogUnion, table: TableName, columns: Iterable[str], key: KeyPath) -> Iterator[Remark]:
    for number, column in enumerate(columns):
        yield from column_remarks(union, table, column, (*key, number))


def _id_remarks(union: CatalogUnion, rules: TableRules) -> Iterator[Remark]:
    for name, columns in (("ids", rules.ids), ("not_ids", rules.not_ids)):
        yield from _columns_remarks(union, rules.table, columns, (*rules.key, name))
        for number, column_name in enumerate(columns):
            key, column = (*rules.key, name, number), union.column(rules.table, column_name)
            if column is not None and kind_of(column.base_type) != "integer":
                found = f"{column_name!r} is {column.type}, and only integers are rewritten"
                yield Remark(key, "wrong-type", found, "remove it: an id of another type stays as it is")
            yield from _held_remarks(union, rules.table, column_name, key)


def _held_remarks(union: CatalogUnion, table: TableName, column: str, key: KeyPath) -> Iterator[Remark]:
    for foreign_key in (held for found in union.tables(table) for held in found.foreign_keys if column in held.columns):
        found = f"{spell_column(table, column)!r} is held by the foreign key {foreign_key.name!r} to {foreign_key.target}"
        yield Remark(key, "two-rules", found, "remove the column here: an id follows what it refers to")


def _owner_remarks(union: CatalogUnion, rules: TableRules) -> Iterator[Remark]:
    if not rules.owner:
        return
    hard = [held.columns for found in union.tables(rules.table) for held in found.foreign_keys]
    soft = [held.columns for held in union.silos.references if held.table == rules.table and not held.json]
    ways = dict.fromkeys(columns for columns in hard + soft if not _is_array(union, rules.table, columns))
    if rules.owner in ways:
        return
    shown = [columns[0] if len(columns) == 1 else f"[{', '.join(columns)}]" for columns in ways]
    otherwise = f"its references are {'; '.join(shown)}" if shown else "declare it in [[references]]"
    remedy = did_you_mean(rules.owner[0], shown, otherwise) if len(rules.owner) == 1 else otherwise
    found = f"no reference of {str(rules.table)!r} has the columns {', '.join(rules.owner)}"
    yield Remark((*rules.key, "owner"), "no-reference", found, remedy)


def _is_array(union: CatalogUnion, table: TableName, columns: Iterable[str]) -> bool:
    found = (union.column(table, name) for name in columns)
    return any(column is not None and column.base_type.endswith("[]") for column in found)


def _trigger_remarks(union: CatalogUnion, rules: TableRules) -> Iterator[Remark]:
    known = [trigger.name for found in union.tables(rules.table) for trigger in found.triggers]
    for number, name in enumerate(rules.accept_triggers):
        if name not in known:
            otherwise = f"its triggers are {', '.join(known)}" if known else "remove it: the table has no triggers"
            found = f"{str(rules.table)!r} has no trigger {name!r}"
            yield Remark((*rules.key, "accept_triggers", number), "unknown-trigger", found, did_you_mean(name, known, otherwise))


def _undecided_remarks(union: CatalogUnion, undecided: Undecided) -> Iterator[Remark]:
    """Only what it is about: its candidates are guesses, and not judged."""
    yield from table_remarks(union, undecided.table, (*undecided.key, "from" if undecided.columns else "table"))
    for column in undecided.columns:
        yield from column_remarks(union, undecided.table, column, (*undecided.key, "from"))
    if undecided.type_column is not None:
        yield from column_remarks(union, undecided.table, undecided.type_column, (*undecided.key, "type_column"))
