"""What an operator should know before a move although it stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from exports.checks import inbound_references
from exports.chunks import RANGE_TYPES, TEXTS, Path, chunk_path, is_direct, is_ordered
from exports.membership import CLOSURE
from exports.rows import Source
from exports.snapshot import Connection
from exports.survey import Survey, table_sizes
from relocate.minting import find_local_sequences
from relocate.move import SMALL_TABLE, Move
from relocate.rights import find_purge_rights
from relocate.triggers import find_silent_triggers
from splitter.db import in_recovery, translated
from splitter.figures import spell_bytes
from splitter.graph import Reference
from splitter.ownership import Standing
from splitter.schema import Column, TableName

LONG = 3600  # seconds: a transaction older than that holds back what vacuum may remove
SHOWN = 5
_LONG_TRANSACTIONS = """
SELECT 'process ' || pid, COALESCE(NULLIF(application_name, ''), usename::text, '?'),
    extract(epoch FROM clock_timestamp() - xact_start)::bigint
FROM pg_stat_activity
WHERE datname = current_database() AND xact_start < clock_timestamp() - make_interval(secs => %(long)s) AND pid <> pg_backend_pid()
UNION ALL
SELECT 'prepared transaction ' || gid, owner::text, extract(epoch FROM clock_timestamp() - prepared)::bigint
FROM pg_prepared_xacts WHERE database = current_database() AND prepared < clock_timestamp() - make_interval(secs => %(long)s)
ORDER BY 3 DESC
"""


def find_warnings(
    move: Move, reading: Source, source: Connection, target: Connection, *, replica: bool, size: int | None = None
) -> Iterator[str]:
    """One sentence each. ``size``: bytes of the organization's rows, where somebody has estimated them."""
    yield from _slow_ways(move, reading, source)
    yield from _long_transactions(move.source, source)
    yield from _long_transactions(move.target, target)
    silent = find_silent_triggers(move, replica=replica)
    if silent:
        yield f"these triggers of the target don't fire for moved rows: {_listed(silent)}"
    if not in_recovery(source):
        for problem in find_purge_rights(move.source, source):
            yield f"{problem.object}: for the purge after the move {problem.found}: {problem.remedy}"
    yield from _holding_on(move)
    local = find_local_sequences(move, target)
    if local:
        remedy = f"`splitter plan region-ids --region {move.target.region}` ends that"
        yield f"these sequences of {move.target.region} still give local ids, which change when their rows move: {_listed(local)}; {remedy}"
    if size:
        yield f"about {spell_bytes(size)} of rows go to {move.target.region}, their indexes on top, and about twice as much WAL"


def _holding_on(move: Move) -> Iterator[str]:
    """Of tables that are left out a move asks no rows; the purge does."""
    for reference in inbound_references(move.source.scope):
        if move.source.scope.standing(reference.table) is Standing.NONE:
            yield f"{reference}: rows of {reference.table} stay; the purge will stop at those that still refer to the organization's"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _slow_ways(move: Move, reading: Source, source: Connection) -> Iterator[str]:
    """Large tables that are read whole, because no index leads along the way of their rows."""
    owned = [table.name for table in move.scope.exported if table.standing is Standing.OWNED and table.name != move.scope.root]
    with translated("reading the sizes of tables"):
        sizes = table_sizes(source, owned)
    accepted = {each.object for each in move.silos.accepted if each.code == "unindexed-way"}
    for name in owned:
        for way in _unindexed(move, reading, name) if sizes.get(name, 0) > SMALL_TABLE else ():
            if not accepted & {str(name), str(way)}:
                yield f"{_reason(move, name, way)}: {spell_bytes(sizes[name])} of {name} are read in one scan"


def _unindexed(move: Move, reading: Source, name: TableName) -> Iterator[Reference]:
    scope = move.scope
    for part in reading.membership.parts(name):
        if part == CLOSURE:
            continue
        way = scope.tables[name].ways[part]
        if _path(move, name, way, lambda column: is_ordered(column, move.order_there(name, column.name))) is None:
            yield way


def _path(move: Move, name: TableName, way: Reference, fits: Callable[[Column], bool]) -> Path | None:
    table = move.scope.table(name)
    return chunk_path(table, way, is_direct(move.scope, way), lambda column: fits(table.column(column)))


def _reason(move: Move, name: TableName, way: Reference) -> str:
    """Why a way's rows aren't cut: an index that would serve, if the texts in it had one order in both regions, is named."""
    path = _path(move, name, way, lambda column: column.base_type in RANGE_TYPES | TEXTS)
    if path is None:
        return f"no index serves {way}"
    here, there = move.scope.table(name).column(path.first).order, move.order_there(name, path.first)
    if here is None or there is None:
        return f"the texts of {name}.{path.first} are in an order that cannot be compared between the regions"
    return f"the texts of {name}.{path.first} are in the order of {here} here and of {there} in {move.target.region}"


def _long_transactions(survey: Survey, connection: Connection) -> Iterator[str]:
    with translated("looking for long transactions"):
        rows = connection.execute(_LONG_TRANSACTIONS, {"long": LONG}).fetchall()
    for what, who, seconds in rows:
        hours = int(str(seconds)) // 3600
        yield f"region {survey.region}: {what} ({who}) has had a transaction open for {hours} h, which holds vacuum back"
