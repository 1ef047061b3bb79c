"""A move between two test databases, prepared up to the question what is in its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from exports.match import Place, match_rows
from exports.rows import Source
from exports.shared import read_needed
from exports.snapshot import Connection
from exports.survey import Survey, require_organization, select_ways, survey_of
from relocate.move import Move, make_move
from relocate.obstacles import find_obstacles
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.errors import Problem
from splitter.identity import Identity, physical_identity, read_identity, write_identity
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos

US, DE = 1, 2  # the origins


@dataclass(frozen=True, slots=True)
class PreparedMove:
    """From us to de, in a snapshot of us."""

    move: Move
    reading: Source
    source: Connection
    target: Connection

    def obstacles(self, *, replica: bool = True, resuming: bool = False) -> list[Problem]:
        return list(find_obstacles(self.move, self.reading, self.source, self.target, replica=replica, resuming=resuming))

    def codes(self, *, replica: bool = True, resuming: bool = False) -> list[str]:
        return [problem.code for problem in self.obstacles(replica=replica, resuming=resuming)]


def name_region(url: str, region: str, origin: int, former: tuple[int, ...] = ()) -> None:
    """Gives the database an identity, as `relocate init` would."""
    with connect(url, setting="the test") as conn:
        physical = physical_identity(conn)
        write_identity(
            conn,
            Identity(
                region=region,
                origin=origin,
                database=uuid4(),
                system_identifier=physical.system_identifier,
                database_oid=physical.database_oid,
                former=former,
            ),
        )


def survey(silos: SiloMap, region: str) -> Survey:
    database = silos.regions[region]
    with connect(database.url({}), setting=database.setting, readonly=True) as conn:
        return survey_of(silos, region, database.url({}), database.setting, read_schema(conn))


def make_silos(text: str, us: str, de: str) -> SiloMap:
    """``text`` is all but the regions, and control where it says nothing of it."""
    control = "" if "[control]" in text else '[control]\nurl = "postgresql://nowhere"\n'
    return parse_silos(f'{text}\n{control}[regions.us]\nurl = "{us}"\n[regions.de]\nurl = "{de}"\n', {})


@contextmanager
def prepared_move(silos: SiloMap, organization: str = "acme", *, known: tuple[int, ...] = (US, DE)) -> Iterator[PreparedMove]:
    """``known``: the origins that control has issued."""
    source, target = survey(silos, "us"), survey(silos, "de")
    with source.snapshot() as snapshot, target.connect() as there:
        connection = snapshot.connection
        found = require_organization(source, connection, organization)
        move = make_move(silos, found, source, target, read_identity(connection), known)
        membership = select_ways(source.scope, found.key, connection)
        place = Place(connection=there, schema=target.schema)
        matched = match_rows(read_needed(membership, connection), silos, source.schema, source.rules, move.minting, lambda _: place)
        assert matched.problems == ()
        yield PreparedMove(move, move.reading(membership, matched.maps), connection, there)
