"""Random applications: what is read of an organization is the truth about its rows, whole, in parts, in chunks, and in the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import sql

from exports.chunks import Chunk
from exports.heaps import Heap
from exports.match import Place, match_rows
from exports.membership import Membership, table_sql
from exports.organization import shifted_key
from exports.rows import Source, chunk_where, content_sql, read_content
from exports.shared import read_needed
from exports.survey import survey_region
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.ownership import Standing
from splitter.schema import Column, Schema, TableName
from splitter.silos_file import parse_silos
from tests.exported import Exported, Texts, look_at
from tests.random_schemas import Case, cases
from tests.random_schemas.databases import connected, expected, fill_region
from tests.random_schemas.documents import without_blanks
from tests.random_schemas.names import TableName as Name
from tests.random_schemas.shapes import Kind
from tests.servers import Server, Servers
from tests.streamed import check_stream

FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
ROWS = 3  # of a chunk


@dataclass(frozen=True)
class Arena:
    """A case in two databases; its mover is looked at in us, with the maps of de's shared rows."""

    case: Case
    exported: Exported
    there: Schema
    arriving: Mapping[TableName, Counter[Texts]]  # the truth

    @property
    def source(self) -> Source:
        """As it is read for the target: of its types."""
        scope, plain = self.exported.survey.scope, self.exported.source
        types = {
            table.name: {column: _sent_as(self.there.tables[table.name].column(column)) for column in plain.columns(table.name)}
            for table in scope.exported
        }
        return replace(plain, types=types)

    def written(self, name: TableName, rows: Counter[Texts]) -> Counter[Texts]:
        """As texts that compare: blanks in documents may change with their ids."""
        table = self.case.shape.table(Name(*name))
        loose = {reference.columns[0] for reference in table.references if reference.kind is Kind.JSON}
        found: Counter[Texts] = Counter()
        for row, count in rows.items():
            pairs = zip(table.written, row, strict=True)
            found[tuple(without_blanks(text) if text and column.name in loose else text for column, text in pairs)] += count
        return found


def _sent_as(column: Column) -> str:
    """A numeric of more places prints more zeros."""
    return column.type if column.base_type in ("numeric", "numeric[]") else column.base_type


@contextmanager
def arena(server: Server, case: Case) -> Iterator[tuple[Arena, str]]:
    urls = {"us": server.create(), "de": server.create(), "control": "postgresql://nowhere/x"}
    try:
        fill_region(urls["us"], case, target=False)
        fill_region(urls["de"], case, target=True)
        silos = parse_silos(case.silos(urls), {})
        with look_at(survey_region(silos, "us"), case.slug) as exported, closing(connect(urls["de"], setting="de")) as target:
            place = Place(connection=target, schema=read_schema(target))
            survey = exported.survey
            needed = read_needed(exported.membership, exported.connection)
            matched = match_rows(needed, silos, survey.schema, survey.rules, exported.minting, lambda _: place)
            assert matched.problems == ()
            yield Arena(case, exported.with_maps(matched.maps), place.schema, _truth(urls["us"], case)), urls["de"]
    finally:
        server.drop(urls["us"])
        server.drop(urls["de"])


def _truth(url: str, case: Case) -> Mapping[TableName, Counter[Texts]]:
    with connected(url) as conn:
        printed = expected(conn, case.shape, case.arriving(), target=False)
    found: dict[TableName, Counter[Texts]] = {}
    for name, rows in printed.items():
        kept = [number for number, column in enumerate(case.shape.table(name).columns) if column.written]
        found[TableName(*name)] = Counter(tuple(row[number] for number in kept) for row in rows.elements())
    return found


def check_rows(arena: Arena) -> None:
    exported = arena.exported
    assert exported.problems() == {}
    for table in exported.survey.scope.exported:
        truth = arena.written(table.name, arena.arriving.get(table.name, Counter()))
        assert arena.written(table.name, exported.rows(table.name)) == truth, table.name
        for heap in (None, scattered(arena, table.name)):
            chunks = exported.chunks(table.name, ROWS, heap)
            found = [exported.chunk_rows(chunk) for chunk in chunks]
            assert arena.written(table.name, sum(found, Counter())) == truth, f"{table.name} in chunks"
            assert all(chunk.rows in (None, rows.total()) for chunk, rows in zip(chunks, found, strict=True))
            for chunk in chunks:
                check_stream(arena.source, exported.connection, chunk)


def scattered(arena: Arena, name: TableName) -> Heap:
    """As the server would describe a table whose rows lie in the order of its key, and in no other."""
    return Heap(pages=1, order=dict.fromkeys(arena.exported.survey.schema.tables[name].primary_key[:1], 1.0))


def check_target(arena: Arena, url: str) -> None:
    """The chunks, loaded as they come, are found again in the target by its ranges, with the same content."""
    exported, source = arena.exported, arena.source
    survey = exported.survey
    assert exported.membership.root is not None
    key = shifted_key(survey, exported.membership.root, exported.minting)
    there = Membership(replace(survey.scope, schema=arena.there), key, exported.membership.selection)
    owned = [table.name for table in survey.scope.exported if table.standing is Standing.OWNED]
    chunks = [chunk for name in owned for chunk in exported.chunks(name, ROWS)]
    with closing(connect(url, setting="de")) as target:
        target.execute("SET session_replication_role = replica")
        for chunk in chunks:
            _load(arena, source, chunk, target)
        for chunk in [*chunks, *(chunk for name in owned for chunk in exported.chunks(name, ROWS, scattered(arena, name)))]:
            table = arena.there.tables[chunk.table]
            mine = [sql.Identifier("k", column) for column in source.columns(chunk.table)]
            query = content_sql(mine, sql.SQL("{} AS k").format(table_sql(table)), chunk_where(there, chunk, chunk.target, "k"))
            assert read_content(target, query) == read_content(exported.connection, source.content(chunk)), chunk


def _load(arena: Arena, source: Source, chunk: Chunk, target) -> None:
    binary = all(column.binary_safe for column in arena.exported.survey.schema.tables[chunk.table].columns)
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT {})").format(
        sql.Identifier(*chunk.table),
        sql.SQL(", ").join(map(sql.Identifier, source.columns(chunk.table))),
        sql.SQL("BINARY" if binary else "TEXT"),
    )
    with target.cursor() as cursor, cursor.copy(into) as copy:
        for block in source.stream(arena.exported.connection, chunk, binary=binary):
            copy.write(block)


@FEW
@given(case=cases())
def test_every_row_is_what_it_must_be(servers: Servers, major: int, case: Case):
    with arena(servers(major), case) as (made, url):
        check_rows(made)
        check_target(made, url)


@pytest.mark.long
@pytest.mark.postgres(15)
@settings(FEW, max_examples=60)
@given(case=cases(tables=(6, 14)))
def test_large_applications_too(servers: Servers, case: Case):
    with arena(servers(15), case) as (made, url):
        check_rows(made)
        check_target(made, url)
