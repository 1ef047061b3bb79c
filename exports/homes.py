"""In which region each organization lives: ``orglift.mapping``, and the application's own mapping where silos.toml names one.

The application's own is what routes its users, so it decides; where the two disagree somebody changed one of them by hand, and
nothing goes on before a person has said which is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from psycopg import sql

from splitter.db import Connection, connect, translated
from splitter.errors import ConfigError, Conflict, NoRights, UnknownOrganization, Unreachable
from splitter.identity import has_relation
from splitter.silos import OwnMapping, SiloMap

_OLD_IDS = """
SELECT DISTINCT organization_after FROM orglift.relocations
WHERE organization_before = %s AND phase IN ('switched', 'purging', 'purged')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where an organization lives. ``version`` grows with every change; 0: only the application's own mapping names it."""

    organization: str
    slug: str | None
    region: str
    version: int = 0

    def __str__(self) -> str:
        name = f" ({self.slug})" if self.slug else ""
        return f"organization {self.organization}{name} in {self.region}"


def find_organization(control: Connection, text: str, own: OwnMapping | None = None) -> Home:
    """Whom ``text`` means: a slug, an id, ``id:`` and an id, or the id that an organization had before a move.

    UnknownOrganization where it is nobody, or could be several; Conflict where the mappings disagree.
    """
    id_ = text.removeprefix("id:")
    found = {home.organization: home for home in read_homes(control, organization=id_, slug=text, own=own)}
    if not (id_ != text and found):  # id:5 is the one that has this id today, if there is one
        found |= {home.organization: home for home in _find_by_old_id(control, id_, own)}
    if not found:
        raise UnknownOrganization(f"no organization {text!r} in control", hint="see `relocate status` for those that it knows")
    if len(found) > 1:
        shown = " or ".join(str(home) for home in found.values())
        raise UnknownOrganization(f"{text!r} could be {shown}", hint="give the slug, or id: and the id that it has today")
    return next(iter(found.values()))


def _find_by_old_id(control: Connection, id_: str, own: OwnMapping | None) -> Iterable[Home]:
    with translated("looking for ids of before"):
        after = [row[0] for row in control.execute(_OLD_IDS, (id_,)).fetchall()]
    return (home for organization in after for home in read_homes(control, organization=organization, own=own))


def read_home(control: Connection, organization: str, own: OwnMapping | None = None) -> Home | None:
    """The home of the organization that has this id today."""
    return next(iter(read_homes(control, organization=organization, own=own)), None)


def read_homes(
    control: Connection, *, organization: str | None, slug: str | None = None, own: OwnMapping | None = None, lock: bool = False
) -> tuple[Home, ...]:
    """Those with that id or slug; ``lock``: nobody changes them until the transaction ends."""
    values = {"organization": organization, "slug": slug}
    suffix = sql.SQL(" FOR UPDATE") if lock else sql.SQL("")
    query = sql.SQL(
        "SELECT organization, slug, region, version FROM orglift.mapping WHERE %(organization)s = organization OR %(slug)s = slug"
    )
    with translated("reading the mapping"):
        rows = control.execute(query + suffix, values).fetchall()
        ours = {row[0]: Home(organization=row[0], slug=row[1], region=row[2], version=row[3]) for row in rows}
        if own is None:
            return tuple(ours.values())
        theirs = control.execute(own_query(own) + suffix, values).fetchall()
    return tuple(_agreed(control, Home(organization=row[0], slug=row[1], region=row[2]), ours, own) for row in theirs)


def own_query(own: OwnMapping) -> sql.Composed:
    """Its columns may have any type, and ids in it any spelling that the type has as text."""
    slug = sql.SQL("{}::text").format(sql.Identifier(own.slug)) if own.slug else sql.SQL("NULL::text")
    organization = sql.SQL("{}::text").format(sql.Identifier(own.organization))
    return sql.SQL(
        "SELECT {organization}, {slug}, {region}::text FROM {table} WHERE {organization} = %(organization)s OR {slug} = %(slug)s"
    ).format(organization=organization, slug=slug, region=sql.Identifier(own.region), table=own_table(own))


def own_table(own: OwnMapping) -> sql.Identifier:
    return sql.Identifier(own.table.schema, own.table.name)


def _agreed(control: Connection, theirs: Home, known: dict[str, Home], own: OwnMapping) -> Home:
    """The application's home, with the version of ours."""
    ours = known.get(theirs.organization) or read_home(control, theirs.organization)
    if ours is None:
        return theirs
    if ours.region != theirs.region:
        told = f"{own.table} says {theirs.region!r} for organization {theirs.organization}, orglift.mapping says {ours.region!r}"
        raise Conflict(told, hint="see in which region its rows are, and correct the other table by hand")
    slug = theirs.slug if own.slug else ours.slug
    return Home(organization=ours.organization, slug=slug, region=ours.region, version=ours.version)


def ask_control(silos: SiloMap, text: str) -> Home | None:
    """Where control says that somebody lives; None where it doesn't know, or can't be asked: an export can do without.

    Conflict where the mappings disagree.
    """
    control = silos.control
    if control is None or control.database is None:
        return None
    try:
        with closing(connect(control.database.url(), setting=control.database.setting, readonly=True)) as connection:
            return find_organization(connection, text, control.mapping) if has_relation(connection, "orglift.mapping") else None
    except (ConfigError, Unreachable, NoRights, UnknownOrganization):
        return None
