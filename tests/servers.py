"""The servers of the tests: one cluster a major version and test process, in memory where there is /dev/shm; databases are cloned."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from splitter.embedded import Cluster, find_binaries, temporary
from splitter.errors import NoServer

MAJORS = (15, 18)
SETTINGS = {
    "wal_level": "logical",
    "shared_buffers": "64MB",
    "autovacuum": "off",  # a worker inside a template would hold up CREATE DATABASE; who needs statistics runs ANALYZE
    "max_prepared_transactions": "10",
}


@dataclass
class Server:
    """A running cluster that hands out databases."""

    cluster: Cluster
    major: int
    _admin: psycopg.Connection[Any]
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _templates: dict[str, str] = field(default_factory=dict)

    @property
    def binaries(self) -> Path:
        """Where its psql, pg_dump and the others are."""
        return self.cluster.binaries

    def url(self, name: str, user: str | None = None) -> str:
        return self.cluster.url(name, user=user)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """In the database postgres, as superuser: roles and the like."""
        cursor = self._admin.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def create(self, script: str | Path = "") -> str:
        """The URL of a new database with what ``script`` makes: SQL, or a file for psql. The script runs once, its databases are copies."""
        key = str(script.read_bytes() if isinstance(script, Path) else script)
        if key and key not in self._templates:
            name = f"template_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
            self._make(name, "template1")
            self.psql(self.url(name), script)
            self._templates[key] = name
        name = f"db{next(self._numbers)}"
        self._make(name, self._templates.get(key, "template1"))
        return self.url(name)

    def _make(self, name: str, template: str) -> None:
        self._admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))

    def drop(self, url: str) -> None:
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(str(name))))

    def close(self) -> None:
        self._admin.close()

    def crash(self) -> None:
        """As a bug of its own would: one process is killed, all sessions are thrown out; returns when it has recovered."""
        with psycopg.connect(self.cluster.url(), autocommit=True) as victim:
            os.kill(victim.info.backend_pid, signal.SIGKILL)
        until = time.monotonic() + 60
        while not self._admin.closed:  # the news takes a moment
            with suppress(psycopg.OperationalError):
                self._admin.execute("SELECT")
        while self._admin.closed:
            try:
                self._admin = psycopg.connect(self.cluster.url(), autocommit=True)
            except psycopg.OperationalError:
                assert time.monotonic() < until
                time.sleep(0.05)

    def psql(self, url: str, script: str | Path) -> str:
        """Runs SQL, or a file, with psql (meta-commands and COPY data work); what it printed, tuples only."""
        source = ["-f", str(script)] if isinstance(script, Path) else ["-f", "-"]
        command = [str(self.binaries / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", *source, "-d", url]
        given = None if isinstance(script, Path) else script
        done = subprocess.run(command, input=given, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout


class Servers:
    """Starts what is asked for, once; ``stack`` ends it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._started: dict[tuple[int, str], Server] = {}

    def __call__(self, major: int = MAJORS[-1], name: str = "main") -> Server:
        """The server of that major version; another ``name`` is another cluster, with another system identifier."""
        if (major, name) not in self._started:
            self._started[major, name] = self._start(major)
        return self._started[major, name]

    def _start(self, major: int) -> Server:
        memory = Path("/dev/shm")
        place = memory if os.access(memory, os.W_OK) else None
        cluster = self._stack.enter_context(temporary(binaries(major), settings=SETTINGS, place=place))
        server = Server(cluster, major, psycopg.connect(cluster.url(), autocommit=True))
        self._stack.callback(server.close)
        return server


def binaries(major: int) -> Path:
    """Both majors must be there in CI; elsewhere the tests of one that is absent are skipped."""
    try:
        return find_binaries(major=major)
    except NoServer as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{exc.message}: {exc.hint}")
