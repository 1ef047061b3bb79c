"""Polymorphic references: a column of labels beside one of ids, and the table that each label means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from splitter.catalog_union import kind_of
from splitter.schema import Column, Schema, Table, TableName, split_name
from splitter.suggest.keys import KeyBook
from splitter.suggest.names import held_columns
from splitter.suggest.values import Candidate, Place, Strength, is_array, key_kind
from splitter.suggest.words import Words, spellings, split_words, stem_of

_TYPE_MARKS = ("type", "kind", "class", "model", "table", "entity")
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_PARTS = re.compile(r"::|[./\\:]")  # App\Models\Project, Ci::Build, app.project


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """``labels`` are those that the catalog knows (an enum's, a check constraint's); the rows may know others."""

    place: Place
    kind: str  # of the ids
    labels: tuple[str, ...] = ()


def find_pairs(schema: Schema, tables: Iterable[Table], taken: Set[Place]) -> Iterator[Pair]:
    """Every ``x_type`` beside an ``x_id``, as long as no foreign key holds either. ``taken`` as in ``find_named``."""
    for table in tables:
        held = held_columns(schema, table)
        ids = {stem: column for column in table.stored_columns if (stem := stem_of(column.name)) and column.name not in held}
        for column in table.stored_columns:
            stem = _type_stem(column)
            beside = ids.get(stem) if stem else None
            kind = key_kind(beside) if beside and column.name not in held and not is_array(beside) else None
            if beside and kind and _may_be_label(schema, column) and not _is_taken(table, beside, taken):
                place = Place(table=table.name, columns=(beside.name,), type_column=column.name)
                yield Pair(place=place, kind=kind, labels=tuple(_known_labels(schema, table, column)))


def _is_taken(table: Table, column: Column, taken: Set[Place]) -> bool:
    return any(place.table == table.name and place.columns == (column.name,) for place in taken)


def _type_stem(column: Column) -> Words | None:
    words = split_words(column.name)
    return words[:-1] if len(words) > 1 and words[-1] in _TYPE_MARKS else None


def _may_be_label(schema: Schema, column: Column) -> bool:
    return (kind_of(column.base_type) == "text" and not is_array(column)) or _enum(schema, column) is not None


def _enum(schema: Schema, column: Column) -> tuple[str, ...] | None:
    parts = split_name(column.base_type) if not is_array(column) else ()
    return schema.enums.get(TableName(*parts)) if len(parts) == 2 else None


def _known_labels(schema: Schema, table: Table, column: Column) -> Iterator[str]:
    labels = _enum(schema, column)
    if labels is not None:
        yield from labels
        return
    for check in table.checks:
        if re.search(rf'(?<![\w"]){re.escape(column.name)}(?![\w"])', check.expression):
            yield from dict.fromkeys(text.replace("''", "'") for text in _LITERAL.findall(check.expression) if text)


def match_labels(book: KeyBook, pair: Pair, labels: Iterable[str]) -> Iterator[Candidate]:
    """For each label the table that is named so, as far as there is exactly one whose key is of the ids' kind."""
    for label in labels:
        found = _targets(book, pair, label)
        if len(found) == 1:
            key = book.key_for(found[0], pair.kind, pair.place.columns[0])
            assert key is not None
            why = f"the label {label!r} is the table's name"
            yield Candidate(place=pair.place, key=key, strength=Strength.LIKELY, why=why, label=label)


def _targets(book: KeyBook, pair: Pair, label: str) -> list[TableName]:
    """By the whole label first, then by what stands behind its last separator; whole names before ends of names."""
    whole = split_words(label)
    last = split_words(_PARTS.split(label)[-1])
    for words in dict.fromkeys((whole, last)):
        for names in (book.named, book.ending):
            tables = dict.fromkeys(table for spelling in sorted(spellings(words)) for table in names.get(spelling, ()))
            fitting = [table for table in tables if book.key_for(table, pair.kind, pair.place.columns[0])]
            if fitting:
                near = [table for table in fitting if table.schema == pair.place.table.schema]
                return near or fitting
    return []


def find_listed_pairs(schema: Schema, tables: Iterable[Table], taken: Set[Place]) -> Iterator[tuple[Place, TableName]]:
    """Pairs whose label is itself a row of a table of labels, held by a foreign key, as Django's content types are; with that table.

    Which table a row of it means differs from one application to the next, so that a person has to say.
    """
    for table in tables:
        singles = {key.columns[0]: schema.root_of(key.target) for key in table.foreign_keys if len(key.columns) == 1}
        held = held_columns(schema, table)
        for name, target in singles.items():
            words = stem_of(name)
            if words and words[-1] in _TYPE_MARKS and (beside := _id_beside(table, words, held)) and not _is_taken(table, beside, taken):
                yield Place(table=table.name, columns=(beside.name,)), target


def _id_beside(table: Table, words: Words, held: Set[str]) -> Column | None:
    """``content_type_id`` goes with ``object_id``, ``owner_type_id`` with ``owner_id``."""
    stems = {words[:-1], ("object",)} - {()}
    return next((column for column in table.stored_columns if stem_of(column.name) in stems and column.name not in held), None)
