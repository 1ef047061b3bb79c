"""A process that has imported the commands and forks one for every line it reads: a real process each time, without the start-up.

Crash tests run a command hundreds of times; an interpreter and its imports would be most of that.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import random
import signal
import sys
from typing import Any

PROGRAMS = ("relocate", "exports")  # what is run often; others are imported by the process that becomes them
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Reads {"program", "arguments", "environ", "cwd", "stdout", "stderr"} lines; writes the process id, then the wait status."""
    die_with_parent()
    for name in PROGRAMS:
        importlib.import_module(f"{name}.cli")
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(order)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def become(order: dict[str, Any]) -> None:
    """Never returns: this process is the command now."""
    die_with_parent()
    for number, name in enumerate(("stdout", "stderr"), start=1):
        opened = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.clear()
    os.environ.update(order["environ"])
    os.chdir(order["cwd"])
    sys.argv = [order["program"], *order["arguments"]]
    random.seed()
    code: object = 70
    try:
        code = importlib.import_module(f"{order['program']}.cli").main()
    except SystemExit as exc:
        code = exc.code
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    main()
