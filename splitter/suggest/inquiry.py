"""EDGE: leads from a database: what names and types say, judged by its rows, and what its rows alone say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from splitter.db import Connection
from splitter.events import Advanced, Finished, Reporter, Started, silent
from splitter.graph import Kind, Reference, build_graph
from splitter.schema import Column, Table, TableName
from splitter.silos import SiloMap
from splitter.suggest.documents import Value, kinds_of
from splitter.suggest.evidence import Investigator
from splitter.suggest.inside import Reader, document_columns
from splitter.suggest.keys import KeyBook
from splitter.suggest.leads import UNLABELLED, find_candidates, group_leads, listed_leads
from splitter.suggest.names import Namer, held_columns
from splitter.suggest.pairs import Pair, find_pairs
from splitter.suggest.sampling import Looker
from splitter.suggest.values import Candidate, Judged, Lead, Place, Strength, Verdict, is_array, key_kind
from splitter.suggest.ways import find_ways
from splitter.suggest.words import is_id_name, stem_of, stem_of_many

_TASK = "looking at rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What was found, and the tables that could not be looked at."""

    leads: tuple[Lead, ...]
    unseen: Mapping[TableName, str]


def inquire(conn: Connection, book: KeyBook, silos: SiloMap, taken: Set[Place], *, report: Reporter = silent) -> Inquiry:
    """All leads of one database. The organization of ``silos`` is known; its references count like foreign keys."""
    looker = Looker(conn, book.schema)
    return Inquiry(leads=tuple(_Inquirer(looker, book, silos, taken, report).leads()), unseen=looker.unseen)


class _Inquirer:
    def __init__(self, looker: Looker, book: KeyBook, silos: SiloMap, taken: Set[Place], report: Reporter) -> None:
        self.book = book
        self.silos = silos
        self.taken = taken
        self.report = report
        self.namer = Namer(book)
        self.investigator = Investigator(looker, book)
        self.reader = Reader(self.investigator, self.namer)

    def leads(self) -> Iterator[Lead]:
        pairs = list(find_pairs(self.book.schema, self.book.tables, self.taken))
        candidates = list(find_candidates(self.book, self.namer, self.taken, pairs))
        self._find_ways(candidates)
        self.report(Started(_TASK, total=len(self.book.tables), unit="tables"))
        for table in self.book.tables:
            own = [pair for pair in pairs if pair.place.table == table.name]
            yield from self._of_columns(table, [each for each in candidates if each.place.table == table.name], own)
            yield from map(self._of_pair, own)
            yield from self._of_documents(table)
            self.report(Advanced(_TASK))
        self.report(Finished(_TASK))
        yield from listed_leads(self.book, self.taken)

    def _find_ways(self, candidates: Iterable[Candidate]) -> None:
        """Foreign keys, what the file says, columns named as the organization's own id: by them both ends of others are compared."""
        root = self.silos.organization.table
        own = [each for each in candidates if each.key.table == root and each.strength is Strength.SURE]
        judged = self.investigator.judge_columns(own)
        soft = (_as_way(each) for each in judged if each.verdict is Verdict.PROPOSED)
        graph = build_graph(self.book.schema, self.silos)
        self.investigator.ways = find_ways(self.book.schema.tables, (*graph.references, *soft), root)

    def _of_columns(self, table: Table, candidates: list[Candidate], pairs: Iterable[Pair]) -> Iterator[Lead]:
        unnamed = list(self._unnamed(table, {column for pair in pairs for column in pair.place.columns}))
        groups = dict.fromkeys([*(each.place.columns for each in candidates), *((column.name,) for column in unnamed)])
        sampled = self.investigator.sample(table.name, groups) if groups else {}
        leads = group_leads(self._judge(each, sampled) for each in candidates)
        if sampled:
            leads = [*leads, *self._by_values(table, unnamed, sampled, {lead.place for lead in leads if _is_proposed(lead)})]
        by_values = {lead.place: lead for lead in leads}  # what values say comes later, and in the place of what names don't know
        yield from by_values.values()

    def _judge(self, candidate: Candidate, sampled: Mapping[tuple[str, ...], list[Value]] | None) -> Judged:
        return self.investigator.judge_values(candidate, None if sampled is None else sampled[candidate.place.columns])

    def _unnamed(self, table: Table, paired: Set[str]) -> Iterator[Column]:
        """Columns whose values alone may tell: uuids and texts, and arrays of them."""
        held = {name for key in table.foreign_keys for name in key.columns}
        for column in table.stored_columns:
            own = table.primary_key == (column.name,)
            if (
                key_kind(column) in ("uuid", "text")
                and not own
                and column.name not in held | paired
                and Place(table=table.name, columns=(column.name,)) not in self.taken
            ):
                yield column

    def _by_values(
        self, table: Table, columns: Iterable[Column], sampled: Mapping[tuple[str, ...], list[Value]], proposed: Set[Place]
    ) -> Iterator[Lead]:
        for column in columns:
            place, values = Place(table=table.name, columns=(column.name,)), sampled[column.name,]
            if place in proposed or not values:
                continue
            kinds = kinds_of(text for text, _ in values)
            judged = self._other_kinds(place, column, values, kinds)
            if not any(each.verdict is Verdict.PROPOSED for each in judged):
                # a word may be some table's key by chance, unless the column is named as an id
                telling = ("uuid", "text") if is_id_name(column.name) else ("uuid",)
                judged = self.investigator.discover(place, values, [kind for kind in telling if kind in kinds])
            if any(each.verdict is Verdict.PROPOSED for each in judged):
                yield Lead(place=place, judged=judged)

    def _other_kinds(self, place: Place, column: Column, values: list[Value], kinds: Iterable[str]) -> tuple[Judged, ...]:
        """A text that holds numbers or uuids may hold another table's."""
        stem = stem_of_many(column.name) if is_array(column) else stem_of(column.name)
        if stem is None or key_kind(column) != "text":
            return ()
        hits = [hit for kind in kinds if kind != "text" for hit in self.namer.hits(place.table, stem, kind, column.name)]
        made = (Candidate(place=place, key=hit.key, strength=min(hit.strength, Strength.WEAK), why=hit.why) for hit in hits)
        return tuple(self.investigator.judge_values(each, values) for each in made)

    def _of_pair(self, pair: Pair) -> Lead:
        judged, unknown = self.investigator.judge_pair(pair)
        return Lead(place=pair.place, judged=judged, unknown=unknown, note="" if judged or unknown else UNLABELLED)

    def _of_documents(self, table: Table) -> Iterator[Lead]:
        columns = [column for column in document_columns(table) if self._is_free(table, column)]
        for lead in self.reader.judge_table(table, columns) if columns else ():
            if lead.place not in self.taken:
                yield lead

    def _is_free(self, table: Table, column: Column) -> bool:
        """Neither a key nor held by one: such a text is no document."""
        held = held_columns(self.book.schema, table)
        return column.name not in held and Place(table=table.name, columns=(column.name,)) not in self.taken


def _is_proposed(lead: Lead) -> bool:
    return any(each.verdict is Verdict.PROPOSED for each in lead.judged)


def _as_way(judged: Judged) -> Reference:
    place, key = judged.candidate.place, judged.candidate.key
    return Reference(kind=Kind.SOFT, table=place.table, columns=place.columns, target=key.table, target_columns=key.columns)
