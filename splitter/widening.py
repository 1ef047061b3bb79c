"""Whether ids of a database are between two widths: a plan that is not finished, or waits for somebody to say that it is for good."""

from __future__ import annotations

from splitter.db import Connection
from splitter.errors import Problem
from splitter.findings_kinds import WIDENING
from splitter.journal import read_journal
from splitter.plans.widen_ids.plan import KIND


def find_widening(conn: Connection, name: str) -> tuple[Problem, ...]:
    """``name``: what silos.toml calls the database. No organization moves into or out of it meanwhile."""
    return tuple(
        Problem(
            code=WIDENING,
            object=f"{name}: plan {known.plan}",
            found=f"is {known.state.value}: {known.purpose}, begun {known.begun_at:%Y-%m-%d %H:%M}",
            remedy=f"`splitter apply {known.plan}`, with --commit --finish after the watch; or `splitter undo {known.plan}`",
        )
        for known in read_journal(conn)
        if known.kind == KIND and known.is_open
    )
