"""The error boundary: exit codes, what is printed where, and never a traceback or a password."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from decimal import Decimal
from pathlib import Path

import click
import psycopg
import pytest

from splitter import console
from splitter.console import BarReporter, Common, LineReporter
from splitter.errors import BugError, ConfigError, Conflict, DiffersError, FailedError, OrgliftError, Problem, UnknownOrganization
from splitter.events import Advanced, Finished, Note, Started, Warned
from splitter.schema import TableName

PROBLEM = Problem(code="unknown-column", object="[[references]] 2", found="'member.usr_id'", remedy="did you mean 'member.user_id'?")


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("ORGLIFT_DEBUG", raising=False)
    monkeypatch.delenv("ORGLIFT_CONFIG", raising=False)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def run(action, *args: str) -> int:
    """Runs ``tool do ARGS`` where ``do`` calls the action with the common options."""

    @click.group(name="tool")
    def group():
        pass

    @group.command("do")
    @click.option("--rows", type=int)
    @console.common_options
    def do(common: Common, rows: int | None):
        return action(common)

    return console.run(group, ["do", *args])


def fail_with(error: BaseException):
    def action(common):
        raise error

    return action


def test_a_command_that_returns_nothing_exits_with_0():
    assert run(lambda common: None) == 0


def test_a_command_returns_its_exit_code():
    assert run(lambda common: 1) == 1


def test_an_error_tells_message_and_hint_on_stderr(capsys):
    assert run(fail_with(UnknownOrganization("no organization 'acme'", hint="see `relocate status`"))) == 3
    assert capsys.readouterr() == ("", "error: no organization 'acme'\nhint: see `relocate status`\n")


def test_with_json_an_error_is_one_object_on_stdout(capsys):
    assert run(fail_with(FailedError("the server went away")), "--json") == 4
    out, err = capsys.readouterr()
    error = {"code": "failed", "message": "the server went away", "hint": "run the same command again to go on"}
    assert json.loads(out) == {"error": error}
    assert err == ""


@pytest.mark.parametrize("args", [["--nonsense", "--json"], ["--rows", "many", "--json"]])
def test_a_wrong_command_line_is_json_too(args, capsys):
    assert run(lambda common: None, *args) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "usage"
    assert error["hint"] == "see `tool do --help`"


def test_a_wrong_command_line_exits_with_2(capsys):
    assert run(lambda common: None, "--rows", "many") == 2
    assert "'many' is not a valid integer" in capsys.readouterr().err


def test_no_command_shows_the_help(capsys):
    group = click.Group("tool", commands={"do": click.Command("do", help="Does it.")})
    assert console.run(group, []) == 2
    assert "Does it." in capsys.readouterr().err


def test_help_exits_with_0(capsys):
    assert run(lambda common: None, "--help") == 0
    assert "ORGLIFT_CONFIG" in capsys.readouterr().out


def test_all_problems_are_listed_with_their_remedy(capsys):
    assert run(fail_with(ConfigError("silos.toml has 1 problem", problems=[PROBLEM]))) == 2
    err = capsys.readouterr().err
    assert "unknown-column: [[references]] 2: 'member.usr_id'\n      did you mean 'member.user_id'?" in err


def test_problems_and_differences_are_in_the_json(capsys):
    run(fail_with(Conflict("taken", problems=[PROBLEM])), "--json")
    assert json.loads(capsys.readouterr().out)["error"]["problems"][0]["remedy"] == PROBLEM.remedy
    assert run(fail_with(DiffersError(differences=[{"table": "t"}])), "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["differences"] == [{"table": "t"}]


def test_the_cause_is_told_unless_the_message_says_it(capsys):
    error = OrgliftError("reading t: boom")
    error.__cause__ = ValueError("boom")
    error.__cause__.__cause__ = OSError("the disk is on fire")
    run(fail_with(error))
    assert capsys.readouterr().err == "error: reading t: boom\ncaused by: the disk is on fire\n"


def test_causes_that_go_in_a_circle_end(capsys):
    error, cause = Conflict("stopped"), OSError("the disk is on fire")
    error.__cause__, cause.__cause__ = cause, error
    assert run(fail_with(error)) == 3
    assert "caused by: the disk is on fire" in capsys.readouterr().err


def test_a_cause_shows_no_password(capsys):
    error = OrgliftError("reading t")
    error.__cause__ = ValueError("at postgresql://u:hunter2@h/d")
    run(fail_with(error))
    assert "caused by: at postgresql://u:***@h/d" in capsys.readouterr().err


@pytest.mark.parametrize("bug", [ZeroDivisionError("at postgresql://u:hunter2@h/d"), BugError("impossible at postgresql://u:hunter2@h/d")])
def test_a_bug_puts_its_traceback_into_a_file(bug, capsys, tmp_path):
    assert run(fail_with(bug)) == 70
    err = capsys.readouterr().err
    (file,) = tmp_path.glob("orglift-bug-*")
    assert "Traceback" not in err
    assert str(file) in err
    assert "Traceback" in file.read_text()
    assert "hunter2" not in err + file.read_text()


@pytest.mark.parametrize(
    ("error", "exit"),
    [
        (psycopg.OperationalError("the connection is closed"), 3),
        (psycopg.errors.AdminShutdown("terminating connection"), 3),
        (psycopg.errors.DiskFull("no space"), 3),
        (psycopg.errors.IdleInTransactionSessionTimeout("too long"), 3),
        (psycopg.errors.SyntaxError("syntax error"), 70),
        (psycopg.ProgrammingError("the last operation didn't produce records"), 70),
    ],
)
def test_an_accident_that_nobody_translated_is_no_bug(error, exit, capsys):
    assert run(fail_with(error)) == exit
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_shows_its_traceback_when_asked(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ORGLIFT_DEBUG", "1")
    assert run(fail_with(ZeroDivisionError("hm"))) == 70
    assert "Traceback" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_interrupt_exits_with_130(capsys):
    assert run(fail_with(KeyboardInterrupt())) == 130
    assert "error: interrupted" in capsys.readouterr().err


def test_sigterm_exits_with_143(capsys):
    def wait(common):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    assert run(wait, "--json") == 143
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "terminated"


def test_the_configuration_is_an_option_a_variable_or_silos_toml(monkeypatch):
    seen: list[Common] = []
    run(seen.append)
    monkeypatch.setenv("ORGLIFT_CONFIG", "from-variable.toml")
    run(seen.append, "--json")
    run(seen.append, "--config", "from-option.toml")
    assert [str(common.config) for common in seen] == ["silos.toml", "from-variable.toml", "from-option.toml"]
    assert [common.json for common in seen] == [False, True, False]


def test_an_answer_is_text_or_json(capsys):
    Common(config=Path("x"), json=False).answer({"a": 1}, "a is 1")
    assert capsys.readouterr().out == "a is 1\n"
    Common(config=Path("x"), json=True).answer({"a": 1}, "a is 1")
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_json_takes_our_own_values(capsys):
    value = {"table": TableName("s", "t"), "set": frozenset({2, 1}), "path": Path("a"), "problem": PROBLEM, "n": Decimal("1.10")}
    console.print_json(value)
    found = json.loads(capsys.readouterr().out)
    assert (found["table"], found["set"], found["path"], found["n"]) == ("s.t", [1, 2], "a", "1.10")
    assert found["problem"]["code"] == "unknown-column"


def report_a_copy(reporter) -> None:
    reporter(Started("copy t", 300))
    reporter(Advanced("copy t", 100))
    reporter(Advanced("copy t", 200))
    reporter(Finished("copy t"))


def test_without_a_terminal_progress_is_lines_at_most_every_few_seconds(capsys):
    report_a_copy(LineReporter(as_json=False, clock=iter([0.0, 1.0, 6.0, 6.0]).__next__))
    assert capsys.readouterr() == ("", "copy t: started\ncopy t: advanced (300 of 300 rows)\ncopy t: finished (300 of 300 rows)\n")


def test_progress_says_how_long_the_rest_takes_at_the_pace_of_this_run(capsys):
    reporter = LineReporter(as_json=False, clock=iter([0.0, 10.0, 10.0]).__next__)
    reporter(Started("fill t", 1000, "blocks", 500))
    reporter(Advanced("fill t", 100))
    assert capsys.readouterr().err == "fill t: started (500 of 1,000 blocks)\nfill t: advanced (600 of 1,000 blocks, 40 s left)\n"


def test_with_json_progress_is_lines_of_json_on_stderr(capsys):
    with Common(config=Path("x"), json=True).progress() as reporter:
        report_a_copy(reporter)
    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["started", "finished"]


def test_notes_and_warnings_show_no_password(capsys):
    for reporter in (LineReporter(as_json=False), BarReporter()):
        reporter(Note("copied from postgresql://u:hunter2@h/d"))
        reporter(Warned("the standby lags"))
    err = capsys.readouterr().err
    assert err.count("postgresql://u:***@h/d") == 2
    assert err.count("warning: the standby lags") == 2


def test_on_a_terminal_progress_is_a_bar(capsys):
    bars = BarReporter()
    report_a_copy(bars)
    assert "copy t" in capsys.readouterr().err


def test_bars_that_an_error_left_open_are_closed(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with pytest.raises(ZeroDivisionError), Common(config=Path("x"), json=False).progress() as reporter:
        reporter(Started("copy t", None))
        raise ZeroDivisionError
    assert "copy t" in capsys.readouterr().err


def test_progress_of_a_task_that_nobody_began_is_ignored(capsys):
    for reporter in (LineReporter(as_json=False), BarReporter()):
        reporter(Advanced("copy t", 1))
        reporter(Finished("copy t"))
    assert capsys.readouterr().err == ""
