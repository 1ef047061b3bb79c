"""Which tables and routines the text of a function names: a guess, for bodies that the catalog does not look into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from splitter.schema import RoutineName, Schema, TableName

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})?"
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_FIRST = re.compile(
    rf"\b(?:from|join|into|update|using|truncate(?:\s+table)?|table|copy|lock)\s+(?:only\s+)?(?P<name>{_DOTTED})", re.IGNORECASE
)
_NEXT = re.compile(rf"(?:\s+(?:as\s+)?{_NAME})?\s*,\s*(?:only\s+)?(?P<name>{_DOTTED})(?![\w$]|\s*[(.])", re.IGNORECASE)  # FROM a, b AS x, c
_ROW = re.compile(rf"(?P<name>{_DOTTED})(?:\s*\.\s*{_NAME})?\s*%\s*(?:rowtype|type)\b", re.IGNORECASE)
_CALL = re.compile(rf"(?P<name>{_DOTTED})\s*\(", re.IGNORECASE)


@dataclass(frozen=True)
class Texts:
    """The names of one schema, to be looked for in bodies. A name without a schema is looked for in public, then anywhere else."""

    schema: Schema

    def tables(self, body: str) -> frozenset[TableName]:
        """Tables and views that stand where a statement names one."""
        text = _COMMENT.sub(" ", body)
        return frozenset(found for spelled in _places(text) for found in self._find(spelled, self._relations))

    def routines(self, body: str) -> frozenset[RoutineName]:
        """All routines of the names that are called: arguments are not told apart."""
        text = _COMMENT.sub(" ", body)
        spelled = (match["name"] for match in _CALL.finditer(text))
        return frozenset(routine for name in spelled for found in self._find(name, self._called) for routine in self._called[found])

    @cached_property
    def _relations(self) -> Mapping[TableName, object]:
        return {**self.schema.tables, **self.schema.views}

    @cached_property
    def _called(self) -> Mapping[TableName, tuple[RoutineName, ...]]:
        return self.schema.routines_by_name()

    @cached_property
    def _elsewhere(self) -> Mapping[str, tuple[TableName, ...]]:
        groups: dict[str, tuple[TableName, ...]] = {}
        for name in (*self._relations, *self._called):
            groups[name.name] = (*groups.get(name.name, ()), name)
        return groups

    def _find(self, spelled: str, known: Mapping[TableName, object]) -> Iterable[TableName]:
        parts = [_unfold(part) for part in re.findall(_NAME, spelled)]
        if len(parts) == 2:
            return [name for name in (TableName(*parts),) if name in known]
        public = TableName("public", parts[-1])
        if public in known:
            return [public]
        return [name for name in self._elsewhere.get(parts[-1], ()) if name in known]


def _places(text: str) -> Iterator[str]:
    for match in _FIRST.finditer(text):
        yield match["name"]
        following = _NEXT.match(text, match.end())
        while following:
            yield following["name"]
            following = _NEXT.match(text, following.end())
    if "%" in text:
        for match in _ROW.finditer(text):
            yield match["name"]


def _unfold(part: str) -> str:
    """A name as the catalog has it: folded unless it is quoted."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()
