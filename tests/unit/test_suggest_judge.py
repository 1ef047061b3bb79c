"""From numbers to a verdict: what rows prove, what they contradict, and what stays open."""

from __future__ import annotations

import pytest

from splitter.suggest.judge import judge, weigh
from splitter.suggest.values import Candidate, Evidence, Key, Place, Profile, Strength, Verdict
from tests.drawn_schemas import name_of

PROPOSED, UNDECIDED, DROPPED = Verdict.PROPOSED, Verdict.UNDECIDED, Verdict.DROPPED


def key(table: str = "team", kind: str = "integer") -> Key:
    return Key(table=name_of(table), columns=("id",), kinds=(kind,))


def candidate(strength: Strength = Strength.SURE, kind: str = "integer") -> Candidate:
    return Candidate(place=Place(table=name_of("member"), columns=("team_id",)), key=key(kind=kind), strength=strength, why="by its name")


def verdict(strength: Strength = Strength.SURE, kind: str = "integer", **numbers) -> Verdict:
    return judge(candidate(strength, kind), Evidence(**numbers)).verdict


def numbers(*values: int, low: int = 1, high: int = 100, rows: int = 100, rivals: int = 0) -> Evidence:
    """Of a key whose ids are all numbers from ``low`` to ``high`` as far as there are rows, beside ``rivals`` other tables like it."""
    own = {key(): Profile(low=low, high=high, rows=rows)}
    others = {key(f"other{number}"): own[key()] for number in range(rivals)}
    there = {str(value): None for value in values if low <= value <= high}
    return weigh(candidate(), [(str(value), None) for value in values], there, own | others)


@pytest.mark.parametrize(("strength", "said"), [(Strength.SURE, PROPOSED), (Strength.LIKELY, PROPOSED), (Strength.WEAK, UNDECIDED)])
@pytest.mark.parametrize("evidence", [None, Evidence()])
def test_without_rows_the_name_decides(strength: Strength, said: Verdict, evidence: Evidence | None):
    assert judge(candidate(strength), evidence).verdict is said


@pytest.mark.parametrize("strength", list(Strength))
def test_uuids_that_exist_are_no_chance_whatever_the_name(strength: Strength):
    assert verdict(strength, "uuid", values=5, found=5, chance=0.0) is PROPOSED


@pytest.mark.parametrize(
    ("strength", "said"), [(Strength.SURE, PROPOSED), (Strength.LIKELY, PROPOSED), (Strength.WEAK, UNDECIDED), (Strength.NONE, DROPPED)]
)
def test_numbers_counted_from_one_fit_everywhere_and_prove_nothing(strength: Strength, said: Verdict):
    found = numbers(1, 2, 3, 4, 5, rivals=20)
    assert (found.found, found.chance, found.rivals) == (5, 1.0, 20)
    judged = judge(candidate(strength), found)
    assert judged.verdict is said and not judged.proven and "20 of 20 other tables" in judged.why


def test_numbers_that_meet_the_gaps_of_a_key_are_no_chance():
    found = numbers(*range(1, 30), high=1000, rows=100)
    assert found.chance < 1e-9 and judge(candidate(Strength.WEAK), found).proven


def test_numbers_that_no_other_table_has_are_no_chance():
    assert judge(candidate(Strength.WEAK), Evidence(values=9, found=9, chance=1.0, rivals=0, others=30)).proven


def test_most_that_exist_nowhere_contradict_any_name():
    assert verdict(values=30, found=2, beyond=28) is DROPPED
    assert verdict(kind="uuid", values=30, found=0, chance=0.0) is DROPPED


def test_some_numbers_that_exist_prove_nothing_against_many_that_do_not():
    assert verdict(values=35, found=3, beyond=32, chance=1e-9) is DROPPED


def test_one_or_two_that_exist_nowhere_contradict_no_whole_name():
    assert verdict(values=2) is UNDECIDED
    assert verdict(Strength.LIKELY, values=2) is DROPPED


def test_rows_that_are_gone_leave_a_uuid_proven():
    assert verdict(kind="uuid", values=30, found=20, chance=0.0) is PROPOSED
    assert verdict(kind="uuid", values=30, found=6, rows=30, resolved=6, chance=0.0) is UNDECIDED


def test_numbers_that_were_never_given_leave_a_doubt():
    assert verdict(values=10, found=7, beyond=3, rows=10, resolved=7) is UNDECIDED
    assert verdict(Strength.WEAK, values=10, found=7, beyond=3, rows=10, resolved=7) is DROPPED


def test_a_few_rows_that_point_nowhere_leave_none():
    assert verdict(values=3, found=2, beyond=1, rows=40, resolved=39) is PROPOSED
    assert verdict(Strength.WEAK, values=20, found=19, beyond=1, rows=40, resolved=39) is UNDECIDED


def test_rows_are_counted_beside_values():
    found = weigh(candidate(), [("1", None)] * 9 + [("77", None)], {"1": None}, {})
    assert (found.values, found.found, found.rows, found.resolved) == (2, 1, 10, 9)
    assert "9 of 10 with those that occur twice" in judge(candidate(), found).why


def test_rows_that_lead_to_the_same_organization_from_both_ends_prove_numbers():
    assert judge(candidate(Strength.WEAK), Evidence(values=20, found=20, agreeing=20, luck=0.5)).proven


def test_rows_that_lead_to_strangers_contradict_what_fits_otherwise():
    half = Evidence(values=20, found=20, rows=20, resolved=20, agreeing=11, strangers=9, luck=0.5)
    assert judge(candidate(Strength.LIKELY), half).verdict is DROPPED
    assert judge(candidate(Strength.SURE), half).verdict is UNDECIDED
    assert verdict(values=20, found=20, rows=20, resolved=20, agreeing=19, strangers=1, luck=0.5) is PROPOSED


def test_values_that_mean_nobody_are_told_apart():
    there: dict[str, str | None] = {"1": None, "2": None}
    found = weigh(candidate(), [("0", None), ("1", None), ("2", None)], there, {})
    assert (found.values, found.found, found.none_values) == (2, 2, (0,))
    assert judge(candidate(), found).none_values == (0,)


def test_a_zero_that_exists_is_an_id():
    assert weigh(candidate(), [("0", None)], {"0": None}, {}).none_values == ()


def test_luck_is_how_often_two_rows_would_agree_by_chance():
    pairs: list[tuple[str, str | None]] = [(str(n), "a" if n % 2 else "b") for n in range(1, 11)]
    found = weigh(candidate(), pairs, dict(pairs), {})
    assert (found.agreeing, found.strangers, found.luck) == (10, 0, 0.5)
