"""Reads the commands out of the runbooks."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "runbooks"
PAGES = tuple(sorted(FOLDER.glob("*.md")))


def read_commands(page: Path) -> tuple[str, ...]:
    """The lines behind ``$`` in a page's blocks of the language ``console``, in order."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return tuple(line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip().startswith("$ "))
