"""Where an organization is and where it is to go: from control's mapping, or, for one that it doesn't have, from the regions."""

from __future__ import annotations

from dataclasses import dataclass

from exports.homes import Home, find_organization, read_home
from exports.snapshot import Connection
from exports.survey import Organization, find_in_region, survey_region
from relocate.control import Relocation, read_relocations
from relocate.homes import check_adoptable
from relocate.lookup import find_relocation
from relocate.phases import BEYOND_RETURN, Phase, is_final
from splitter.errors import Conflict, UnknownOrganization
from splitter.silos import SiloMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Where an organization is and where it is to go. ``done``: it was switched to there already."""

    organization: str = ""  # its id today
    source: str = ""
    home: Home | None = None
    unfinished: Relocation | None = None
    done: Relocation | None = None


def find_trip(silos: SiloMap, control: Connection, organization: str, to: str) -> Trip:
    """Where the organization is. Conflict where it lives in ``to`` already, or was moved and not purged."""
    own = silos.control.mapping if silos.control else None
    unfinished = _find_unfinished(silos, control, organization)
    if unfinished is not None and unfinished.phase in BEYOND_RETURN and unfinished.target == to:
        return Trip(done=unfinished)
    if unfinished is not None and unfinished.phase in BEYOND_RETURN:
        raise Conflict(
            f"{unfinished.name!r} was moved from {unfinished.source} to {unfinished.target}, and its rows are still in {unfinished.source}",
            hint=f"run `relocate purge {unfinished.name}` first",
        )
    if unfinished is not None and unfinished.source not in silos.regions:
        raise Conflict(
            f"{unfinished.name!r} is being imported into {unfinished.target}",
            hint="finish that with `relocate import`, or undo it with `relocate abort`",
        )
    home = _find_home(silos, control, unfinished.organization_before if unfinished else organization)
    if home.region == to:
        past = [
            each for each in read_relocations(control, organization=home.organization) if each.phase is Phase.PURGED and each.target == to
        ]
        if past:
            return Trip(done=past[0])
        raise Conflict(f"{home} lives in {to!r} already", hint="name another region")
    if home.region not in silos.regions:
        raise Conflict(f"{home}, which silos.toml does not have", hint=f"add [regions.{home.region}]")
    return Trip(
        organization=home.organization, source=home.region, home=read_home(control, home.organization, own) or home, unfinished=unfinished
    )


def _find_unfinished(silos: SiloMap, control: Connection, organization: str) -> Relocation | None:
    try:
        latest = find_relocation(silos, control, organization)
    except UnknownOrganization:  # in no mapping: it may be in a region
        return None
    return None if latest is None or is_final(latest.phase) else latest


def _find_home(silos: SiloMap, control: Connection, organization: str) -> Home:
    """From the mapping; an organization that it doesn't have is looked for in all regions, where exactly one must have it."""
    own = silos.control.mapping if silos.control else None
    try:
        return find_organization(control, organization, own)
    except UnknownOrganization as unknown:
        found: dict[str, Organization] = {}
        for region in silos.regions:
            survey = survey_region(silos, region)
            with survey.connect() as connection:
                there = find_in_region(survey, connection, organization)
            if there is not None:
                found[region] = there
        if len(found) > 1:
            raise UnknownOrganization(
                f"control does not know {organization!r}, and it is in several regions: {', '.join(found)}",
                hint="put the right one into orglift.mapping by hand",
            ) from unknown
        for region, there in found.items():
            return check_adoptable(control, Home(organization=there.id, slug=there.slug, region=region), own)
        raise
