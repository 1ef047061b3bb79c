"""Statements out of logs: what a server writes in each format, and what is no log."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from splitter.errors import UsageError
from splitter.guard import query_logs, tally
from splitter.guard.query_logs import Logged, read_log


def csv_line(message: str, *, session: str = "s1", vxid: str = "3/7", level: str = "LOG", database: str = "app") -> str:
    at, quoted = "2026-01-01 00:00:00.000 UTC", message.replace('"', '""')
    begin = f'{at},"app","{database}",42,"[local]",{session},1,"SELECT",{at},{vxid},0,{level},00000'
    return f'{begin},"{quoted}",,,,,,,,,"psql","client backend",,0\n'


def json_line(message: str, *, session: str = "s1", vxid: str = "3/7", level: str = "LOG") -> str:
    row = {"timestamp": "2026-01-01", "dbname": "app", "session_id": session, "vxid": vxid, "error_severity": level, "message": message}
    return json.dumps(row) + "\n"


def plain_line(message: str, *, prefix: str = "2026-01-01 00:00:00.000 UTC [42] app@app ", level: str = "LOG") -> str:
    return f"{prefix}{level}:  " + message.replace("\n", "\n\t") + "\n"


def read(*lines: str) -> list[tuple[str, float, str]]:
    return [(each.text, each.milliseconds, each.transaction) for each in logged(lines)]


def logged(lines: Iterable[str]) -> list[Logged]:
    text = "".join(lines).splitlines(keepends=True)
    return list(read_log(text, "the log"))


FORMATS = pytest.mark.parametrize("line", [csv_line, json_line, plain_line])
PLAN = '{"Query Text": "SELECT 1\\nFROM a", "Plan": {"Node Type": "Result"}}'
EXPLAINED = {
    "text": "Query Text: SELECT 1\nFROM a\nSeq Scan on a  (cost=0.00..1.00 rows=1 width=4)\n  Filter: x",
    "text with parameters": "Query Text: SELECT 1\nFROM a\nQuery Parameters: $1 = '5'\nResult  (cost=0.00..1.00 rows=1 width=4)",
    "json": PLAN,
    "yaml": 'Query Text: "SELECT 1\\nFROM a"\nPlan: \n  Node Type: "Result"',
    "xml": '<explain xmlns="x">\n<Query-Text>SELECT 1\nFROM a</Query-Text>\n</explain>',
}


@FORMATS
def test_a_statement_has_its_text_and_time(line):
    assert read(line("duration: 1.250 ms  statement: SELECT 1\nFROM a"))[0][:2] == ("SELECT 1\nFROM a", 1.25)


@FORMATS
@pytest.mark.parametrize("plan", EXPLAINED.values(), ids=EXPLAINED)
def test_a_plan_has_its_query(line, plan):
    assert read(line(f"duration: 2.500 ms  plan:\n{plan}"))[0][:2] == ("SELECT 1\nFROM a", 2.5)


@FORMATS
def test_the_extended_protocol_counts_once(line):
    steps = ("duration: 0.1 ms  parse x: SELECT 1", "duration: 0.2 ms  bind x: SELECT 1", "duration: 0.4 ms  execute x: SELECT 1")
    assert [each[:2] for each in read(*map(line, steps))] == [("SELECT 1", 0.4)]


@FORMATS
def test_one_that_is_told_by_several_settings_counts_once(line):
    plan = "duration: 2.0 ms  plan:\nQuery Text: SELECT 1\nResult  (cost=0.00..0.01 rows=1 width=4)"
    once, twice = (list(map(line, ("statement: SELECT 1", plan, f"duration: {spent} ms"))) for spent in (2.1, 2.2))
    assert [each[:2] for each in read(*once, *twice)] == [("SELECT 1", 2.1), ("SELECT 1", 2.2)]


def test_sessions_are_told_apart():
    lines = (csv_line("statement: SELECT 1", session="a"), csv_line("statement: SELECT 2", session="b"))
    spent = (csv_line("duration: 1.0 ms", session="a"), csv_line("duration: 2.0 ms", session="b"))
    assert sorted(each[:2] for each in read(*lines, *spent)) == [("SELECT 1", 1.0), ("SELECT 2", 2.0)]


def test_a_duration_of_what_was_not_logged_hides_nothing():
    lines = (csv_line("duration: 1.0 ms  statement: SELECT 1"), csv_line("duration: 2.0 ms"), csv_line("duration: 3.0 ms"))
    assert [each[:2] for each in read(*lines)] == [("SELECT 1", 1.0)]


def test_sessions_that_end_without_a_word_are_not_held(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(query_logs, "_SESSIONS", 3)
    monkeypatch.setattr(tally, "_SESSIONS", 6)
    run = ((n, text) for n in range(1, 10) for text in ("DELETE FROM a", f"DELETE FROM b{n}"))
    lines = (csv_line(f"statement: {text}", session=f"s{n}", vxid=f"3/{n}") for n, text in run)
    counted = tally.Tally()
    for each in logged(lines):
        counted.add(tally.Execution(text=each.text, source="log", session=each.session, transaction=each.transaction))
        assert len(counted._sessions) <= 6
    counted.close()
    assert sum(query.calls for query in counted.queries.values()) == 18 and sum(counted.transactions.values()) == 9


def test_a_statement_of_its_own_is_in_no_transaction():
    assert read(csv_line("duration: 1 ms  statement: SELECT 1", vxid="3/0")) == [("SELECT 1", 1.0, "")]


def test_the_transaction_that_a_plan_tells_is_kept():
    plan = csv_line("duration: 1 ms  plan:\nQuery Text: SELECT 1\nResult  (cost=0.00..0.01 rows=1 width=4)", vxid="3/8")
    assert read(plan, csv_line("duration: 1 ms  statement: SELECT 1", vxid="3/0")) == [("SELECT 1", 1.0, "3/8")]


@pytest.mark.parametrize(
    ("prefix", "session", "transaction"),
    [
        ("2026-01-01 00:00:00.000 UTC [42] ", "42", ""),
        ("2026-01-01 00:00:00 CET [42-1] app@app ", "42", ""),
        ("2026-01-01 00:00:00 UTC:10.0.0.1(5432):app@app:[42]:", "42", ""),
        ("2026-01-01 00:00:00.000 UTC [42]: [3-1] user=app,db=app ", "42", ""),
        ("2026-01-01 00:00:00.123 +03 42 6950c0de.2a 3/9 ", "6950c0de.2a", "3/9"),
        ("", "", ""),
    ],
)
def test_a_prefix_tells_what_it_has(prefix: str, session: str, transaction: str):
    (found,) = logged([plain_line("duration: 1 ms  statement: SELECT 1", prefix=prefix)])
    assert (found.session, found.transaction) == (session, transaction)


@FORMATS
def test_other_entries_are_none(line):
    other = line("duration: 1 ms  statement: SELECT 2", level="ERROR"), line("checkpoint starting: time"), line("duration: 3 ms  fastpath")
    assert [each[0] for each in read(*other, line("statement: SELECT 1"))] == ["SELECT 1"]


def test_a_half_written_last_line_is_left_out():
    for line in (csv_line, json_line):
        assert len(read(line("statement: SELECT 1"), line("statement: SELECT 2")[:40])) == 1


def test_a_plan_in_no_known_format_is_told_whole():
    assert read(csv_line("duration: 1 ms  plan:\n{half"))[0][0] == "{half"


def test_a_line_of_json_that_lacks_something_is_read_as_far_as_it_goes():
    (found,) = logged(
        ['{"error_severity": "LOG", "message": 5}\n', '{"error_severity": "LOG", "message": "statement: SELECT 1", "vxid": null}\n']
    )
    assert (found.text, found.session, found.transaction) == ("SELECT 1", "", "")


WRONG = {
    "empty": (["\n", " \n"], "the log is empty"),
    "prose": (["Dear reader,\n", "this is no log.\n"], "the log is no log of PostgreSQL's"),
    "other csv": (["id,name\n", "1,a\n"], "the log is no log of PostgreSQL's"),
    "other json": (['{"a": 1}\n', '{"b": 2}\n'], "the log is no log of PostgreSQL's"),
    "json and more": ([json_line("statement: SELECT 1"), "hello\n", json_line("statement: SELECT 1")], "line 2 is no JSON"),
    "syslog": (["Jan  1 00:00:00 host postgres[42]: [5-1] LOG:  statement: SELECT 1\n"], "a log of syslog's"),
    "no statements": ([csv_line("checkpoint starting: time")], "the log has no statement in it"),
}


@pytest.mark.parametrize(("lines", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_log_of_statements_is_refused_with_the_way_to_get_one(lines: list[str], message: str):
    with pytest.raises(UsageError) as caught:
        logged(lines)
    assert message in caught.value.message and caught.value.hint
