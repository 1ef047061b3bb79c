"""Runs one PostgreSQL server and outlives whoever started it just long enough to stop it.

Run as a script by ``splitter.embedded``, with nothing but the standard library; its argument is JSON, see ``Order``. The server ends
(fast shutdown) when ``STOP`` or the end of file arrives on standard input, when the parent is gone (``kill -9`` too; forked children of it
may still hold the pipe), or on SIGTERM. Then the folders named in ``remove`` are deleted. ``DETACH`` leaves the server alone, for good.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

STOP, DETACH = b"s", b"d"
LOOK_SECONDS = 0.25
PATIENCE = ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))  # fast, immediate, none; seconds before the next


class Order(TypedDict):
    """What to run. ``user`` is (uid, gid) or None."""

    command: list[str]
    environment: dict[str, str]
    folder: str
    log: str
    user: tuple[int, int] | None
    parent: int
    remove: list[str]


def main() -> int:
    order: Order = json.loads(sys.argv[1])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    server = _start(order)
    try:
        if _wait(server, order["parent"]) == DETACH:
            os._exit(0)  # not through ``finally``
    finally:
        _end(server)
        for path in order["remove"]:
            shutil.rmtree(path, ignore_errors=True)
    return 0


def _start(order: Order) -> subprocess.Popen[bytes]:
    uid, gid = order["user"] or (None, None)
    with Path(order["log"]).open("ab") as log:
        return subprocess.Popen(
            order["command"],
            cwd=order["folder"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            start_new_session=True,
        )


def _wait(server: subprocess.Popen[bytes], parent: int) -> bytes:
    """What the parent said; nothing where it or the server is gone."""
    while server.poll() is None and os.getppid() == parent:
        if select.select([0], [], [], LOOK_SECONDS)[0]:
            return os.read(0, 1)
    return b""


def _end(server: subprocess.Popen[bytes]) -> None:
    for number, seconds in PATIENCE:
        if server.poll() is not None:
            return
        server.send_signal(number)
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    sys.exit(main())
