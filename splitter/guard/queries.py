"""What `splitter queries` looks at: the catalogs of the databases, and the statements that they, logs or files tell of; it only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from splitter.addresses import GIVEN, all_addresses, given_address
from splitter.catalog import read_schema
from splitter.db import Connection, translated
from splitter.errors import UsageError
from splitter.events import Note, Reporter, silent
from splitter.findings import find_wrong, is_accepted
from splitter.findings_kinds import Finding
from splitter.guard.names import Names, RoutineText
from splitter.guard.names import Path as SearchPath
from splitter.guard.query_findings import DEFAULT_PATH, Judged, find_query_findings, judge
from splitter.guard.query_logs import read_log
from splitter.guard.query_stats import read_apart, read_room, read_routine_texts, read_statistics
from splitter.guard.sql_files import split_statements
from splitter.guard.tally import Execution, Tally
from splitter.identity import read_identity
from splitter.schema import RoutineName, Schema, TableName
from splitter.schema_file import open_schema_file
from splitter.sight import name_of
from splitter.silos import SiloMap, config_error

_LONGEST_LETTER = 4  # bytes, in UTF-8
Name = TypeVar("Name")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options. Without ``logs`` and ``files`` each database is asked for its own statistics."""

    url: str | None = None
    schema: Path | None = None
    logs: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    database: str | None = None  # the one whose statements in a log count
    path: SearchPath = DEFAULT_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every distinct statement with what it needs, and what is to be said of them that nobody accepted."""

    queries: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    transactions: int | None  # that several statements shared; None: the source tells of none


@dataclass
class _Read:
    """Of all databases together: what a statement names may be in another one."""

    tally: Tally = field(default_factory=Tally)
    schemas: dict[str, Schema] = field(default_factory=dict)
    apart: set[TableName] = field(default_factory=set)
    texts: dict[RoutineName, RoutineText] = field(default_factory=dict)
    databases: set[str] = field(default_factory=set)
    rooms: set[int] = field(default_factory=set)  # bytes that pg_stat_activity has for a statement

    def names(self) -> Names:
        return Names(_united(self.schemas.values()), frozenset(self.apart), self.texts)


def look_at_queries(silos: SiloMap, asked: Asked, report: Reporter = silent) -> Report:
    """UsageError for what is no log or has no statements, ConfigError where silos.toml does not fit, Unreachable."""
    read = _Read()
    with ExitStack() as stack:
        for name, conn in _opened(silos, asked, stack, report):
            _read_catalog(read, name, conn)
            if not asked.logs and not asked.files:
                _add(read.tally, read_statistics(conn, conn.info.dbname if name == GIVEN else name, report))
    wrong = find_wrong(silos, read.schemas)
    if wrong:
        raise config_error(silos.places.source, wrong)
    for execution in _from_files(asked, read, report):
        read.tally.add(execution)
    read.tally.close()
    return _judge(read, silos, asked)


def _opened(silos: SiloMap, asked: Asked, stack: ExitStack, report: Reporter) -> Iterator[tuple[str, Connection]]:
    if asked.schema is not None:
        yield str(asked.schema), stack.enter_context(open_schema_file(asked.schema, report=report))
        return
    for address in all_addresses(silos) if asked.url is None else (given_address(asked.url),):
        conn = stack.enter_context(address.open("splitter queries"))
        yield (name_of(read_identity(conn), silos) if asked.url is not None else address.name), conn


def _read_catalog(read: _Read, name: str, conn: Connection) -> None:
    with translated(f"reading the catalog of {name}"):
        read.schemas[name] = read_schema(conn)
    read.apart |= read_apart(conn)
    read.texts.update(read_routine_texts(conn))
    read.databases.add(conn.info.dbname)
    read.rooms.add(read_room(conn))


def _add(tally: Tally, executions: Iterable[Execution]) -> None:
    for execution in executions:
        tally.add(execution)


def _from_files(asked: Asked, read: _Read, report: Reporter) -> Iterator[Execution]:
    wanted = read.databases if asked.database is None else {asked.database}
    for path in asked.logs:
        yield from _from_log(path, wanted if asked.schema is None or asked.database is not None else None, report)
    for path in asked.files:
        statements = list(split_statements(_text(path)))
        if not statements:
            raise UsageError(f"{path} has no statement in it", hint="give a file of SQL, its statements ended by semicolons")
        yield from (Execution(text=text, source=str(path), session=str(path), hidden=_cut(text, read.rooms)) for text in statements)


def _cut(text: str, rooms: set[int]) -> str:
    """Statements that somebody took out of pg_stat_activity are cut before a letter that would not fit, and may be SQL still."""
    size = len(text.encode("utf-8", "replace"))
    if any(room - _LONGEST_LETTER <= size < room for room in rooms):
        return f"it is {size:,} bytes long, all that track_activity_query_size leaves room for: it may be cut"
    return ""


def _text(path: Path) -> str:
    return path.read_text("utf-8-sig", errors="replace")


def _from_log(path: Path, wanted: set[str] | None, report: Reporter) -> Iterator[Execution]:
    """``wanted``: databases; None: all of them. A log that does not tell the database is taken for theirs."""
    elsewhere: Counter[str] = Counter()
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        for logged in read_log(lines, str(path)):
            if wanted is not None and logged.database and logged.database not in wanted:
                elsewhere[logged.database] += 1
                continue
            yield Execution(
                text=logged.text,
                source=str(path),
                milliseconds=logged.milliseconds,
                session=logged.session,
                transaction=logged.transaction,
            )
    if elsewhere:
        told = ", ".join(f"{name} ({count:,})" for name, count in sorted(elsewhere.items()))
        report(Note(f"{path}: statements of other databases are left out: {told}; --database NAME takes another one"))


def _judge(read: _Read, silos: SiloMap, asked: Asked) -> Report:
    judged = judge(read.tally, read.names(), silos, asked.path)
    found = find_query_findings(judged, read.tally, silos)
    return Report(
        queries=tuple(judged.values()),
        findings=tuple(finding for finding in found if not is_accepted(finding, silos.accepted)),
        transactions=read.tally.shared if asked.logs or asked.files else None,
    )


def _united(schemas: Iterable[Schema]) -> Schema:
    """Everything that one of them has; of what several have, the first one's."""
    known = list(schemas)
    if len(known) == 1:
        return known[0]
    return Schema(
        server_version=min(schema.server_version for schema in known),
        tables=_merged(schema.tables for schema in known),
        sequences=_merged(schema.sequences for schema in known),
        views=_merged(schema.views for schema in known),
        foreign_tables=_merged(schema.foreign_tables for schema in known),
        routines=_merged(schema.routines for schema in known),
    )


def _merged(parts: Iterable[Mapping[Name, Value]]) -> dict[Name, Value]:
    merged: dict[Name, Value] = {}
    for part in parts:
        merged = {**part, **merged}
    return merged
