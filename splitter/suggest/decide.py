"""From leads to what silos.toml is to say: one reference a place, or one open question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from splitter.silos import SoftReference, SoftTarget
from splitter.silos_rules import same_place
from splitter.suggest.values import Judged, Lead, OpenReference, Place, Strength, SuggestedReference, Verdict

_SHOWN = 8  # labels that are told


def decide(leads: Iterable[Lead], standing: Iterable[SoftReference]) -> tuple[tuple[SuggestedReference, ...], tuple[OpenReference, ...]]:
    """References for what is proposed, questions for what is not; nothing for places of which ``standing`` or earlier references speak."""
    references: list[SuggestedReference] = []
    questions: list[OpenReference] = []
    known = list(standing)
    for lead in leads:
        made = _reference(lead)
        if made is None:
            questions += _question(lead)
        elif not any(other.table == made.reference.table and same_place(other, made.reference) for other in known):
            references.append(made)
            known.append(made.reference)
    return tuple(references), tuple(_unanswered(questions, known))


def _unanswered(questions: Iterable[OpenReference], known: list[SoftReference]) -> Iterator[OpenReference]:
    """Questions about places of which no reference speaks; one column of a key of several is not the question that the key was."""
    for question in questions:
        asked = as_reference(question.place, ())
        if not any(other.table == asked.table and same_place(other, asked) for other in known):
            yield question


def _reference(lead: Lead) -> SuggestedReference | None:
    proposed = [each for each in lead.judged if each.verdict is Verdict.PROPOSED]
    labels = {each.candidate.label for each in proposed}
    chosen = [best for label in labels if (best := _best([each for each in proposed if each.candidate.label == label]))]
    if not chosen or (None in labels and len(chosen) > 1):
        return None
    chosen.sort(key=lambda each: str(each.candidate.label))
    none_values = dict.fromkeys(value for each in lead.judged for value in each.none_values)
    reference = replace(as_reference(lead.place, _targets(chosen)), none_values=tuple(none_values))
    return SuggestedReference(reference=reference, evidence=tuple(_evidence(lead, chosen)))


def _best(proposed: list[Judged]) -> Judged | None:
    """The one that is proven where another is not, else the one that the name says most clearly; None where two are alike."""
    ranked = sorted(proposed, key=_rank, reverse=True)
    if not ranked or (len(ranked) > 1 and _rank(ranked[0]) == _rank(ranked[1])):
        return None
    return ranked[0]


def _rank(judged: Judged) -> tuple[bool, Strength]:
    return judged.proven, judged.candidate.strength


def _targets(chosen: Iterable[Judged]) -> tuple[SoftTarget, ...]:
    return tuple(
        SoftTarget(table=each.candidate.key.table, columns=each.candidate.key.columns, label=each.candidate.label) for each in chosen
    )


def _evidence(lead: Lead, chosen: Iterable[Judged]) -> Iterator[str]:
    for each in chosen:
        label = f"{each.candidate.label}: " if each.candidate.label is not None else ""
        yield label + each.why
    rest = [each.candidate.label for each in lead.judged if each.verdict is not Verdict.PROPOSED and each.candidate.label is not None]
    unknown = [label for label in dict.fromkeys((*lead.unknown, *rest)) if label not in {each.candidate.label for each in chosen}]
    if unknown:
        yield f"not followed, for no table here holds their ids: {_list(unknown)}"


def _list(labels: list[str]) -> str:
    return ", ".join(labels[:_SHOWN]) + (f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else "")


def _question(lead: Lead) -> Iterator[OpenReference]:
    asked = [each for each in lead.judged if each.verdict is not Verdict.DROPPED]
    if not asked and not lead.unknown and not lead.note:
        return
    said = [lead.note] if lead.note else []
    said += dict.fromkeys(f"{each.candidate.key}: {each.why}" if len(asked) > 1 else each.why for each in asked)
    if lead.unknown:
        said.append(f"no table is known for the labels {_list(list(lead.unknown))}")
    yield OpenReference(place=lead.place, targets=_targets(asked), evidence="; ".join(said))


def as_reference(place: Place, targets: tuple[SoftTarget, ...]) -> SoftReference:
    return SoftReference(
        table=place.table,
        columns=place.columns,
        targets=targets,
        type_column=place.type_column,
        json=place.json,
        path=place.path,
        type_path=place.type_path,
        keys=place.keys,
    )
