"""What holds on to rows that are being deleted: asked of each batch, when nobody can begin to refer to its rows any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from psycopg import sql

from exports.checks import Check, holding_check
from exports.chunks import Chunk
from exports.membership import columns_sql, table_sql
from exports.rows import Source, ask
from exports.snapshot import Connection
from relocate.outcome import refusal
from splitter.graph import Kind
from splitter.ownership import Standing
from splitter.schema import TableName


def require_unheld(source: Source, witness: Connection, chunks: Sequence[Chunk], left: AbstractSet[TableName]) -> None:
    """While another session has deleted the chunks and not committed: ``witness`` still sees them, and all that refers to them.

    Whoever wants to refer to one now waits for that commit, and finds it gone. ``left``: the tables that still have chunks, these too.
    A refusal where a row that stays refers to one of theirs: a CASCADE took it along, or it would point nowhere.
    """
    checks = (check for chunk in chunks for check in _checks(source, chunk, left))
    problems = tuple(check.problem(rows) for check in checks if (rows := ask(witness)(check.query)))
    if problems:
        raise refusal(problems)


def _checks(source: Source, chunk: Chunk, left: AbstractSet[TableName]) -> Iterator[Check]:
    scope = source.membership.scope
    for reference in scope.graph.to(chunk.table):
        holder = scope.tables.get(reference.table)
        if reference.kind is not Kind.HARD or holder is None:
            continue
        owned = holder.standing is Standing.OWNED
        over = owned and reference.table not in left  # its rows are gone: one that is there was written since
        if owned and not over and reference in (*holder.ways, *holder.back_ways) and not holder.shared_where:
            continue  # the organization's own, which go in their time
        held = sql.SQL("SELECT {columns} FROM {table} AS k WHERE {where}").format(
            columns=columns_sql("k", reference.target_columns), table=table_sql(scope.table(chunk.table)), where=source.where(chunk)
        )
        yield holding_check(source.membership, reference, held, anybody=over)
