"""Which relocation a person means who names an organization: by its slug, its id of today, an id of before, or the relocation's own."""

from __future__ import annotations

from exports.homes import find_organization
from exports.snapshot import Connection
from relocate.control import Relocation, find_unfinished, read_relocations
from splitter.errors import UnknownOrganization
from splitter.silos import SiloMap


def find_relocation(silos: SiloMap, control: Connection, text: str) -> Relocation | None:
    """The organization's unfinished relocation, else its latest one; None: it never moved.

    UnknownOrganization where nobody is called that.
    """
    unfinished = find_unfinished(control, text)
    if unfinished is not None:
        return unfinished
    ids = _ids(silos, control, text)
    for id_ in ids:
        unfinished = find_unfinished(control, f"id:{id_}")
        if unfinished is not None:
            return unfinished
    past = [relocation for id_ in ids for relocation in read_relocations(control, organization=id_)]
    return max(past, key=lambda relocation: relocation.created_at, default=None)


def _ids(silos: SiloMap, control: Connection, text: str) -> tuple[str, ...]:
    """The id of today; of an organization that control doesn't have (an import that was undone), the text itself where a move had it."""
    try:
        return (find_organization(control, text, silos.control.mapping if silos.control else None).organization,)
    except UnknownOrganization:
        id_ = text.removeprefix("id:")
        known = [one for one in read_relocations(control) if text == one.slug or id_ in (one.organization_before, one.organization_after)]
        if not known:
            raise
        return tuple(dict.fromkeys(one.organization_before for one in known))
