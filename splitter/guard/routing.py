"""A session for silos that are several databases already, or in one run of the tests: each table's statements go to its silo's engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ClauseElement

from splitter.errors import UsageError
from splitter.guard.installation import installed
from splitter.guard.modes import current
from splitter.silos import Silo


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloEngines:
    """The engines of control and of every region. One database for all: the same engine everywhere."""

    control: Engine
    regions: Mapping[str, Engine]

    def of(self, silo: Silo | None, region: str | None) -> Engine:
        """UsageError where nobody says which region, or it is none of these."""
        if silo is Silo.CONTROL:
            return self.control
        if region is None and len(set(self.regions.values())) == 1:
            return next(iter(self.regions.values()))
        if region is not None and region in self.regions:
            return self.regions[region]
        known = ", ".join(self.regions)
        found = "a statement is for a region, and nobody says which" if region is None else f"there is no engine of region {region!r}"
        raise UsageError(found, hint=f"with silo_mode(SiloMode.REGION, region=...), one of: {known}")


class SiloSession(Session):
    """``SiloSession(engines=SiloEngines(...))``; ``region`` is for statements where the mode names none."""

    def __init__(self, *, engines: SiloEngines, region: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._engines = engines
        self._region = region

    def get_bind(
        self, mapper: Any = None, *, clause: ClauseElement | None = None, bind: Engine | Connection | None = None, **_: Any
    ) -> Engine | Connection:
        """The engine of the silo of a statement's tables; the mode's, where it has none. One of both goes to control, and fails there."""
        if bind is not None:
            return bind
        standing, silos = current(), self._silos_of(mapper, clause)
        silo = min(silos, key=lambda each: each.value) if silos else standing.mode.silo
        return self._engines.of(silo, standing.region or self._region)

    def _silos_of(self, mapper: Any, clause: ClauseElement | None) -> set[Silo]:
        guard = installed()
        if guard is None:
            raise UsageError("a SiloSession needs the guard, which knows every table's silo", hint="call splitter.guard.install() first")
        if mapper is not None:
            found = guard.assignments.silo_of_mapper(inspect(mapper))
            return {found} if found else set()
        return {table.silo for table in guard.analyses.of_construct(clause) if table.silo} if clause is not None else set()
