"""A small application of a test's own, in control, us and de on one server, ready for a move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from exports.organization import ExportOptions, export_organization
from exports.survey import survey_region
from relocate.importing import ImportOptions, import_archive
from relocate.init import run_init
from relocate.init_plan import InitOptions
from relocate.move import Options
from relocate.outcome import Outcome
from relocate.retire import purge
from relocate.run import start
from relocate.undo import abort
from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.events import silent
from splitter.sequences import make_region_ids_plan
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos

US, DE = 1 << 36, 2 << 36  # where the ids of their origins begin
SCRIPT = """
CREATE TABLE org (id bigserial PRIMARY KEY, slug text UNIQUE, status int NOT NULL DEFAULT 0);
CREATE TABLE project (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text);
"""


@dataclass(frozen=True)
class SmallSite:
    """``urls`` has control, us and de; ``text`` is silos.toml."""

    urls: dict[str, str]
    silos: SiloMap
    text: str = ""

    def sql(self, name: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.urls[name], autocommit=True) as conn:
            cursor = conn.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def init(self, **options: Any) -> None:
        run_init(self.silos, InitOptions(**options))

    def own_range(self, region: str) -> None:
        with connect(self.urls[region], setting=region) as conn:
            apply_plan(conn, make_region_ids_plan(conn, read_schema(conn), self.silos, region))

    def move(self, organization: str = "acme", to: str = "de", **options: Any) -> Outcome:
        return start(self.silos, organization, to, Options(**options), silent)

    def purge(self, organization: str = "acme") -> Outcome:
        return purge(self.silos, organization, silent)

    def abort(self, organization: str = "acme") -> Outcome:
        return abort(self.silos, organization, silent)

    def export(self, out: Path, organization: str = "acme", *, region: str = "us", to: str | None = "de") -> Path:
        export_organization(survey_region(self.silos, region), organization, ExportOptions(out=out, to=to), silent)
        return out

    def bring(self, file: Path, to: str = "de", **options: Any) -> Outcome:
        return import_archive(self.silos, ImportOptions(file=file, to=to, **options), silent)


def make_small_site(make_database: Callable[..., str], *, silos: str = "", ready: bool = True, **scripts: str) -> SmallSite:
    """``scripts``: SQL for ``control``, ``us`` and ``de``, the regions' after ``schema``; ``silos``: silos.toml beside its databases.

    ``ready``: initialised, de's sequences in its own range.
    """
    schema = scripts.get("schema", SCRIPT)
    urls = {"control": make_database(scripts.get("control", ""))}
    urls |= {region: make_database(schema + scripts.get(region, "")) for region in ("us", "de")}
    text = _text(urls, silos, "control_" in scripts.get("control", ""))
    site = SmallSite(urls, parse_silos(text, {}), text)
    if ready:
        site.init()
        site.own_range("de")
    return site


def moved_site(site: SmallSite, **urls: str) -> SmallSite:
    """The same, with databases in other places."""
    text = site.text
    for name, url in urls.items():
        text = text.replace(f'"{site.urls[name]}"', f'"{url}"')
    return SmallSite({**site.urls, **urls}, parse_silos(text, {}), text)


def _text(urls: dict[str, str], more: str, tables: bool) -> str:
    head = more if "[organization]" in more else f'[organization]\ntable = "org"\nslug = "slug"\n{more}'
    listed = 'tables = ["control_*"]\n' if tables else ""
    text = head if "[control]" in more else f"{head}[control]\n{listed}"
    text = text.replace("[control]\n", f'[control]\nurl = "{urls["control"]}"\n')
    return text + "".join(f'[regions.{name}]\nurl = "{urls[name]}"\n' for name in ("us", "de"))
