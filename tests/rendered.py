"""Runs rendered files with the tools that they are for: psql, Alembic and Django, as processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from splitter.render.alembic import render_alembic
from splitter.render.django import render_django
from splitter.render.sql import RUNNER, render_sql
from splitter.rendered_files import write_rendered
from splitter.steps import Plan, Stage
from tests.plan_sites import PlanSite

PATIENCE = 120  # seconds
FORMATS = ("sql", "alembic", "django")
APP = "split"
_BOOKS = ("alembic_version", "django_migrations", "orglift.journal")  # what is kept of who ran what
_ENV = """
import os
import psycopg
from alembic import context
from sqlalchemy import create_engine

if context.is_offline_mode():
    context.configure(url="postgresql+psycopg://", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(os.environ["URL"]))
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=bool(os.environ.get("PER_MIGRATION")))
        with context.begin_transaction():
            context.run_migrations()
"""
_INI = """[alembic]
script_location = env
version_locations = out
path_separator = os
[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
level = WARNING
handlers =
"""
_SETTINGS = """
import os
SECRET_KEY = "x"
INSTALLED_APPS = os.environ["APPS"].split()
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["HOST_"], "PORT": os.environ["PORT_"],
    "USER": os.environ["USER_"], "NAME": os.environ["NAME_"]}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""


@dataclass(frozen=True)
class Tool:
    """A scratch project around the rendered files of one plan; ``out`` is where they are."""

    kind: str
    folder: Path
    site: PlanSite
    apps: str = APP

    @property
    def out(self) -> Path:
        return self.folder / APP / "migrations" if self.kind == "django" else self.folder / "out"

    def prepare(self, plan: Plan, after: Sequence[str] = (), last: Stage = Stage.APPLY) -> None:
        """The project, and the plan's files in it, those of all stages up to the last one."""
        self.set_up()
        if self.kind == "sql":
            files = render_sql(plan, last)
        elif self.kind == "alembic":
            files = render_alembic(plan, after[0] if after else None, last)
        else:
            files = render_django(plan, APP, after, last)
        write_rendered(self.out, plan, files)

    def set_up(self) -> None:
        if self.kind == "alembic":
            (self.folder / "env").mkdir(exist_ok=True)
            (self.folder / "env" / "env.py").write_text(_ENV)
            (self.folder / "alembic.ini").write_text(_INI)
        elif self.kind == "django":
            (self.folder / APP).mkdir(exist_ok=True)
            (self.folder / APP / "__init__.py").touch()
            (self.folder / "settings.py").write_text(_SETTINGS)

    def up(self, code: int = 0, **environ: str) -> str:
        return self.run(self._command("up"), code, **environ)

    def down(self, code: int = 0, **environ: str) -> str:
        return self.run(self._command("down"), code, **environ)

    def start(self, command: Sequence[str] | None = None, **environ: str) -> subprocess.Popen[str]:
        """``up``, or another command, not waited for; what it says comes on its stdout."""
        found = conninfo_to_dict(self.site.url)
        given = {f"{name.upper()}_": str(found.get(name) or "") for name in ("host", "port", "user")} | {"NAME_": str(found["dbname"])}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORGLIFT", "PYTHON"))}
        path = f"{self.site.server.binaries}{os.pathsep}{os.environ['PATH']}"
        more = {"URL": self.site.url, "PATH": path, "APPS": self.apps, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            command or self._command("up"),
            cwd=self.folder,
            env=kept | given | more | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: Sequence[str], code: int = 0, **environ: str) -> str:
        process = self.start(command, **environ)
        said, _ = process.communicate(timeout=PATIENCE)
        failed = process.returncode != 0
        assert failed == bool(code), f"{command}: {process.returncode}\n{said}"
        return said

    def _command(self, way: str) -> list[str]:
        if self.kind == "sql":
            return ["sh", str(self.out / RUNNER), way, "-d", self.site.url]
        if self.kind == "alembic":
            return [sys.executable, "-m", "alembic", *(("upgrade", "head") if way == "up" else ("downgrade", "base"))]
        return self.django("migrate", *(() if way == "up" else (APP, "zero")))

    def django(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "django", *words]


def dump_all(site: PlanSite) -> str:
    """The whole schema, orglift's too, and the registry's rows, without what the tools note down about themselves."""
    without = [f"--exclude-table={name}*" for name in _BOOKS]
    command = [str(site.server.binaries / "pg_dump"), "--schema-only", *without, "-d", site.url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if site.rows("SELECT to_regclass('orglift.cascades') IS NOT NULL") == [(True,)]:
        text += str(site.rows("SELECT to_jsonb(c) - 'registered_at' FROM orglift.cascades AS c ORDER BY c::text COLLATE \"C\""))
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)
