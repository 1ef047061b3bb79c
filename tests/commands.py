"""The commands as processes that can be killed, stopped and waited for; ``Launcher`` keeps ready-made ones."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """``code`` is the exit code, or minus the signal that ended it."""

    words: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        answer = json.loads(self.stdout)
        assert isinstance(answer, dict)
        return answer

    @property
    def error(self) -> str:
        """The code of the error that was told; empty where none was."""
        try:
            return str(self.answer.get("error", {}).get("code", ""))
        except ValueError:
            return ""

    def __str__(self) -> str:
        return f"$ {' '.join(self.words)}\nexit {self.code}\n{self.stdout}\n{self.stderr}"


class Running:
    """One command; ``wait`` ends it."""

    def __init__(self, words: tuple[str, ...], zygote: subprocess.Popen[str], folder: Path, launcher: Launcher) -> None:
        self.words = words
        self._zygote = zygote
        self._folder = folder
        self._launcher = launcher
        self.pid = int(_line(zygote, PATIENCE))

    def ended(self) -> bool:
        """Whether ``wait`` would return at once."""
        assert self._zygote.stdout is not None
        ready, _, _ = select.select([self._zygote.stdout], [], [], 0)
        return bool(ready)

    def wait(self, patience: float = PATIENCE) -> Ended:
        code = os.waitstatus_to_exitcode(int(_line(self._zygote, patience)))
        self._launcher.idle.append(self._zygote)
        return Ended(self.words, code, *((self._folder / name).read_text() for name in ("stdout", "stderr")))


def _line(zygote: subprocess.Popen[str], patience: float) -> str:
    assert zygote.stdout is not None
    ready, _, _ = select.select([zygote.stdout], [], [], patience)
    if not ready:
        raise TimeoutError(f"the command has not ended after {patience:g} seconds")
    line = zygote.stdout.readline()
    assert line, "tests.zygote has ended: see its error above"
    return line


@dataclass
class Launcher:
    """Starts commands; as many at a time as one likes. ``folder`` takes what they print."""

    folder: Path
    idle: list[subprocess.Popen[str]] = field(default_factory=list)
    _made: list[subprocess.Popen[str]] = field(default_factory=list)
    _count: int = 0

    def start(self, program: str, *arguments: str, environ: Mapping[str, str]) -> Running:
        zygote = self.idle.pop() if self.idle else self._make()
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORGLIFT"))}
        order = {
            "program": program,
            "arguments": arguments,
            "environ": {**inherited, **environ},
            "cwd": str(folder),
            "stdout": str(folder / "stdout"),
            "stderr": str(folder / "stderr"),
        }
        assert zygote.stdin is not None
        zygote.stdin.write(json.dumps(order) + "\n")
        zygote.stdin.flush()
        return Running((program, *arguments), zygote, folder, self)

    def _make(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "tests.zygote"]
        zygote = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1, cwd=ROOT)
        self._made.append(zygote)
        return zygote

    def close(self) -> None:
        for zygote in self._made:
            zygote.kill()
            zygote.communicate()


@contextmanager
def launching() -> Iterator[Launcher]:
    with tempfile.TemporaryDirectory() as folder:
        launcher = Launcher(Path(folder))
        try:
            yield launcher
        finally:
            launcher.close()
