"""Every kind of thing that `splitter check` may say, with why it matters; docs/findings.md says the same for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from splitter.cascade_findings import CASCADE_BACKLOG, CASCADE_TRIGGER_MISSING, ORPHAN
from splitter.errors import Problem, UsageError
from splitter.id_columns import NARROW_ID
from splitter.nearest import did_you_mean
from splitter.ownership import UNDECIDED_TABLE
from splitter.plans.region_ids import SEQUENCE_RANGE, SEQUENCE_USED_UP
from splitter.schema import TableName
from splitter.undecided import UNDECIDED

CROSSING, SUSPECTED_REFERENCE, RIVAL_WAYS, KEYLESS_TABLE = "crossing", "suspected-reference", "rival-ways", "keyless-table"
GLOBAL_KEY, SPLIT_FAMILY, SHARED_SEQUENCE, SUSPECTED_JOIN = "global-key", "split-family", "shared-sequence", "suspected-join"
VIEW_JOINS, RULE_JOINS, TRIGGER_JOINS = "view-joins-silos", "rule-joins-silos", "trigger-joins-silos"
ROUTINE_JOINS, POLICY_JOINS, EXPRESSION_JOINS = "routine-joins-silos", "policy-joins-silos", "expression-joins-silos"
STALE_ACCEPT, CLONE, UNDECLARED_REFERENCE = "stale-accept", "clone", "undeclared-reference"
WIDENING = "widening"
QUERY_CROSSES, TRANSACTION_CROSSES, UNREAD_QUERY = "query-crosses", "transaction-crosses", "unread-query"
MODEL_DISAGREES, MODEL_UNDECIDED, MODEL_MISSING = "model-disagrees", "model-without-silo", "model-without-table"


class Subject(str, Enum):
    """What a finding is about; that says where it can be seen, and whether it can be accepted."""

    FILE = "silos.toml"  # what contradicts the catalogs: corrected, never accepted
    SCHEMA = "schema"  # seen in a schema file too
    DATABASE = "database"  # what stands in a live one
    MOVE = "move"  # what `relocate` finds about one organization: this check sees none of it
    QUERY = "query"  # what `splitter queries` finds in statements that were run: a sample, so an accepted one that is not seen is not stale
    MODEL = "model"  # what the application's models say: seen with --models


class Level(str, Enum):
    """How sure it is, in SARIF's words."""

    ERROR = "error"
    WARNING = "warning"  # suspected, from names or texts


@dataclass(frozen=True, slots=True)
class Kind:
    """``what`` it is, and ``why`` it matters."""

    subject: Subject
    what: str
    why: str
    level: Level = Level.ERROR


_UNSEEN = "What the file says of it has no effect, and nothing else can be judged before it is right."
_FILE = {
    "unknown-table": "silos.toml names a table that no database has",
    "unknown-column": "silos.toml names a column that its table does not have",
    "unknown-trigger": "silos.toml names a trigger that its table does not have",
    "wrong-table": "silos.toml names a partition instead of its table",
    "wrong-type": "a column cannot hold what silos.toml says of it",
    "wrong-value": "a value that its column cannot have",
    "missing-key": "a key of silos.toml that its column needs",
    "not-null": "silos.toml sets a column to NULL that cannot be",
    "no-key": "a reference to columns that no unique key covers",
    "no-reference": "an owner that is no reference",
    "two-rules": "two rules for one column",
    "empty-pattern": "a pattern of control.tables that matches nothing",
}
_APART = "Control and region become two databases, and no statement sees both."
_SCHEMA = {
    CROSSING: Kind(
        Subject.SCHEMA,
        "a reference from a table of one silo to a table of the other",
        "No foreign key can hold between two databases: as long as it stands the silos cannot part, and once they have, a delete on one "
        "side leaves rows behind on the other.",
    ),
    UNDECIDED_TABLE: Kind(
        Subject.SCHEMA,
        "a table in neither silo: no reference ties it to the organization, and silos.toml does not name it",
        "Nobody knows whose rows these are: an export stops at it, since a table is never skipped in silence.",
    ),
    UNDECIDED: Kind(
        Subject.SCHEMA,
        "an entry of [[undecided]] in silos.toml: what `splitter suggest` could not tell, and nobody has decided since",
        "A guess that nobody confirmed decides whose rows are moved, and which ids are rewritten.",
    ),
    SUSPECTED_REFERENCE: Kind(
        Subject.SCHEMA,
        "a column that looks like another table's key, without a foreign key and not declared",
        "An id that nobody declared is not rewritten when its row moves, and points at a stranger's row afterwards.",
        Level.WARNING,
    ),
    RIVAL_WAYS: Kind(
        Subject.SCHEMA,
        "a table with two ways to the organization that are equally near, and none chosen",
        "A row may belong to two organizations by it, and an export of either stops there.",
    ),
    KEYLESS_TABLE: Kind(
        Subject.SCHEMA,
        "a table with rows of organizations and no key that tells them apart",
        "Its rows cannot be copied in pieces, taken up again after a crash, or purged one by one.",
    ),
    GLOBAL_KEY: Kind(
        Subject.SCHEMA,
        "a unique key or exclusion constraint of a region table that would have to hold in all regions together",
        "Each region enforces it for itself: two organizations may take the same value, and neither can move to where the other is.",
    ),
    VIEW_JOINS: Kind(Subject.SCHEMA, "a view or materialized view that reads tables of both silos", _APART),
    RULE_JOINS: Kind(Subject.SCHEMA, "a rule that reaches from one silo into the other", _APART),
    TRIGGER_JOINS: Kind(Subject.SCHEMA, "a trigger that reaches from one silo into the other", _APART),
    ROUTINE_JOINS: Kind(Subject.SCHEMA, "a function or procedure that uses tables of both silos", _APART),
    POLICY_JOINS: Kind(
        Subject.SCHEMA,
        "a row-level policy that looks into the other silo",
        "Who may see a row would be asked of a database that is not there: every query of the table fails.",
    ),
    EXPRESSION_JOINS: Kind(
        Subject.SCHEMA,
        "a default, generated column, check or index that looks into the other silo",
        "The expression is evaluated with every row that is written, and the table that it asks is in another database.",
    ),
    SUSPECTED_JOIN: Kind(
        Subject.SCHEMA,
        "a routine, or what uses one, whose text names tables of both silos",
        "A body that is text is resolved when it runs: nothing warns of it before the statement fails in production.",
        Level.WARNING,
    ),
    SPLIT_FAMILY: Kind(
        Subject.SCHEMA,
        "a partition or inheritance child in another silo than its parent",
        "A query of the parent reads the child's rows too, and cannot once they are in another database.",
    ),
    SHARED_SEQUENCE: Kind(
        Subject.SCHEMA,
        "a sequence that feeds columns of both silos",
        "Afterwards there are two of it, which go on from the same number: an id is given twice.",
    ),
    NARROW_ID: Kind(
        Subject.SCHEMA,
        "a column that no distributed id fits",
        "Ids that are unique across regions need more than 32 bits: the first one fails with 'integer out of range'.",
    ),
}
_DATABASE = {
    SEQUENCE_RANGE: Kind(
        Subject.DATABASE,
        "a sequence outside of the range of its region's origin",
        "Ids from it are not unique across regions, or will be given twice.",
    ),
    SEQUENCE_USED_UP: Kind(Subject.DATABASE, "a sequence with less than a tenth of its ids left", "Inserts fail once it is at its end."),
    UNDECLARED_REFERENCE: Kind(
        Subject.DATABASE,
        "a reference whose foreign key was broken, and that silos.toml does not declare",
        "The catalog no longer knows of it: a move would not rewrite its ids, and nobody asks any more whether it crosses.",
    ),
    CASCADE_TRIGGER_MISSING: Kind(
        Subject.DATABASE,
        "a parent, or a partition of it, whose deletes nobody writes down for the clean-up",
        "Its children stay behind, and nothing will ever look for them.",
    ),
    CASCADE_BACKLOG: Kind(
        Subject.DATABASE,
        "a clean-up that is behind: many deleted parents wait, or have waited for long, or fail",
        "Until it is done the application sees children without a parent; a backlog that nobody watches grows.",
    ),
    ORPHAN: Kind(
        Subject.DATABASE,
        "rows whose parent is gone and that no clean-up waits for",
        "No foreign key holds them any more, and nothing will take them away.",
    ),
    WIDENING: Kind(
        Subject.DATABASE,
        "ids that are being widened, or wait for somebody to say that it is for good",
        "No organization moves into or out of such a database, and its sequences stay within what the narrow columns hold.",
    ),
    CLONE: Kind(
        Subject.DATABASE,
        "a database that is a copy of another one",
        "Both would give the same ids, and a move could read from or write to the wrong one.",
    ),
}
_MOVE = {
    "large-object": Kind(
        Subject.MOVE,
        "a column that may name large objects, which don't travel",
        "The rows arrive, and what they name stays where it was.",
    ),
    "unindexed-way": Kind(
        Subject.MOVE,
        "a large table that is read whole, because no index leads to an organization's rows",
        "A move of the smallest organization takes as long as reading the table.",
    ),
    "control-shared": Kind(
        Subject.MOVE,
        "ids of shared rows that control holds, and that are others in another region",
        "A shared row keeps its natural key and not its id: after the move control would name another row.",
    ),
    "control-ids": Kind(
        Subject.MOVE,
        "the region whose local ids control holds, where several have some",
        "Whose row a local id of control names cannot be told from the id.",
    ),
}
_QUERY = {
    QUERY_CROSSES: Kind(
        Subject.QUERY,
        "a statement of the application that needs tables of both silos",
        "It fails as soon as they are in two databases, and perhaps no test runs it.",
    ),
    TRANSACTION_CROSSES: Kind(
        Subject.QUERY,
        "a transaction that writes in both silos",
        "Two databases don't commit together: one half stays when the other fails.",
    ),
    UNREAD_QUERY: Kind(
        Subject.QUERY,
        "a statement of which nobody can tell what it touches: no SQL, cut, hidden, or put together when it runs",
        "It may need both silos: what could not be read is not harmless.",
        Level.WARNING,
    ),
}
_MODEL = {
    MODEL_DISAGREES: Kind(
        Subject.MODEL,
        "a model whose annotation names another silo than silos.toml",
        "The guard keeps one border and the split makes another: what the tests prove is not what will be.",
    ),
    MODEL_UNDECIDED: Kind(
        Subject.MODEL,
        "a model without an annotation",
        "The guard does not know where it is available, and lets nobody use it in either silo.",
    ),
    MODEL_MISSING: Kind(
        Subject.MODEL,
        "a model whose table no database has",
        "The model and the schema are not of one version: nothing that is said of it can be compared.",
        Level.WARNING,
    ),
}
KINDS: Mapping[str, Kind] = {
    **{code: Kind(Subject.FILE, what, _UNSEEN) for code, what in _FILE.items()},
    STALE_ACCEPT: Kind(
        Subject.FILE,
        "an accepted finding that does not occur any more",
        "An exception that nobody needs hides the next finding of that name.",
    ),
    **_SCHEMA,
    **_DATABASE,
    **_MOVE,
    **_QUERY,
    **_MODEL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found. ``databases``: where; empty: in silos.toml. ``tables``: which it is about, as far as it is about some."""

    code: str
    object: str
    why: str
    found: str
    remedy: str
    databases: tuple[str, ...] = ()
    tables: tuple[TableName, ...] = ()

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    def value(self) -> dict[str, Any]:
        """As `splitter check --json` tells it."""
        return {
            "code": self.code,
            "object": self.object,
            "why": self.why,
            "found": self.found,
            "remedy": self.remedy,
            "database": ", ".join(self.databases) or None,
            "tables": [str(table) for table in self.tables],
        }


def make_finding(code: str, object_: str, found: str, remedy: str, tables: Iterable[TableName] = ()) -> Finding:
    """One of a kind that is known, not yet with the database that has it."""
    return Finding(code=code, object=object_, why=KINDS[code].why, found=found, remedy=remedy, tables=tuple(dict.fromkeys(tables)))


def from_problem(problem: Problem, tables: Iterable[TableName] = ()) -> Finding:
    return make_finding(problem.code, problem.object, problem.found, problem.remedy, tables)


def parse_codes(text: str | None) -> frozenset[str]:
    """``--only``: codes with commas between them; None: all. UsageError for one that does not exist."""
    codes = frozenset(KINDS) if text is None else frozenset(part.strip() for part in text.split(",") if part.strip())
    if not codes:
        raise UsageError("--only names no finding", hint=f"the findings are {', '.join(KINDS)}")
    for code in sorted(codes - KINDS.keys()):
        raise UsageError(f"there is no finding {code!r}", hint=did_you_mean(code, KINDS, f"the findings are {', '.join(KINDS)}"))
    return codes
