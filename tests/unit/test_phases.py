"""The table of moves is the whole truth about phases."""

from __future__ import annotations

import itertools

import pytest

from relocate.phases import BEYOND_RETURN, FINAL, MOVES, Phase, check_move, is_final, may_abort
from splitter.errors import IllegalMove


def reachable(start: Phase) -> set[Phase]:
    found = {start}
    work = [start]
    while work:
        new = MOVES[work.pop()] - found
        found |= new
        work += new
    return found


def test_every_phase_has_its_row():
    assert set(MOVES) == set(Phase)


@pytest.mark.parametrize("pair", list(itertools.product(Phase, Phase)), ids=lambda pair: f"{pair[0].value}-{pair[1].value}")
def test_only_what_the_table_has_is_a_move(pair):
    current, following = pair
    if current is following or following in MOVES[current]:
        check_move(current, following)
        return
    with pytest.raises(IllegalMove, match=f"{current.value} cannot become {following.value}") as caught:
        check_move(current, following)
    assert caught.value.hint


def test_nothing_leads_back_from_beyond_the_point_of_no_return():
    for phase in BEYOND_RETURN:
        assert reachable(phase) <= BEYOND_RETURN


def test_everything_comes_to_an_end():
    assert {Phase.PURGED, Phase.ABORTED} == FINAL
    for phase in Phase:
        assert reachable(phase) & FINAL


def test_an_abort_is_possible_exactly_before_the_switch():
    assert {phase for phase in Phase if may_abort(phase)} == set(Phase) - BEYOND_RETURN - {Phase.ABORTED}


def test_a_difference_goes_back_to_loading():
    check_move(Phase.VERIFYING, Phase.DIFFERS)
    check_move(Phase.DIFFERS, Phase.LOADING)


def test_an_abort_that_began_only_goes_on():
    assert MOVES[Phase.ABORTING] == {Phase.ABORTED}


def test_the_end_is_final():
    assert is_final(Phase.PURGED) and is_final(Phase.ABORTED) and not is_final(Phase.SWITCHED)
