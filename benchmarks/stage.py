"""The benchmark's two servers and their databases, put back to the same state before every measurement."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.data import HERE, Fill, fill
from benchmarks.measure import Measured, Meter
from splitter.embedded import Cluster, temporary
from splitter.layout import IdLayout

SAFE = {"fsync": "on", "full_page_writes": "on"}  # the launcher's temporary servers switch them off
ORIGIN_OF_DE = 2


@dataclass(frozen=True, slots=True)
class Stage:
    """``us`` holds the source databases and control, ``de`` the target; ``folder`` is for files."""

    us: Cluster
    de: Cluster
    folder: Path

    def environ(self, source: str = "us") -> dict[str, str]:
        urls = {"CONTROL_URL": self.us.url("control"), "US_URL": self.us.url(source), "DE_URL": self.de.url("de")}
        return {**os.environ, **urls, "ORGLIFT_CONFIG": str(HERE / "silos.toml"), "PYTHONPATH": str(HERE.parent)}

    @property
    def meter(self) -> Meter:
        return Meter(tuple(_postmaster(cluster) for cluster in (self.us, self.de)))

    def program(self, name: str) -> str:
        return str(self.us.binaries / name)

    def orglift(self, command: str, *arguments: str, source: str = "us") -> Measured:
        """``command`` is relocate, exports or splitter."""
        return self.meter.run([sys.executable, "-m", f"{command}.cli", *arguments], self.environ(source))

    def add_source(self, name: str, what: Fill) -> None:
        _create(self.us, name)
        fill(self.us.url(name), what)

    def add_target_template(self, neighbours: float) -> None:
        _create(self.de, "filled")
        first = IdLayout().first(ORIGIN_OF_DE)
        fill(self.de.url("filled"), Fill(big=0, neighbours=neighbours, base=first, prefix="de-"))

    def reset(self, source: str = "us", *, orglift: bool) -> None:
        """A target that holds others only, an empty control, a source that nobody has looked at; with ``orglift``, initialised."""
        _drop(self.de, "de")
        _drop(self.us, "control")
        _create(self.de, "de", template="filled")
        _create(self.us, "control")
        with psycopg.connect(self.us.url(source), autocommit=True) as conn:
            conn.execute("DROP SCHEMA IF EXISTS orglift CASCADE")
            conn.execute("DROP SCHEMA IF EXISTS slice CASCADE")
        if orglift:
            self.orglift("relocate", "init", source=source)
            plan = self.folder / "region-ids.json"
            plan.unlink(missing_ok=True)
            self.orglift("splitter", "plan", "region-ids", "--region", "de", "--out", str(plan), source=source)
            self.orglift("splitter", "apply", str(plan), source=source)
        for cluster in (self.us, self.de):
            _execute(cluster, sql.SQL("CHECKPOINT"))

    def empty_target(self) -> None:
        _drop(self.de, "de")
        _create(self.de, "de")


@contextmanager
def staged(binaries: Path, place: Path | None) -> Iterator[Stage]:
    with ExitStack() as stack:
        us = stack.enter_context(temporary(binaries, settings=SAFE, place=place))
        de = stack.enter_context(temporary(binaries, settings=SAFE, place=place))
        folder = us.folder / "files"
        folder.mkdir()
        yield Stage(us, de, folder)


def _postmaster(cluster: Cluster) -> int:
    """The process of a server that all its others are children of."""
    return int((cluster.data / "postmaster.pid").read_text().split(maxsplit=1)[0])


def _execute(cluster: Cluster, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        conn.execute(statement)


def _create(cluster: Cluster, name: str, template: str = "template1") -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    _execute(cluster, statement.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(cluster: Cluster, name: str) -> None:
    _execute(cluster, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
