"""SQL expressions that make an id of another: the formula of design §4, and the maps of shared rows.

An id is checked in the same pass: a negative one, or one of an origin that control never issued, makes the statement fail with a
message that begins with ``orglift:`` (raised by a cast that cannot succeed, so that nothing has to be created at the source).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.key_sql import matches_sql
from splitter.errors import Problem
from splitter.layout import IdLayout

TEXT_ID = "^(0|[1-9][0-9]{0,17})$"  # an integer id written as text, in its one canonical spelling
MARK = "orglift: "
_REFUSED = re.compile(rf"{MARK}(?P<place>.*): (?P<what>this id [a-z ]*): (?P<id>[^\"]+)", re.DOTALL)
_REMEDIES = {
    "this id is negative": (
        "negative-id",
        "correct the row; a value that means nobody belongs into none_values, one that is no id into not_ids",
    ),
    "this id is of no row that came with the archive": (
        "unmatched-id",
        "correct the rows where they come from; a value that means nobody belongs into none_values, one that is no id into not_ids",
    ),
    "this id is of an origin that control never issued": (
        "foreign-id",
        "ids that something else than the regions' sequences mints don't fit the layout of [ids]: keep them as text, or name the column"
        " in not_ids if nothing else in another region can have them",
    ),
}
NEGATIVE, UNMATCHED, FOREIGN = _REMEDIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Minting:
    """How ids are shifted: ``origin`` is the source's; None: local ids stay. ``known``: all origins that ids may be of; empty: any.

    ``moved``: another installation numbered its origins itself; for each of those the one that our control gave for it.
    """

    layout: IdLayout
    origin: int | None
    known: tuple[int, ...] = ()
    moved: tuple[tuple[int, int], ...] = ()

    @property
    def changes(self) -> bool:
        """Whether any id becomes another."""
        return self.origin is not None or bool(self.moved)

    def image(self, value: int) -> int:
        """What becomes of an id that may be there."""
        here = value if self.origin is None else self.layout.shift(value, self.origin)
        origin = self.layout.origin_of(here)
        return here + self.layout.first(dict(self.moved).get(origin, origin) - origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedMap:
    """Which row of the target stands for a shared row of the source: for each referred-to key, old values and new ones, as texts."""

    columns: tuple[str, ...]
    pairs: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def shifted_sql(minting: Minting, value: sql.Composable, family: str, place: str) -> sql.Composable:
    """The id everywhere: bigint for ``family`` integer, else of the value's own type (numeric, or text, which may hold something else)."""
    if not minting.changes and not minting.known:
        return value
    if family != "text":
        return _shifted_number(minting, value, family, place)
    number = _shifted_number(minting, sql.SQL("{}::bigint").format(value), "integer", place)
    return sql.SQL("CASE WHEN {is_id} THEN ({number})::text ELSE {value} END").format(
        is_id=matches_sql(value, TEXT_ID), number=number, value=value
    )


def _shifted_number(minting: Minting, value: sql.Composable, family: str, place: str) -> sql.Composable:
    integer = family == "integer"
    layout = minting.layout
    whole = sql.SQL("{}::bigint").format(value) if integer else value
    origin = sql.SQL("{} >> {}" if integer else "pg_catalog.div({}, {})").format(
        whole, sql.Literal(layout.serial_bits if integer else layout.serials)
    )
    return sql.SQL(
        "CASE WHEN {value} >= 0 AND {value} < {limit} THEN {whole} + {first} WHEN {value} IS NULL THEN NULL"
        " WHEN {value} < 0 THEN {negative} {distributed} ELSE {foreign} END"
    ).format(
        value=value,
        whole=whole,
        limit=sql.Literal(layout.serials),
        first=sql.SQL("{}::bigint").format(sql.Literal(minting.image(0))),
        distributed=_distributed(minting, origin, whole),
        negative=_refuse(value, f"{place}: {NEGATIVE}: "),
        foreign=_refuse(value, f"{place}: {FOREIGN}: "),
    )


def _distributed(minting: Minting, origin: sql.Composable, whole: sql.Composable) -> sql.Composable:
    """The branches for ids that have an origin."""
    if not minting.moved:
        known = sql.SQL("{} IN ({})").format(origin, sql.SQL(", ").join(map(sql.Literal, minting.known)))
        return sql.SQL("WHEN {} THEN {}").format(known if minting.known else sql.SQL("true"), whole)
    branch = sql.SQL("WHEN {origin} = {before} THEN {whole} + {further}::bigint")
    branches = [
        branch.format(origin=origin, before=sql.Literal(before), whole=whole, further=sql.Literal(minting.layout.first(after - before)))
        for before, after in minting.moved
    ]
    return sql.SQL(" ").join(branches)


def unmatched_sql(value: sql.Composable, type_: sql.Composable, place: str) -> sql.Composable:
    """Of that type, and NULL for NULL; fails for everything else: no row stands for it."""
    return sql.SQL("CASE WHEN {} IS NOT NULL THEN ({})::text::{} END").format(value, _refuse(value, f"{place}: {UNMATCHED}: "), type_)


def _refuse(value: sql.Composable, text: str) -> sql.Composable:
    return sql.SQL("({text} || {value}::text)::bigint").format(text=sql.Literal(MARK + text), value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedId:
    """What the server's message about an id says: the column as ``table.column``, what is wrong, and the id."""

    place: str
    what: str
    id: str

    @property
    def problem(self) -> Problem:
        code, remedy = _REMEDIES[self.what]
        return Problem(code=code, object=self.place, found=f"{self.what}: {self.id}", remedy=remedy)


def find_refused_id(message: str) -> RefusedId | None:
    """The id that made a statement fail, from the server's message; None where it says something else."""
    found = _REFUSED.search(message)
    return RefusedId(**found.groupdict()) if found else None


def looked_up_sql(shared: SharedMap | None, position: int, values: Sequence[sql.Composable]) -> sql.Composable:
    """The text of the key's column at ``position`` in the target's row, for the source's row that has ``values``; NULL: none stands for it.

    The map is a constant of the statement; the server finds an entry by bisection, so that its size costs little.
    """
    if shared is None or not shared.pairs:
        return sql.SQL("NULL::text")
    entries = {_entry(old): new[position] for old, new in shared.pairs}
    spelled = [sql.SQL("{}::text").format(value) for value in values]
    return sql.SQL("({entries}::jsonb ->> {entry})").format(
        entries=sql.Literal(json.dumps(entries, ensure_ascii=False)), entry=_entry_sql(spelled)
    )


def _entry(values: Sequence[str]) -> str:
    """Several texts as one, so that no two lists of them are the same."""
    return "".join(f"{len(value)}:{value}" for value in values[:-1]) + values[-1]


def _entry_sql(values: Sequence[sql.Composable]) -> sql.Composable:
    parts = [sql.SQL("pg_catalog.length({value}) || ':' || {value}").format(value=value) for value in values[:-1]]
    return sql.SQL("({})").format(sql.SQL(" || ").join([*parts, values[-1]]))
