"""Whether a region still is what an archive of it says: every chunk hashed again in a snapshot of now."""

from __future__ import annotations

from exports.chunks import Chunk
from exports.manifest import Manifest
from exports.membership import Membership
from exports.organization import archive_types
from exports.rewrite import Minting, Rewriter
from exports.rows import Source, read_content
from exports.streams import Content
from exports.survey import Survey, key_of, select_ways
from relocate.archive_feed import Pieces
from relocate.verify import Difference
from splitter.db import translated


def archive_differences(source: Survey, manifest: Manifest, pieces: Pieces, known: tuple[int, ...]) -> tuple[Difference, ...]:
    """The chunks that the source has otherwise now, and the ways that have rows now and had none."""
    minting = Minting(layout=manifest.ids, origin=manifest.source.origin, known=known)
    found: list[Difference] = []
    with source.snapshot() as now, translated(source.setting):
        membership = select_ways(source.scope, key_of(source.scope, manifest.organization.before), now.connection)
        reading = Source(
            membership=membership,
            rewriter=Rewriter(scope=source.scope, rules=source.rules, minting=minting),
            types=archive_types(source.scope, source.rules, shifted=minting.origin is not None),
        )
        for chunk, archived in [*pieces.values(), *((each, None) for each in _new_parts(membership, pieces))]:
            content = read_content(now.connection, reading.content(chunk))
            before = Content(rows=archived.rows, hash=archived.hash) if archived else Content(rows=0, hash=0)
            if content != before:
                what = f"{before.rows} rows in the archive, {content.rows} at the source now, or others"
                unknown = "the archive has no hash of its rows, so nobody can tell whether the source has changed"
                found.append(Difference(table=str(chunk.table), what=what if before.hash is not None else unknown))
    return tuple(found)


def _new_parts(membership: Membership, pieces: Pieces) -> list[Chunk]:
    known = {(table, part) for table, part, _ in pieces}
    return [
        Chunk(table=table.name, part=part, number=0)
        for table in membership.scope.exported
        for part in membership.parts(table.name)
        if (table.name, part) not in known
    ]
