"""The demo's three servers: gone with this process, or kept in a folder until ``stop_servers``."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from psycopg.sql import SQL, Identifier

from splitter.binaries import read_major
from splitter.db import connect
from splitter.embedded import Cluster, initialize, temporary
from splitter.errors import UsageError

NAMES = ("control", "us", "de")
CONFIG = "silos.toml"
_MARK = ".orglift-demo"  # a folder without it is none of ours: nothing in it is stopped or deleted
_SETTINGS = {"fsync": "off", "full_page_writes": "off"}  # sample data need not survive a power cut
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Three running servers by name, each with a database of that name."""

    clusters: Mapping[str, Cluster]

    @property
    def major(self) -> int:
        """The servers' major version."""
        return read_major(next(iter(self.clusters.values())).binaries)

    def url(self, name: str) -> str:
        return self.clusters[name].url(name)

    def render_config(self) -> str:
        """The sample application's silos.toml with the servers' URLs. They hold no password: the socket's folder is the lock."""
        text = files(__package__).joinpath(CONFIG).read_text(encoding="utf-8")
        for name in NAMES:
            text = text.replace(f"${{{name.upper()}_URL}}", self.url(name))
        return text


@contextmanager
def temporary_servers() -> Iterator[Servers]:
    """Three servers that leave nothing behind, however we end."""
    with ExitStack() as stack:
        clusters = _at_once(lambda _: stack.enter_context(temporary(settings=_SETTINGS)), NAMES)
        yield _create_databases(clusters)


@contextmanager
def kept_servers(folder: Path) -> Iterator[Servers]:
    """Three servers in ``folder``, which run on after the block beside a silos.toml; if it fails, they and what they wrote are gone.

    Raises UsageError where there is something in the folder already.
    """
    folder = folder.absolute()
    _claim(folder)
    with ExitStack() as undo:
        undo.callback(stop_servers, folder)
        clusters = _at_once(lambda name: initialize(folder / name), NAMES)
        undo.callback(_at_once, Cluster.stop, clusters)
        _start(clusters, detach=False)
        yield _create_databases(clusters)
        # until here they would have ended with us: only a demo that succeeded outlives its command
        _at_once(Cluster.stop, clusters)
        _start(clusters, detach=True)
        (folder / CONFIG).write_text(_named(clusters).render_config(), encoding="utf-8")
        undo.pop_all()


def stop_servers(folder: Path) -> None:
    """Ends the servers that were kept in ``folder`` and deletes them; what else lies there stays. UsageError if there are none."""
    folder = folder.absolute()
    if not (folder / _MARK).exists():
        raise UsageError(f"{str(folder)!r} holds no demo", hint="name the folder that was given to `relocate demo --keep`")
    for name in NAMES:
        Cluster(folder / name, Path()).stop()
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (CONFIG, _MARK):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _claim(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = f"name a new folder; where a demo is kept, `relocate demo --stop {folder}` ends it"
        raise UsageError(f"{str(folder)!r} is not an empty folder", hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def _start(clusters: Iterable[Cluster], *, detach: bool) -> None:
    _at_once(lambda cluster: cluster.start(settings=_SETTINGS, detach=detach), clusters)


def _named(clusters: Iterable[Cluster]) -> Servers:
    return Servers(clusters=dict(zip(NAMES, clusters, strict=True)))


def _create_databases(clusters: Iterable[Cluster]) -> Servers:
    servers = _named(clusters)
    _at_once(lambda name: _create_database(servers.clusters[name], name), NAMES)
    return servers


def _create_database(cluster: Cluster, name: str) -> None:
    with closing(connect(cluster.url(), setting="the demo's server")) as conn:
        conn.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))


def _at_once(action: Callable[[T], R], values: Iterable[T]) -> list[R]:
    with ThreadPoolExecutor(len(NAMES)) as pool:
        return list(pool.map(action, values))
