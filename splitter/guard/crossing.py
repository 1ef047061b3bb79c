"""One crossing at run time, as a frozen value, and how it reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from splitter.errors import scrub

STATEMENT_LENGTH = 300  # characters of a statement that are kept; values are parameters and never in it


class Kind(str, Enum):
    """What makes it a crossing. The values stand in reports."""

    STATEMENT = "statement"  # it touches a table of the other silo
    TRANSACTION = "transaction"  # it writes in both silos
    RELATIONSHIP = "relationship"  # an object of one silo is tied to one of the other
    FOREIGN_KEY = "foreign-key"
    UNASSIGNED = "unassigned"  # a table that is in no silo
    UNREADABLE = "unreadable"  # nobody can tell what it touches
    OUTLIVED = "outlived"  # a transaction that began in another mode


_NOUNS = {Kind.TRANSACTION: "transaction", Kind.RELATIONSHIP: "relationship", Kind.FOREIGN_KEY: "foreign key", Kind.UNREADABLE: "statement"}
_SAID_AT_ONCE = (Kind.TRANSACTION, Kind.OUTLIVED)
_REMEDIES = {
    Kind.STATEMENT: "ask the other silo for it, keep a copy in this one, or mark the way with assume_control() or assume_region()",
    Kind.TRANSACTION: "two transactions, and one of them from an outbox or a task: no commit holds in two databases",
    Kind.RELATIONSHIP: "keep the id in a plain column, and ask the other silo",
    Kind.FOREIGN_KEY: "`splitter plan break-fks` breaks it; the column becomes a reference of silos.toml",
    Kind.UNASSIGNED: "put @control_silo_model or @region_silo_model on the model, or name the table in silos.toml",
    Kind.UNREADABLE: "write it in PostgreSQL's SQL, or with SQLAlchemy's constructs, or say what it is: with assume_monolith(why)",
    Kind.OUTLIVED: "end the transaction (commit, rollback, close the session) where its mode ends",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of the application. ``file`` as the interpreter knows it."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """What was called, in which mode, where it is available, and from which line."""

    kind: Kind
    operation: str  # select, insert, update, delete, text, flush, ...
    subject: str  # the model; the table where it has none
    is_model: bool = True
    table: str = ""  # as silos.toml spells it
    near: tuple[str, ...] = ()  # tables of this mode's silo that the same statement or transaction touches
    mode: str
    region: str | None = None
    available: tuple[str, ...]  # modes
    place: Place | None = None
    statement: str = ""
    because: str = ""  # the relationship that was loaded, the reason that it can't be read, the mode that the transaction began in

    @property
    def first_line(self) -> str:
        """Called `select` on `User` in REGION mode. The model is available only in: MONOLITH, CONTROL"""
        noun = _NOUNS.get(self.kind, "model" if self.is_model else "table")
        named = f" on `{self.subject}`" if self.subject else ""
        also = f", {self.because}" if self.kind in _SAID_AT_ONCE and self.because else ""
        available = ", ".join(self.available)
        return f"Called `{self.operation}`{named} in {self.mode} mode{also}. The {noun} is available only in: {available}"

    @property
    def notes(self) -> tuple[str, ...]:
        """The lines that follow the first one."""
        because = "" if self.kind in _SAID_AT_ONCE else self.because
        parts = (
            ("region", self.region or ""),
            ("because", because),
            ("together with", ", ".join(self.near)),
            ("statement", self.statement),
            ("instead", self.remedy),
        )
        return tuple(f"  {name}: {text}" for name, text in parts if text)

    @property
    def remedy(self) -> str:
        return _REMEDIES[self.kind]

    def because_of(self, because: str) -> Crossing:
        return replace(self, because=because)

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold; ``of_json`` reads it."""
        return asdict(self) | {"kind": self.kind.value}

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Crossing:
        place = found["place"]
        tuples = {name: tuple(found[name]) for name in ("near", "available")}
        return cls(**found | tuples | {"kind": Kind(found["kind"]), "place": Place(**place) if place else None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """An ``assume_...`` block that was entered."""

    into: str  # CONTROL, REGION, MONOLITH
    region: str | None
    out_of: str
    why: str
    place: Place | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Escape:
        place = found["place"]
        return cls(**found | {"place": Place(**place) if place else None})


def shown_statement(text: str) -> str:
    """One line of at most STATEMENT_LENGTH characters, without passwords."""
    line = scrub(" ".join(text.split()))
    return line if len(line) <= STATEMENT_LENGTH else line[: STATEMENT_LENGTH - 1] + "…"
