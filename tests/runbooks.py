"""Reads the commands out of the runbooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "runbooks"
PAGES = tuple(sorted(FOLDER.glob("*.md")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A line behind ``$``, and the lines below it: parts of what it prints."""

    line: str
    prints: tuple[str, ...]


def read_commands(page: Path) -> tuple[Command, ...]:
    """The commands in a page's blocks of the language ``console``, in order."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = "\n".join(line.strip() for block in blocks for line in block.splitlines())
    commands = (part.strip().splitlines() for part in re.split(r"^\$ ", lines, flags=re.MULTILINE) if part.strip())
    return tuple(Command(line=line, prints=tuple(prints)) for line, *prints in commands)
