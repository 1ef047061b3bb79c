"""The phases of a relocation, the one table of moves between them, and the point of no return.

    planned ─▶ loading ◀─▶ verifying ─▶ switched ─▶ purging ─▶ purged
       │          ▲ │        │    ▲ │
       │          │ └──▶ differs ─┘ │
       └──────────┴─── aborting ◀───┘        (also from loading and differs) ─▶ aborted

Until ``switched`` the source is as it was, and every phase may be left by an abort. From it on only forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from splitter.errors import IllegalMove


class Phase(str, Enum):
    """Where a relocation stands. The values are stored in control: never rename one."""

    PLANNED = "planned"  # nothing has been written outside control
    LOADING = "loading"  # chunks are being copied into the target; what is there is hidden
    VERIFYING = "verifying"  # all chunks are there; source and target are compared
    DIFFERS = "differs"  # the comparison found something: the same command goes back to loading
    SWITCHED = "switched"  # control names the target; the source still has its rows
    PURGING = "purging"  # the source's rows are being deleted
    PURGED = "purged"  # the end
    ABORTING = "aborting"  # what was inserted into the target is being deleted
    ABORTED = "aborted"  # the end: as if it had never begun


MOVES: Mapping[Phase, frozenset[Phase]] = {
    Phase.PLANNED: frozenset({Phase.LOADING, Phase.ABORTING, Phase.ABORTED}),
    Phase.LOADING: frozenset({Phase.VERIFYING, Phase.DIFFERS, Phase.ABORTING, Phase.ABORTED}),
    Phase.VERIFYING: frozenset({Phase.LOADING, Phase.DIFFERS, Phase.SWITCHED, Phase.ABORTING, Phase.ABORTED}),
    Phase.DIFFERS: frozenset({Phase.LOADING, Phase.VERIFYING, Phase.ABORTING, Phase.ABORTED}),
    Phase.SWITCHED: frozenset({Phase.PURGING}),
    Phase.PURGING: frozenset({Phase.PURGED}),
    Phase.PURGED: frozenset(),
    Phase.ABORTING: frozenset({Phase.ABORTED}),
    Phase.ABORTED: frozenset(),
}

POINT_OF_NO_RETURN = Phase.SWITCHED
BEYOND_RETURN = frozenset({Phase.SWITCHED, Phase.PURGING, Phase.PURGED})
FINAL = frozenset(phase for phase, onward in MOVES.items() if not onward)


def is_final(phase: Phase) -> bool:
    """Whether the relocation is over, one way or the other."""
    return phase in FINAL


def may_abort(phase: Phase) -> bool:
    """Whether an abort may begin, or go on, from here."""
    return Phase.ABORTED in MOVES[phase]


def check_move(current: Phase, following: Phase) -> None:
    """IllegalMove unless the table has the move. Staying where one is, is no move: a phase may be repeated."""
    if current is following or following in MOVES[current]:
        return
    raise IllegalMove(f"a relocation that is {current.value} cannot become {following.value}", hint=_way_out(current))


def _way_out(current: Phase) -> str:
    if current in (Phase.SWITCHED, Phase.PURGING):
        return "the organization lives in the target: `relocate purge` deletes the rows at the source, there is no way back before that"
    if current is Phase.ABORTING:
        return "finish the abort first: run `relocate abort` again"
    if is_final(current):
        return "it is over: `relocate start` begins a new one"
    return "see `relocate status`"
