"""What follows the switch; all of it may be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from exports.survey import survey_region
from relocate.control import Relocation
from relocate.finish import advance_sequences, conceal, reveal
from splitter.db import in_recovery, translated
from splitter.errors import RefusedError
from splitter.events import Reporter, Warned
from splitter.identity import check_identity
from splitter.silos import SiloMap


def repeat_after_switch(silos: SiloMap, relocation: Relocation) -> None:
    """The hidden column changes sides, and the target's sequences go beyond what came in."""
    hide = silos.organization.hide
    hidden = relocation.saved.get("hidden")
    target = survey_region(silos, relocation.target)
    with target.connect() as connection, translated(target.setting):
        if hide is not None and hidden is not None:
            reveal(target, connection, relocation, hidden[0])
        identity = check_identity(connection, relocation.target)
        advance_sequences(target, connection, identity.origin)
    if hide is None or relocation.source is None or relocation.source not in silos.regions:
        return
    source = survey_region(silos, relocation.source)
    with source.connect() as connection, translated(source.setting):
        if not in_recovery(connection):  # a standby has no say; its primary is not ours to look for
            conceal(source, connection, relocation)


@contextmanager
def suppress_hook(report: Reporter) -> Iterator[None]:
    """After the switch a failing hook can't take anything back: it is told."""
    try:
        yield
    except RefusedError as exc:
        report(Warned(f"{exc.message}; the organization was switched all the same"))
