"""Takes whatever a move has brought into the target out again, by the ways that it was brought in by."""

from __future__ import annotations

from collections.abc import Sequence

from exports.chunks import Chunk
from exports.membership import CLOSURE, Membership, Selection
from exports.scope import Scope
from exports.snapshot import Connection
from exports.survey import Survey, key_of
from exports.ways import mirror_scope
from relocate.control import Relocation
from relocate.ledger import Ledger
from relocate.load import Unloader
from splitter.schema import TableName


def clear_target(target: Survey, relocation: Relocation, ledger: Ledger, connection: Connection, *, replica: bool) -> Membership | None:
    """Delete the rows of all loaded chunks and the chunks' records. The result finds what is left; None: nothing had been loaded."""
    recorded = ledger.read_chunks(connection)
    if not recorded:
        return None
    scope = mirror_scope(target.scope, relocation.saved["ways"])
    there = Membership(scope, key_of(scope, relocation.organization_after), selection_of(scope, [each.chunk for each in recorded]))
    Unloader(there=there, ledger=ledger, target=target.schema, replica=replica).unload(connection, recorded)
    ledger.forget_chunks(connection)
    return there


def selection_of(scope: Scope, chunks: Sequence[Chunk]) -> Selection:
    """The selection that recorded chunks were cut with."""
    live: dict[TableName, tuple[int, ...]] = {}
    for chunk in chunks:
        if chunk.part != CLOSURE:
            live[chunk.table] = tuple(sorted({*live.get(chunk.table, ()), chunk.part}))
    cycles = {scope.tables[chunk.table].cycle for chunk in chunks if chunk.part == CLOSURE}
    return Selection(live=live, closed=frozenset(cycle for cycle in cycles if cycle is not None))
