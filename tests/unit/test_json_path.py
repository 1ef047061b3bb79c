"""Paths into JSON: what is read is what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitter.json_path import EveryItem, EveryMember, Item, Member, overlap, parse_path, spell_path

STEPS = st.one_of(
    st.builds(Member, st.text(min_size=1)),
    st.builds(Item, st.integers(min_value=0)),
    st.just(EveryItem()),
    st.just(EveryMember()),
)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("$.team_id", (Member("team_id"),)),
        ("$.actions[*].team_id", (Member("actions"), EveryItem(), Member("team_id"))),
        ("$.a[0][12]", (Member("a"), Item(0), Item(12))),
        ("$.*.id", (EveryMember(), Member("id"))),
        ('$."we.ird"."q""uote"."*"', (Member("we.ird"), Member('q"uote'), Member("*"))),
        ("$.naïve-name", (Member("naïve-name"),)),
    ],
)
def test_a_path_is_its_steps(text, steps):
    assert parse_path(text) == steps


@given(st.lists(STEPS).map(tuple))
def test_a_spelled_path_is_read_as_it_was(path):
    assert parse_path(spell_path(path)) == path


@pytest.mark.parametrize("text", ["", "a.b", "$a", "$.", "$..a", "$.a[", "$.a[-1]", "$.a[b]", "$.*a", '$."', '$.""', "$.a b", "$.a "])
def test_what_is_no_path_is_told(text):
    with pytest.raises(ValueError, match="no path"):
        parse_path(text)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("$.a", "$.a", True),
        ("$.a", "$.b", False),
        ("$.a", "$.a.b", False),
        ("$.*", "$.a", True),
        ("$.a[*].id", "$.a[0].id", True),
        ("$.a[0]", "$.a[1]", False),
        ("$.a[*]", "$.a.*", False),
    ],
)
def test_paths_overlap_where_they_may_lead_to_one_place(one, other, meet):
    assert overlap(parse_path(one), parse_path(other)) is meet
    assert overlap(parse_path(other), parse_path(one)) is meet
