"""How a move ends, from a region and from an archive alike: a difference stops it, the switch is made, what follows is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from exports.snapshot import Connection
from relocate.after import repeat_after_switch, suppress_hook
from relocate.control import Relocation, read_relocation
from relocate.finish import run_hook
from relocate.mover import Mover
from relocate.outcome import Outcome, outcome_of
from relocate.phases import Phase
from relocate.rewriting import Rewriting
from relocate.session import connect_control
from relocate.switch import SwitchOrder, switch
from relocate.verify import Difference
from splitter.errors import DiffersError
from splitter.events import Note, Reporter
from splitter.silos import SiloMap


def require_equal(mover: Mover, differences: Sequence[Difference], what: str, hint: str) -> None:
    """DiffersError, and the phase ``differs``, where there is a difference."""
    if not differences:
        return
    mover.move_to(Phase.DIFFERS, note=f"{what}: {differences[0].table}: {differences[0].what}")
    raise DiffersError(f"{what}; nothing was switched", hint=hint, differences=[str(each) for each in differences])


def make_switch(silos: SiloMap, mover: Mover, order: SwitchOrder, rewriting: Rewriting, report: Reporter) -> None:
    """The switch, in a session of its own, and then the rest of control's references."""
    with closing(connect_control(silos, application=mover.application)) as connection:
        switch(connection, order)
        rewriting.follow(connection, report)


def finish(silos: SiloMap, control: Connection, mover: Mover, report: Reporter) -> Outcome:
    """What follows the switch; the mover may be superseded by now."""
    found = read_relocation(control, mover.relocation.id)
    assert found is not None
    report(Note(f"{found.name} lives in {found.target} now"))
    repeat_after_switch(silos, found)
    with suppress_hook(report):
        run_hook(silos.hooks, "after_switch", hook_environment(found))
    return outcome_of(found)


def done_before(silos: SiloMap, relocation: Relocation, report: Reporter) -> Outcome:
    """Switched already: what follows the switch is repeated, in case it was cut off; not once a purge has begun."""
    if relocation.phase is Phase.SWITCHED:
        repeat_after_switch(silos, relocation)
    report(Note(f"{relocation.name} lives in {relocation.target} already"))
    return outcome_of(relocation)


def hook_environment(relocation: Relocation) -> dict[str, str]:
    """What a hook is told."""
    return {
        "ORGLIFT_ORGANIZATION": relocation.organization_before,
        "ORGLIFT_ORGANIZATION_AFTER": relocation.organization_after,
        "ORGLIFT_SLUG": relocation.slug or "",
        "ORGLIFT_FROM": relocation.source or "",
        "ORGLIFT_TO": relocation.target,
        "ORGLIFT_RELOCATION": str(relocation.id),
    }
