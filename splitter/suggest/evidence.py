"""EDGE: what rows say of candidates for columns: samples of every place, and whether the ids that they hold exist."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from psycopg import sql

from splitter.schema import Column, Schema, TableName
from splitter.suggest.documents import Value
from splitter.suggest.judge import judge, weigh
from splitter.suggest.keys import KeyBook
from splitter.suggest.pairs import Pair, match_labels
from splitter.suggest.sampling import Looker, joined
from splitter.suggest.values import Candidate, Evidence, Judged, Key, Place, Profile, Strength, is_array
from splitter.suggest.ways import Way

LABELS = 50  # different ones of a pair that are looked at
_LONGEST, _LONGEST_ARRAY = 256, 65_536  # bytes of an id, and of an array of them, that are read
_ASKED = 5  # values that a key must have before it is taken for the one that holds them


@dataclass
class Investigator:
    """Asks about candidates. ``ways`` tell how a row's organization is read; they may be given later, when more is known."""

    looker: Looker
    book: KeyBook
    ways: Mapping[TableName, Way] = field(default_factory=dict)
    _profiles: dict[Key, Profile | None] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        return self.book.schema

    def judge_columns(self, candidates: Iterable[Candidate]) -> tuple[Judged, ...]:
        """Every candidate of plain columns and arrays, judged by a sample of its table."""
        by_table: dict[TableName, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            by_table[candidate.place.table].append(candidate)
        judged = []
        for table, group in by_table.items():
            sampled = self.sample(table, dict.fromkeys(candidate.place.columns for candidate in group))
            judged += [self.judge_values(each, None if sampled is None else sampled[each.place.columns]) for each in group]
        return tuple(judged)

    def sample(self, name: TableName, places: Iterable[Sequence[str]]) -> dict[tuple[str, ...], list[Value]] | None:
        """The ids in a sample of the table for each of these groups of columns; rows with NULL in one are left out."""
        table, wanted = self.schema.tables[name], [tuple(columns) for columns in places]
        names = list(dict.fromkeys(column for columns in wanted for column in columns))
        shown = [_text_sql(table.column(column)) for column in names]
        rows = self.looker.rows(table, [self.owner_sql(name), *shown])
        if rows is None:
            return None
        found: dict[tuple[str, ...], list[Value]] = {columns: [] for columns in wanted}
        for owner, *texts in rows:
            of_row = dict(zip(names, texts, strict=True))
            for columns in wanted:
                array = is_array(table.column(columns[0]))
                found[columns] += [(text, owner) for text in _ids([of_row[column] for column in columns], array)]
        return found

    def owner_sql(self, table: TableName) -> sql.Composable:
        way = self.ways.get(table)
        return way.owner("h") if way else sql.SQL("NULL::pg_catalog.text")

    def judge_values(self, candidate: Candidate, values: Sequence[Value] | None) -> Judged:
        return judge(candidate, None if values is None else self.weigh(candidate, values))

    def weigh(self, candidate: Candidate, values: Sequence[Value]) -> Evidence | None:
        """What these ids say of the candidate; None where its key can't be looked at."""
        key = candidate.key
        if key.kind == "uuid":
            values = [(text.lower(), owner) for text, owner in values]
        owners = self.looker.existing(key, (text for text, _ in values), self._way_beside(candidate))
        if owners is None:
            return None
        if key.kind == "integer" and values:
            self._read_profiles(key)
        profiles = {known: profile for known, profile in self._profiles.items() if profile}
        numbers = [(text, owner) for text, owner in values if key.kind != "integer" or text.lstrip("-").isdecimal()]
        evidence = weigh(candidate, numbers, owners, profiles)
        strange, rows = len({text for text, _ in values} - {text for text, _ in numbers}), len(values) - len(numbers)
        return replace(evidence, values=evidence.values + strange, beyond=evidence.beyond + strange, rows=evidence.rows + rows)

    def _way_beside(self, candidate: Candidate) -> Way | None:
        """How the row that is referred to leads to an organization; nothing where the holder's way is this very reference."""
        own = self.ways.get(candidate.place.table)
        if own is None or set(own.steps[0].columns) & set(candidate.place.columns):
            return None
        way = self.ways.get(candidate.key.table)
        return way if way or candidate.key.table not in self.ways else None

    def _read_profiles(self, key: Key) -> None:
        wanted = [keys[0] for keys in self.book.single.values() if keys and keys[0].kind == "integer"]
        for each in (key, *wanted):
            if each not in self._profiles:
                self._profiles[each] = self.looker.profile(each)

    def discover(self, place: Place, values: Sequence[Value], kinds: Iterable[str]) -> tuple[Judged, ...]:
        """Whose ids these are, whatever the name: the keys that have them. Only of kinds that no two keys have by chance."""
        texts = list(dict.fromkeys(text for text, _ in values if text))[:_ASKED]
        for kind in kinds:
            keys = [key for key in self._own_keys(kind) if (key.table, key.columns) != (place.table, place.columns)]
            for text in texts:
                keys = [key for key in self.looker.holders(keys, text.lower() if kind == "uuid" else text) if key in keys] if keys else []
            if keys and texts:
                why = "found by its values alone"
                made = (Candidate(place=place, key=key, strength=Strength.NONE, why=why) for key in keys)
                return tuple(self.judge_values(candidate, values) for candidate in made)
        return ()

    def _own_keys(self, kind: str) -> list[Key]:
        """Keys that no foreign key holds: a row's own id, not one that it took from another table's row."""
        taken = {(self.schema.root_of(table.name), held.columns) for table in self.schema.tables.values() for held in table.foreign_keys}
        return [key for keys in self.book.single.values() for key in keys if key.kind == kind and (key.table, key.columns) not in taken]

    def judge_pair(self, pair: Pair) -> tuple[tuple[Judged, ...], tuple[str, ...]]:
        """The labels that rows have, each with the table that it means; and the labels of which nothing is known."""
        assert pair.place.type_column is not None
        table = self.schema.tables[pair.place.table]
        shown = [_text_sql(table.column(column)) for column in (pair.place.type_column, pair.place.columns[0])]
        rows = self.looker.rows(table, [self.owner_sql(table.name), *shown])
        values: dict[str, list[Value]] = defaultdict(list)
        for owner, label, text in rows or ():
            if label and text is not None and (label in values or len(values) < LABELS):
                values[label].append((text, owner))
        if rows is not None and values:
            return self.judge_labels(pair, values)
        named = tuple(match_labels(self.book, pair, pair.labels))
        judged = tuple(judge(candidate, Evidence() if rows is not None else None) for candidate in named)
        return judged, tuple(label for label in pair.labels if label not in {candidate.label for candidate in named})

    def judge_labels(self, pair: Pair, values: Mapping[str, Sequence[Value]]) -> tuple[tuple[Judged, ...], tuple[str, ...]]:
        """``judge_pair`` of values that are known already, by label."""
        judged: list[Judged] = []
        unknown = []
        named = {candidate.label: candidate for candidate in match_labels(self.book, pair, dict.fromkeys((*values, *pair.labels)))}
        for label in dict.fromkeys((*values, *pair.labels)):
            found = [self.judge_values(named[label], values.get(label, ()))] if label in named else []
            if not found and label in values and pair.kind != "integer":
                hits = self.discover(pair.place, values[label], (pair.kind,))
                found = [replace(hit, candidate=replace(hit.candidate, label=label)) for hit in hits] if len(hits) == 1 else []
            judged += found
            if not found:
                unknown.append(label)
        return tuple(judged), tuple(unknown)


def _text_sql(column: Column) -> sql.Composable:
    """The value as text, of an array as JSON; NULL where it is too long for an id, so that no long text is read from where it is stored."""
    if is_array(column):
        shape = "CASE WHEN pg_catalog.pg_column_size({c}) <= {long} THEN pg_catalog.array_to_json({c})::pg_catalog.text END"
        return sql.SQL(shape).format(c=sql.Identifier("h", column.name), long=sql.Literal(_LONGEST_ARRAY))
    shape = "CASE WHEN pg_catalog.pg_column_size({c}) <= {long} THEN {c}::pg_catalog.text END"
    return sql.SQL(shape).format(c=sql.Identifier("h", column.name), long=sql.Literal(_LONGEST))


def _ids(texts: Sequence[str | None], array: bool) -> Iterable[str]:
    if any(text is None for text in texts):
        return ()
    if array:
        return (str(item) for item in _flat(json.loads(str(texts[0]))) if item is not None)
    return (joined(texts),)


def _flat(value: object) -> Iterable[object]:
    return (inner for item in value for inner in _flat(item)) if isinstance(value, list) else (value,)
