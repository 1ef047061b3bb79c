"""Every runbook has the same sections, and its commands stand where a test finds them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.runbooks import PAGES, read_commands

SECTIONS = ["When", "Before", "Do", "Expect", "If it fails", "Undo"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_sections_in_order(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_its_own_verb(page: Path) -> None:
    commands = read_commands(page)
    others = {"move": "relocate start", "cascades": "splitter cascades run"}
    others |= {name: f"splitter plan {name}" for name in ("break-fks", "widen-ids")}
    shown = others.get(page.stem, f"relocate {page.stem}")
    assert any(command.line.startswith(f"{shown} ") for command in commands)


def test_there_is_a_page_for_every_verb_that_changes_something() -> None:
    assert {"move", "import", "abort", "purge", "break-fks", "cascades", "widen-ids"} <= {page.stem for page in PAGES}
