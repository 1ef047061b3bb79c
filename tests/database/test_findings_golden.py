"""One case a kind of finding, tests/golden/check-<code>: what is found in schema.sql, and in safe.sql nothing.

``findings.txt`` is what a reviewer reads: code, object, what was found, the remedy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from splitter.catalog import read_schema
from splitter.db import connect
from splitter.findings import Sight, find_findings
from splitter.findings_kinds import KINDS, Finding, Subject
from splitter.silos_file import parse_silos

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(path.name.removeprefix("check-") for path in GOLDEN.glob("check-*"))

Look = Callable[[str, str, str], str]


@pytest.fixture
def look(make_database: Callable[..., str]) -> Look:
    """``look(case, schema file, silos file)`` -> what is found, as findings.txt has it."""

    def found(case: str, script: str, config: str) -> str:
        folder = GOLDEN / f"check-{case}"
        with connect(make_database(folder / script), setting="--url", readonly=True) as conn:
            schema = read_schema(conn)
        silos = parse_silos((folder / config).read_text("utf-8"), {})
        return "".join(map(show, find_findings(silos, Sight(schemas={script: schema}))))

    return found


def show(finding: Finding) -> str:
    return f"{finding.code}: {finding.object}\n    {finding.found}\n{indent(finding.remedy, '    ')}\n"


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_found(look: Look, case: str):
    expected = (GOLDEN / f"check-{case}" / "findings.txt").read_text("utf-8")
    assert look(case, "schema.sql", "silos.toml") == expected


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_found_where_nothing_is_wrong(look: Look, case: str):
    config = "safe.toml" if (GOLDEN / f"check-{case}" / "safe.toml").exists() else "silos.toml"
    assert look(case, "safe.sql", config) == ""


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_about_its_kind(case: str):
    told = (GOLDEN / f"check-{case}" / "findings.txt").read_text("utf-8").splitlines()
    assert {line.partition(":")[0] for line in told if line[:1] != " "} == {case}


def test_every_kind_that_a_schema_can_show_has_a_case():
    """Those about silos.toml alone have theirs in tests/unit/test_silos_check.py."""
    assert {code for code, kind in KINDS.items() if kind.subject is Subject.SCHEMA} <= set(CASES)
