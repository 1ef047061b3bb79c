"""Control and regions whose keys between them are broken, small enough to look through: for the tests of the clean-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from splitter.addresses import Address
from splitter.cascades import RunOptions, RunReport, run_cascades
from splitter.db import connect
from splitter.events import Event, Warned
from splitter.schema import ForeignKey, TableName
from splitter.silos import Control, Database, Organization, SiloMap
from tests.broken_keys import break_keys

NOW = RunOptions(grace=0)


class Split:
    """Databases that have the same tables, of which each uses those of its silo."""

    def __init__(self, make_database: Callable[..., str], script: str, control_tables: Iterable[str], regions: Iterable[str]) -> None:
        self.urls = {name: make_database(script) for name in ("control", *regions)}
        databases = {name: Database(name=name, setting=f"{name}.url", raw=url) for name, url in self.urls.items()}
        self.silos = SiloMap(
            organization=Organization(table=TableName("public", "org")),
            control=Control(database=databases.pop("control"), tables=tuple(control_tables)),
            regions=databases,
        )
        self.warnings: list[str] = []
        for name in self.urls:
            with connect(self.urls[name], setting=name) as conn:
                break_keys(conn, self._crosses, lanes=self.lane)

    def _crosses(self, key: ForeignKey) -> bool:
        return self.silos.silo_of(key.table) is not self.silos.silo_of(key.target)

    @staticmethod
    def lane(parent: TableName) -> str | None:
        return {"project": "org_id", "org": "id"}.get(parent.name)

    def do(self, name: str, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last one; all in one transaction."""
        with psycopg.connect(self.urls[name]) as conn:
            for statement in statements:
                cursor = conn.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def values(self, name: str, query: str) -> list[Any]:
        return [row[0] for row in self.do(name, query)]

    def clean(self, options: RunOptions = NOW, *, without: Iterable[str] = ()) -> RunReport:
        """``without``: databases that don't answer."""
        gone = dict.fromkeys(without, "postgresql://127.0.0.1:1/gone")
        addresses = [Address(name=name, setting=f"{name}.url", url=gone.get(name, url)) for name, url in self.urls.items()]
        return run_cascades(addresses, self.silos, options, report=self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Warned):
            self.warnings.append(event.text)

    def tombstones(self, name: str, columns: str = "parent, swept_at IS NOT NULL, done_at IS NOT NULL") -> list[tuple[Any, ...]]:
        return self.do(name, f"SELECT {columns} FROM orglift.tombstones ORDER BY id")

    def grace_is_over(self, name: str) -> None:
        """The clock is put forward."""
        self.do(name, "UPDATE orglift.tombstones SET due_at = now() WHERE due_at IS NOT NULL")

    def may_try_again(self, name: str) -> None:
        self.do(name, "UPDATE orglift.tombstones SET not_before = NULL")
