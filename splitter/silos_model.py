"""The shape of each section of silos.toml, for pydantic; nothing outside the reading of that file knows these classes.

A section is one flat model, so that an error's key is the section's and one more. Names and paths are parsed on the way in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from splitter.errors import scrub
from splitter.json_path import PathStep, parse_path
from splitter.schema import TableName, split_name
from splitter.silos import Dangling, Effect, OnDelete, OnMissing, OnMove, Scalar, SoftTarget

T = TypeVar("T")

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_URL_PASSWORD = re.compile(r"^[a-z+]*://[^:/@]*:([^@/]*)@", re.IGNORECASE)
_SETTING_PASSWORD = re.compile(r"(?:^|[?&\s])(?:ssl)?password\s*=\s*('[^']*'|[^&\s]*)", re.IGNORECASE)


class Wrong(ValueError):
    """A value that a key may not have: what was found, and what would be right."""

    def __init__(self, found: str, remedy: str, code: str = "wrong-value") -> None:
        super().__init__(found)
        self.code = code
        self.found = found
        self.remedy = remedy


def shown(value: object) -> str:
    """A value as TOML would have it, without passwords, cut short."""
    text = scrub(json.dumps(value, default=str, ensure_ascii=False))
    return text if len(text) <= 60 else text[:57] + "..."


def _text(value: Any, wanted: str) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{shown(value)} is not a string", f"write {wanted}")
    if not value.strip():
        raise Wrong("is empty", f"write {wanted}")
    return value


def _words(value: Any) -> str:
    return _text(value, "some text")


def _name(value: Any) -> str:
    return _text(value, "a name")


def _parts(value: Any, wanted: str, lengths: tuple[int, ...]) -> tuple[str, ...]:
    try:
        parts = split_name(_text(value, wanted))
    except Wrong:
        raise
    except ValueError as exc:
        raise Wrong(str(exc), f"write {wanted}; a part with a dot or a quote in double quotes, as in SQL") from exc
    if len(parts) not in lengths:
        raise Wrong(f"{shown(value)} has {len(parts)} part{'s' if len(parts) > 1 else ''}", f"write {wanted}")
    return parts


def _table(parts: tuple[str, ...]) -> TableName:
    table = TableName(*parts) if len(parts) == 2 else TableName("public", parts[0])
    if table.schema == "orglift":
        raise Wrong(f"{str(table)!r} is in the schema orglift, which is outside both silos", "name a table of the application")
    return table


def table_name(value: Any) -> TableName:
    """``t`` or ``schema.t``; raises Wrong."""
    return _table(_parts(value, '"table" or "schema.table"', (1, 2)))


def _pattern(value: Any) -> str:
    _parts(value, 'a pattern as "auth_*" or "schema.*"', (1, 2))
    return str(value)


def _column(value: Any) -> tuple[TableName, str]:
    parts = _parts(value, '"table.column" or "schema.table.column"', (2, 3))
    return _table(parts[:-1]), parts[-1]


def _columns(value: Any) -> tuple[TableName, tuple[str, ...]]:
    """One column, or several of one table."""
    found = [_column(one) for one in _several(value, '"table.column"')]
    tables, names = dict.fromkeys(table for table, _ in found), tuple(name for _, name in found)
    if len(tables) > 1:
        raise Wrong(f"columns of several tables: {', '.join(map(str, tables))}", "name columns of one table; each table has its own entry")
    if len(set(names)) < len(names):
        raise Wrong("names a column twice", "name each column once")
    return next(iter(tables)), names


def _several(value: Any, wanted: str) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if not items:
        raise Wrong("is an empty list", f"write {wanted}, or a list of them")
    return items


def _target(value: Any, label: str | None = None) -> SoftTarget:
    table, columns = _columns(value)
    return SoftTarget(table=table, columns=columns, label=label)


def _targets(value: Any) -> tuple[SoftTarget, ...]:
    """A key, or a table of label -> key."""
    if not isinstance(value, dict):
        return (_target(value),)
    if not value:
        raise Wrong("names no target", 'write { label = "table.column" }')
    return tuple(_target(one, label) for label, one in value.items())


def _candidates(value: Any) -> tuple[SoftTarget, ...]:
    """A list of what ``to`` may be."""
    if not isinstance(value, list):
        raise Wrong(f"{shown(value)} is not a list", 'write ["table.column", ...]')
    return tuple(target for one in value for target in _targets(one))


def _path(value: Any) -> tuple[PathStep, ...]:
    text = _text(value, "a path as $.actions[*].team_id")
    try:
        return parse_path(text)
    except ValueError as exc:
        found, _, remedy = str(exc).rpartition(": ")
        raise Wrong(found, remedy) from exc


def _owner(value: Any) -> tuple[str, ...]:
    return tuple(_name(one) for one in _several(value, '"column"'))


def _scalar(value: Any) -> Scalar:
    if isinstance(value, int | str):
        return value
    raise Wrong(f"{shown(value)} is no value of a column", "write a number, a string, true or false")


def _nobody(value: Any) -> int | str:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    raise Wrong(f"{shown(value)} is no id", "write numbers or strings")


def _natural_key(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Wrong(f"{shown(value)} is not a list of columns", f"write a list of alternatives, each a list: match = [[{shown(value)}]]")
    columns = tuple(_name(one) for one in _several(value, "columns"))
    if len(set(columns)) < len(columns):
        raise Wrong("names a column twice", "name each column once")
    return columns


def _url(value: Any) -> str:
    """The raw text of a URL; nothing of it is ever repeated in a message."""
    if not isinstance(value, str):
        raise Wrong("is not a string", 'write "${NAME}", and set NAME in the environment')
    if not value.strip():
        raise Wrong("is empty", 'write "${NAME}", and set NAME in the environment')
    if "${" in _VARIABLE.sub("", value):
        raise Wrong("has a ${ that names no variable", "write ${NAME}: letters, digits and _")
    if _has_password(value):
        remedy = "take it from the environment: ${NAME} in its place, or for the whole URL"
        raise Wrong("holds a password, and secrets never stand in this file", remedy, "secret")
    return value


def _has_password(url: str) -> bool:
    bare = _VARIABLE.sub("", url)
    found = [*_URL_PASSWORD.findall(bare), *_SETTING_PASSWORD.findall(bare)]
    return any(password.strip("'") for password in found)


def _checked(check: Callable[[Any], T]) -> PlainValidator:
    return PlainValidator(check)


Words = Annotated[str, _checked(_words)]
Name = Annotated[str, _checked(_name)]
Url = Annotated[str, _checked(_url)]
Table = Annotated[TableName, _checked(table_name)]
Columns = Annotated[tuple[TableName, tuple[str, ...]], _checked(_columns)]
Path = Annotated[tuple[PathStep, ...], _checked(_path)]
Value = Annotated[Scalar, _checked(_scalar)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)


class OrganizationPart(Part):
    table: Table
    slug: Name | None = None
    hide: Any = None


class HidePart(Part):
    column: Name
    live: Value
    moving: Value


class IdsPart(Part):
    bits: int = Field(53, ge=1, le=63)
    serial_bits: int = Field(36, ge=1, le=62)


class ControlPart(Part):
    url: Url | None = None
    tables: list[Annotated[str, _checked(_pattern)]] = Field(default_factory=list)
    mapping: Any = None


class MappingPart(Part):
    table: Table
    organization: Name
    slug: Name | None = None
    region: Name


class RegionPart(Part):
    url: Url


class ReferencePart(Part):
    holder: Columns = Field(alias="from")
    to: Annotated[tuple[SoftTarget, ...], _checked(_targets)]
    type_column: Name | None = None
    path: Path | None = None
    type_path: Path | None = None
    keys: bool = False
    on_delete: OnDelete | None = None
    restrict_becomes: Effect | None = None
    none_values: list[Annotated[int | str, _checked(_nobody)]] = Field(default_factory=list)
    dangling: Dangling = "keep"
    on_move: OnMove = "follow"


class TablePart(Part):
    export: Literal["rows", "referenced", "shared", "none"] = "rows"
    why: Words | None = None
    match: list[Annotated[tuple[str, ...], _checked(_natural_key)]] = Field(default_factory=list)
    ignore: list[Name] = Field(default_factory=list)
    on_missing: OnMissing = "refuse"
    shared_where: Words | None = None
    owner: Annotated[tuple[str, ...], _checked(_owner)] = ()
    ids: list[Name] = Field(default_factory=list)
    not_ids: list[Name] = Field(default_factory=list)
    accept_triggers: list[Name] = Field(default_factory=list)


class HooksPart(Part):
    before_copy: Words | None = None
    after_switch: Words | None = None
    timeout: float = Field(600, gt=0, allow_inf_nan=False)


class AcceptPart(Part):
    code: Name
    object: Name
    why: Words


class UndecidedPart(Part):
    table: Table | None = None
    holder: Columns | None = Field(None, alias="from")
    candidates: Annotated[tuple[SoftTarget, ...], _checked(_candidates)] = ()
    type_column: Name | None = None
    path: Path | None = None
    type_path: Path | None = None
    keys: bool = False
    evidence: Words
    choices: list[Words] = Field(default_factory=list)
