"""Which paths documents have, and what stands at them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from splitter.json_path import spell_path
from splitter.suggest.documents import Trove, kinds_of

UUID = "0190b5c4-0000-7000-8000-00000000000"


def trove(*documents: Any) -> Trove:
    found = Trove()
    for number, document in enumerate(documents):
        assert found.add(json.dumps(document), str(number))
    return found


def values(found: Trove) -> dict[str, list[str]]:
    return {spell_path(path): [text for text, _ in spot.values] for path, spot in found.spots.items() if spot.values}


def test_members_items_and_nesting_are_paths():
    assert values(trove({"team_id": 7, "steps": [{"run": {"id": "a"}}, {"run": {"id": "b"}}]})) == {
        "$.team_id": ["7"],
        "$.steps[*].run.id": ["a", "b"],
    }


def test_members_that_are_ids_are_one_path_and_ids():
    found = trove({"by_user": {"1": {"n": 2}, "17": {"n": 3}}, "others": {f"{UUID}1": 4}})
    assert values(found) == {"$.by_user.*.n": ["2", "3"], "$.others.*": ["4"]}
    assert {spell_path(path): [text for text, _ in spot.values] for path, spot in found.member_names.items()} == {
        "$.by_user": ["1", "17"],
        "$.others": [f"{UUID}1"],
    }


def test_every_id_knows_the_organization_of_its_row():
    (spot,) = trove({"a": 1}, {"a": 2}).spots.values()
    assert spot.values == [("1", "0"), ("2", "1")]


def test_labels_stand_beside_their_ids():
    (spot,) = [
        spot for path, spot in trove([{"type": "team", "id": 1}, {"type": "user", "id": 2}]).spots.items() if "id" in spell_path(path)
    ]
    assert {label: [text for text, _ in found] for label, found in spot.labelled["type"].items()} == {"team": ["1"], "user": ["2"]}


@pytest.mark.parametrize("text", ["", "7", '"a"', "null", "{", "[1,", "not json", "NaN", "[" * 100_000])
def test_what_is_no_document_is_none(text: str):
    assert not Trove().add(text, None)


def test_fractions_truth_and_long_texts_are_no_ids():
    (spot,) = trove({"a": 1.5}, {"a": True}, {"a": "x" * 300}).spots.values()
    assert (spot.values, spot.others) == ([], 3)


@pytest.mark.parametrize(
    ("texts", "numbers", "kinds"),
    [
        (("1", "20"), True, ("integer",)),
        (("1", "20"), False, ("integer", "text")),
        ((f"{UUID}1", f"{UUID}2".upper()), False, ("uuid", "text")),
        (("1", "x"), False, ("text",)),
        ((), False, ("text",)),
    ],
)
def test_values_say_which_kinds_of_key_they_may_be(texts: tuple[str, ...], numbers: bool, kinds: tuple[str, ...]):
    assert kinds_of(texts, numbers=numbers) == kinds
