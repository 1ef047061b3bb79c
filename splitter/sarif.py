"""Findings as SARIF 2.1.0, which code hosts show beside the changes that they are about."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from urllib.parse import quote

from splitter.findings_kinds import KINDS, Finding, Subject
from splitter.places import KeyPath, Places
from splitter.schema import TableName
from splitter.silos import SiloMap

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_FINGERPRINT = "orglift/v1"
_PART = r'(?:"(?:[^"]|"")+"|[^\s(."]+)'
_MADE = re.compile(
    rf"^\s*CREATE (?:UNLOGGED |FOREIGN )?TABLE (?:IF NOT EXISTS )?({_PART}(?:\.{_PART})?)(?=[\s(])", re.MULTILINE | re.IGNORECASE
)
_NAME = re.compile(_PART)

Place = tuple[str, int]  # a file, and a line in it


def render_sarif(found: Iterable[Finding], silos: SiloMap, file: str | None = None, text: str = "") -> dict[str, object]:
    """One run with every kind as a rule. ``file`` and ``text``: of the schema file, where one was checked; its lines are told then."""
    rules = list(KINDS)
    place = _placing(silos, file, text)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(rules)},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, rules.index(finding.code), place(finding), silos.places.source) for finding in found],
            }
        ],
    }


def _driver(rules: Iterable[str]) -> dict[str, object]:
    return {"name": "splitter check", "semanticVersion": version("orglift"), "rules": [_rule(code) for code in rules]}


def _rule(code: str) -> dict[str, object]:
    kind = KINDS[code]
    what = kind.what[0].upper() + kind.what[1:]
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in code.split("-")),
        "shortDescription": {"text": what},
        "fullDescription": {"text": f"{what}. {kind.why}"},
        "help": {"text": f"{what}.\n\n{kind.why}"},
        "defaultConfiguration": {"level": kind.level.value},
    }


def _result(finding: Finding, number: int, place: Place, source: str) -> dict[str, object]:
    path, line = place
    return {
        "ruleId": finding.code,
        "ruleIndex": number,
        "level": finding.kind.level.value,
        "message": {"text": f"{finding.object}: {finding.found}. {finding.why} Remedy: {finding.remedy}."},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(path)}, "region": {"startLine": line}},
                "logicalLocations": [{"fullyQualifiedName": finding.object}],
            }
        ],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding, source)},
    }


def _uri(path: str) -> str:
    """A relative path is one of the repository that is scanned."""
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


def _fingerprint(finding: Finding, source: str) -> str:
    """The same for the same thing, whatever was written above it: a key of silos.toml counts without its line."""
    object_ = re.sub(rf"^{re.escape(source)}:\d+: ", "", finding.object)
    return hashlib.sha256(f"{finding.code}\0{object_}".encode()).hexdigest()


def _placing(silos: SiloMap, file: str | None, text: str) -> Callable[[Finding], Place]:
    """Where to look: a mistake of silos.toml at its key, the rest at its table in the schema file, or where silos.toml names it."""
    made = _lines_of_tables(text) if file is not None else {}

    def place(finding: Finding) -> Place:
        if finding.kind.subject is Subject.FILE or file is None:
            return silos.places.source, _line_in_silos(finding, silos)
        return file, next((made[table] for table in finding.tables if table in made), 1)

    return place


def _line_in_silos(finding: Finding, silos: SiloMap) -> int:
    told = re.match(rf"{re.escape(silos.places.source)}:(\d+): ", finding.object)
    if told:
        return int(told[1])
    rules = next((silos.tables[table] for table in finding.tables if table in silos.tables), None)
    return _first_line(silos.places, [] if rules is None else [rules.key])


def _first_line(places: Places, keys: Iterable[KeyPath]) -> int:
    lines = [places.line(key) for key in (*keys, ("control", "tables"), ("organization",))]
    return next((line for line in lines if line), 1)


def _lines_of_tables(text: str) -> Mapping[TableName, int]:
    lines: dict[TableName, int] = {}
    offset, line = 0, 1
    for match in _MADE.finditer(text):
        line += text.count("\n", offset, match.start(1))
        offset = match.start(1)
        parts = [_unfold(part) for part in _NAME.findall(match[1])]
        lines.setdefault(TableName(*parts) if len(parts) == 2 else TableName("public", parts[-1]), line)
    return lines


def _unfold(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()
