"""Everything that may go wrong, as one tree; the number is the exit code of the command.

    OrgliftError
    ├── UsageError 2                the command line is wrong
    ├── ConfigError 2               silos.toml, or a URL or variable that it names; all problems at once
    ├── RefusedError 3              nothing was written
    │   ├── UnknownOrganization
    │   ├── Unreachable             a server that cannot be reached
    │   │   └── ConnectionLost      one that went away
    │   ├── NoRights                the role may not do that
    │   ├── NoRoom                  disk or memory of the server
    │   ├── ReadOnly                a standby, or a session that may not write
    │   ├── Busy                    locks, deadlocks, serialization failures
    │   ├── TimedOut                a statement was cancelled
    │   ├── ServerError             any other error of the server, with its SQLSTATE
    │   ├── UndecidedScope          tables, columns or rows that nobody decided about
    │   ├── Conflict                rows that a constraint does not allow
    │   ├── NarrowIds               a column that is too narrow for distributed ids
    │   ├── NoOrigin
    │   ├── Clone
    │   ├── OtherMover
    │   ├── BadArchive
    │   ├── Unprepared              the orglift schema is not there
    │   ├── IllegalMove
    │   └── NoServer                an embedded server cannot be found or started
    ├── DiffersError 1              a comparison found something
    ├── FailedError 4               after the first write: the same command goes on
    └── BugError 70

The first line of a class's docstring is its default message. No message ever holds a password: texts are scrubbed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

_USERINFO = re.compile(r"(\w://[^\s:@/'\"]*):[^\s'\"]*@")
_PASSWORD = re.compile(
    r"""(password[ ]?=[ ]?|password[ ]+(?='))   # password=x, PGPASSWORD=x, PASSWORD 'x'
        (?:'(?:[^'\\]|\\.|'')*'|"[^"]*"|[^\s&'",;)]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def scrub(text: str) -> str:
    """``text`` without the passwords that stand in URLs (``//user:...@``) and in settings (``password=...``)."""
    return _PASSWORD.sub(r"\1***", _USERINFO.sub(r"\1:***@", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is in the way: the JSON shape of ``problems`` and ``undecided``."""

    code: str  # kebab-case, stable
    object: str  # the table, column, index, key of silos.toml
    found: str
    remedy: str


class OrgliftError(Exception):
    """orglift failed"""

    code: ClassVar[str] = "error"
    exit: ClassVar[int] = 70
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str = "", *, hint: str = "", problems: Iterable[Problem] = ()) -> None:
        self.message = scrub(message or (type(self).__doc__ or "").partition("\n")[0])
        self.hint = scrub(hint or self.default_hint)
        self.problems = tuple(problems)
        super().__init__(self.message)


class UsageError(OrgliftError):
    """the command line is wrong"""

    code = "usage"
    exit = 2


class ConfigError(OrgliftError):
    """silos.toml is wrong"""

    code = "config"
    exit = 2


class RefusedError(OrgliftError):
    """refused, nothing was written"""

    code = "refused"
    exit = 3


class UnknownOrganization(RefusedError):
    """there is no such organization"""

    code = "unknown-organization"


class Unreachable(RefusedError):
    """the server cannot be reached"""

    code = "unreachable"


class ConnectionLost(Unreachable):
    """the connection to the server was lost"""

    code = "connection-lost"


class NoRights(RefusedError):
    """the role has not the rights that this needs"""

    code = "no-rights"


class NoRoom(RefusedError):
    """the server ran out of disk or memory"""

    code = "no-room"


class ReadOnly(RefusedError):
    """the server or session is read-only"""

    code = "read-only"


class Busy(RefusedError):
    """other sessions were in the way"""

    code = "busy"


class TimedOut(RefusedError):
    """a statement was cancelled"""

    code = "timed-out"


class ServerError(RefusedError):
    """the server reported an error"""

    code = "server-error"


class UndecidedScope(RefusedError):
    """what belongs to the organization is not decided"""

    code = "undecided-scope"


class Conflict(RefusedError):
    """rows are in conflict with rows that are there"""

    code = "conflict"


class NarrowIds(RefusedError):
    """a column is too narrow for distributed ids"""

    code = "narrow-ids"


class NoOrigin(RefusedError):
    """the database has no origin"""

    code = "no-origin"


class Clone(RefusedError):
    """the database is a copy of the one that its identity was given to"""

    code = "clone"


class OtherMover(RefusedError):
    """another process is moving this organization"""

    code = "other-mover"


class BadArchive(RefusedError):
    """the archive is corrupt, foreign or from a newer version"""

    code = "bad-archive"


class Unprepared(RefusedError):
    """the orglift schema is not there"""

    code = "unprepared"
    default_hint = "run `relocate init`"


class IllegalMove(RefusedError):
    """the relocation cannot go from its phase to that one"""

    code = "illegal-move"


class NoServer(RefusedError):
    """an embedded server cannot be started"""

    code = "no-server"


class DiffersError(OrgliftError):
    """source and target differ"""

    code = "differs"
    exit = 1

    def __init__(self, message: str = "", *, hint: str = "", problems: Iterable[Problem] = (), differences: Iterable[object] = ()) -> None:
        super().__init__(message, hint=hint, problems=problems)
        self.differences = tuple(differences)


class FailedError(OrgliftError):
    """failed after the first write"""

    code = "failed"
    exit = 4
    default_hint = "run the same command again to go on"

    @classmethod
    def after_write(cls, refusal: RefusedError | DiffersError) -> FailedError:
        """The same failure, once something had been written: exit 4; what stood in the way is told as before. Raise it ``from`` it."""
        hint = f"{refusal.hint}; then {cls.default_hint}" if refusal.hint else ""
        return cls(refusal.message, hint=hint, problems=refusal.problems)


class BugError(OrgliftError):
    """this is a bug in orglift"""

    code = "bug"
    exit = 70
