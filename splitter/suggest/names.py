"""Soft references that names and types suggest: ``job_id`` beside a table of jobs, ``created_by`` beside one of users.

A name is read from its longest end on: of ``first_logged_build_id`` there is no table "first logged build", but one of builds. What
foreign keys elsewhere call by that name wins over what a table is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property

from splitter.schema import Column, Schema, Table, TableName
from splitter.suggest.keys import KeyBook
from splitter.suggest.lexicon import FOREIGN, KIN, PEOPLE, PEOPLE_ROLES, is_role
from splitter.suggest.values import Candidate, Key, Place, Strength, is_array, key_kind
from splitter.suggest.words import Words, spellings, split_words, stem_of, stem_of_many


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A key that a name may mean."""

    key: Key
    strength: Strength
    why: str


@dataclass(frozen=True)
class Namer:
    """Reads the names of one schema."""

    book: KeyBook

    def hits(self, holder: TableName, stem: Words, kind: str, column: str) -> tuple[Hit, ...]:
        """The keys that ``stem`` may mean in a table, for values of that kind; several: the name does not tell which."""
        for start in range(len(stem)):
            head, tail = stem[:start], stem[start:]
            found = self._whole(tail, holder, kind, column) or self._end(head, tail, holder, kind, column)
            if found or self._tables(self.book.named, tail):  # a table of that name whose key does not fit: no other one is meant
                return tuple(_behind(head, hit) for hit in found)
        return self._kin(holder, stem, kind, column) or self._person(stem, kind)

    def _whole(self, stem: Words, holder: TableName, kind: str, column: str) -> tuple[Hit, ...]:
        learned = self.book.learned.get("".join(stem))
        if learned and learned[0].kind == kind:
            why = f"{learned[1]} foreign key{'s' if learned[1] > 1 else ''} of columns of that name hold it"
            return (Hit(key=learned[0], strength=Strength.SURE, why=why),)
        named = self._keys(self._tables(self.book.named, stem), kind, column)
        beside = self._keys(self.book.siblings(holder, stem), kind, column) if named else []
        keys = list(dict.fromkeys((*self._nearest(holder, named), *beside)))
        return self._graded(keys, Strength.SURE, "named after the table", column)

    def _end(self, head: Words, stem: Words, holder: TableName, kind: str, column: str) -> tuple[Hit, ...]:
        """Only the end of a table's name, where one table ends so and nothing in the column's name says more.

        Likely where both tables begin alike too, as those of one part of an application do, and of people.
        """
        tables = [table for table in self._tables(self.book.ending, stem) if table != holder]
        near = [table for table in tables if _first(table) == _first(holder)]
        meant = near if len(near) == 1 else tables
        if (head and not is_role(head)) or len(meant) != 1:
            return ()
        keys = [key for key in self._keys(meant, kind, column) if len(split_words(key.columns[0])) == 1]  # an id of its own
        strength = Strength.LIKELY if near or spellings(stem) & set(PEOPLE) else Strength.WEAK
        return self._graded(keys, strength, "named like the end of the table's name", column)

    def _tables(self, names: Mapping[str, tuple[TableName, ...]], stem: Words) -> list[TableName]:
        return list(dict.fromkeys(table for spelling in sorted(spellings(stem)) for table in names.get(spelling, ())))

    def _keys(self, tables: Iterable[TableName], kind: str, column: str) -> list[Key]:
        return [key for table in tables if (key := self.book.key_for(table, kind, column))]

    def _graded(self, keys: list[Key], strength: Strength, why: str, column: str) -> tuple[Hit, ...]:
        """Less where several tables are meant, or not the table's primary key."""
        hits = [Hit(key=key, strength=strength if self._is_usual(key, column) else Strength.WEAK, why=why) for key in keys]
        return tuple(hits) if len(hits) < 2 else tuple(replace(hit, strength=Strength.WEAK) for hit in hits)

    def _is_usual(self, key: Key, column: str) -> bool:
        return self.book.is_primary(key) or split_words(column)[-1].removesuffix("s") == split_words(key.columns[0])[-1]

    def _nearest(self, holder: TableName, keys: list[Key]) -> list[Key]:
        """Of several, those of the holder's schema, and of these the ones whose names begin as the holder's does."""
        for near in (lambda key: key.table.schema == holder.schema, lambda key: _first(key.table) == _first(holder)):
            keys = [key for key in keys if near(key)] or keys
        return keys

    def _kin(self, holder: TableName, stem: Words, kind: str, column: str) -> tuple[Hit, ...]:
        if not all(word in KIN for word in stem):
            return ()
        key = self.book.key_for(holder, kind, column)
        return (Hit(key=key, strength=Strength.LIKELY, why="another row of the same table by its name"),) if key else ()

    def _person(self, stem: Words, kind: str) -> tuple[Hit, ...]:
        """``author_id``, ``created_by_id``."""
        if self.people is None or self.people.kind != kind or not (stem[-1] in PEOPLE_ROLES or _is_deed(stem)):
            return ()
        hit = Hit(key=self.people, strength=Strength.LIKELY, why="a person by its name")
        return (hit if _is_deed(stem) else _behind(stem[:-1], hit),)

    @cached_property
    def people(self) -> Key | None:
        """The key of whoever does things: what foreign keys named by roles hold most, else that of a table of users."""
        votes: Counter[Key] = Counter()
        for stem, (key, count) in self.book.learned.items():
            if stem in PEOPLE_ROLES or stem.endswith("by"):
                votes[key] += count
        if votes:
            return votes.most_common(1)[0][0]
        for names in (self.book.named, self.book.ending):
            for word in PEOPLE:
                keys = [keys[0] for table in names.get(word, ()) if (keys := self.book.single[table])]
                if len(keys) == 1:
                    return keys[0]
        return None

    def done_by(self, words: Words, kind: str) -> Hit | None:
        """``created_by``, ``owner``: the people's key where the type is the same; text may be anything, a name too."""
        if self.people is None or self.people.kind != kind:
            return None
        named = _is_deed(words) or (len(words) == 1 and words[0] in PEOPLE_ROLES)
        strength = Strength.LIKELY if kind != "text" else Strength.WEAK
        return Hit(key=self.people, strength=strength, why="a person by its name") if named else None


def _is_deed(words: Words) -> bool:
    return len(words) > 1 and words[-1] == "by"


def _first(table: TableName) -> str:
    return split_words(table.name)[0] if split_words(table.name) else ""


def _behind(head: Words, hit: Hit) -> Hit:
    """What stands before a table's name: a role leaves it likely, another system's name, or words of another thing, do not."""
    if not head:
        return hit
    told = " ".join(head)
    if any(word in FOREIGN for word in head):
        return replace(hit, strength=Strength.WEAK, why=f"{hit.why}, behind {told!r}, which may be another system's")
    strength = min(hit.strength, Strength.LIKELY if is_role(head) else Strength.WEAK)
    return replace(hit, strength=strength, why=f"{hit.why}, behind {told!r}")


def find_named(namer: Namer, taken: Set[Place]) -> Iterator[Candidate]:
    """Candidates for plain columns and arrays, by name and type; not for the places in ``taken``, nor for what a foreign key holds."""
    for table in namer.book.tables:
        held = held_columns(namer.book.schema, table)
        for column in table.stored_columns:
            place = Place(table=table.name, columns=(column.name,))
            if column.name not in held and column.sequence is None and place not in taken:
                yield from _of_column(namer, table, column, place)


def _of_column(namer: Namer, table: Table, column: Column, place: Place) -> Iterator[Candidate]:
    kind = key_kind(column)
    if kind is None:
        return
    for hit in _hits_of(namer, table, column, kind):
        if (hit.key.table, hit.key.columns) != (place.table, place.columns):
            yield Candidate(place=place, key=hit.key, strength=hit.strength, why=hit.why)


def _hits_of(namer: Namer, table: Table, column: Column, kind: str) -> tuple[Hit, ...]:
    stem = stem_of_many(column.name) if is_array(column) else stem_of(column.name)
    if stem is not None:
        hits = namer.hits(table.name, stem, kind, column.name)
        # the table's own key, named after another table: only a whole name says that each row belongs to one of that table's
        return tuple(hit for hit in hits if hit.strength is Strength.SURE) if table.primary_key == (column.name,) else hits
    if is_array(column):
        return ()
    done = namer.done_by(split_words(column.name), kind)
    if done is not None:
        return (done,)
    return _bare(namer, table, column, kind)


def _bare(namer: Namer, table: Table, column: Column, kind: str) -> tuple[Hit, ...]:
    """A uuid that is named as a table, without any mark; other types may hold anything under such a name."""
    words = split_words(column.name)
    if kind != "uuid" or table.primary_key == (column.name,) or not words or words[-1] in ("id", "uuid", "guid"):
        return ()
    return tuple(replace(hit, strength=min(hit.strength, Strength.LIKELY)) for hit in namer.hits(table.name, words, kind, column.name))


def held_columns(schema: Schema, table: Table) -> frozenset[str]:
    """The columns that foreign keys hold. One that is only part of keys which NULL in another column switches off is not among them."""
    members = [table, *schema.partitions(table.name)]
    keys = [key for member in members for key in member.foreign_keys]
    return frozenset(
        name for key in keys for name in key.columns if len(key.columns) == 1 or key.match_full or not _may_be_off(table, key.columns, name)
    )


def _may_be_off(table: Table, columns: Iterable[str], name: str) -> bool:
    return any(other != name and not table.column(other).not_null for other in columns)
