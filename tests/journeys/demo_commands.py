"""The three commands as processes, and a kept demo for them to work on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds: none of these commands needs more than some, but a machine may be busy
_SHIM = """#!{python}
import sys
sys.path.insert(0, {root!r})
from {package}.cli import main
sys.argv[0] = {package!r}
sys.exit(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A folder to work in, where ``splitter``, ``exports`` and ``relocate`` are those of this repository."""

    folder: Path
    programs: Path

    @property
    def demo(self) -> Path:
        return self.folder / "demo"

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORGLIFT_CONFIG"))}
        return kept | {"PATH": f"{self.programs}:{os.environ['PATH']}", "TMPDIR": str(self.folder)}

    def run(self, command: str, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """As a person would type it, by default in the kept demo's folder."""
        place = cwd or self.demo
        return subprocess.run(
            ["bash", "-c", command], cwd=place, env=self.environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def expect(self, command: str, *, cwd: Path | None = None, exit: int = 0) -> str:
        """What the command wrote to stdout, once it has ended with that exit code."""
        done = self.run(command, cwd=cwd)
        assert done.returncode == exit, f"$ {command}\nexit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def read(self, command: str) -> dict[str, Any]:
        """The one JSON object that the command wrote."""
        answer = json.loads(self.expect(command))
        assert isinstance(answer, dict)
        return answer

    def start(self, command: str, *, cwd: Path | None = None) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        words = command.split()
        return subprocess.Popen(words, cwd=cwd or self.demo, env=self.environment(), stdout=pipe, stderr=pipe, text=True)

    def servers(self) -> list[str]:
        """The processes that work below this folder."""
        found = []
        for place in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if place.readlink().is_relative_to(self.folder):
                    found.append((place.parent / "comm").read_text().strip())
            except OSError:
                continue
        return found


@contextmanager
def new_shell() -> Iterator[Shell]:
    """A shell in a new folder that the servers' user can get into; what runs below it at the end is stopped."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="orglift-journey-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        programs = folder / "programs"
        programs.mkdir()
        for package in ("splitter", "exports", "relocate"):
            shim = programs / package
            shim.write_text(_SHIM.format(python=sys.executable, root=str(ROOT), package=package))
            shim.chmod(0o755)
        shell = Shell(folder=folder, programs=programs)
        try:
            yield shell
        finally:
            if shell.demo.exists():
                shell.run("relocate demo --stop demo", cwd=folder)
                shutil.rmtree(shell.demo, ignore_errors=True)


@contextmanager
def kept_demo() -> Iterator[Shell]:
    """A shell beside a demo that was run with --keep."""
    with new_shell() as shell:
        shell.expect("relocate demo --keep demo", cwd=shell.folder)
        yield shell
