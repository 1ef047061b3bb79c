"""What stands in the way of an import, found before its first write: all that the archive's manifest and the target's catalog tell.

Rows are not looked into: one that a constraint of the target refuses ends the import when it is loaded, and an abort takes the rest out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pydantic import JsonValue

from exports.manifest import ArchivedColumn, Section
from exports.snapshot import Connection
from relocate.archive_feed import plain_type
from relocate.compat import Coming, fit_columns
from relocate.minting import find_sequences_elsewhere
from relocate.obstacles import find_namesakes, find_unfinished_plans
from relocate.parcel import Parcel
from relocate.triggers import find_firing_triggers
from splitter.errors import Problem


def find_import_obstacles(
    parcel: Parcel, target: Connection, after: tuple[str, ...], known: tuple[int, ...], *, replica: bool, resuming: bool
) -> Iterator[Problem]:
    """``after``: the organization's key in the target; ``known``: all origins that control issued; ``resuming``: an import was begun."""
    for section in parcel.manifest.tables:
        yield from _unfit(parcel, section)
    yield from find_firing_triggers(parcel, replica=replica)
    yield from find_unfinished_plans(parcel.target, target)
    yield from find_sequences_elsewhere(parcel.target, known, target)
    for problem in find_namesakes(parcel.target, after, parcel.slug or parcel.manifest.organization.slug, target, resuming=resuming):
        yield replace(problem, remedy="give another one with --slug") if problem.code == "slug-taken" else problem


def _unfit(parcel: Parcel, section: Section) -> Iterator[Problem]:
    labels = parcel.manifest.notes.get("labels")
    known = labels if isinstance(labels, dict) else {}
    coming = [Coming(name=each.name, type=plain_type(each), labels=_labels(known, each)) for each in section.columns]
    yield from fit_columns(section.name, coming, parcel.target.schema)


def _labels(known: Mapping[str, JsonValue], column: ArchivedColumn) -> tuple[str, ...] | None:
    found = known.get(plain_type(column).element)
    return tuple(map(str, found)) if isinstance(found, list) else None
