"""What control knows of moves, for ``relocate status``."""

from __future__ import annotations

from relocate.control import find_unfinished, read_relocations
from relocate.homes import find_organization
from relocate.run import Outcome, open_control, outcome_of
from splitter.errors import UnknownOrganization
from splitter.silos import SiloMap


def read_status(silos: SiloMap, organization: str | None) -> tuple[Outcome, ...]:
    """All unfinished moves, or the latest of one organization (by slug or id, also one of before); without a move, its home."""
    with open_control(silos) as control:
        if organization is None:
            return tuple(outcome_of(each) for each in read_relocations(control, unfinished=True))
        unfinished = find_unfinished(control, organization)
        if unfinished is not None:
            return (outcome_of(unfinished),)
        home = find_organization(control, organization, silos.control.mapping if silos.control else None)
        past = read_relocations(control, organization=home.organization)
        if past:
            return (outcome_of(past[0]),)
        if home is None:
            raise UnknownOrganization(f"no organization {organization!r} in control")
        return (
            Outcome(before=home.organization, after=home.organization, slug=home.slug, source=None, target=home.region, state="settled"),
        )
