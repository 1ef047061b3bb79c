"""Everything in both regions that stands in the way of a move, found before its first write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from psycopg import sql

from exports.checks import inbound_checks, scope_checks
from exports.membership import column_sql, table_sql
from exports.org_keys import spell_key, spelled_sql
from exports.report import found_problems
from exports.rows import Source
from exports.snapshot import Connection
from exports.survey import Survey
from relocate.breaches import find_breaches
from relocate.conflicts import find_conflicts
from relocate.doubles import find_doubles
from relocate.minting import find_foreign_sequences, find_former_sequences
from relocate.move import Move
from relocate.partitions import find_missing_partitions
from relocate.rights import find_missing_rights, may_set_replica
from relocate.triggers import find_firing_triggers
from splitter.apply import unfinished_plans
from splitter.db import translated
from splitter.errors import Problem
from splitter.graph import Kind
from splitter.ownership import EXPORTED
from splitter.schema import TableName
from splitter.silos import Silo, SiloMap, spell_column

__all__ = ["find_obstacles", "may_set_replica"]
ACCEPTABLE = frozenset({"large-object", "unindexed-way"})  # what a person may let stand with [[accept]]; the others never


def find_obstacles(
    move: Move, reading: Source, source: Connection, target: Connection, *, replica: bool, resuming: bool = False
) -> Iterator[Problem]:
    """Every problem, what the catalogs tell first. Nothing is written but temporary tables of the target's session.

    ``source`` is in the snapshot of ``reading``, ``target`` a session that may write, ``replica`` whether session_replication_role may be
    set there. ``resuming``: some of the rows may be in the target because this very move brought them.
    """
    yield from find_crossings(move)
    yield from find_firing_triggers(move, replica=replica)
    barred = tuple(find_missing_rights(move.source, move.target, source, target))
    yield from barred
    if not barred:  # else the questions themselves would fail
        found = chain(_of_databases(move, source, target), _of_rows(move, reading, source, target, resuming=resuming))
        yield from (problem for problem in found if not is_accepted(move.silos, problem))


def is_accepted(silos: SiloMap, problem: Problem) -> bool:
    """Whether silos.toml lets it stand, with a reason."""
    return problem.code in ACCEPTABLE and any((each.code, each.object) == (problem.code, problem.object) for each in silos.accepted)


def _of_databases(move: Move, source: Connection, target: Connection) -> Iterator[Problem]:
    yield from find_unfinished_plans(move.source, source)
    yield from find_unfinished_plans(move.target, target)
    yield from find_former_sequences(move, source)
    yield from find_foreign_sequences(move, target)


def _of_rows(move: Move, reading: Source, source: Connection, target: Connection, *, resuming: bool) -> Iterator[Problem]:
    there = {problem.code: problem for problem in find_organization_there(move, target, resuming=resuming)}
    yield from there.values()
    with translated(f"checking the organization's rows in {move.source.region}"):
        # rows of tables that are left out may come and go for as long as the organization lives here: the purge looks at them
        checks = chain(scope_checks(reading.membership), inbound_checks(reading.membership, excluded=False))
        yield from found_problems(checks, source)
    yield from find_large_objects(move, reading, source)
    yield from find_missing_partitions(move, reading, source, target)
    if "organization-there" not in there:  # else every key of it is taken by itself
        yield from find_conflicts(move, reading, source, target, resuming=resuming, slug_told="slug-taken" in there)
    yield from find_doubles(move, reading, source)
    yield from find_breaches(move, reading, source)


def find_crossings(move: Move) -> Iterator[Problem]:
    """Foreign keys between a table that moves and one of control, of either region."""
    found: dict[str, tuple[str, list[str]]] = {}
    for survey in (move.source, move.target):
        for reference in survey.scope.graph.references:
            if reference.kind is Kind.HARD and reference.foreign_key and _crosses(move, reference.table, reference.target):
                name, regions = found.setdefault(str(reference), (reference.foreign_key.name, []))
                regions.append(survey.region)
    for text, (name, regions) in found.items():
        yield Problem(
            code="crossing",
            object=text,
            found=f"the foreign key {name} crosses between control and region, in {' and '.join(regions)}",
            remedy="; ".join(f"splitter plan break-fks --region {region}" for region in regions),
        )


def _crosses(move: Move, *tables: TableName) -> bool:
    silos = [move.silos.silo_of(name) for name in tables]
    moving = [move.scope.standing(name) in EXPORTED for name in tables]
    return Silo.CONTROL in silos and any(moving)


def find_unfinished_plans(survey: Survey, connection: Connection) -> Iterator[Problem]:
    for plan, kind in unfinished_plans(connection):
        yield Problem(
            code="unfinished-plan",
            object=f"region {survey.region}: {plan}",
            found=f"a plan of splitter ({kind}) was begun there and has not come to its end",
            remedy="go on with `splitter apply`, or take it back with `splitter undo`",
        )


def find_organization_there(move: Move, target: Connection, *, resuming: bool) -> Iterator[Problem]:
    """The organization's row, or another one with its slug, in the target before the move has brought anything."""
    return find_namesakes(move.target, move.after, move.organization.slug, target, resuming=resuming)


def find_namesakes(region: Survey, key: tuple[str, ...], name: str | None, target: Connection, *, resuming: bool) -> Iterator[Problem]:
    """The organization with that key in a region, unless it is there because it is coming (``resuming``), and others with its slug."""
    root, slug = region.scope.root, region.silos.organization.slug
    columns = [column_sql("k", column) for column in region.scope.root_key]
    is_it = sql.SQL(" AND ").join(sql.SQL("{} = {}").format(mine, sql.Literal(value)) for mine, value in zip(columns, key, strict=True))
    same = sql.SQL("{}::text = {}").format(column_sql("k", slug), sql.Literal(name)) if slug and name is not None else sql.SQL("false")
    query = sql.SQL("SELECT {key}, {is_it} FROM {root} AS k WHERE {is_it} OR {same}").format(
        key=spelled_sql([sql.SQL("{}::text").format(column) for column in columns]),
        is_it=is_it,
        root=table_sql(region.schema.tables[root]),
        same=same,
    )
    with translated(f"looking for the organization in {region.region}"):
        rows = target.execute(query).fetchall()
    place = f"{root} {spell_key(key)}"
    for found, itself in rows:
        if itself and not resuming:
            yield _there(place, region.region)
        elif not itself:
            yield _slug_taken(place, region.region, str(found), str(name))


def _there(place: str, region: str) -> Problem:
    return Problem(
        code="organization-there",
        object=place,
        found=f"region {region} has the organization already, and not from this move",
        remedy="if it is what an earlier move left, `relocate purge` or `relocate abort` that one; nothing is ever overwritten",
    )


def _slug_taken(place: str, region: str, other: str, slug: str) -> Problem:
    return Problem(
        code="slug-taken",
        object=place,
        found=f"organization {other} of region {region} has the slug {slug!r}",
        remedy="rename one of the two",
    )


def find_large_objects(move: Move, reading: Source, source: Connection) -> Iterator[Problem]:
    """Columns whose values are numbers of objects of one database: a large object stays behind, and its number is another's elsewhere."""
    for table in move.scope.exported:
        for column in move.scope.table(table.name).stored_columns:
            if column.base_type.removesuffix("[]") != "oid" or column.name not in reading.types[table.name]:
                continue
            held = reading.membership.rows(table.name, [column_sql("k", column.name)])
            query = sql.SQL("SELECT count(*) FROM ({}) AS h(v) WHERE v IS NOT NULL").format(held)
            with translated(f"looking for large objects in {table.name}"):
                row = source.execute(query).fetchone()
            if row is not None and row[0]:
                yield _large_object(spell_column(table.name, column.name), column.type, int(str(row[0])))


def _large_object(place: str, type_: str, rows: int) -> Problem:
    return Problem(
        code="large-object",
        object=place,
        found=f"{rows} rows of the organization have a value in this {type_} column: the large objects that it may name don't travel",
        remedy="keep their content in a bytea column; or, if the numbers may stay as they are,"
        f' [[accept]] code = "large-object", object = "{place}"',
    )
