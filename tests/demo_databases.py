"""The sample application's three databases on one test server, small, made once and then cloned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count

from psycopg import sql

from relocate.demo import fill
from relocate.demo.data import RegionRows, make_de, make_us
from splitter.db import connect
from splitter.layout import IdLayout
from tests.servers import Server

ORIGIN_OF_DE = 2  # the second region of silos.toml
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDatabases:
    """URLs of control, us (local ids) and de (ids of origin 2, though nobody has issued it yet), and the rows that are in them."""

    urls: Mapping[str, str]
    us: RegionRows
    de: RegionRows

    @property
    def silos(self) -> str:
        """The sample application's silos.toml for these databases."""
        text = files("relocate.demo").joinpath("silos.toml").read_text(encoding="utf-8")
        for name, url in self.urls.items():
            text = text.replace(f"${{{name.upper()}_URL}}", url)
        return text


@contextmanager
def demo_databases(server: Server, factor: float = 0.05) -> Iterator[DemoDatabases]:
    """``factor`` 0.05 makes some 5,000 rows; the first call of a process and server makes the templates."""
    us, de = _rows(factor)
    urls: dict[str, str] = {}
    try:
        for name in ("control", "us", "de"):
            template = f"demo_{name}_{factor:g}"
            if not server.execute(f"SELECT 1 FROM pg_database WHERE datname = '{template}'"):
                _make_template(server, template, name, factor)
            urls[name] = _clone(server, template)
        yield DemoDatabases(urls=urls, us=us, de=de)
    finally:
        for url in urls.values():
            server.drop(url)


@cache
def _rows(factor: float) -> tuple[RegionRows, RegionRows]:
    return make_us(factor=factor), make_de(base=IdLayout().first(ORIGIN_OF_DE), factor=factor)


def _clone(server: Server, template: str) -> str:
    name = f"{template}_{next(_numbers)}"
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)).as_string())
    return server.url(name)


def _make_template(server: Server, template: str, name: str, factor: float) -> None:
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(template)).as_string())
    us, de = _rows(factor)
    with closing(connect(server.url(template), setting="the test's server")) as conn:
        if name == "control":
            fill.create_control(conn)
            fill.register_region(conn, "us", us)
            fill.register_region(conn, "de", de)
        else:
            fill.create_region(conn)
            fill.fill_region(conn, us if name == "us" else de)
