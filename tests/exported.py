"""One organization as ``exports`` reads it out of a database, for tests that know which rows it has and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from psycopg import sql

from exports.chunks import Chunk, Cutter
from exports.heaps import Heap, read_heaps
from exports.match import Maps
from exports.membership import Membership, column_sql, table_sql
from exports.organization import archive_types
from exports.report import row_problems
from exports.rewrite import Minting, Rewriter
from exports.rows import Source, reading
from exports.snapshot import Connection, Snapshot, ask, ask_number
from exports.survey import Survey, require_organization, select_ways, survey_region
from splitter.schema import BYTES, TableName
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos

OrderThere = Callable[[TableName, str], str | None]
Texts = tuple[str | None, ...]
ORGANIZATION = '[organization]\ntable = "org"\nslug = "slug"\n'
ORG = "CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL); INSERT INTO org VALUES (1, 'acme'), (2, 'other');\n"
CONTROL = '[control]\nurl = "postgresql://nowhere/x"\ntables = ["auth_*"]\n'
LIMIT = 2**36
KNOWN = (1, 2, 3)  # the origins that control issued; the database's own is 1


def far(local: int) -> str:
    """What a local id is everywhere."""
    return str(local + LIMIT)


def table_name(name: str | TableName) -> TableName:
    return TableName("public", name) if isinstance(name, str) else name


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An organization in one snapshot."""

    survey: Survey
    snapshot: Snapshot
    membership: Membership
    minting: Minting
    maps: Maps = field(default_factory=dict)

    @property
    def connection(self) -> Connection:
        return self.snapshot.connection

    @property
    def source(self) -> Source:
        scope, rules = self.survey.scope, self.survey.rules
        rewriter = Rewriter(scope=scope, rules=rules, minting=self.minting, maps=self.maps)
        types = archive_types(scope, rules, shifted=self.minting.origin is not None)
        return Source(membership=self.membership, rewriter=rewriter, types=types)

    def part_rows(self, name: str | TableName) -> list[Counter[Texts]]:
        """The rewritten rows of each part of a table, as texts."""
        table = table_name(name)
        return [self.chunk_rows(Chunk(table=table, part=part, number=0)) for part in self.membership.parts(table)]

    def rows(self, name: str | TableName) -> Counter[Texts]:
        """All its rows, by part; it must be the same as all at once."""
        rows = sum(self.part_rows(name), Counter())
        table = table_name(name)
        whole = self.membership.rows(table, [sql.SQL("k.ctid")])
        assert rows.total() == ask_number(self.connection, sql.SQL("SELECT count(*) FROM ({}) AS r").format(whole))
        return rows

    def chunk_rows(self, chunk: Chunk) -> Counter[Texts]:
        chosen = self.source.select_list(chunk.table)
        query = sql.SQL("SELECT {columns} FROM {table} AS k WHERE {where}").format(
            columns=sql.SQL(", ").join(sql.SQL("({})::text").format(each) for each in chosen.expressions),
            table=table_sql(self.survey.schema.tables[chunk.table]),
            where=self.source.where(chunk),
        )
        with reading(f"reading {chunk.table}"):
            rows = ask(self.connection, query)
        return Counter(tuple(None if value is None else str(value) for value in row) for row in rows)

    def column(self, name: str | TableName, column: str) -> list[str | None]:
        """One rewritten column, by the order of the rows' texts."""
        position = self.source.columns(table_name(name)).index(column)
        return [row[position] for row in sorted(self.rows(name).elements(), key=str)]

    def ids(self, name: str | TableName, column: str = "id") -> list[int]:
        """A column of numbers as the source has it, sorted: whose rows they are."""
        table = table_name(name)
        assert self.rows(table).total() >= 0
        query = self.membership.rows(table, [column_sql("k", column)])
        return sorted(int(str(row[0])) for row in ask(self.connection, query))

    def chunks(self, name: str | TableName, rows: int, heap: Heap | None = None, order_there: OrderThere | None = None) -> list[Chunk]:
        """The table cut into chunks of so many rows, however small it is.

        ``heap``: how it lies on disk, else as the server says. ``order_there``: of texts where the rows go, else bytes, as for an archive.
        """
        cutter = Cutter(
            scope=self.survey.scope,
            membership=self.membership,
            rules=self.survey.rules,
            minting=self.minting,
            rows=rows,
            small=0,
            ask=lambda query: ask(self.connection, query),
            order_there=order_there or (lambda name, column: BYTES),
        )
        table = table_name(name)
        lies = heap or read_heaps(self.connection, [table])[table]
        return [chunk for part in self.membership.parts(table) for chunk in cutter.cut(table, part, lies)]

    def problems(self, *, inbound: bool = False) -> dict[str, list[str]]:
        """The objects of what stops an export, by code."""
        found: dict[str, list[str]] = {}
        decided = (*self.survey.scope.problems, *self.survey.rules.problems)
        for problem in (*decided, *row_problems(self.membership, self.connection, inbound=inbound)):
            found.setdefault(problem.code, []).append(problem.object)
        return found

    def with_maps(self, maps: Maps) -> Exported:
        return replace(self, maps=maps)


def read_silos(url: str, text: str) -> SiloMap:
    """``text``, with the database as region us."""
    return parse_silos(f"{text}\n[regions.us]\nurl = '{url}'\n", {})


def survey_of(url: str, text: str = ORGANIZATION) -> Survey:
    return survey_region(read_silos(url, text), "us")


@contextmanager
def look_at(survey: Survey, organization: str, *, origin: int | None = 1) -> Iterator[Exported]:
    """The organization in a region whose local ids are of ``origin``."""
    with survey.snapshot() as snapshot:
        found = require_organization(survey, snapshot.connection, organization)
        membership = select_ways(survey.scope, found.key, snapshot.connection)
        minting = Minting(layout=survey.silos.ids, origin=origin, known=KNOWN if origin is not None else (0,))
        yield Exported(survey=survey, snapshot=snapshot, membership=membership, minting=minting)


@contextmanager
def look(url: str, text: str = ORGANIZATION, organization: str = "acme", *, origin: int | None = 1) -> Iterator[Exported]:
    """The same in the database at ``url``, by a silos.toml without regions."""
    with look_at(survey_of(url, text), organization, origin=origin) as exported:
        yield exported
