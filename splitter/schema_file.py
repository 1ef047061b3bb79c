"""A schema dump (SQL for psql) -> Schema: loaded into a PostgreSQL of our own, which is gone afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from splitter.binaries import find_binaries, read_major
from splitter.catalog import read_schema
from splitter.db import Connection, connect, translated
from splitter.embedded import Cluster, temporary
from splitter.errors import NoServer, UsageError
from splitter.events import Note, Reporter, silent
from splitter.schema import Schema

_HOW = "make it with `pg_dump --schema-only --no-owner --no-privileges`"
_ERROR = re.compile(r"^psql:.*?:(\d+): (?:ERROR|FATAL|error):\s*(.*)$", re.MULTILINE)
_STATEMENT = re.compile(r"^psql:.*?:\d+: STATEMENT:\s*(.*?)(?=^psql:|\Z)", re.MULTILINE | re.DOTALL)
_DUMPED = re.compile(rb"^-- Dumped by pg_dump version (\d+)", re.MULTILINE)
_EXTENSION = re.compile(rb'^\s*CREATE EXTENSION (?:IF NOT EXISTS )?("(?:[^"]|"")+"|[^\s;"]+)', re.MULTILINE | re.IGNORECASE)
_LACKING = re.compile(r'extension "[^"]*" is not available')
_CUSTOM = b"PGDMP"  # how pg_dump's own formats begin
_HEAD = 4096  # bytes in which a dump says what it is
_NEWER = 4  # major versions that are looked for, from the dump's own on
_SHOWN = 300  # characters of a statement


def read_schema_file(path: Path, *, report: Reporter = silent) -> Schema:
    """What the file makes. UsageError with line and statement where one of its statements fails; NoServer.

    The file is psql's: it may do whatever psql's commands can, as the user who asks.
    """
    with open_schema_file(path, report=report) as conn, translated(f"reading {path}"):
        schema = read_schema(conn)
    if not schema.tables:
        raise UsageError(f"{path} makes no table", hint=f"{_HOW}, without --create")
    return schema


@contextmanager
def open_schema_file(path: Path, *, report: Reporter = silent) -> Iterator[Connection]:
    """A session in a database that the file made, for as long as the block lasts. Raises as ``read_schema_file``."""
    report(Note(f"loading {path} into a PostgreSQL of our own"))
    with temporary(_choose_binaries(path)) as cluster:
        _load(cluster, path)
        with connect(cluster.url(), setting=str(path), readonly=True) as conn:
            yield conn


def _choose_binaries(path: Path) -> Path:
    """Of the version that made the dump, or a newer one: an older one does not know all that stands in it. Else what there is.

    Of these, the first that has the dump's extensions.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_CUSTOM):
        raise UsageError(f"{path} is in a format of pg_dump's own", hint=f"make SQL of it with `pg_restore --schema-only -f`, or {_HOW}")
    found = _DUMPED.search(head)
    known = list(_of_majors(range(int(found[1]), int(found[1]) + _NEWER)) if found else ()) or [find_binaries()]
    wanted = _find_extensions(path) if len(known) > 1 else frozenset()
    return next((binaries for binaries in known if wanted <= _shipped(binaries)), known[0])


def _of_majors(majors: Iterable[int]) -> Iterator[Path]:
    for major in majors:
        with suppress(NoServer):
            yield find_binaries(major=major)


def _find_extensions(path: Path) -> frozenset[str]:
    names = (found.decode("utf-8", "replace") for found in _EXTENSION.findall(path.read_bytes()))
    return frozenset(name[1:-1].replace('""', '"') if name.startswith('"') else name.lower() for name in names)


def _shipped(binaries: Path) -> frozenset[str]:
    """The extensions whose files are there; none where the server does not tell its place."""
    try:
        told = subprocess.run([binaries / "pg_config", "--sharedir"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return frozenset()
    return frozenset(file.stem for file in Path(told, "extension").glob("*.control"))


def _load(cluster: Cluster, path: Path) -> None:
    options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "--echo-errors", f"--file={path.absolute()}", f"--dbname={cluster.url()}"]
    done = subprocess.run(
        [_psql(cluster), *options],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # what its queries give
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise _failure(path, done.stderr, cluster.binaries)


def _psql(cluster: Cluster) -> str:
    own = cluster.binaries / "psql"
    found = str(own) if own.exists() else shutil.which("psql")
    if found is None:
        raise NoServer(f"{str(cluster.binaries)!r} has no psql, and neither has PATH", hint="install PostgreSQL's client programs")
    return found


def _environment() -> dict[str, str]:
    """The caller's PGOPTIONS and the like must not reach psql; its messages are read here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PSQL", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}


def _failure(path: Path, told: str, binaries: Path) -> UsageError:
    error = _ERROR.search(told)
    if error is None:  # one of psql's own commands
        first = next((line.strip() for line in told.splitlines() if line.strip()), "psql failed")
        return UsageError(f"{path} cannot be loaded: {first}", hint=_HOW)
    found = _STATEMENT.search(told)
    statement = found[1].strip() if found else ""
    begins = int(error[1]) - statement.count("\n")  # psql counts to a statement's end
    shown = f": {_shorten(statement)}" if statement else ""
    hint = _lacking(path, binaries) if _LACKING.match(error[2]) else _HOW
    return UsageError(f"{path} fails at line {begins}: {error[2]}{shown}", hint=hint)


def _lacking(path: Path, binaries: Path) -> str:
    """All extensions that have to be got, not only the first one that was missed."""
    names = ", ".join(sorted(_find_extensions(path) - _shipped(binaries)))
    server = f"PostgreSQL {read_major(binaries)} in {str(binaries)!r}"
    return f"{server} lacks {names}: install that, or set ORGLIFT_PG_BIN to a server that has it, or look at a live database with --url"


def _shorten(statement: str) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
