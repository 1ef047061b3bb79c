"""SARIF: what the standard demands is there, a result points at a place, and it is the same one tomorrow."""

from __future__ import annotations

import re
from typing import Any

import pytest

from splitter.findings_kinds import KINDS, Finding, make_finding
from splitter.sarif import render_sarif
from splitter.schema import TableName
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos

TEXT = """[organization]
table = "org"

[control]
tables = ["users"]

[tables.plan]
export = "none"
why = "w"
"""
DUMP = """-- CREATE TABLE plan (in a comment)
CREATE TABLE public.org (
    id bigint
);
CREATE UNLOGGED TABLE IF NOT EXISTS "Of ""All"".x".Plan (
    id bigint
);
    CREATE TABLE plan (id bigint);
CREATE TABLE plan_2 PARTITION OF plan DEFAULT;
"""


def silos(text: str = TEXT) -> SiloMap:
    return parse_silos(text, {}, source="conf/silos.toml")


def finding(code: str = "keyless-table", object_: str = "plan", *tables: TableName) -> Finding:
    return make_finding(code, object_, "has none", "give it one", tables)


def name(text: str, schema: str = "public") -> TableName:
    return TableName(schema, text)


def result(found: Finding, *source: str) -> dict[str, Any]:
    (run,) = run_of([found], *source)
    return run


def run_of(found: list[Finding], *source: str) -> list[dict[str, Any]]:
    log: Any = render_sarif(found, silos(), *source)
    results: list[dict[str, Any]] = log["runs"][0]["results"]
    return results


def place(found: Finding, *source: str) -> tuple[str, int]:
    (location,) = result(found, *source)["locations"]
    physical = location["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def test_what_the_standard_requires_is_there():
    """The required properties of sarif-schema-2.1.0, and the values that it allows for the others."""
    log: Any = render_sarif([finding(code) for code in KINDS], silos())
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] and re.fullmatch(r"\d+\.\d+\.\d+\S*", driver["semanticVersion"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert len(run["results"]) == len(KINDS) == len({rule["id"] for rule in driver["rules"]})
    for each in run["results"]:
        assert each["message"]["text"] and each["level"] in ("none", "note", "warning", "error")
        assert driver["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
        assert all(isinstance(value, str) for value in each["partialFingerprints"].values())
        assert all(location["physicalLocation"]["region"]["startLine"] >= 1 for location in each["locations"])


def test_every_rule_says_what_it_is_and_why_it_matters():
    log: Any = render_sarif([], silos())
    for rule in log["runs"][0]["tool"]["driver"]["rules"]:
        kind = KINDS[rule["id"]]
        assert kind.why in rule["help"]["text"] and kind.what[1:] in rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] == kind.level.value
    assert log["runs"][0]["results"] == []


def test_a_finding_tells_all_that_the_other_formats_tell():
    text = result(finding())["message"]["text"]
    assert "plan: has none" in text and KINDS["keyless-table"].why in text and "Remedy: give it one." in text


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding("keyless-table", "plan", name("plan")), ("conf/silos.toml", 7)),  # where the file speaks of the table
        (finding("keyless-table", "team", name("team")), ("conf/silos.toml", 5)),  # else where it says which tables are control's
        (finding("empty-pattern", "conf/silos.toml:5: control.tables[0]"), ("conf/silos.toml", 5)),
    ],
)
def test_without_a_schema_file_it_points_into_silos_toml(found: Finding, expected: tuple[str, int]):
    assert place(found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding("keyless-table", "org", name("org")), ("db/my%20dump.sql", 2)),
        (finding("keyless-table", "x", name("plan", 'Of "All".x')), ("db/my%20dump.sql", 5)),
        (finding("keyless-table", "plan", name("plan")), ("db/my%20dump.sql", 8)),
        (finding("crossing", "gone -> plan", name("gone"), name("plan")), ("db/my%20dump.sql", 8)),
        (finding("keyless-table", "gone", name("gone")), ("db/my%20dump.sql", 1)),
        (finding("empty-pattern", "conf/silos.toml:5: control.tables[0]"), ("conf/silos.toml", 5)),
    ],
)
def test_of_a_schema_file_it_points_at_the_table(found: Finding, expected: tuple[str, int]):
    assert place(found, "db/my dump.sql", DUMP) == expected


def test_a_path_outside_of_the_repository_is_a_uri_all_the_same():
    assert place(finding(), "/tmp/a b.sql", DUMP) == ("file:///tmp/a%20b.sql", 1)


def test_a_fingerprint_is_the_same_wherever_the_lines_moved():
    one, other = (finding("empty-pattern", f"conf/silos.toml:{line}: control.tables[0]") for line in (5, 50))
    assert result(one)["partialFingerprints"] == result(other)["partialFingerprints"]


def test_different_things_have_different_fingerprints():
    found = [finding(), finding("keyless-table", "team"), finding("global-key", "plan")]
    assert len({each["partialFingerprints"]["orglift/v1"] for each in run_of(found)}) == len(found)
