"""Every key has one spelling, and no two have the same."""

from __future__ import annotations

from itertools import product

import pytest

from exports.org_keys import spell_key, split_key

PIECES = ["", "a", "|", "\\", "\\|", "|\\", "a|b", "\n"]


def test_keys_come_back_and_differ() -> None:
    for width in (1, 2, 3):
        keys = list(product(PIECES, repeat=width))
        assert [split_key(spell_key(key), width) for key in keys] == keys
        assert len({spell_key(key) for key in keys}) == len(keys)


def test_plain_values_are_spelled_as_they_are() -> None:
    assert spell_key(("5", "eu", "x")) == "5|eu|x"


@pytest.mark.parametrize("text", ["a", "a|b|c", "a\\|b", "a|b\\", "a|\\b", ""])
def test_what_spells_no_two_values(text: str) -> None:
    assert split_key(text, 2) is None
