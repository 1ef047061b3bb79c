"""The commands as processes, on the databases of a case schema, and what there is to see of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from exports.archive import ArchiveReader
from exports.copy_text import parse_line, split_lines
from exports.manifest import Section
from tests.cases_facts import AWAY, HOME
from tests.cases_support import REPOSITORY, CaseDatabases, read_owners, read_region
from tests.proxy import Moment, Proxy, Statement, kill
from tests.truth import Expected, Ids, Region, Truth, as_values
from tests.truth_catalog import Row

PATIENCE = 300  # seconds
DONE, FOUND, REFUSED = 0, 1, 3


@dataclass(frozen=True)
class Journey:
    """One organization of a case, and the commands that move it."""

    case: CaseDatabases
    folder: Path
    tenant_number: int = 0

    @cached_property
    def owners(self) -> dict[str, Any]:
        return read_owners(self.case.facts.name)

    @cached_property
    def source(self) -> Region:
        """The home region as it was when somebody first asked."""
        return read_region(self.case.urls[HOME])

    @cached_property
    def tenant(self) -> str:
        """The root row's key, as owners.json spells it."""
        return str(self.owners["tenants"][self.tenant_number])

    @cached_property
    def name(self) -> str:
        """What a person calls the organization: its slug, or else its id."""
        root, slug = self.owners["root"], self.case.facts.slug
        key = self.owners["tables"][root]["key"]
        (row,) = (row for row in self.source.rows[root] if "|".join(str(row[column]) for column in key) == self.tenant)
        return str(row[slug]) if slug else self.tenant

    # commands

    def run(self, *words: str, exit: int = DONE, urls: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The one JSON object that ``words`` and ``--json`` wrote, once the process has ended with that exit code."""
        done = subprocess.run(**self._process(words, urls), capture_output=True, text=True, timeout=PATIENCE)
        ended = f"{words}: exit {done.returncode}, not {exit}\n{done.stdout}\n{done.stderr}"
        assert (done.returncode, done.stdout[:1]) == (exit, "{"), ended
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer

    def _process(self, words: tuple[str, ...], urls: Mapping[str, str] | None) -> dict[str, Any]:
        program, *rest = words
        ours = {"PYTHONPATH": str(REPOSITORY), "ORGLIFT_CONFIG": str(self.case.config)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {
            "args": [sys.executable, "-c", f"import sys; from {program}.cli import main; sys.exit(main())", *rest, "--json"],
            "cwd": self.folder,
            "env": kept | ours | self.case.environment | dict(urls or {}),
        }

    def run_killed(self, *words: str, at: int) -> None:
        """The process is killed at its ``at``-th COPY into the second region's tables; nothing that it had sent later gets through."""
        with Proxy(self.case.urls[AWAY]) as proxy:
            environment = {f"{AWAY.upper()}_URL": proxy.url(self.case.urls[AWAY])}
            pipe = subprocess.DEVNULL
            process = subprocess.Popen(**self._process(words, environment), stdout=pipe, stderr=pipe)
            trap = proxy.trap(Moment.AFTER, kill(process.pid), matches=_nth_copy(at))
            process.wait(PATIENCE)
            assert trap.sprung.is_set(), f"it ended before its COPY number {at}: {[s.text for s in proxy.statements if _is_copy(s)]}"

    # what is true

    def truth(self, target: Region | None, origin: int | None = None) -> Truth:
        return Truth(self.case.facts, self.owners, self.source, target, Ids(self.origin if origin is None else origin))

    @cached_property
    def origin(self) -> int:
        """What ``relocate init`` gave to the home region."""
        with psycopg.connect(self.case.urls[HOME]) as conn:
            (found,) = conn.execute("SELECT origin FROM orglift.identity").fetchone() or (None,)
        assert isinstance(found, int)
        return found

    def rows(self, region: str) -> Expected:
        return as_values(read_region(self.case.urls[region]))


def _is_copy(statement: Statement) -> bool:
    """Rows on their way into a table of the application."""
    return statement.text.startswith("COPY ") and " FROM STDIN" in statement.text and "pg_temp" not in statement.text


def _nth_copy(number: int) -> Callable[[Statement], bool]:
    seen = Counter[str]()

    def matches(statement: Statement) -> bool:
        seen["copy"] += _is_copy(statement)
        return seen["copy"] >= number

    return matches


def full_name(name: str) -> str:
    """``teams`` -> ``public.teams``, as owners.json spells it."""
    plain = name.replace('"', "")
    return plain if "." in plain else f"public.{plain}"


def counts(tables: list[dict[str, Any]]) -> dict[str, int]:
    """Rows by table of a command's ``tables``, without those that have none."""
    return {full_name(table["name"]): table["rows"] for table in tables if table["rows"]}


def sizes(rows: Mapping[str, Counter[Any]]) -> dict[str, int]:
    return {name: sum(found.values()) for name, found in rows.items() if found}


@dataclass(frozen=True)
class Archived:
    """The rows of an archive, by table."""

    path: Path
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def read(self) -> Archived:
        with ArchiveReader.open(self.path) as reader:
            for section in reader.manifest.tables:
                self.rows[full_name(str(section.name))] = list(self._section(reader, section))
        return self

    def _section(self, reader: ArchiveReader, section: Section) -> list[Row]:
        names = [column.name for column in section.columns]
        return [dict(zip(names, parse_line(line), strict=True)) for line in split_lines(reader.read_section(section))]
