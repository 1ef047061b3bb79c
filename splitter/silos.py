"""What silos.toml says, as frozen values, and the questions that are put to it.

``silos_file`` makes a ``SiloMap`` from the file and ``silos_check`` holds it against the databases' catalogs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import translate
from functools import lru_cache
from typing import Literal, TypeAlias

from splitter.errors import ConfigError, Problem
from splitter.json_path import PathStep, spell_path
from splitter.layout import IdLayout
from splitter.nearest import did_you_mean
from splitter.places import KeyPath, Places
from splitter.schema import TableName, split_name

OnDelete: TypeAlias = Literal["cascade", "set null", "set default", "none", "restrict"]
Effect: TypeAlias = Literal["cascade", "set null", "set default", "none"]
Dangling: TypeAlias = Literal["keep", "null", "refuse"]
OnMove: TypeAlias = Literal["follow", "null"]
OnMissing: TypeAlias = Literal["refuse", "insert"]
Scalar: TypeAlias = int | str | bool

_REMEMBERED = 16_384  # answers; a schema of that many tables is none yet
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Silo(str, Enum):
    CONTROL = "control"
    REGION = "region"


class Export(str, Enum):
    """What becomes of a table's rows when an organization leaves."""

    ROWS = "rows"  # the organization's own (the default)
    REFERENCED = "referenced"  # those that its rows refer to travel along
    SHARED = "shared"  # every region has them; matched by a natural key, never copied
    NONE = "none"  # left, for a reason that a person wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Hide:
    """The column of the organization's row that keeps region-wide jobs off a copy that isn't live, and its two values."""

    column: str
    live: Scalar
    moving: Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """The tenant's root table."""

    table: TableName
    slug: str | None = None
    hide: Hide | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where one database is. ``raw`` is the file's text, with ``${NAME}`` for what stands in the environment."""

    name: str  # control, or the region's
    setting: str  # the key that gave it: regions.us.url
    raw: str
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # that the file was read with

    def url(self, environ: Mapping[str, str] | None = None) -> str:
        """The URL with its variables filled in; ConfigError names the key and every variable that is not set."""
        values = self.environ if environ is None else environ
        names = dict.fromkeys(_VARIABLE.findall(self.raw))
        unset = [name for name in names if name not in values]
        if unset:
            shown = ", ".join(f"${{{name}}}" for name in unset)
            hint = f"set {', '.join(unset)} in the environment"
            raise ConfigError(f"{self.setting} needs {shown}, which the environment does not set", hint=hint)
        url = _VARIABLE.sub(lambda found: values[found[1]], self.raw)
        if not url.strip():
            raise ConfigError(f"{self.setting} is empty: {self.raw} is set to nothing", hint=f"set {', '.join(names)} to a URL")
        return url


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMapping:
    """The application's own table in control that says where an organization lives, and its columns."""

    table: TableName
    organization: str
    slug: str | None = None
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The control silo. Without ``database`` its tables stand in the only region's (monolith)."""

    database: Database | None = None
    tables: tuple[str, ...] = ()  # shell patterns; one without a dot means public
    mapping: OwnMapping | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftTarget:
    """A key that a soft reference holds; ``label`` is what the type column says where the reference is polymorphic."""

    table: TableName
    columns: tuple[str, ...]
    label: str | None = None

    def __str__(self) -> str:
        return _spell_columns(self.table, self.columns) + (f" [{self.label}]" if self.label is not None else "")


def _spell_columns(table: TableName, columns: tuple[str, ...]) -> str:
    return ", ".join(spell_column(table, column) for column in columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftReference:
    """An id without a foreign key. Rows whose label is not among the targets are not followed.

    ``json`` tells a reference inside JSON (``path`` from the document's root; empty: the document itself) from one that is the
    column. ``type_column`` is another column of the row, ``type_path`` another place of the document, for polymorphic ones.
    """

    table: TableName
    columns: tuple[str, ...]
    targets: tuple[SoftTarget, ...]
    type_column: str | None = None
    json: bool = False
    path: tuple[PathStep, ...] = ()
    type_path: tuple[PathStep, ...] = ()
    keys: bool = False  # the names of the members of the objects at ``path`` are the ids
    on_delete: OnDelete | None = None
    restrict_becomes: Effect | None = None
    none_values: tuple[int | str, ...] = ()
    dangling: Dangling = "keep"
    on_move: OnMove = "follow"
    key: KeyPath = field(default=(), compare=False)  # where it stands in the file

    @property
    def polymorphic(self) -> bool:
        return any(target.label is not None for target in self.targets)

    def __str__(self) -> str:
        path = f" {spell_path(self.path)}" if self.json else ""
        targets = ", ".join(str(target) for target in self.targets)
        return f"{_spell_columns(self.table, self.columns)}{path} -> {targets}"

    @property
    def delete_effect(self) -> Effect | None:
        """What a delete of the target does across silos, where nothing can be restricted; None: the file doesn't say."""
        return self.restrict_becomes if self.on_delete == "restrict" else self.on_delete


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """What the file says of one table; the defaults where it says nothing."""

    table: TableName
    export: Export = Export.ROWS
    why: str | None = None
    match: tuple[tuple[str, ...], ...] = ()  # natural keys; the first one without NULL counts
    ignore: tuple[str, ...] = ()  # columns whose difference does not matter when shared rows are matched
    on_missing: OnMissing = "refuse"
    shared_where: str | None = None  # SQL: the part of an owned table that is shared
    owner: tuple[str, ...] = ()  # columns of the reference that alone decides who owns a row
    ids: tuple[str, ...] = ()
    not_ids: tuple[str, ...] = ()
    accept_triggers: tuple[str, ...] = ()
    key: KeyPath = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Commands of the application around a move; ``timeout`` in seconds, for each."""

    before_copy: str | None = None
    after_switch: str | None = None
    timeout: float = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding of ``splitter check`` that stays."""

    code: str
    object: str
    why: str
    key: KeyPath = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """What nobody has decided yet: what a table is to be (no ``columns``), or whether a place holds ids, and whose (``targets``).

    `splitter check` tells it, and no row of such a table is exported, until somebody decides and takes it out, or accepts it with a reason.
    """

    table: TableName
    columns: tuple[str, ...] = ()
    type_column: str | None = None
    json: bool = False
    path: tuple[PathStep, ...] = ()
    type_path: tuple[PathStep, ...] = ()
    keys: bool = False
    targets: tuple[SoftTarget, ...] = ()
    evidence: str = ""
    choices: tuple[str, ...] = ()
    key: KeyPath = field(default=(), compare=False)

    def __str__(self) -> str:
        if not self.columns:
            return str(self.table)
        return _spell_columns(self.table, self.columns) + (f" {spell_path(self.path)}" if self.json else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloMap:
    """The whole file. ``places`` tells where each key stands in it."""

    organization: Organization
    ids: IdLayout = field(default_factory=IdLayout)
    control: Control | None = None
    regions: Mapping[str, Database] = field(default_factory=dict)
    references: tuple[SoftReference, ...] = ()
    tables: Mapping[TableName, TableRules] = field(default_factory=dict)
    hooks: Hooks = Hooks()
    accepted: tuple[Accepted, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    places: Places = field(default_factory=Places, repr=False, compare=False)

    def rules(self, table: TableName) -> TableRules:
        """What the file says of a table."""
        return self.tables.get(table) or TableRules(table=table)

    def silo_of(self, table: TableName) -> Silo:
        """Control where a pattern of ``control.tables`` matches the exact name; else region."""
        patterns = self.control.tables if self.control else ()
        return Silo.CONTROL if _is_named(patterns, table) else Silo.REGION

    @property
    def is_monolith(self) -> bool:
        """Whether the file names no control database: the only region's holds everything."""
        return self.control is None or self.control.database is None

    @property
    def databases(self) -> tuple[Database, ...]:
        """Control's, where there is one, and those of the regions in the order of the file."""
        control = () if self.control is None or self.control.database is None else (self.control.database,)
        return (*control, *self.regions.values())

    def database(self, name: str) -> Database:
        """The database of ``control`` or of a region; ConfigError with the nearest name where there is none.

        Without a control database, ``control`` is the only region's.
        """
        if name != Silo.CONTROL.value:
            return self.region(name)
        if self.control is not None and self.control.database is not None:
            return self.control.database
        if len(self.regions) == 1:
            return next(iter(self.regions.values()))
        raise ConfigError(f"{self.places.source} names no control database", hint="add [control] with url")

    def region(self, name: str) -> Database:
        """The region of that exact name; ConfigError with the nearest one where there is none."""
        if name in self.regions:
            return self.regions[name]
        known = ", ".join(self.regions) or "none"
        hint = did_you_mean(name, self.regions, f"the regions of {self.places.source}: {known}")
        raise ConfigError(f"there is no region {name!r}", hint=hint)


def config_error(source: str, problems: Iterable[Problem]) -> ConfigError:
    """The error that carries everything that is wrong with one file; its message counts, the problems tell."""
    found = tuple(problems)
    return ConfigError(f"{source} has {len(found)} problem{'s' if len(found) != 1 else ''}", problems=found)


def spell_column(table: TableName, column: str) -> str:
    """``t.col``, as silos.toml spells it."""
    return f"{table}.{TableName('public', column)}"  # a column is quoted as a table's own part is


def matches(pattern: str, table: TableName) -> bool:
    """Whether a shell pattern of silos.toml names that table; a pattern without a dot means public."""
    schema, name = _compiled(pattern)
    return bool(schema.match(table.schema) and name.match(table.name))


@lru_cache(maxsize=_REMEMBERED)
def _compiled(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    parts = split_name(pattern)
    schema, name = parts if len(parts) == 2 else ("public", parts[-1])
    return re.compile(translate(schema)), re.compile(translate(name))


@lru_cache(maxsize=_REMEMBERED)
def _is_named(patterns: tuple[str, ...], table: TableName) -> bool:
    """Asked for every end of every reference, thousands of times for the same tables."""
    return any(matches(pattern, table) for pattern in patterns)
