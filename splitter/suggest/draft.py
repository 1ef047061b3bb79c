"""From leads to the whole suggestion: references, open questions, and what every table is that nothing ties to the organization."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from splitter.graph import build_graph
from splitter.ownership import Standing, find_standings
from splitter.schema import Schema, Table, TableName
from splitter.silos import SiloMap, SoftReference
from splitter.suggest.decide import decide
from splitter.suggest.keys import KeyBook, is_total
from splitter.suggest.people import is_people
from splitter.suggest.placement import place_tables
from splitter.suggest.values import (
    Lead,
    OpenReference,
    Place,
    Placement,
    Role,
    SuggestedReference,
    Suggestion,
    Verdict,
    key_kind,
)
from splitter.undecided import as_reference as undecided_reference

SUSPECTED = frozenset({"suspected-reference", "undecided"})  # findings that somebody accepted: it is no reference
_SLUGS = ("slug", "handle", "subdomain", "path", "key", "code", "short_name", "name")


def taken_places(silos: SiloMap) -> frozenset[Place]:
    """The places of which the file speaks: references, questions, and numbers that it says are none."""
    spoken = [Place.of(reference) for reference in (*silos.references, *map(undecided_reference, silos.undecided))]
    singly = [replace(place, columns=(column,)) for place in spoken if not place.json for column in place.columns]
    plain = [Place(table=place.table, columns=place.columns) for place in (*spoken, *singly) if not place.json]
    numbers = [Place(table=rules.table, columns=(column,)) for rules in silos.tables.values() for column in (*rules.not_ids, *rules.ids)]
    return frozenset((*spoken, *plain, *numbers))


def draft(book: KeyBook, silos: SiloMap, leads: Iterable[Lead], *, fresh: bool, unseen: Mapping[TableName, str]) -> Suggestion:
    """What is to be added to ``silos``; ``fresh``: there is no file yet, and all of it is to be written."""
    accepted = {one.object for one in silos.accepted if one.code in SUSPECTED}
    open_leads = [lead for lead in leads if str(lead.place) not in accepted]
    standing = [*silos.references, *(undecided_reference(each) for each in silos.undecided if each.columns)]
    references, questions = decide(open_leads, standing)
    references, personal = _without_people(book, silos, references)
    merged = with_references(silos, (each.reference for each in references))
    placements = place_tables(book, merged, build_graph(book.schema, merged), _loose(book.schema, merged, (*questions, *personal)))
    root = silos.organization.table
    return Suggestion(
        organization=root,
        slug=find_slug(book.schema.tables[root]) if fresh else None,
        references=references,
        open_references=(*questions, *personal),
        placements=placements if fresh else tuple(_appendable(silos, placements)),
        dropped=tuple(each for lead in open_leads for each in lead.judged if each.verdict is Verdict.DROPPED),
        unseen=unseen,
    )


def with_references(silos: SiloMap, references: Iterable[SoftReference]) -> SiloMap:
    return replace(silos, references=(*silos.references, *references))


def _without_people(
    book: KeyBook, silos: SiloMap, references: tuple[SuggestedReference, ...]
) -> tuple[tuple[SuggestedReference, ...], list[OpenReference]]:
    """References by which alone people would become rows of one organization are a question: much hangs on users.

    One that names the organization itself is none: then they are.
    """
    users = {table.name for table in book.tables if is_people(table, book.words_of(table.name))} - {silos.organization.table}
    asked: list[OpenReference] = []
    owned = _owned(book.schema, silos)
    while True:
        now = _owned(book.schema, with_references(silos, (each.reference for each in references)))
        odd = [each for each in references if each.reference.table in (users & now) - owned and _ties(each.reference, silos, now)]
        if not odd:
            return references, asked
        asked += [_personal(each) for each in odd]
        references = tuple(each for each in references if each not in odd)


def _owned(schema: Schema, silos: SiloMap) -> set[TableName]:
    standings = find_standings(schema, silos, build_graph(schema, silos))
    return {name for name, standing in standings.items() if standing is Standing.OWNED}


def _loose(schema: Schema, silos: SiloMap, questions: Iterable[OpenReference]) -> frozenset[TableName]:
    """Tables with a question whose answer may be that a row is an organization's."""
    owned = _owned(schema, silos)
    asked = (each for each in questions if not each.place.json)
    return frozenset(each.place.table for each in asked if not each.targets or any(target.table in owned for target in each.targets))


def _ties(reference: SoftReference, silos: SiloMap, owned: set[TableName]) -> bool:
    targets = {target.table for target in reference.targets}
    return not reference.json and bool(targets & owned) and silos.organization.table not in targets and targets != {reference.table}


def _personal(suggested: SuggestedReference) -> OpenReference:
    reference = suggested.reference
    why = f"declared, it would make each row of {reference.table} some organization's own, and with it what hangs on people"
    return OpenReference(place=Place.of(reference), targets=reference.targets, evidence="; ".join((*suggested.evidence, why)))


def _appendable(silos: SiloMap, placements: Iterable[Placement]) -> Iterator[Placement]:
    """What can be written below a file that there is: a pattern of control.tables, or a section that is there already, can't."""
    for each in placements:
        if each.role is Role.CONTROL:
            choices = ("add it to control.tables", f'[tables.{each.table}] export = "shared", "referenced" or "none"')
            yield replace(each, role=Role.UNDECIDED, why=f"control, it seems: {each.why}", choices=choices)
        elif each.table in silos.tables and each.role is not Role.UNDECIDED:
            choice = f'in [tables.{each.table}] export = "{each.role.value}"'
            yield replace(each, role=Role.UNDECIDED, choices=(choice, "add it to control.tables"))
        else:
            yield each


def find_slug(table: Table) -> str | None:
    """The column by which people call an organization: a unique text of one of the usual names."""
    unique = {key.columns[0] for key in table.keys if len(key.columns) == 1 and is_total(key) and not key.primary}
    texts = {column.name.lower(): column.name for column in table.columns if column.name in unique and key_kind(column) == "text"}
    return next((texts[name] for name in _SLUGS if name in texts), None)
