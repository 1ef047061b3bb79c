"""What `splitter check` finds in the databases that it looked at, and which of it stays because a person wrote so in silos.toml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from splitter.errors import Problem
from splitter.findings_borders import find_shared_sequences, find_split_families
from splitter.findings_catalog import Catalog
from splitter.findings_cleanup import Registries, Registry, find_undeclared
from splitter.findings_crossings import find_crossing_findings
from splitter.findings_joins import find_joins
from splitter.findings_keys import find_global_keys
from splitter.findings_kinds import KINDS, STALE_ACCEPT, Finding, Subject, from_problem
from splitter.findings_scope import find_keyless_tables, find_rival_ways, find_undecided_tables
from splitter.findings_suspects import find_suspects
from splitter.id_columns import Place, find_narrow_among, find_reached_columns
from splitter.nearest import did_you_mean
from splitter.plans.region_ids import RegionOrigin, SequenceFacts, find_strays, find_used_up
from splitter.schema import Schema
from splitter.silos import Accepted, Silo, SiloMap, config_error
from splitter.silos_check import validate_silos
from splitter.undecided import find_undecided

_OF_ONE_DATABASE = (
    find_undecided_tables,
    find_rival_ways,
    find_keyless_tables,
    find_suspects,
    find_global_keys,
    find_joins,
    find_split_families,
    find_shared_sequences,
)
_ELSEWHERE = frozenset({Subject.MOVE, Subject.QUERY})  # whether one still occurs cannot be told from here


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDatabase:
    """What a live database says of itself. ``origin`` None: it has none; ``facts`` are about sequences that feed ids of a region."""

    name: str
    origin: RegionOrigin | None = None
    facts: tuple[SequenceFacts, ...] = ()
    problems: tuple[Problem, ...] = ()
    registry: Registry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that one check looks at. ``schemas`` as in ``validate_silos``; ``whole`` are the subjects of which nothing was left out.

    ``wrong``: what ``find_wrong`` says of them, where it was asked already. ``file``: the schema file that it all comes from.
    ``problems``: what takes several databases to see. ``models``: what the application's models say otherwise; None: they were not asked.
    """

    schemas: Mapping[str, Schema]
    live: tuple[LiveDatabase, ...] = ()
    whole: frozenset[Subject] = frozenset(Subject)
    wrong: tuple[Problem, ...] | None = None
    file: str | None = None
    problems: tuple[Problem, ...] = ()
    models: tuple[Finding, ...] | None = None


def find_findings(silos: SiloMap, sight: Sight, only: frozenset[str] = frozenset(KINDS)) -> tuple[Finding, ...]:
    """What there is to say, save what silos.toml accepts; of the kinds ``only``.

    Where the file contradicts the catalogs, nothing else can be found: then that is all, or a ConfigError where ``only`` leaves it out.
    """
    wrong = find_wrong(silos, sight.schemas) if sight.wrong is None else sight.wrong
    if wrong and not any(problem.code in only for problem in wrong):
        raise config_error(silos.places.source, wrong)
    found = tuple(map(from_problem, wrong)) or tuple(_merged(_find_in(silos, sight)))
    stale = _find_stale(silos, found, frozenset() if wrong else _judged(sight))
    kept = (finding for finding in found if not is_accepted(finding, silos.accepted))
    return tuple(finding for finding in (*kept, *map(from_problem, stale)) if finding.code in only)


def _judged(sight: Sight) -> frozenset[Subject]:
    """The subjects of which an accepted finding that was not seen is known to be gone."""
    return (sight.whole | {Subject.MODEL}) - _ELSEWHERE if sight.models is not None else sight.whole - {*_ELSEWHERE, Subject.MODEL}


def find_wrong(silos: SiloMap, schemas: Mapping[str, Schema]) -> tuple[Problem, ...]:
    """Against the union of the catalogs first; then against each region's, which may lack a column that another one has."""
    return validate_silos(silos, schemas) or tuple(
        replace(problem, found=f"{problem.found} (in {name})")
        for name, schema in schemas.items()
        if name in silos.regions and len(schemas) > 1
        for problem in validate_silos(silos, {name: schema})
        if problem.code != "unknown-table"  # a region that is still empty, or behind a migration: `relocate` compares regions
    )


def _find_in(silos: SiloMap, sight: Sight) -> Iterator[Finding]:
    known = tuple(database.registry for database in sight.live if database.registry is not None)
    broken = frozenset((held.child, mine) for registry in known for held in registry.declarations for mine, _ in held.columns)
    catalogs = [Catalog(name, schema, silos, broken) for name, schema in sight.schemas.items()]
    yield from find_crossing_findings(catalogs, silos, Registries(silos=silos, schemas=sight.schemas, known=known))
    yield from map(from_problem, find_undecided(silos))
    yield from find_undeclared(known, catalogs, silos)
    for find in _OF_ONE_DATABASE:
        for catalog in catalogs:
            yield from (replace(finding, databases=(catalog.name,)) for finding in find(catalog))
    yield from _find_narrow(catalogs)
    for database in sight.live:
        yield from (_seen_in(database, problem) for problem in database.problems)
        for fact in database.facts:
            named = (replace(problem, object=f"{database.name}: {problem.object}") for problem in _find_of(fact, silos, database))
            yield from (_seen_in(database, problem) for problem in named)
    yield from map(from_problem, sight.problems)
    yield from sight.models or ()


def _find_narrow(catalogs: Iterable[Catalog]) -> Iterator[Finding]:
    known = list(catalogs)
    places = find_reached_columns([catalog.graph for catalog in known], {place for catalog in known for place in catalog.ids})
    for place in sorted(places):
        for problem in find_narrow_among({catalog.name: catalog.schema for catalog in known}, [place]):
            yield replace(from_problem(problem, [place[0]]), databases=_having(known, place))


def _having(catalogs: Iterable[Catalog], place: Place) -> tuple[str, ...]:
    return tuple(catalog.name for catalog in catalogs if any(find_narrow_among({catalog.name: catalog.schema}, [place])))


def _seen_in(database: LiveDatabase, problem: Problem) -> Finding:
    return replace(from_problem(problem), databases=(database.name,))


def _merged(found: Iterable[Finding]) -> Iterator[Finding]:
    """What several databases show, once."""
    first: dict[tuple[str, str], Finding] = {}
    for finding in found:
        known = first.setdefault((finding.code, finding.object), finding)
        databases = tuple(dict.fromkeys((*known.databases, *finding.databases)))
        first[finding.code, finding.object] = replace(known, databases=databases)
    yield from first.values()


def _find_of(fact: SequenceFacts, silos: SiloMap, database: LiveDatabase) -> Iterator[Problem]:
    if database.origin is not None:
        yield from find_strays(fact, silos.ids, database.origin)
    yield from find_used_up(fact, silos.ids, database.name if database.name in silos.regions else None)


def is_accepted(finding: Finding, accepted: Iterable[Accepted]) -> bool:
    is_file = finding.kind.subject is Subject.FILE
    return not is_file and any((finding.code, finding.object) == (one.code, one.object) for one in accepted)


def _find_stale(silos: SiloMap, found: Iterable[Finding], whole: frozenset[Subject]) -> Iterator[Problem]:
    """Accepted findings that are none; those that this check could not see are not judged."""
    occurring = {(finding.code, finding.object) for finding in found}
    for accepted in silos.accepted:
        told = _stale(accepted, occurring, whole)
        if told:
            yield Problem(code=STALE_ACCEPT, object=silos.places.spell(accepted.key), found=told[0], remedy=told[1])


def _stale(accepted: Accepted, occurring: set[tuple[str, str]], whole: frozenset[Subject]) -> tuple[str, str] | None:
    """What was found, and the remedy."""
    kind = KINDS.get(accepted.code)
    if kind is None:
        return f"there is no finding {accepted.code!r}", did_you_mean(accepted.code, KINDS, f"the findings are {', '.join(KINDS)}")
    if kind.subject is Subject.FILE:
        return f"{accepted.code!r} is a mistake of this file, which cannot be accepted", "correct the file, and remove this entry"
    if kind.subject in whole and (accepted.code, accepted.object) not in occurring:
        near = did_you_mean(accepted.object, (name for code, name in occurring if code == accepted.code), "remove this entry")
        return f"{accepted.code} {accepted.object!r} does not occur", near
    return None


def stands_for_all(name: str, silos: SiloMap) -> bool:
    """Whether the schema of that name is not of one silo alone: a dump, a database without an identity, or a monolith."""
    return silos.is_monolith or name not in {Silo.CONTROL.value, *silos.regions}
