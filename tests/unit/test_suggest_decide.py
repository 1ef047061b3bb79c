"""From judged candidates to one reference a place, or one open question."""

from __future__ import annotations

from splitter.json_path import parse_path
from splitter.suggest.decide import as_reference, decide
from splitter.suggest.values import Candidate, Judged, Key, Lead, Place, Strength, Verdict
from tests.drawn_schemas import name_of

PROPOSED, UNDECIDED, DROPPED = Verdict.PROPOSED, Verdict.UNDECIDED, Verdict.DROPPED


def place(path: str | None = None, *columns: str, **more) -> Place:
    return Place(table=name_of("note"), columns=columns or ("x_id",), json=path is not None, path=parse_path(path) if path else (), **more)


def judged(
    at: Place,
    table: str,
    verdict: Verdict = PROPOSED,
    *,
    strength: Strength = Strength.SURE,
    proven: bool = False,
    label: str | None = None,
) -> Judged:
    key = Key(table=name_of(table), columns=("id",), kinds=("integer",))
    return Judged(
        candidate=Candidate(place=at, key=key, strength=strength, why="", label=label), verdict=verdict, why="seen", proven=proven
    )


def lead(at: Place, *each: Judged, **more) -> Lead:
    return Lead(place=at, judged=each, **more)


def said(*leads: Lead, standing=()) -> tuple[list[str], list[str]]:
    references, questions = decide(leads, standing)
    return [str(each.reference) for each in references], [f"{each.place} ? {', '.join(map(str, each.targets))}" for each in questions]


PLAIN = place()


def test_what_is_proposed_is_a_reference():
    assert said(lead(PLAIN, judged(PLAIN, "team"))) == (["note.x_id -> team.id"], [])


def test_what_is_undecided_is_a_question_and_what_is_dropped_nothing():
    assert said(lead(PLAIN, judged(PLAIN, "team", UNDECIDED), judged(PLAIN, "user", DROPPED))) == ([], ["note.x_id ? team.id"])
    assert said(lead(PLAIN, judged(PLAIN, "team", DROPPED))) == ([], [])


def test_of_two_the_proven_one_then_the_surer_one_is_meant():
    assert said(lead(PLAIN, judged(PLAIN, "team"), judged(PLAIN, "user", strength=Strength.WEAK, proven=True)))[0] == [
        "note.x_id -> user.id"
    ]
    assert said(lead(PLAIN, judged(PLAIN, "team"), judged(PLAIN, "user", strength=Strength.LIKELY)))[0] == ["note.x_id -> team.id"]


def test_two_that_are_alike_are_a_question():
    assert said(lead(PLAIN, judged(PLAIN, "team"), judged(PLAIN, "user"))) == ([], ["note.x_id ? team.id, user.id"])


def test_labels_go_together_and_those_without_a_table_are_told():
    at = place(type_column="x_type")
    found = lead(at, judged(at, "team", label="T"), judged(at, "user", label="U"), judged(at, "a", DROPPED, label="A"), unknown=("Z",))
    references, questions = decide([found], ())
    assert str(references[0].reference) == "note.x_id -> team.id [T], user.id [U]" and not questions
    assert references[0].evidence[-1] == "not followed, for no table here holds their ids: Z, A"


def test_labels_that_nobody_knows_are_a_question():
    at = place(type_column="x_type")
    assert said(lead(at, unknown=("A", "B"))) == ([], ["note.x_id ? "])


def test_one_place_has_one_rule():
    """Paths that may lead to the same place, a column and its document, and what the file has already."""
    inner, wide, other = place("$.a.b"), place("$.a.*"), place("$.c")
    assert said(lead(inner, judged(inner, "team")), lead(wide, judged(wide, "user")), lead(other, judged(other, "user")))[0] == [
        "note.x_id $.a.b -> team.id",
        "note.x_id $.c -> user.id",
    ]
    assert said(lead(PLAIN, judged(PLAIN, "team")), lead(inner, judged(inner, "team")))[0] == ["note.x_id -> team.id"]
    standing = [as_reference(PLAIN, ())]
    assert said(lead(PLAIN, judged(PLAIN, "team")), lead(inner, judged(inner, "user", UNDECIDED)), standing=standing) == ([], [])
