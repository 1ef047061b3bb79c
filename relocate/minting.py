"""Where the target's own ids come from: sequences that would give ids of another database, and those that still give local ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from exports.snapshot import Connection
from exports.survey import Survey
from relocate.move import Move
from splitter.errors import Problem
from splitter.identity import Identity, read_identity
from splitter.plans.region_ids import SequenceFacts, find_uses
from splitter.sequences import read_sequence_facts

HOME = 0


def find_foreign_sequences(move: Move, target: Connection) -> Iterator[Problem]:
    """Those of a move's target."""
    return find_sequences_elsewhere(move.target, move.minting.known, target)


def find_former_sequences(move: Move, source: Connection) -> Iterator[Problem]:
    """Those of a move's source, where it has had another origin: what they gave since may have been given elsewhere too."""
    identity = read_identity(source)
    if identity is not None and identity.former:
        yield from find_sequences_elsewhere(move.source, move.minting.known, source)


def find_sequences_elsewhere(region: Survey, known: tuple[int, ...], target: Connection) -> Iterator[Problem]:
    """Sequences outside the range of the region's origin. Local ids are its own, unless another region is home to all of them.

    After `--new-origin` neither local ids nor those of the former origin are: the other copy may have given them, too.
    """
    for identity, facts in _read(region, target):
        own = {identity.origin} if identity.former or HOME in known else {identity.origin, HOME}
        origin = region.silos.ids.origin_of(facts.following)
        if origin not in own:
            yield Problem(
                code="sequence",
                object=str(facts.use.sequence.name),
                found=f"in {region.region} it gives {facts.following} next, an id of origin {origin}, not of {identity.origin}",
                remedy=f"splitter plan region-ids --region {region.region}",
            )


def find_local_sequences(move: Move, target: Connection) -> tuple[str, ...]:
    """The names of those whose next id is local."""
    facts = (facts for _, facts in _read(move.target, target))
    return tuple(str(each.use.sequence.name) for each in facts if move.minting.layout.is_local(each.following))


def _read(region: Survey, target: Connection) -> Iterator[tuple[Identity, SequenceFacts]]:
    """The sequences of a region that has an origin of its own and isn't home."""
    identity = read_identity(target)
    if identity is None or identity.origin <= HOME:
        return
    uses = [replace(use, columns=()) for use in find_uses(region.schema, region.silos)]  # where they stand, without a look at rows
    for facts in read_sequence_facts(target, uses, region.silos.ids, identity.origin):
        yield identity, facts
