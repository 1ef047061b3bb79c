"""Writes into the mapping where an organization was found, or what it is called today."""

from __future__ import annotations

from exports.homes import Home, own_query, read_home, read_homes
from relocate.control import write_audit
from splitter.db import Connection, brief, translated
from splitter.errors import Conflict
from splitter.silos import OwnMapping

_ADOPT = "INSERT INTO orglift.mapping (organization, slug, region) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING version"
_RENAME = "UPDATE orglift.mapping SET slug = %s, version = version + 1 WHERE organization = %s"


def adopt(control: Connection, home: Home, own: OwnMapping | None = None) -> Home:
    """Write into the mapping what was found in a region: the organization is there, under this slug.

    Conflict where the mapping names another region, another organization has the slug, or the application's mapping lacks it.
    """
    with translated(f"adopting {home}"), brief(control):
        _check_own(control, home, own)
        if control.execute(_ADOPT, (home.organization, home.slug, home.region)).fetchone():
            write_audit(control, "adopted", organization=home.organization, detail={"region": home.region, "slug": home.slug})
        else:
            _rename(control, home)
        found = read_home(control, home.organization)
    assert found is not None
    return found


def check_adoptable(control: Connection, home: Home, own: OwnMapping | None = None) -> Home:
    """What ``adopt`` would raise; nothing is written. ``home`` itself, for a plan to go on with."""
    with translated(f"looking for {home} in the mapping"):
        _check_own(control, home, own)
        for other in read_homes(control, organization=home.organization, slug=home.slug):
            _check_other(home, other)
    return home


def _check_own(control: Connection, home: Home, own: OwnMapping | None) -> None:
    if own is None:
        return
    named = [row[2] for row in control.execute(own_query(own), {"organization": home.organization, "slug": None}).fetchall()]
    if named != [home.region]:
        told = f"{home} is not what {own.table} says: {', '.join(map(repr, named)) or 'it has no row for it'}"
        raise Conflict(told, hint=f"correct {own.table} first: it routes the organization's users")


def _rename(control: Connection, home: Home) -> None:
    """It was there: under this slug or another, or the slug is somebody else's."""
    for other in read_homes(control, organization=home.organization, slug=home.slug, lock=True):
        _check_other(home, other)
        if other.slug != home.slug:
            control.execute(_RENAME, (home.slug, home.organization))
            write_audit(control, "renamed", organization=home.organization, detail={"before": other.slug, "slug": home.slug})


def _check_other(home: Home, other: Home) -> None:
    if other.organization != home.organization:
        hint = "rename one of the two, or move the other one's row of orglift.mapping along where it was renamed itself"
        raise Conflict(f"the slug of {home} is taken by {other}", hint=hint)
    if other.region != home.region:
        raise Conflict(f"{home} was found, and the mapping says {other}", hint=_SAME_ID)


_SAME_ID = (
    "while ids are local, two regions may have different organizations with one id, and control can tell only one of them: "
    "move that one first; if it is one organization in two places, remove the copy"
)
