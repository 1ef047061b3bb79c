"""EDGE: ids inside JSON documents, those in columns of text too: which paths there are, and whose ids stand at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from splitter.catalog_union import kind_of
from splitter.json_path import EveryItem, Member
from splitter.schema import Column, Table
from splitter.suggest.documents import Spot, Trove, kinds_of, naming_words
from splitter.suggest.evidence import Investigator
from splitter.suggest.names import Namer
from splitter.suggest.pairs import Pair
from splitter.suggest.values import Candidate, Lead, Place, Strength, Verdict, is_array
from splitter.suggest.words import Words, split_words, stem_of, stem_of_many

DOCUMENTS = 300
DOCUMENT_BYTES = 32_768  # as stored; larger documents are passed over
_TYPES = ("type", "kind", "class", "model", "entity")
_SHARE = 0.5  # of a text column's values that must be documents


@dataclass(frozen=True)
class Reader:
    """Reads the documents of one database."""

    investigator: Investigator
    namer: Namer

    def judge_table(self, table: Table, columns: Sequence[Column]) -> Iterator[Lead]:
        """Each place inside these columns that may hold ids: what is known of it, and labels that nobody knows."""
        for column, trove in self._read(table, columns):
            for path, spot in trove.spots.items():
                yield from self._judge_spot(Place(table=table.name, columns=(column.name,), json=True, path=path), spot)
            for path, spot in trove.member_names.items():
                place = Place(table=table.name, columns=(column.name,), json=True, path=path, keys=True)
                yield from self._judge_plain(place, spot)

    def _read(self, table: Table, columns: Sequence[Column]) -> Iterator[tuple[Column, Trove]]:
        shown = [_document_sql(column) for column in columns]
        rows = self.investigator.looker.rows(table, [self.investigator.owner_sql(table.name), *shown], limit=DOCUMENTS)
        for number, column in enumerate(columns, 1):
            trove, texts = Trove(), [(row[number], row[0]) for row in rows or () if row[number] is not None]
            documents = sum(trove.add(text, owner) for text, owner in texts)
            if documents and documents >= _SHARE * len(texts):
                yield column, trove

    def _judge_spot(self, place: Place, spot: Spot) -> Iterator[Lead]:
        labelled = list(self._judge_labelled(place, spot))
        if labelled:
            yield from labelled
        else:
            yield from self._judge_plain(place, spot)

    def _judge_plain(self, place: Place, spot: Spot) -> Iterator[Lead]:
        texts = [text for text, _ in spot.values]
        if not texts or spot.others > len(texts):
            return
        kinds = kinds_of(texts, numbers=spot.numbers == len(texts))
        candidates = list(dict.fromkeys(_candidates(self.namer, place, kinds)))
        judged = tuple(self.investigator.judge_values(candidate, spot.values) for candidate in candidates)
        if not any(each.verdict is Verdict.PROPOSED for each in judged) and "uuid" in kinds:
            judged = self.investigator.discover(place, spot.values, ("uuid",)) or judged
        if judged:
            yield Lead(place=place, judged=judged)

    def _judge_labelled(self, place: Place, spot: Spot) -> Iterator[Lead]:
        """``{"type": "project", "id": 7}``, ``{"target_type": ..., "target_id": ...}``."""
        name = next(naming_words(place.path), "")
        for beside, by_label in spot.labelled.items():
            if not _is_type_of(beside, name) or not isinstance(place.path[-1], Member):
                continue
            kinds = kinds_of([text for values in by_label.values() for text, _ in values], numbers=spot.numbers == len(spot.values))
            for kind in kinds:
                pair = Pair(place=replace(place, type_path=(*place.path[:-1], Member(beside))), kind=kind)
                judged, unknown = self.investigator.judge_labels(pair, by_label)
                if judged:
                    yield Lead(place=pair.place, judged=judged, unknown=unknown)
                    break


def document_columns(table: Table) -> tuple[Column, ...]:
    """Those that hold JSON, and those of text that may."""
    return tuple(column for column in table.stored_columns if not is_array(column) and _may_be_document(column))


def _may_be_document(column: Column) -> bool:
    return column.base_type in ("json", "jsonb") or kind_of(column.base_type) == "text"


def _document_sql(column: Column) -> sql.Composable:
    """The document as text; of a text column an empty text for what is none, NULL for what is empty or too large."""
    name = sql.Identifier("h", column.name)
    if column.base_type in ("json", "jsonb"):
        shape = "CASE WHEN pg_catalog.pg_column_size({c}) <= {n} THEN {c}::pg_catalog.text END"
    else:
        shape = (
            "CASE WHEN {c} IS NULL OR {c}::pg_catalog.text = '' OR pg_catalog.pg_column_size({c}) > {n} THEN NULL"
            " WHEN {c}::pg_catalog.text ~ '^\\s*[\\[{{]' THEN {c}::pg_catalog.text ELSE '' END"
        )
    return sql.SQL(shape).format(c=name, n=sql.Literal(DOCUMENT_BYTES))


def _candidates(namer: Namer, place: Place, kinds: Sequence[str]) -> Iterator[Candidate]:
    for kind in kinds:
        for stem, name in _stems(place):
            hits = namer.hits(place.table, stem, kind, name)
            yield from (Candidate(place=place, key=hit.key, strength=_weaker(hit.strength, place), why=hit.why) for hit in hits)
        done = namer.done_by(split_words(next(naming_words(place.path), "")), kind)
        if done is not None and not place.keys:
            yield Candidate(place=place, key=done.key, strength=Strength.WEAK, why=done.why)


def _weaker(strength: Strength, place: Place) -> Strength:
    return min(strength, Strength.WEAK) if place.keys else strength


def _stems(place: Place) -> Iterator[tuple[Words, str]]:
    """What the member names say, with the name that says it: ``team_id``, ``team_ids[*]``, ``team.id``, ``teams[*].id``."""
    names = [*naming_words(place.path), place.columns[0]]
    first = split_words(names[0])
    many = bool(place.path) and isinstance(place.path[-1], EveryItem)
    stem = stem_of_many(names[0]) if many else None
    stem = stem or stem_of(names[0])
    if stem:
        yield stem, names[0]
    elif first in (("id",), ("uuid",), ("guid",)) and len(names) > 1:
        yield split_words(names[1]), names[0]
    elif place.keys and first:
        yield first, "id"


def _is_type_of(beside: str, name: str) -> bool:
    type_words, id_words = split_words(beside), split_words(name)
    stem: Words | None = () if id_words in (("id",), ("uuid",), ("guid",)) else stem_of(name)
    return stem is not None and type_words[-1:] in {(word,) for word in _TYPES} and type_words[:-1] == stem
