"""A suggestion as silos.toml, with the reason of everything in comments; or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from splitter.schema import TableName
from splitter.silos import Export, TableRules, Undecided
from splitter.silos_text import (
    reference_keys,
    render_array,
    render_comment,
    render_reference,
    render_rules,
    render_section,
    render_undecided,
    spell_pattern,
    spell_value,
)
from splitter.suggest.values import Judged, OpenReference, Placement, Role, SuggestedReference, Suggestion

_EXPORTS = {Role.SHARED: Export.SHARED, Role.REFERENCED: Export.REFERENCED, Role.NONE: Export.NONE}
_HEAD = (
    "A first silos.toml, written by `splitter suggest`. Somebody who knows the application reads it and corrects it: every entry says why"
    " it is there. What could not be decided stands in [[undecided]]; `splitter check` says so until somebody decides."
)
_REGION = "Every table that control.tables does not match is a region table: its rows are an organization's, if a reference leads there."


def render_suggestion(suggestion: Suggestion, *, fresh: bool, inline: bool = False) -> str:
    """The whole file, or what is to be added below one that there is (``inline``: whose references are one array)."""
    blocks: list[list[str]] = list(_opening(suggestion)) if fresh else []
    blocks += [_rules(each) for each in suggestion.placements if each.role in _EXPORTS]
    blocks += [_inline(suggestion.references)] if inline and suggestion.references else [_reference(each) for each in suggestion.references]
    blocks += [render_undecided(each) for each in open_questions(suggestion)]
    if suggestion.dropped and blocks:
        blocks.append(_dropped(suggestion.dropped))
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def _opening(suggestion: Suggestion) -> Iterator[list[str]]:
    yield render_comment(_HEAD)
    yield render_section("[organization]", {"table": str(suggestion.organization), "slug": suggestion.slug})
    control = [(spell_pattern(each.table), each.why) for each in suggestion.placements if each.role is Role.CONTROL]
    url = '# url = "${CONTROL_URL}"   # once control is a database of its own'
    tables = render_array("tables", control) if control else ["tables = []"]
    yield [*render_comment(_REGION), "[control]", url, *tables]
    yield render_section("[regions.main]", {"url": "${DATABASE_URL}"})


def _rules(placement: Placement) -> list[str]:
    export = _EXPORTS[placement.role]
    why = placement.why if export is Export.NONE else None
    rules = TableRules(table=placement.table, export=export, why=why, match=placement.match)
    return [*([] if why else render_comment(placement.why)), *render_rules(rules)]


def _reference(suggested: SuggestedReference) -> list[str]:
    return [*(line for said in suggested.evidence for line in render_comment(said)), *render_reference(suggested.reference)]


def _inline(references: Iterable[SuggestedReference]) -> list[str]:
    lines = ["references = ["]
    for each in references:
        keys = {name: value for name, value in reference_keys(each.reference).items() if value is not None}
        lines += [*(line for said in each.evidence for line in render_comment(said, indent="    ")), f"    {spell_value(keys)},"]
    return [*lines, "]"]


def open_questions(suggestion: Suggestion) -> Iterator[Undecided]:
    """Everything undecided as the file has it."""
    for each in suggestion.placements:
        if each.role is Role.UNDECIDED:
            yield Undecided(table=each.table, evidence=each.why, choices=each.choices)
    yield from map(_undecided, suggestion.open_references)


def _undecided(question: OpenReference) -> Undecided:
    place = question.place
    return Undecided(
        table=place.table,
        columns=place.columns,
        type_column=place.type_column,
        json=place.json,
        path=place.path,
        type_path=place.type_path,
        keys=place.keys,
        targets=question.targets,
        evidence=question.evidence,
    )


def _dropped(dropped: Iterable[Judged]) -> list[str]:
    lines = render_comment("Named like references, but the rows say otherwise:")
    return lines + [line for each in dropped for line in render_comment(f"  {each.candidate}: {each.why}")]


def suggestion_to_value(suggestion: Suggestion, text: str) -> dict[str, Any]:
    """For ``--json``; ``toml`` is the text that is printed without it."""
    return {
        "organization": {"table": str(suggestion.organization), "slug": suggestion.slug},
        "control": [{"table": str(each.table), "why": each.why} for each in suggestion.placements if each.role is Role.CONTROL],
        "tables": [
            {"table": str(each.table), "export": each.role.value, "match": each.match, "why": each.why}
            for each in suggestion.placements
            if each.role in _EXPORTS
        ],
        "references": [{**_said(reference_keys(each.reference)), "evidence": each.evidence} for each in suggestion.references],
        "undecided": [
            {"object": str(each), "candidates": list(map(str, each.targets)), "evidence": each.evidence, "choices": each.choices}
            for each in open_questions(suggestion)
        ],
        "dropped": [{"reference": str(each.candidate), "evidence": each.why} for each in suggestion.dropped],
        "unseen": _unseen(suggestion.unseen),
        "toml": text,
    }


def _said(keys: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keys.items() if value is not None}


def _unseen(unseen: Mapping[TableName, str]) -> list[dict[str, str]]:
    return [{"table": str(table), "why": why} for table, why in unseen.items()]
