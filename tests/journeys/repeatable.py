"""A journey whose databases are put back to one moment, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.commands import Launcher
from tests.journeys.random_journey import Journey, journey
from tests.proxy import Statement
from tests.random_schemas import Case, make_case
from tests.random_schemas.databases import Fingerprint
from tests.random_schemas.small import SMALL
from tests.servers import Server

LEASE = 0.5  # seconds


@dataclass
class Again:
    """A journey whose databases can be put back to the moment before the move, under the same names and object ids."""

    trip: Journey
    server: Server
    us: Fingerprint
    de: Fingerprint
    saved: dict[str, tuple[str, int]] = field(default_factory=dict)  # database -> its template, its oid

    def save(self) -> None:
        for url in self.trip.urls.values():
            name = str(conninfo_to_dict(url)["dbname"])
            ((oid,),) = self.server.execute(f"SELECT oid FROM pg_database WHERE datname = '{name}'")
            self.saved[name] = f"{name}_saved", oid
            self._create(f"{name}_saved", name)

    def restore(self) -> None:
        for name, (template, oid) in self.saved.items():
            self._drop(name)
            self._create(name, template, oid)

    def forget(self) -> None:
        for template, _ in self.saved.values():
            self._drop(template)

    def _create(self, name: str, template: str, oid: int | None = None) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self.server.execute(statement.as_string() + (f" OID {oid}" if oid else ""))

    def _drop(self, name: str) -> None:
        self.server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)).as_string())

    def rehearse(self) -> tuple[dict[str, Any], list[Statement]]:
        """An undisturbed move, undone: its answer and its statements."""
        self.trip.proxy.reset()
        answer = self.trip.move()
        statements = self.trip.proxy.statements
        self.restore()
        return answer, statements

    def check_moved(self, answer: dict[str, Any], wanted: dict[str, Any]) -> None:
        assert answer["tables"] == wanted["tables"]
        self.trip.check_answer(answer)
        self.trip.check_arrived(self.de)
        self.trip.check_source(self.us)
        self.trip.check_control(moved=True)

    def check_nothing_happened(self) -> None:
        assert self.trip.read("us") == self.us
        assert self.trip.read("de") == self.de
        self.trip.check_control(moved=False)


@contextmanager
def repeatable(case: Case, server: Server, launcher: Launcher, before: Callable[[Journey], object] = lambda _: None) -> Iterator[Again]:
    """Initialised; ``before``: what else is done once."""
    with journey(case, server, launcher, lease=LEASE) as trip:
        trip.initialise()
        before(trip)
        again = Again(trip, server, trip.read("us"), trip.read("de"))
        again.save()
        try:
            yield again
        finally:
            again.forget()


def full_case(size: int) -> Case:
    """The first seed whose mover has rows in every table."""
    candidates = (make_case(SMALL, seed, size) for seed in range(1000))
    return next(case for case in candidates if all(len(case.owned.get(table.name, ())) > 1 for table in SMALL.tables[1:]))
