"""A plan as SQL for psql: an up and a down file for each step, and ``run.sh``, which runs them in order, and again where it was the locks.

psql's own ``\\if`` asks the precondition, so that the statements stand in the files as they are, as statements.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from splitter.backfill_turn import MAX_LAG, Turn, begin_text, parts_text
from splitter.render.units import RenderedFile, Unit, find_units, head, shown
from splitter.sql import load_queries
from splitter.steps import Action, Plan, Stage, Step
from splitter.tombstone_triggers import quoted_body

RUNNER = "run.sh"
_SQL = load_queries("render.sql")
_START = "\\set ON_ERROR_STOP on\n\\encoding UTF8"
_BUDGET = "-- run.sh: a time-out of the statement is one of its locks"  # run.sh looks for this line
_ANEW = "make the plan anew, and render it"
_UNLIMITED = "-- psql has no loops: the statements of one loop run without a limit of their own"
_SETTINGS = ("search_path", "row_security", "lock_timeout", "statement_timeout")
_REPEATED = (*_SETTINGS, "default_transaction_isolation")


def render_sql(plan: Plan, last: Stage = Stage.APPLY) -> tuple[RenderedFile, ...]:
    """Nothing for an empty plan; ``last`` is the last stage that is rendered.

    Run by ``psql -X -v ON_ERROR_STOP=1 -f``: up in order, down in reverse; each may be run again.

    RefusedError where a step cannot be rendered.
    """
    units = find_units(plan, last)
    files = tuple(file for unit in units for file in _files(plan, unit))
    return (*files, RenderedFile(RUNNER, _SQL["runner"].replace("{budget}", _BUDGET) + "\n")) if files else ()


def _files(plan: Plan, unit: Unit) -> Iterator[RenderedFile]:
    undo = unit.step.undo
    back = [_refusal(unit)] if undo is None else [_text(step) for step in undo]
    for way, texts in (("up", [_text(step) for step in unit.steps]), ("down", back)):
        comments = [f"-- {line}" for line in head(plan, unit, way)]
        steps = unit.steps if way == "up" else undo or ()
        budget = [_BUDGET] if any(len(step.tables) > 1 and step.statement_timeout_ms for step in steps) else []
        comments += [_UNLIMITED for step in steps if step.action is Action.REPEAT and step.statement_timeout_ms]
        parts = ["\n".join([*comments, *budget]), _START, *texts]
        yield RenderedFile(f"{unit.number:04}_{unit.slug}.{way}.sql", "\n\n".join(parts) + "\n")


def _refusal(unit: Unit) -> str:
    return _raise(unit.no_way_back, "the plan stays as it is")


def _raise(message: str, hint: str) -> str:
    return _do(_format("raise", message=sql.Literal(message), hint=sql.Literal(hint)))


def _do(body: str) -> str:
    return f"DO {quoted_body(body).as_string()};"


def _format(name: str, **slots: sql.Composable) -> str:
    return sql.SQL(_SQL[name]).format(**slots).as_string()


def _text(step: Step) -> str:
    if step.action is Action.REPEAT:
        return _in_session(step, _loop(step), _REPEATED, 0)
    if step.action is Action.BACKFILL:
        return _in_session(step, _if_wanted(step, _backfill(step)), _REPEATED, 0)
    if not step.transactional:
        return _in_session(step, _if_wanted(step, _ended(step.sql)), _SETTINGS, step.statement_timeout_ms)
    mode = " READ ONLY" if step.action is Action.AUDIT else ""
    settings = _set("SET LOCAL", step, _SETTINGS, step.statement_timeout_ms)
    statement = _audit(step) if step.action is Action.AUDIT else _ended(step.sql)
    return "\n".join([f"BEGIN ISOLATION LEVEL READ COMMITTED{mode};", *settings, _guard(), _if_wanted(step, statement), "COMMIT;"])


def _in_session(step: Step, text: str, names: tuple[str, ...], statement_timeout_ms: int) -> str:
    settings = _set("SET", step, names, statement_timeout_ms)
    return "\n".join([*settings, _guard(), text, *(f"RESET {name};" for name in names)])


def _set(word: str, step: Step, names: tuple[str, ...], statement_timeout_ms: int) -> Iterator[str]:
    values = {
        "search_path": "''",
        "row_security": "off",
        "lock_timeout": step.lock_timeout_ms,
        "statement_timeout": statement_timeout_ms,
        "default_transaction_isolation": "'read committed'",
    }
    return (f"{word} {name} = {values[name]};" for name in names)


def _guard() -> str:
    return _do(_SQL["guard"])


def _ended(statement: str) -> str:
    """With its semicolon, on a line of its own where the last line may be a comment."""
    text = statement.rstrip()
    if text.endswith(";"):
        return text
    return f"{text}\n;" if "--" in text.rpartition("\n")[2] else f"{text};"


def _if_wanted(step: Step, statement: str) -> str:
    if step.precondition is None:
        return statement
    asked = f"SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (\n{step.precondition}\n) AS answer) AS q"
    return "\n".join([f"{asked} \\gset orglift_", "\\if :orglift_lost", _lost(step), "\\elif :orglift_wanted", statement, "\\endif"])


def _lost(step: Step) -> str:
    return _raise(_lost_told(step), _ANEW)


def _lost_told(step: Step) -> str:
    return f"{shown(step.purpose)}: what it would change is not what the plan was made for"


def _audit(step: Step) -> str:
    message = f"{shown(step.purpose)}: not so"
    return _do(_format("audit", audit=sql.SQL(step.sql), message=sql.Literal(message), hint=sql.Literal(step.remedy)))


def _backfill(step: Step) -> str:
    return "\n".join([_ended(begin_text(step)), f"{parts_text(step, Turn(max_lag=MAX_LAG))} \\gexec"])


def _loop(step: Step) -> str:
    """A statement's time-out would be that of the whole loop: it has none; each lock has its own."""
    slots = {
        "precondition": sql.SQL(step.precondition or "SELECT true"),
        "message": sql.Literal(_lost_told(step)),
        "hint": sql.Literal(_ANEW),
        "batch": quoted_body(step.sql),
    }
    return _do(_format("loop", **slots))
