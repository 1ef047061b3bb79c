"""What stands in the way of an import, found before its first write: all that the archive's manifest and the target's catalog tell.

Rows are not looked into: one that a constraint of the target refuses ends the import when it is loaded, and an abort takes the rest out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from exports.manifest import Section
from exports.snapshot import Connection
from relocate.compat import fit_columns
from relocate.minting import find_sequences_elsewhere
from relocate.obstacles import find_namesakes, find_unfinished_plans
from relocate.parcel import Parcel
from relocate.triggers import find_firing_triggers
from splitter.errors import Problem
from splitter.schema import Column


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
    noted = parcel.manifest.notes.get("types")
    types: Mapping[str, object] = noted if isinstance(noted, dict) else {}
    columns, labels = [], {}
    for position, archived in enumerate(section.columns):
        entry = types.get(archived.type)
        base = str(entry["base"]) if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(entry["labels"], list):
            labels[str(base).removesuffix("[]")] = tuple(map(str, entry["labels"]))
        theirs = parcel.target.schema.tables[section.name].columns_by_name[archived.name]
        type_ = theirs.type if base is None else archived.type  # an archive that says nothing of its types is taken at its word
        base = base or theirs.base_type
        columns.append(Column(name=archived.name, position=position, type=type_, bare_type=base, base_type=base, not_null=False))
    yield from fit_columns(section.name, columns, labels, parcel.target.schema)
