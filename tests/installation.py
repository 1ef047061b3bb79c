"""Control and regions as databases of one server, with the orglift schema: what tests of relocate begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, LiteralString

from relocate.init import InitReport, run_init
from relocate.init_plan import InitOptions
from splitter import db
from splitter.schema import TableName
from splitter.silos import Control, Database, Organization, OwnMapping, SiloMap

ORG = TableName("public", "org")
SCRIPT = """
CREATE TABLE org (id bigserial PRIMARY KEY, slug text);
CREATE TABLE item (id bigserial PRIMARY KEY, org_id bigint REFERENCES org (id));
"""


@dataclass
class Installation:
    """``urls`` has ``control`` and each region; ``silos`` what silos.toml would say."""

    urls: dict[str, str]
    own: OwnMapping | None = None
    opened: list[db.Connection] = field(default_factory=list)

    @property
    def silos(self) -> SiloMap:
        def database(name: str) -> Database:
            return Database(name=name, setting=f"regions.{name}.url", raw=self.urls[name])

        regions = {name: database(name) for name in self.urls if name != "control"}
        control = Control(database=database("control") if "control" in self.urls else None, mapping=self.own)
        return SiloMap(organization=Organization(table=ORG, slug="slug"), control=control, regions=regions)

    def init(self, **options: Any) -> InitReport:
        return run_init(self.silos, InitOptions(**options))

    def open(self, name: str = "control") -> db.Connection:
        self.opened.append(db.connect(self.urls[name], setting=name))
        return self.opened[-1]

    def rows(self, query: LiteralString, *values: object, name: str = "control") -> list[tuple[Any, ...]]:
        with db.connect(self.urls[name], setting=name) as conn:
            cursor = conn.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def add(self, region: str, **organizations: int) -> None:
        """Rows of the organization's table, slug=id."""
        for slug, id_ in organizations.items():
            self.rows("INSERT INTO public.org VALUES (%s, %s)", id_, slug, name=region)

    def close(self) -> None:
        for conn in self.opened:
            conn.close()


def make_installation(
    make_database: Callable[..., str], *regions: str, control: str | None = "", own: OwnMapping | None = None
) -> Installation:
    """New databases: control's from a script (None: no control), each region's from SCRIPT."""
    urls = {} if control is None else {"control": make_database(control)}
    return Installation(urls | {name: make_database(SCRIPT) for name in regions or ("us", "de")}, own)
