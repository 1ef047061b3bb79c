"""What hangs on the columns that a plan widens, as frozen values: read from the catalog once, and put back as it was.

Definitions are the server's own texts under an empty search path: every name in them is qualified.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.schema import TableName

_TOKEN = re.compile(
    r"""(?P<string>[eE]?'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<word>[^\W\d][\w$]*)
      | (?P<cast>::)
      | (?P<space>\s+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
NOT_CARRIED = "not-carried"
BY_HAND = "widen it by hand, or drop it before and make it again after the plan"
_NO_COLUMN_AFTER = frozenset({".", "::", "COLLATE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFacts:
    """An index over a column that is widened. ``tail``: what follows the table's name, without tablespace and predicate.

    ``definition``: its constraint's. ``parent``: the index of the partitioned table that it is attached to.
    """

    name: TableName
    table: TableName
    unique: bool
    tail: str
    predicate: str | None = None
    tablespace: str | None = None
    constraint: str | None = None  # p, u, x: it is this constraint's
    definition: str | None = None
    options: tuple[str, ...] = ()
    deferrable: bool = False
    partitioned: bool = False
    parent: TableName | None = None
    temporal: bool = False  # PostgreSQL 18: of a key WITHOUT OVERLAPS
    clustered: bool = False
    replica_identity: bool = False
    comment: str | None = None
    constraint_comment: str | None = None
    targets: tuple[tuple[int, int], ...] = ()  # (position, statistics target) of its expressions

    @property
    def needs_lock(self) -> bool:
        """Whether no CREATE INDEX CONCURRENTLY can stand in for it: that would be checked at once, and an exclusion is no index."""
        return not self.partitioned and not self.temporal and (self.deferrable or self.constraint == "x")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """``inherited``: it is its parent's too, and goes with that; ``local``: it is this table's own as well."""

    name: str
    table: TableName
    expression: str
    validated: bool = True
    no_inherit: bool = False
    enforced: bool = True
    comment: str | None = None
    inherited: bool = False
    local: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsFacts:
    """An extended statistics object; ``tail`` is its definition after its name."""

    name: TableName
    table: TableName
    tail: str
    target: int = -1
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceFacts:
    """The sequence that feeds a column. ``after``: statements that put its rights and comment back, where it had to be made anew."""

    name: TableName
    type: str
    start: int
    minimum: int
    maximum: int
    increment: int
    cache: int
    cycle: bool
    owned: bool
    last: int = 0
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WideColumn:
    """A column that is widened. ``settings`` give its rights, comment and the like to the column that has its name by then.

    ``generated``: the expression of a column that is generated from one that is widened; its twin is generated from the twin.
    ``inherited``: what is done to its parent's column is done to it; ``local``: its table would have it without the parent as well.
    """

    table: TableName
    name: str
    type: str  # smallint, integer, or an array of it; of a generated column: any
    not_null: bool = False
    not_null_name: str | None = None  # PostgreSQL 18: the constraint's
    not_null_comment: str | None = None
    not_null_local: bool = True  # false: it has it from its parent alone
    inherited: bool = False
    local: bool = True
    default: str | None = None
    identity: str = ""
    sequence: SequenceFacts | None = None
    settings: tuple[str, ...] = ()
    target: int = -1
    generated: str | None = None
    virtual: bool = False
    collation: str | None = None
    domain: TableName | None = None  # its type, over ``type``

    @property
    def wide_type(self) -> str:
        if self.type.removesuffix("[]") not in ("smallint", "integer"):
            return self.type
        return "bigint[]" if self.is_array else "bigint"

    @property
    def is_array(self) -> bool:
        return self.type.endswith("[]")

    @property
    def limit(self) -> int:
        """The largest value that it held before; the smallest is ``-limit - 1``."""
        return 2**15 - 1 if self.type.startswith("smallint") else 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A materialized view that takes too long to be filled in the swap, or a view that one reads: another one takes its place there.

    ``create``: statements that make it without rows, under its own name.
    """

    name: TableName
    create: tuple[str, ...]
    materialized: bool = False
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCheck:
    """``needs_value``: it refuses NULL, and so every row that says nothing of a column of its type."""

    name: str
    expression: str
    validated: bool = True
    comment: str | None = None
    needs_value: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """A domain that is widened with all the columns that have it. ``base``: the domain that it is over, else it is over an integer.

    ``root``: the one at the bottom. ``granted``: whom its rights were given to, as GRANT spells it; None where nobody has touched them.
    """

    name: TableName
    root: TableName
    base: TableName | None = None
    default: str | None = None
    not_null: bool = False
    not_null_name: str | None = None  # PostgreSQL 17 and later: the constraint's
    not_null_comment: str | None = None
    checks: tuple[DomainCheck, ...] = ()
    owner: str
    granted: tuple[str, ...] | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What has to go before the columns change their names, and is made again after that. In the order in which it is dropped.

    ``view``, ``routine``: it is one of this name; that of a routine as regprocedure spells it. ``replaced``: it is not dropped, another
    one takes its place.
    """

    name: str
    drop: str
    create: tuple[str, ...]
    view: TableName | None = None
    routine: str | None = None
    replaced: Replaced | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependents:
    """All of it, for the columns of one database."""

    columns: tuple[WideColumn, ...] = ()
    indexes: tuple[IndexFacts, ...] = ()
    checks: tuple[CheckFacts, ...] = ()
    statistics: tuple[StatisticsFacts, ...] = ()
    bound: tuple[tuple[TableName, Bound], ...] = ()  # with a table whose column it hangs on; a view stands once for each
    domains: tuple[DomainFacts, ...] = ()  # each after the one that it is over
    touched: tuple[tuple[TableName, str], ...] = ()  # statements after which old sessions plan a trigger's function anew
    comments: Mapping[tuple[TableName, str], str] = field(default_factory=dict)  # of foreign keys
    fires: Mapping[tuple[TableName, str], str] = field(default_factory=dict)  # names of triggers behind their actions, which fire by name
    ruled: frozenset[TableName] = frozenset()  # of those that foreign keys refer from: a rule goes off where a row is updated


def read_tokens(text: str) -> tuple[tuple[str, str], ...]:
    """(kind, token) of an expression as the server spells it; joined together they are the text again."""
    return tuple((match.lastgroup or "other", match.group()) for match in _TOKEN.finditer(text))


def rename_columns(text: str, names: Mapping[str, str]) -> str:
    """An expression of one table, as the server spells it, with other columns in it. Functions, types, schemas, strings stay."""
    tokens = read_tokens(text)
    solid = [number for number, (kind, _) in enumerate(tokens) if kind != "space"]
    result = [token for _, token in tokens]
    for place, number in enumerate(solid):
        kind, token = tokens[number]
        if kind not in ("word", "quoted"):
            continue
        name = token[1:-1].replace('""', '"') if kind == "quoted" else token
        before = tokens[solid[place - 1]][1] if place else ""
        after = tokens[solid[place + 1]][1] if place + 1 < len(solid) else ""
        is_column = before not in _NO_COLUMN_AFTER and after not in ("(", ".")
        if name in names and is_column:
            result[number] = '"' + names[name].replace('"', '""') + '"'
    return "".join(result)
