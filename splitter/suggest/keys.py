"""Which keys a schema's tables have, by the names under which an id of theirs may be held elsewhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from splitter.schema import Schema, Table, TableName, UniqueKey
from splitter.suggest.values import Key, is_array, key_kind
from splitter.suggest.words import Words, is_id_name, is_uuid_name, spellings, split_words, stem_of, without_version

_COMMON = 0.4  # the part of all tables that begin with a word before it counts as the application's prefix
_AGREED = 0.8  # the part of the foreign keys of one name that must point at one table


@dataclass(frozen=True)
class KeyBook:
    """All tables' keys; made once a schema."""

    schema: Schema

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        return tuple(self.schema.roots())

    @cached_property
    def single(self) -> Mapping[TableName, tuple[Key, ...]]:
        """Every table's keys of one column, the primary one first."""
        return {table.name: tuple(_single_keys(table)) for table in self.tables}

    @cached_property
    def prefix(self) -> str | None:
        """A word with which so many tables begin that it says nothing."""
        firsts = Counter(words[0] for table in self.tables if len(words := split_words(table.name.name)) > 1)
        word, count = firsts.most_common(1)[0] if firsts else ("", 0)
        return word if count >= max(4, _COMMON * len(self.tables)) else None

    def words_of(self, table: TableName) -> Words:
        """A table's words, without version and the application's prefix."""
        words = without_version(split_words(table.name))
        return words[1:] if len(words) > 1 and words[0] == self.prefix else words

    @cached_property
    def named(self) -> Mapping[str, tuple[TableName, ...]]:
        """Tables by all spellings of their whole name."""
        entries = ((table.name, words) for table in self.tables for words in (split_words(table.name.name), self.words_of(table.name)))
        return _by_spelling(entries)

    @cached_property
    def ending(self) -> Mapping[str, tuple[TableName, ...]]:
        """Tables by the spellings of every end of their name: auth_user is a user."""
        names = {table.name: self.words_of(table.name) for table in self.tables}
        return _by_spelling((name, words[start:]) for name, words in names.items() for start in range(1, len(words)))

    @cached_property
    def beginning(self) -> Mapping[str, tuple[tuple[TableName, Words], ...]]:
        """Tables by the spellings of every beginning of their name, with the words that follow."""
        found: dict[str, list[tuple[TableName, Words]]] = defaultdict(list)
        for table in self.tables:
            words = self.words_of(table.name)
            for end in range(1, len(words)):
                for spelling in spellings(words[:end]):
                    found[spelling].append((table.name, words[end:]))
        return {spelling: tuple(tables) for spelling, tables in found.items()}

    def siblings(self, holder: TableName, stem: Words) -> tuple[TableName, ...]:
        """Tables named by ``stem`` and by how the holder's own name ends: of orders_archive's item_id, items_archive."""
        own = self.words_of(holder)
        pairs = (pair for spelling in sorted(spellings(stem)) for pair in self.beginning.get(spelling, ()))
        twins = (table for table, rest in pairs if table != holder and len(own) > len(rest) and own[-len(rest) :] == rest)
        return tuple(dict.fromkeys(twins))

    @cached_property
    def learned(self) -> Mapping[str, tuple[Key, int]]:
        """What foreign keys say of the stem of their column: the key that nearly all of one name hold, and how many do.

        Keys to a table's own rows say nothing of other tables.
        """
        votes: dict[str, Counter[tuple[TableName, str]]] = defaultdict(Counter)
        for table in self.schema.tables.values():
            for held in table.foreign_keys:
                stem = stem_of(held.columns[0]) if len(held.columns) == 1 else None
                target = self.schema.root_of(held.target) if held.target in self.schema.tables else None
                if stem and target and target != self.schema.root_of(table.name):
                    votes["".join(stem)][target, held.target_columns[0]] += 1
        return {stem: found for stem, counted in votes.items() if (found := self._elect(counted))}

    def _elect(self, counted: Counter[tuple[TableName, str]]) -> tuple[Key, int] | None:
        (target, column), count = counted.most_common(1)[0]
        key = next((key for key in self.single[target] if key.columns == (column,)), None)
        return (key, count) if key and count >= _AGREED * counted.total() else None

    def key_for(self, table: TableName, kind: str, column: str) -> Key | None:
        """The key of ``table`` that a column of that kind and name would hold: the primary one, else one that is named as an id."""
        wanted = is_uuid_name(column)
        fitting = [key for key in self.single[table] if key.kind == kind and (self.is_primary(key) or is_id_name(key.columns[0]))]
        fitting.sort(key=lambda key: wanted and not is_uuid_name(key.columns[0]))
        return next(iter(fitting), None)

    def is_primary(self, key: Key) -> bool:
        return self.schema.tables[key.table].primary_key == key.columns


def _by_spelling(entries: Iterable[tuple[TableName, Words]]) -> dict[str, tuple[TableName, ...]]:
    found: dict[str, dict[TableName, None]] = defaultdict(dict)
    for table, words in entries:
        for spelling in spellings(words):
            found[spelling][table] = None
    return {spelling: tuple(tables) for spelling, tables in found.items()}


def _single_keys(table: Table) -> Iterable[Key]:
    keys = sorted(table.keys, key=lambda key: not key.primary)
    for name in dict.fromkeys(key.columns[0] for key in keys if len(key.columns) == 1 and is_total(key)):
        column = table.column(name)
        kind = None if is_array(column) else key_kind(column)
        if kind is not None:
            yield Key(table=table.name, columns=(name,), kinds=(kind,))


def is_total(key: UniqueKey) -> bool:
    """Whether it holds for all rows, so that silos.toml may name it as a target."""
    return bool(key.columns) and key.predicate is None and key.valid
