"""What the parts of `splitter suggest` hand to each other: where an id may stand, whose it may be, what was found, what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from splitter.catalog_union import kind_of
from splitter.json_path import PathStep, spell_path
from splitter.schema import Column, TableName
from splitter.silos import SoftReference, SoftTarget, spell_column

KEY_KINDS = frozenset({"integer", "uuid", "text", "numeric"})  # of the types that ids have


class Strength(IntEnum):
    """How much a name says of whose id it is."""

    NONE = 0  # nothing: only data can tell
    WEAK = 1  # it ends like the table's name, or several tables are named so
    LIKELY = 2  # it ends like the table's name, and what stands before only tells which row is meant
    SURE = 3  # it is the table's name, or foreign keys elsewhere have this very name


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where ids may stand: columns, or a path into the document of one. The fields are those of ``SoftReference``."""

    table: TableName
    columns: tuple[str, ...]
    type_column: str | None = None
    json: bool = False
    path: tuple[PathStep, ...] = ()
    type_path: tuple[PathStep, ...] = ()
    keys: bool = False

    @classmethod
    def of(cls, declared: SoftReference) -> Place:
        return cls(
            table=declared.table,
            columns=declared.columns,
            type_column=declared.type_column,
            json=declared.json,
            path=declared.path,
            type_path=declared.type_path,
            keys=declared.keys,
        )

    def __str__(self) -> str:
        columns = ", ".join(spell_column(self.table, column) for column in self.columns)
        return f"{columns} {spell_path(self.path)}" if self.json else columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Columns that tell a table's rows apart, and the kind of each (``kind_of``)."""

    table: TableName
    columns: tuple[str, ...]
    kinds: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(spell_column(self.table, column) for column in self.columns)

    @property
    def kind(self) -> str:
        """``integer``, ``uuid``, ``text``, ``numeric``; of several columns ``composite``."""
        return self.kinds[0] if len(self.kinds) == 1 else "composite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One key whose ids may stand in one place; of a polymorphic place, those with ``label``."""

    place: Place
    key: Key
    strength: Strength
    why: str  # what in the name says so
    label: str | None = None

    def __str__(self) -> str:
        label = f" [{self.label}]" if self.label is not None else ""
        return f"{self.place}{label} -> {self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The values of an integer key: the least, the greatest, and (nearly) how many there are."""

    low: int
    high: int
    rows: int

    @property
    def density(self) -> float:
        """The part of the numbers between them that are ids: 1 where they are numbered without gaps."""
        return min(1.0, self.rows / (self.high - self.low + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a sample of a place says of one key: numbers of different values, without those that mean nobody.

    ``rows`` and ``resolved``: all values that were sampled, and those of them that exist; a few rows may point at what is gone.
    ``agreeing`` and ``strangers``: of the rows whose own organization and whose referred-to row's organization are both known, how many
    are the same one's, and how many not; ``luck`` is the chance that a row agrees though it refers to nothing.
    """

    values: int = 0
    found: int = 0
    rows: int = 0
    resolved: int = 0
    beyond: int = 0  # of those that were not found, integers outside of all that the key has
    none_values: tuple[int | str, ...] = ()
    rivals: int = 0  # keys of other tables that hold all values as well
    others: int = 0  # keys of other tables that were compared
    chance: float = 1.0  # that as many values exist by chance, each drawn from the range of the key
    agreeing: int = 0
    strangers: int = 0
    luck: float = 1.0


class Verdict(str, Enum):
    PROPOSED = "proposed"
    UNDECIDED = "undecided"
    DROPPED = "dropped"  # the data contradicts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A candidate, whether it holds, and why, in words."""

    candidate: Candidate
    verdict: Verdict
    why: str
    none_values: tuple[int | str, ...] = ()
    proven: bool = False  # chance is ruled out


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A place that may hold ids, with everything that is known of it; ``note`` where that is no candidate's."""

    place: Place
    judged: tuple[Judged, ...] = ()
    unknown: tuple[str, ...] = ()  # labels of a polymorphic place that name no table
    note: str = ""


class Role(str, Enum):
    """What a table that nothing ties to the organization may be."""

    CONTROL = "control"
    SHARED = "shared"
    REFERENCED = "referenced"
    NONE = "none"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What one table is to be, and why. Tables that lead to the organization have none: they are region tables by default."""

    table: TableName
    role: Role
    why: str
    match: tuple[tuple[str, ...], ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedReference:
    """One ``[[references]]`` entry with what speaks for it."""

    reference: SoftReference
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReference:
    """A place of which nobody can tell yet whether it holds ids, or whose."""

    place: Place
    targets: tuple[SoftTarget, ...]
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """All that is to be added to a file; ``slug`` and ``organization`` only where there is no file yet."""

    organization: TableName
    slug: str | None = None
    references: tuple[SuggestedReference, ...] = ()
    open_references: tuple[OpenReference, ...] = ()
    placements: tuple[Placement, ...] = ()
    dropped: tuple[Judged, ...] = ()
    unseen: Mapping[TableName, str] = field(default_factory=dict)  # tables whose rows could not be looked at, and why

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to add."""
        return not (self.references or self.open_references or self.placements)


def key_kind(column: Column) -> str | None:
    """The kind of id that a column can hold (of an array: its elements); None where it holds none."""
    kind = kind_of(column.base_type)
    return kind if kind in KEY_KINDS else None


def is_array(column: Column) -> bool:
    return column.base_type.endswith("[]")
