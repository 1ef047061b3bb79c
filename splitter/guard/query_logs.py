"""A log of PostgreSQL's (csvlog, jsonlog, or the plain one) -> the statements that were run, with their time and their transaction.

It says them where log_min_duration_statement, log_statement or auto_explain are on; one that several of these tell of is told once.
"""

from __future__ import annotations

import csv
import html
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson

from splitter.errors import UsageError

_SAMPLE = 200  # lines that are looked at to tell what a file is
_SESSIONS = 10_000  # that may be open at a time
_CSV_COLUMNS = 23  # of PostgreSQL 12; later ones have more behind them
_MOST = 2**31 - 1  # characters of one field
_HINT = "give a log of PostgreSQL's: csvlog, jsonlog, or the one of stderr, whose log_line_prefix has %p or %v in it"
_SILENT = (
    "log statements: log_min_duration_statement = 0, or auto_explain.log_min_duration, in English (lc_messages); "
    "or read pg_stat_statements with --url"
)
_LEVELS = "DEBUG[1-5]|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION"
_PLAIN = re.compile(rf"(?P<prefix>[^\t].*?)?(?P<level>{_LEVELS}):  (?P<message>.*)", re.DOTALL)
_SYSLOG = re.compile(r"^\w{3} [ \d]\d .*\w+\[\d+\]: \[\d+-\d+\] |^\d{4}-\S+ \S+ \w+\[\d+\]: \[\d+-\d+\] ")
_PROCESS = re.compile(r"\[(\d+)(?:-\d+)?\]")
_NUMBER = re.compile(r"\b(\d{2,7})\b(?![-:./])")
_SESSION = re.compile(r"\b([0-9a-f]{8}\.[0-9a-f]+)\b")
_VIRTUAL = re.compile(r"\b(\d+/\d+)\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?[A-Z+\-\d:]{1,6})?")
_DURATION = re.compile(r"duration: (?P<ms>\d+(?:\.\d+)?) ms(?:  (?P<rest>.*))?", re.DOTALL)
_RUN = re.compile(r"(?:statement|execute [^:]*): (?P<text>.*)", re.DOTALL)
_PLAN = re.compile(r"plan:\n(?P<plan>.*)", re.DOTALL)
_ROOT = re.compile(r"\n(?:[^\n]*\(cost=\d+\.\d+\.\.\d+\.\d+ rows=\d+ width=\d+\)|Query Parameters: )")
_YAML = re.compile(r'^Query Text: ("(?:[^"\\]|\\.)*")', re.MULTILINE)
_XML = re.compile(r"<Query-Text>(.*?)</Query-Text>", re.DOTALL)


class Line(NamedTuple):
    """One entry of a log. ``session`` and ``transaction`` empty: the log does not tell."""

    level: str
    message: str
    session: str
    transaction: str
    database: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One statement that was run. ``transaction``: the same for all of one; empty: one of its own, or the log does not tell."""

    text: str
    milliseconds: float
    session: str
    transaction: str
    database: str


def read_log(lines: Iterable[str], name: str) -> Iterator[Logged]:
    """UsageError where ``name`` is no log of PostgreSQL's, or no statement stands in it."""
    read, whole = _recognize(lines, name)
    some = False
    for logged in _merged(read(whole)):
        some = True
        yield logged
    if not some:
        raise UsageError(f"{name} has no statement in it", hint=_SILENT)


def _recognize(lines: Iterable[str], name: str) -> tuple[Callable[[Iterable[str]], Iterator[Line]], Iterator[str]]:
    given = iter(lines)
    head = list(itertools.islice(given, _SAMPLE))
    whole = itertools.chain(head, given)
    first = next((line for line in head if line.strip()), None)
    if first is None:
        raise UsageError(f"{name} is empty", hint=_HINT)
    if first.lstrip().startswith("{"):
        return lambda rows: _json_lines(rows, name), whole
    if any(_SYSLOG.match(line) for line in head):
        raise UsageError(f"{name} is a log of syslog's, which cuts long statements", hint=_HINT)
    if _is_csv(head):
        return _csv_lines, whole
    if any(_PLAIN.match(line) for line in head):
        return _plain_lines, whole
    raise UsageError(f"{name} is no log of PostgreSQL's", hint=_HINT)


def _is_csv(head: Iterable[str]) -> bool:
    try:
        row = next(csv.reader(head), [])
    except csv.Error:
        return False
    return len(row) >= _CSV_COLUMNS and bool(re.fullmatch(_LEVELS, row[11]))


def _csv_lines(lines: Iterable[str]) -> Iterator[Line]:
    csv.field_size_limit(_MOST)
    for row in csv.reader(lines):
        if len(row) >= _CSV_COLUMNS:  # the last one may be half written
            yield Line(level=row[11], message=row[13], session=row[5], transaction=row[9], database=row[2])


def _json_lines(lines: Iterable[str], name: str) -> Iterator[Line]:
    wrong = 0
    for number, line in enumerate(lines, 1):
        try:
            row = orjson.loads(line)
            if wrong:
                raise UsageError(f"{name} is no log of PostgreSQL's: line {wrong} is no JSON", hint=_HINT)
            told = Line(row["error_severity"], *(str(row.get(key) or "") for key in ("message", "session_id", "vxid", "dbname")))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            wrong = wrong or number if line.strip() else wrong  # the last one may be half written
            continue
        yield told
    if wrong == 1:
        raise UsageError(f"{name} is no log of PostgreSQL's", hint=_HINT)


def _plain_lines(lines: Iterable[str]) -> Iterator[Line]:
    """Each entry begins with the prefix; what belongs to one and stands on further lines begins with a tab."""
    entry: list[str] = []
    for line in lines:
        text = line.rstrip("\n").rstrip("\r")
        if entry and (text.startswith("\t") or not _PLAIN.match(text)):
            entry.append(text.removeprefix("\t"))
            continue
        if entry:
            yield _plain(entry)
        entry = [text] if _PLAIN.match(text) else []
    if entry:
        yield _plain(entry)


def _plain(entry: list[str]) -> Line:
    found = _PLAIN.match("\n".join(entry))
    assert found is not None
    prefix = _TIME.sub(" ", found["prefix"] or "")
    virtual = _VIRTUAL.search(prefix)
    session = _SESSION.search(prefix) or _PROCESS.search(prefix) or _NUMBER.search(prefix)
    return Line(found["level"], found["message"], session[1] if session else "", virtual[1] if virtual else "")


class _Told(NamedTuple):
    """``kind``: by which setting it came into the log. ``text`` None: that of the statement before it."""

    kind: str
    text: str | None
    milliseconds: float


def _merged(lines: Iterable[Line]) -> Iterator[Logged]:
    """An execution may be told when it begins, with its plan, and with its duration."""
    open_: dict[str, tuple[set[str], Logged]] = {}
    for line in lines:
        told = _told(line.message) if line.level == "LOG" else None
        if told is None:
            continue
        kinds, before = open_.pop(line.session, (set(), None))
        if before is not None and told.kind not in kinds and told.text in (None, before.text):
            transaction = before.transaction or _transaction(line)
            spent = max(before.milliseconds, told.milliseconds)
            open_[line.session] = ({*kinds, told.kind}, replace(before, milliseconds=spent, transaction=transaction))
            continue
        if before is not None:
            yield before
        if told.text is not None:
            open_[line.session] = ({told.kind}, _logged(line, told.text, told.milliseconds))
        if len(open_) > _SESSIONS:  # the first has ended: the one that was heard of last stands last
            yield open_.pop(next(iter(open_)))[1]
    yield from (logged for _, logged in open_.values())


def _logged(line: Line, text: str, milliseconds: float) -> Logged:
    return Logged(text=text, milliseconds=milliseconds, session=line.session, transaction=_transaction(line), database=line.database)


def _transaction(line: Line) -> str:
    """Empty outside of one: a statement that is a transaction of its own has ended when its duration is told."""
    return "" if line.transaction.endswith("/0") else line.transaction


def _told(message: str) -> _Told | None:
    timed = _DURATION.fullmatch(message)
    if timed is None:
        run = _RUN.fullmatch(message)
        return None if run is None else _Told("begins", run["text"], 0.0)
    spent, rest = float(timed["ms"]), timed["rest"]
    if rest is None:
        return _Told("duration", None, spent)
    plan = _PLAN.fullmatch(rest)
    if plan is not None:
        return _Told("plan", _query_text(plan["plan"]), spent)
    run = _RUN.fullmatch(rest)
    return None if run is None else _Told("duration", run["text"], spent)


def _query_text(plan: str) -> str:
    """Of auto_explain, in each of its formats; where it is none of them, all of it, which nobody can read then."""
    in_tags, quoted = _XML.search(plan), _YAML.match(plan)
    try:
        if plan.startswith("{"):
            return str(orjson.loads(plan)["Query Text"])
        if quoted:
            return str(orjson.loads(quoted[1]))
    except (orjson.JSONDecodeError, KeyError):
        return plan
    if in_tags and plan.startswith("<"):
        return html.unescape(in_tags[1])
    text = plan.removeprefix("Query Text: ")
    end = _ROOT.search(text)
    return text if end is None else text[: end.start()]
