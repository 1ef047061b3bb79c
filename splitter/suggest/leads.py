"""Leads from a schema alone; with a database to look into, ``inquiry`` makes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set

from splitter.suggest.composites import find_composites
from splitter.suggest.judge import judge
from splitter.suggest.keys import KeyBook
from splitter.suggest.names import Namer, find_named
from splitter.suggest.pairs import Pair, find_listed_pairs, find_pairs, match_labels
from splitter.suggest.values import Candidate, Judged, Lead, Place

UNLABELLED = "an id beside a type; which labels there are is not known without rows"


def find_leads(book: KeyBook, taken: Set[Place]) -> tuple[Lead, ...]:
    """Everything that names and types say, of places that are not ``taken`` (``bare`` ones)."""
    pairs = tuple(find_pairs(book.schema, book.tables, taken))
    leads = [_pair_lead(book, pair) for pair in pairs]
    leads += listed_leads(book, taken)
    judged = (judge(candidate, None, looked=False) for candidate in find_candidates(book, Namer(book), taken, pairs))
    return (*group_leads(judged), *leads)


def find_candidates(book: KeyBook, namer: Namer, taken: Set[Place], pairs: Iterable[Pair]) -> Iterator[Candidate]:
    """For columns: keys of one column and of several; not for the ids of pairs, whose label says more."""
    typed = {Place(table=pair.place.table, columns=pair.place.columns) for pair in pairs}
    yield from find_named(namer, taken | typed)
    yield from (found for found in find_composites(book, taken) if not any(_within(place, found.place) for place in typed))


def _within(inner: Place, outer: Place) -> bool:
    return inner.table == outer.table and set(inner.columns) <= set(outer.columns)


def group_leads(judged: Iterable[Judged]) -> list[Lead]:
    """One lead a place."""
    groups: dict[Place, list[Judged]] = defaultdict(list)
    for each in judged:
        groups[each.candidate.place].append(each)
    return [Lead(place=place, judged=tuple(group)) for place, group in groups.items()]


def _pair_lead(book: KeyBook, pair: Pair) -> Lead:
    judged = tuple(judge(candidate, None, looked=False) for candidate in match_labels(book, pair, pair.labels))
    known = {each.candidate.label for each in judged}
    unknown = tuple(label for label in pair.labels if label not in known)
    return Lead(place=pair.place, judged=judged, unknown=unknown, note="" if judged else UNLABELLED)


def listed_leads(book: KeyBook, taken: Set[Place]) -> list[Lead]:
    """Pairs whose label is a row of a table: a person has to say which rows mean which tables."""
    return [
        Lead(
            place=place,
            note=f"a polymorphic id whose type is a row of {table}: add type_column and a label for each of its rows that is used",
        )
        for place, table in find_listed_pairs(book.schema, book.tables, taken)
    ]
