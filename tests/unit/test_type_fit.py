"""Types that take each other's values: the cases that a database test would be too slow for."""

from __future__ import annotations

import pytest

from exports.types import PlainType
from relocate.type_fit import fits, is_spelled_alike, sent_type


def plain(type_: str, base: str | None = None) -> PlainType:
    return PlainType(type=type_, base=base or type_)


def numeric(modifiers: str, array: str = "") -> PlainType:
    return plain(f"numeric{modifiers}{array}", f"numeric{array}")


@pytest.mark.parametrize(
    ("mine", "theirs", "wanted"),
    [
        (numeric("(12,3)"), numeric("(12,3)"), True),
        (numeric("(12,3)"), numeric("(13,4)"), True),
        (numeric("(12,3)"), numeric("(12,4)"), False),  # one digit less before the point
        (numeric("(12,3)"), numeric("(20,2)"), False),
        (numeric("(12)"), numeric("(12,0)"), True),
        (numeric("(3,5)"), numeric("(3,5)"), True),
        (numeric("(5,-2)"), numeric("(7)"), True),
        (numeric("(5,-2)"), numeric("(6)"), False),
        (numeric(""), numeric("(99,9)"), False),
        (numeric("(12,3)", "[]"), numeric("", "[]"), True),
        (numeric("(12,3)"), numeric("", "[]"), False),
        (plain("public.vector(3)", "public.vector"), plain("public.vector(5)", "public.vector"), False),
        (plain("integer"), plain("smallint"), False),
        (plain("integer"), plain("bigint[]"), False),
        (plain("character varying(5)", "character varying"), plain("text"), True),
        (plain("text"), plain("character varying"), False),
        (plain("character(1)", "bpchar"), plain("text"), False),
    ],
)
def test_what_fits(mine: PlainType, theirs: PlainType, wanted: bool):
    assert fits(mine, theirs) is wanted


def test_a_numeric_is_sent_with_its_scale_and_all_else_without_its_length():
    assert sent_type(numeric("(12,3)", "[]")) == "numeric(12,3)[]"
    assert sent_type(plain("character(5)", "bpchar")) == "bpchar"


@pytest.mark.parametrize(
    ("mine", "theirs", "wanted"),
    [
        (numeric("(12,3)"), numeric("(20,3)"), True),
        (numeric("(12,3)"), numeric("(20,4)"), False),
        (numeric("(12)"), numeric("(20,0)"), True),
        (numeric("(12,3)"), numeric(""), True),
        (numeric(""), numeric("(20,3)"), False),  # an archive that doesn't say
        (plain("real[]"), plain("double precision[]"), False),
        (plain("integer"), plain("bigint"), True),
    ],
)
def test_what_is_spelled_alike_needs_no_staging(mine: PlainType, theirs: PlainType, wanted: bool):
    assert is_spelled_alike(mine, theirs) is wanted
