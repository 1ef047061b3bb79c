"""docs/findings.md says of every kind what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from splitter.findings_kinds import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "findings.md").read_text("utf-8")
SECTIONS = {
    "silos.toml": "About silos.toml",
    "schema": "About the schema",
    "database": "About a live database",
    "move": "About a move",
    "query": "About statements that were run",
    "model": "About models",
}


def rows() -> list[tuple[str, ...]]:
    """Section, code, what, why of every row of a table."""
    found = []
    for section in PAGE.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        found += [(title, *row) for row in re.findall(r"^\| `([\w-]+)` \| (.*?) \| (.*?) \|$", body, re.MULTILINE)]
    return found


def test_the_page_names_every_kind_in_order_with_what_and_why():
    expected = [(SECTIONS[kind.subject.value], code, kind.what, kind.why) for code, kind in KINDS.items()]
    assert sorted(rows()) == sorted(expected) and len(rows()) == len(KINDS)


def test_every_code_that_the_page_speaks_of_exists():
    spoken = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`:", PAGE)) | set(re.findall(r'^code +=? *"([\w-]+)"', PAGE, re.MULTILINE))
    assert spoken and spoken <= KINDS.keys()
