"""For the three ``cli`` alone: one error boundary, exit codes, common options, and events as bars, lines or JSON.

A command is a click command that takes ``common: Common``, calls one function, and prints with ``common.answer``; it returns its exit
code, or nothing for 0. ``def main() -> int: return console.run(group)``.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
import orjson

from splitter.db import find_accident
from splitter.errors import BugError, DiffersError, OrgliftError, UsageError, scrub
from splitter.events import Advanced, Event, Finished, Note, Reporter, Started, Warned
from splitter.figures import spell_seconds

if TYPE_CHECKING:
    from tqdm import tqdm

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED, TERMINATED = 130, 143
LINE_SECONDS = 5.0  # how often a task tells how far it is where nobody looks at a terminal
_GO_ON = "run the same command again to go on"


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived. As a KeyboardInterrupt it makes psycopg cancel the statement that is running."""


class LazyGroup(click.Group):
    """A group whose commands are imported when one is asked for. ``commands_at``: name -> "module:command"."""

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        place = self._commands_at.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


def run(group: click.Command, args: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code; every error ends here, told on stderr, or on stdout as JSON with ``--json``."""
    given = list(sys.argv[1:] if args is None else args)
    as_json = "--json" in given  # not from click: its own errors, too, are told as JSON
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = group.main(args=given, prog_name=group.name, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        return exc.exit_code
    except click.ClickException as exc:
        return _fail(_usage_error(exc), as_json)
    except (KeyboardInterrupt, click.Abort) as exc:
        return _stopped(exc, as_json)
    except OrgliftError as exc:
        return _fail(exc, as_json)
    except Exception as exc:
        return _fail(find_accident(exc) or _bug(exc), as_json)


def _terminate(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one does not wait for the clearing up
    raise Terminated


def _usage_error(exc: click.ClickException) -> UsageError:
    context = exc.ctx if isinstance(exc, click.UsageError) else None
    hint = f"see `{context.command_path} --help`" if context else ""
    return UsageError(exc.format_message().removesuffix("."), hint=hint)


def _stopped(exc: BaseException, as_json: bool) -> int:
    terminated = isinstance(exc, Terminated) or isinstance(exc.__cause__, Terminated)  # click makes an Abort of it
    word = "terminated" if terminated else "interrupted"
    _tell({"code": word, "message": word, "hint": _GO_ON}, (), as_json)
    return TERMINATED if terminated else INTERRUPTED


def _bug(exc: Exception) -> BugError:
    return _caused(BugError(f"this is a bug in orglift: {type(exc).__name__}: {exc}"), exc)


def _caused(error: BugError, cause: Exception) -> BugError:
    error.__cause__ = cause
    return error


def _fail(exc: OrgliftError, as_json: bool) -> int:
    error: dict[str, Any] = {"code": exc.code, "message": exc.message, "hint": exc.hint}
    if isinstance(exc, BugError):
        error["hint"] = _report(exc)
    elif os.environ.get("ORGLIFT_DEBUG"):
        click.echo(_traceback(exc), err=True)
    if exc.problems:
        error["problems"] = [asdict(problem) for problem in exc.problems]
    if isinstance(exc, DiffersError) and exc.differences:
        error["differences"] = list(exc.differences)
    _tell(error, _causes(exc), as_json)
    return exc.exit


def _report(exc: BugError) -> str:
    """Where the traceback went, which is never on a user's screen unless asked for."""
    if os.environ.get("ORGLIFT_DEBUG"):
        click.echo(_traceback(exc), err=True)
        return "report it with the traceback above"
    handle, name = tempfile.mkstemp(prefix="orglift-bug-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_traceback(exc))
    return f"report it with {name}, after a look for what should stay private, and with the versions of orglift and of the servers"


def _traceback(exc: BaseException) -> str:
    return scrub("".join(traceback.format_exception(exc)))


def _causes(exc: BaseException) -> Iterator[str]:
    """The chain below an error, without what its message says already."""
    told, seen = str(exc), {id(exc)}
    cause = exc.__cause__
    while cause is not None and id(cause) not in seen:  # a library's errors may cause each other
        seen.add(id(cause))
        text = scrub(str(cause).strip().partition("\n")[0]) or type(cause).__name__
        if text not in told:
            yield text
        told, cause = f"{told}\n{text}", cause.__cause__


def _tell(error: Mapping[str, Any], causes: Iterator[str] | tuple[()], as_json: bool) -> None:
    if as_json:
        print_json({"error": error})
        return
    lines = [f"error: {error['message']}"]
    lines += [f"caused by: {cause}" for cause in causes]
    for problem in error.get("problems", ()):
        lines += [f"  {problem['code']}: {problem['object']}: {problem['found']}", f"      {problem['remedy']}"]
    lines += [f"  {difference}" for difference in error.get("differences", ())]
    if error["hint"]:
        lines.append(f"hint: {error['hint']}")
    click.echo("\n".join(lines), err=True)


def print_json(value: object) -> None:
    """One JSON document on stdout. Dataclasses, enums, dates, uuids; names of tables, paths and decimals become text, sets sorted lists."""
    click.echo(dump_json(value, orjson.OPT_INDENT_2))


def dump_json(value: object, option: int = 0) -> str:
    return orjson.dumps(value, default=_plain, option=option).decode()


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return {str(key): member for key, member in value.items()}
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The options that every command has."""

    config: Path
    json: bool

    def answer(self, value: object, text: str) -> None:
        """Data on stdout: ``value`` as JSON with ``--json``, else ``text``."""
        if self.json:
            print_json(value)
        elif text:
            click.echo(text)

    @contextmanager
    def progress(self) -> Iterator[Reporter]:
        """A reporter that talks on stderr: bars on a terminal, else lines; with ``--json``, lines of JSON."""
        if self.json or not sys.stderr.isatty():
            yield LineReporter(as_json=self.json)
            return
        bars = BarReporter()
        try:
            yield bars
        finally:
            bars.close()


def common_options(command: Callable[..., R]) -> Callable[..., R]:
    """Adds ``--config`` and ``--json``; the command gets them as ``common``."""

    @click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=Path("silos.toml"),
        envvar="ORGLIFT_CONFIG",
        show_default=True,
        show_envvar=True,
        help="The application's silos.toml.",
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
    @functools.wraps(command)
    def wrapped(*args: Any, config: Path, as_json: bool, **kwargs: Any) -> R:
        return command(*args, common=Common(config=config, json=as_json), **kwargs)

    return wrapped


def exclude(*given: tuple[str, object]) -> None:
    """UsageError where more than one of these options was given."""
    names = [name for name, value in given if value is not None]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)} exclude each other", hint="give one of them")


class BarReporter:
    """A bar a task, on a terminal."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm[Any]] = {}

    def __call__(self, event: Event) -> None:
        from tqdm import tqdm  # a seventh of the time that a short command takes, and for bars alone

        match event:
            case Started(task, total, unit, done):
                bar = tqdm(desc=task, total=total, initial=done, unit=f" {unit}", unit_scale=True, file=sys.stderr, leave=False)
                self._bars[task] = bar
            case Advanced(task, by) if task in self._bars:
                self._bars[task].update(by)
            case Finished(task) if task in self._bars:
                self._bars.pop(task).close()
            case Note(text):
                tqdm.write(scrub(text), file=sys.stderr)
            case Warned(text):
                tqdm.write(f"warning: {scrub(text)}", file=sys.stderr)

    def close(self) -> None:
        """What an error left open."""
        while self._bars:
            self._bars.popitem()[1].close()


@dataclass(slots=True)
class _Task:
    total: int | None
    unit: str
    done: int
    told: float  # when it was last told, on the monotonic clock
    first: int  # what was done when it began,
    begun: float  # and when that was

    def seconds_left(self) -> float | None:
        """At the pace so far; None where nobody knows, or nothing is left."""
        done, took = self.done - self.first, self.told - self.begun
        return (self.total - self.done) * took / done if self.total is not None and self.total > self.done > self.first else None


class LineReporter:
    """A line for what begins and ends, and one every ``LINE_SECONDS`` in between: for logs, and for programs as JSON."""

    def __init__(self, *, as_json: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._as_json = as_json
        self._clock = clock
        self._tasks: dict[str, _Task] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case Started(task, total, unit, done):
                now = self._clock()
                self._tasks[task] = _Task(total, unit, done, now, done, now)
                self._task_line("started", task)
            case Advanced(task, by) if task in self._tasks:
                self._advance(task, by)
            case Finished(task) if task in self._tasks:
                self._task_line("finished", task)
                del self._tasks[task]
            case Note(text):
                self._line({"event": "note", "text": scrub(text)}, scrub(text))
            case Warned(text):
                self._line({"event": "warning", "text": scrub(text)}, f"warning: {scrub(text)}")

    def _advance(self, name: str, by: int) -> None:
        task = self._tasks[name]
        task.done += by
        if self._clock() - task.told >= LINE_SECONDS:
            task.told = self._clock()
            self._task_line("advanced", name)

    def _task_line(self, word: str, name: str) -> None:
        task = self._tasks[name]
        total = "" if task.total is None else f" of {task.total:,}"
        left = task.seconds_left() if word == "advanced" else None
        rest = "" if left is None else f", {spell_seconds(left)} left"
        far = "" if word == "started" and not task.done else f" ({task.done:,}{total} {task.unit}{rest})"
        value = {"event": word, "task": name, "done": task.done, "total": task.total, "unit": task.unit}
        self._line(value | ({} if left is None else {"seconds_left": round(left)}), f"{name}: {word}{far}")

    def _line(self, value: Mapping[str, Any], text: str) -> None:
        click.echo(dump_json(value) if self._as_json else text, err=True)
