"""Everything that `splitter check` may say, and which of it stays because a person wrote so in silos.toml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from splitter.errors import Problem, UsageError
from splitter.id_columns import NARROW_ID, find_id_columns, find_narrow
from splitter.nearest import did_you_mean
from splitter.plans.region_ids import SEQUENCE_RANGE, SEQUENCE_USED_UP, RegionOrigin, SequenceFacts, find_strays, find_used_up
from splitter.schema import Schema
from splitter.silos import Accepted, Silo, SiloMap, config_error
from splitter.silos_check import validate_silos

STALE_ACCEPT, CLONE = "stale-accept", "clone"


class Subject(str, Enum):
    """What a finding is about; that says where it can be seen, and whether it can be accepted."""

    FILE = "silos.toml"  # what contradicts the catalogs: corrected, never accepted
    SCHEMA = "schema"  # seen in a schema file too
    DATABASE = "database"  # what stands in a live one
    MOVE = "move"  # what `relocate` finds about one organization: this check sees none of it


KINDS: Mapping[str, tuple[Subject, str]] = {
    "unknown-table": (Subject.FILE, "silos.toml names a table that no database has"),
    "unknown-column": (Subject.FILE, "silos.toml names a column that its table does not have"),
    "unknown-trigger": (Subject.FILE, "silos.toml names a trigger that its table does not have"),
    "wrong-table": (Subject.FILE, "silos.toml names a partition instead of its table"),
    "wrong-type": (Subject.FILE, "a column cannot hold what silos.toml says of it"),
    "wrong-value": (Subject.FILE, "a value that its column cannot have"),
    "missing-key": (Subject.FILE, "a key of silos.toml that its column needs"),
    "not-null": (Subject.FILE, "silos.toml sets a column to NULL that cannot be"),
    "no-key": (Subject.FILE, "a reference to columns that no unique key covers"),
    "no-reference": (Subject.FILE, "an owner that is no reference"),
    "two-rules": (Subject.FILE, "two rules for one column"),
    "empty-pattern": (Subject.FILE, "a pattern of control.tables that matches nothing"),
    STALE_ACCEPT: (Subject.FILE, "an accepted finding that does not occur any more"),
    NARROW_ID: (Subject.SCHEMA, "a column that no distributed id fits"),
    SEQUENCE_RANGE: (Subject.DATABASE, "a sequence outside of the range of its region's origin"),
    SEQUENCE_USED_UP: (Subject.DATABASE, "a sequence with less than a tenth of its ids left"),
    CLONE: (Subject.DATABASE, "a database that is a copy of another one"),
    "large-object": (Subject.MOVE, "a column that may name large objects, which don't travel"),
    "unindexed-way": (Subject.MOVE, "a large table that is read whole, because no index leads to an organization's rows"),
    "control-shared": (Subject.MOVE, "ids of shared rows that control holds, and that are others in another region"),
    "control-ids": (Subject.MOVE, "the region whose local ids control holds, where several have some"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDatabase:
    """What a live database says of itself. ``origin`` None: it has none; ``facts`` are about sequences that feed ids of a region."""

    name: str
    origin: RegionOrigin | None = None
    facts: tuple[SequenceFacts, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that one check looks at. ``schemas`` as in ``validate_silos``; ``whole`` are the subjects of which nothing was left out."""

    schemas: Mapping[str, Schema]
    live: tuple[LiveDatabase, ...] = ()
    whole: frozenset[Subject] = frozenset(Subject)


def find_findings(silos: SiloMap, sight: Sight, only: frozenset[str] = frozenset(KINDS)) -> tuple[Problem, ...]:
    """What there is to say, save what silos.toml accepts; of the kinds ``only``.

    Where the file contradicts the catalogs, nothing else can be found: then that is all, or a ConfigError where ``only`` leaves it out.
    """
    wrong = find_wrong(silos, sight.schemas)
    if wrong and not any(problem.code in only for problem in wrong):
        raise config_error(silos.places.source, wrong)
    found = wrong or tuple(_find_in(silos, sight))
    stale = _find_stale(silos, found, frozenset() if wrong else sight.whole)
    kept = (problem for problem in found if not _is_accepted(problem, silos.accepted))
    return tuple(problem for problem in (*kept, *stale) if problem.code in only)


def find_wrong(silos: SiloMap, schemas: Mapping[str, Schema]) -> tuple[Problem, ...]:
    """Against the union of the catalogs first; then against each region's, which may lack a column that another one has."""
    return validate_silos(silos, schemas) or tuple(
        replace(problem, found=f"{problem.found} (in {name})")
        for name, schema in schemas.items()
        if name in silos.regions and len(schemas) > 1
        for problem in validate_silos(silos, {name: schema})
        if problem.code != "unknown-table"  # a region that is still empty, or behind a migration: `relocate` compares regions
    )


def _find_in(silos: SiloMap, sight: Sight) -> Iterator[Problem]:
    yield from find_narrow(sight.schemas, silos, {place for schema in sight.schemas.values() for place in find_id_columns(schema, silos)})
    for database in sight.live:
        yield from database.problems
        for fact in database.facts:
            yield from (replace(problem, object=f"{database.name}: {problem.object}") for problem in _find_of(fact, silos, database))


def _find_of(fact: SequenceFacts, silos: SiloMap, database: LiveDatabase) -> Iterator[Problem]:
    if database.origin is not None:
        yield from find_strays(fact, silos.ids, database.origin)
    yield from find_used_up(fact, silos.ids, database.name if database.name in silos.regions else None)


def _is_accepted(problem: Problem, accepted: Iterable[Accepted]) -> bool:
    is_file = KINDS.get(problem.code, (Subject.FILE, ""))[0] is Subject.FILE
    return not is_file and any((problem.code, problem.object) == (one.code, one.object) for one in accepted)


def _find_stale(silos: SiloMap, found: Iterable[Problem], whole: frozenset[Subject]) -> Iterator[Problem]:
    """Accepted findings that are none; those that this check could not see are not judged."""
    occurring = {(problem.code, problem.object) for problem in found}
    for accepted in silos.accepted:
        told = _stale(accepted, occurring, whole)
        if told:
            yield Problem(code=STALE_ACCEPT, object=silos.places.spell(accepted.key), found=told[0], remedy=told[1])


def _stale(accepted: Accepted, occurring: set[tuple[str, str]], whole: frozenset[Subject]) -> tuple[str, str] | None:
    """What was found, and the remedy."""
    kind = KINDS.get(accepted.code)
    if kind is None:
        return f"there is no finding {accepted.code!r}", did_you_mean(accepted.code, KINDS, f"the findings are {', '.join(KINDS)}")
    if kind[0] is Subject.FILE:
        return f"{accepted.code!r} is a mistake of this file, which cannot be accepted", "correct the file, and remove this entry"
    if kind[0] in whole - {Subject.MOVE} and (accepted.code, accepted.object) not in occurring:
        near = did_you_mean(accepted.object, (name for code, name in occurring if code == accepted.code), "remove this entry")
        return f"{accepted.code} {accepted.object!r} does not occur", near
    return None


def parse_codes(text: str | None) -> frozenset[str]:
    """``--only``: codes with commas between them; None: all. UsageError for one that does not exist."""
    codes = frozenset(KINDS) if text is None else frozenset(part.strip() for part in text.split(",") if part.strip())
    if not codes:
        raise UsageError("--only names no finding", hint=f"the findings are {', '.join(KINDS)}")
    for code in sorted(codes - KINDS.keys()):
        raise UsageError(f"there is no finding {code!r}", hint=did_you_mean(code, KINDS, f"the findings are {', '.join(KINDS)}"))
    return codes


def stands_for_all(name: str, silos: SiloMap) -> bool:
    """Whether the schema of that name is not of one silo alone: a dump, a database without an identity, or a monolith."""
    return silos.is_monolith or name not in {Silo.CONTROL.value, *silos.regions}
