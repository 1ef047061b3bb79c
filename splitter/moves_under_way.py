"""What control knows of organizations that are being moved, for work that has to keep its hands off them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.db import Connection, translated
from splitter.identity import has_relation

_UNFINISHED = """
SELECT id::text, source, target, phase IN ('switched', 'purging'), coalesce(slug, organization_before) FROM orglift.relocations
WHERE phase NOT IN ('purged', 'aborted') ORDER BY created_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """``regions``: those whose rows have to stay as they are, and an organization that is the reason.

    ``over``: relocations that are of no concern to their target any more, though its own records of them stand until the purge.
    """

    regions: Mapping[str, str] = field(default_factory=dict)
    over: tuple[str, ...] = ()


def read_moves(control: Connection) -> Moves:
    """A move compares its source with what it copied until that is purged, and its target with the source until the switch."""
    if not has_relation(control, "orglift.relocations"):
        return Moves()
    with translated("reading orglift.relocations"):
        rows = control.execute(_UNFINISHED).fetchall()
    regions: dict[str, str] = {}
    for _, source, target, is_switched, organization in rows:
        for name in (source, None if is_switched else target):
            if name:
                regions.setdefault(name, organization)
    return Moves(regions=regions, over=tuple(row[0] for row in rows if row[3]))
