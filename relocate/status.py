"""What control knows of moves, for ``relocate status``."""

from __future__ import annotations

from exports.homes import find_organization
from relocate.control import read_relocations
from relocate.lookup import find_relocation
from relocate.outcome import Outcome, outcome_of
from relocate.session import open_control
from splitter.silos import SiloMap


def read_status(silos: SiloMap, organization: str | None) -> tuple[Outcome, ...]:
    """All unfinished moves, or the latest of one organization (by slug or id, also one of before); without a move, its home."""
    with open_control(silos) as control:
        if organization is None:
            return tuple(outcome_of(each) for each in read_relocations(control, unfinished=True))
        relocation = find_relocation(silos, control, organization)
        if relocation is not None:
            return (outcome_of(relocation),)
        home = find_organization(control, organization, silos.control.mapping if silos.control else None)
        return (
            Outcome(before=home.organization, after=home.organization, slug=home.slug, source=None, target=home.region, state="settled"),
        )
