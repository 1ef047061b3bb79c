"""Soft references to keys of several columns: ``task_id`` and ``task_inserted_at`` beside tasks that are found by id and time."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace

from splitter.catalog_union import kind_of
from splitter.schema import Table, TableName, UniqueKey
from splitter.suggest.keys import KeyBook, is_total
from splitter.suggest.lexicon import is_role
from splitter.suggest.names import held_columns
from splitter.suggest.values import Candidate, Key, Place, Strength, is_array
from splitter.suggest.words import Words, spellings, split_words, stem_of


def find_composites(book: KeyBook, taken: Set[Place]) -> Iterator[Candidate]:
    """Candidates whose id column no foreign key holds and whose other columns are there under the key's names, with or without the stem."""
    for table in book.tables:
        held = held_columns(book.schema, table)
        for column in table.stored_columns:
            stem = stem_of(column.name)
            if stem and column.name not in held and column.sequence is None and not is_array(column):
                yield from (found for found in _of_column(book, table, column.name, stem) if found.place not in taken)


def _of_column(book: KeyBook, table: Table, column: str, stem: Words) -> Iterator[Candidate]:
    kind = kind_of(table.column(column).base_type)
    for start in range(len(stem)):
        head, tail = stem[:start], stem[start:]
        named = list(dict.fromkeys(target for spelling in sorted(spellings(tail)) for target in book.named.get(spelling, ())))
        if any(key.kind == kind for target in named for key in book.single[target]):
            return  # the id alone tells
        targets = dict.fromkeys((*named, *book.siblings(table.name, tail)))
        if targets:
            strength = Strength.WEAK if not named else Strength.SURE if not head else Strength.LIKELY if is_role(head) else Strength.WEAK
            found = [made for target in targets for made in _of_target(book, table, column, stem, target)]
            yield from (replace(made, strength=strength if len(found) == 1 else Strength.WEAK) for made in found)
            return


def _of_target(book: KeyBook, table: Table, column: str, stem: Words, target: TableName) -> Iterator[Candidate]:
    for key in book.schema.tables[target].keys:
        partners = _partners(table, column, stem, book.schema.tables[target], key)
        if partners and table.name != target:
            # in the order of the holder's columns, so that one place is always the same
            pairs = sorted(zip(partners, key.columns, strict=True), key=lambda pair: table.column(pair[0]).position)
            held = tuple(theirs for _, theirs in pairs)
            kinds = tuple(kind_of(book.schema.tables[target].column(name).base_type) for name in held)
            place = Place(table=table.name, columns=tuple(mine for mine, _ in pairs))
            why = "named after the table, whose key has these columns"
            yield Candidate(place=place, key=Key(table=target, columns=held, kinds=kinds), strength=Strength.SURE, why=why)
            return


def _partners(table: Table, column: str, stem: Words, target: Table, key: UniqueKey) -> tuple[str, ...] | None:
    """The holder's column for each of the key's; None where one is missing, or none is the id."""
    ids = [name for name in key.columns if _is_id_of(target, name, column)]
    if len(key.columns) < 2 or not is_total(key) or len(ids) != 1:
        return None
    by_words = {split_words(each.name): each.name for each in table.stored_columns}
    found = []
    for name in key.columns:
        words = split_words(name)
        own = column if name == ids[0] else by_words.get((*stem, *words)) or by_words.get(words)
        if own is None or kind_of(table.column(own).base_type) != kind_of(target.column(name).base_type):
            return None
        found.append(own)
    return tuple(found) if len(set(found)) == len(found) else None


def _is_id_of(target: Table, name: str, column: str) -> bool:
    """Whether this column of a key is the table's own id: ``id``, or ``action_id`` of actions."""
    own = stem_of(name)
    return split_words(name) == split_words(column)[-1:] or (
        own is not None and bool(spellings(own) & spellings(split_words(target.name.name)))
    )
