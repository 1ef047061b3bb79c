"""Control and two regions with a schema of a test's own, ready for a move in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from exports.organization import ExportOptions, export_organization
from exports.survey import survey_region
from relocate.importing import ImportOptions, import_archive
from relocate.init import run_init
from relocate.move import Options
from relocate.outcome import Outcome
from relocate.run import start
from splitter.events import Reporter, silent
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos

ORGANIZATION = '[organization]\ntable = "org"\nslug = "slug"\n'
ORG = "CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);"
US = 1  # the origin of us


def shift(id_: int, silos_bits: int = 36) -> int:
    """What a local id of us is elsewhere."""
    return id_ + (US << silos_bits)


@dataclass(frozen=True, slots=True)
class Site:
    """``urls`` has ``control``, ``us`` and ``de``. The organization is acme, whose id in us is 1."""

    urls: Mapping[str, str]
    text: str

    @property
    def silos(self) -> SiloMap:
        regions = "".join(f"[regions.{name}]\nurl = '{self.urls[name]}'\n" for name in ("us", "de"))
        return parse_silos(f"{self.text}\n[control]\nurl = '{self.urls['control']}'\n{regions}", {})

    def rows(self, name: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.urls[name], autocommit=True) as conn:
            cursor = conn.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def move(self, report: Reporter = silent, **options: Any) -> Outcome:
        return start(self.silos, "acme", "de", Options(**options), report)

    def export(self, file: Path, *, to: str | None = "de", hashes: bool = True) -> None:
        export_organization(survey_region(self.silos, "us"), "acme", ExportOptions(out=file, to=to, hashes=hashes), silent)

    def bring(self, file: Path, **options: Any) -> Outcome:
        return import_archive(self.silos, ImportOptions(file=file, to="de", **options), silent)


def make_site(make_database: Callable[..., str], us: str, de: str, silos: str = "") -> Site:
    """Databases from scripts, after `relocate init`."""
    site = Site({"control": make_database(), "us": make_database(us), "de": make_database(de)}, ORGANIZATION + silos)
    run_init(site.silos)
    return site
