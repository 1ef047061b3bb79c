"""The sample application, small and ready for a move, on one server: what an operator types, what it says, and what it left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from relocate.demo.data import RegionRows
from tests.commands import Ended, Launcher, Running
from tests.demo_databases import DemoDatabases, demo_databases
from tests.proxy import Moment, Proxy, Statement, Trap
from tests.servers import Server

DONE, FOUND, WRONG, REFUSED, FAILED = 0, 1, 2, 3, 4
PASSWORD = "hunter2hunter2"  # in every URL; nothing that is printed or written may have it
FACTOR = 0.01  # some 1,000 rows
ORG = "initech"
NAMES = ("control", "us", "de")
State = dict[str, tuple[Any, ...]]
Environ = Mapping[str, str | None]  # None takes a variable away
NOTHING: Environ = {}
_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1, 2"""
_OBJECTS = "SELECT oid::int8, relname, relkind::text FROM pg_class WHERE relname !~ '^pg_' ORDER BY oid"
_SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"


@dataclass
class Site:
    """``urls`` lead straight to the databases; the commands' own go through ``proxy``. ``rows`` is what us began with."""

    urls: Mapping[str, str]
    rows: RegionRows
    proxies: Mapping[str, Proxy]  # by database; one proxy may stand before several
    launcher: Launcher
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    config: str = field(default_factory=lambda: files("relocate.demo").joinpath("silos.toml").read_text("utf-8"))

    def __post_init__(self) -> None:
        self.environ |= {variable(name): with_password(self.proxies[name].url(url)) for name, url in self.urls.items()}
        self.environ |= {"ORGLIFT_CONFIG": str(self.folder / "silos.toml"), "ORGLIFT_LEASE": "5"}
        self.configure()

    @property
    def proxy(self) -> Proxy:
        """The one before all databases."""
        (proxy,) = set(self.proxies.values())
        return proxy

    def configure(self, *more: str, replace: tuple[str, str] = ("", "")) -> None:
        """Write silos.toml anew, with ``more`` at its end."""
        assert replace[0] in self.config
        text = self.config.replace(*replace) if replace[0] else self.config
        (self.folder / "silos.toml").write_text("\n\n".join([text, *more]), encoding="utf-8")

    # commands

    def start(self, program: str, *arguments: str, environ: Environ = NOTHING) -> Running:
        wanted = {**self.environ, **environ}
        return self.launcher.start(
            program, *arguments, "--json", environ={name: value for name, value in wanted.items() if value is not None}
        )

    def run(self, program: str, *arguments: str, exit: int = DONE, environ: Environ = NOTHING) -> dict[str, Any]:
        """What the command answered, once it has ended with that exit code."""
        ended = check(self.start(program, *arguments, environ=environ).wait(), exit)
        return ended.answer

    def refuse(
        self, program: str, *arguments: str, exit: int = REFUSED, told: tuple[str, ...] = (), environ: Environ = NOTHING
    ) -> dict[str, Any]:
        """Its error, which must have a remedy and say all that is in ``told``."""
        error = self.run(program, *arguments, exit=exit, environ=environ)["error"]
        assert error["message"], error
        assert error["hint"] or [problem["remedy"] for problem in error["problems"]], error
        text = str(error)
        assert not [each for each in told if each not in text], text
        return dict(error)

    def move(self, *more: str, exit: int = DONE) -> dict[str, Any]:
        return self.run("relocate", "start", ORG, "--to", "de", *more, exit=exit)

    def refuse_move(self, *told: str, exit: int = REFUSED) -> dict[str, Any]:
        return self.refuse("relocate", "start", ORG, "--to", "de", exit=exit, told=told)

    def export(self, *more: str, name: str = "one.orglift") -> Path:
        file = self.folder / name
        self.run("exports", "org", ORG, "--region", "us", "--out", str(file), *more)
        return file

    def harm(self, action: Callable[[], object], matches: Callable[[Statement], bool], moment: Moment = Moment.BEFORE) -> Trap:
        """Do ``action`` while the next command runs, at the first statement that matches."""
        return self.proxy.trap(moment, lambda _: run(action), matches=matches, cut=False)

    # databases

    def sql(self, name: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.urls[name], autocommit=True) as conn:
            cursor = conn.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, name: str, query: str, *values: object) -> Any:
        ((value,),) = self.sql(name, query, *values)
        return value

    def whole(self) -> dict[str, State]:
        """Everything that is in the three databases, orglift's own too, and which transaction wrote it where."""
        found = {name: read_whole(url) for name, url in self.urls.items()}
        assert PASSWORD not in str(found)
        return found

    def contents(self) -> dict[str, State]:
        """The application's rows alone, as texts."""
        return {name: read_contents(url) for name, url in self.urls.items()}

    def home(self) -> tuple[Any, ...]:
        """Region and id of the organization in the application's mapping, which agrees with orglift's."""
        (theirs,) = self.sql("control", "SELECT region_name, organization_id::text FROM organization_mapping WHERE slug = %s", ORG)
        (ours,) = self.sql("control", "SELECT region, organization FROM orglift.mapping WHERE slug = %s", ORG)
        assert theirs == ours
        return theirs


def run(action: Callable[[], object]) -> None:
    action()


def check(ended: Ended, exit: int) -> Ended:
    """Ended as it should have; a user never sees a traceback or a password."""
    assert ended.code == exit, str(ended)
    assert "Traceback" not in ended.stdout + ended.stderr, str(ended)
    assert PASSWORD not in ended.stdout + ended.stderr, str(ended)
    return ended


def variable(name: str) -> str:
    return f"{name.upper()}_URL"


def with_password(url: str) -> str:
    return url.replace("//postgres@", f"//postgres:{PASSWORD}@")


def read_whole(url: str) -> State:
    with psycopg.connect(url, autocommit=True) as conn:
        found: State = {"objects": tuple(conn.execute(_OBJECTS)), "sequences": tuple(conn.execute(_SEQUENCES))}
        for table in conn.execute(_TABLES).fetchall():
            query = sql.SQL("SELECT ctid::text, xmin::text, x::text FROM {} AS x ORDER BY x.ctid").format(sql.Identifier(*table))
            found[".".join(table)] = tuple(conn.execute(query))
    return found


def read_contents(url: str) -> State:
    with psycopg.connect(url, autocommit=True) as conn:
        found: State = {}
        for table in conn.execute(_TABLES).fetchall():
            if table[0] != "orglift":
                query = sql.SQL("SELECT x::text FROM {} AS x ORDER BY 1").format(sql.Identifier(*table))
                found[".".join(table)] = tuple(conn.execute(query))
    return found


@dataclass
class Saved:
    """The three databases as they were before the first move; put back under the same names and object ids, they are no clones."""

    server: Server
    demo: DemoDatabases
    _templates: dict[str, tuple[str, int]] = field(default_factory=dict)
    _worn: bool = False

    def save(self) -> None:
        for url in self.demo.urls.values():
            name = database_name(url)
            ((oid,),) = self.server.execute(f"SELECT oid::int8 FROM pg_database WHERE datname = '{name}'")
            self._templates[name] = f"{name}_saved", oid
            self._run("CREATE DATABASE {} TEMPLATE {}", f"{name}_saved", name)

    def restore(self) -> None:
        if self._worn:
            for name, (template, oid) in self._templates.items():
                self._run("DROP DATABASE {} WITH (FORCE)", name)
                self._run(f"CREATE DATABASE {{}} TEMPLATE {{}} OID {oid}", name, template)
        self._worn = True

    def forget(self) -> None:
        for template, _ in self._templates.values():
            self._run("DROP DATABASE {}", template)

    def _run(self, statement: str, *names: str) -> None:
        self.server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)).as_string())


def database_name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


@contextmanager
def saved_demo(server: Server, launcher: Launcher, folder: Path) -> Iterator[Saved]:
    """Initialised, de's sequences in its origin's range."""
    with demo_databases(server, FACTOR) as demo, Proxy(server.url("postgres")) as proxy:
        prepare(Site(demo.urls, demo.us, dict.fromkeys(NAMES, proxy), launcher, folder))
        saved = Saved(server, demo)
        saved.save()
        yield saved
        saved.forget()


def prepare(site: Site) -> None:
    site.run("relocate", "init")
    plan = str(site.folder / "de.json")
    site.run("splitter", "plan", "region-ids", "--region", "de", "--out", plan)
    site.run("splitter", "apply", plan)
