"""Rows into the target's tables, chunk by chunk, each exactly once.

A chunk's rows and its record are one transaction behind the fence. A chunk waits for the tables that its rows are found through, so that
whatever a kill leaves behind can be found again by the same ways.

Where the role may set ``session_replication_role`` no trigger of the application fires and foreign keys are checked afterwards by query.
Elsewhere tables are loaded parents first, and tables that refer to each other in a circle by one statement, at whose end alone the
server checks the keys.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby

from psycopg import sql

from exports.chunks import Chunk, Range
from exports.membership import CLOSURE, Membership, table_sql
from exports.rows import chunk_where, content_sql, read_content, reading
from exports.scope import Scope
from exports.snapshot import Connection
from exports.streams import Content
from exports.workers import Task
from relocate.feed import Feed, Lane, Stream, plain_list
from relocate.ledger import Ledger, Recorded
from splitter.db import translated
from splitter.errors import Conflict, DiffersError
from splitter.events import Advanced, Reporter
from splitter.graph import Kind, components
from splitter.ownership import Standing
from splitter.schema import Schema, TableName

_stages = count()


@dataclass(slots=True)
class Brake:
    """Holds the loading back: ``max_rate`` bytes a second over all threads; a pause while a standby of the target lags."""

    max_rate: float | None = None
    max_lag: int | None = None  # bytes of WAL
    _started: float = field(default_factory=time.monotonic)
    _sent: int = 0

    def sent(self, size: int) -> None:
        """Wait until ``size`` more bytes are due."""
        if self.max_rate is None:
            return
        self._sent += size
        ahead = self._sent / self.max_rate - (time.monotonic() - self._started)
        if ahead > 0:
            time.sleep(ahead)

    def wait_for_standbys(self, target: Connection) -> None:
        while self.max_lag is not None and _standby_lag(target) > self.max_lag:
            time.sleep(0.5)


def _standby_lag(target: Connection) -> int:
    row = target.execute(
        "SELECT COALESCE(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint FROM pg_stat_replication"
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """Loads one organization's rows into the target."""

    feed: Feed
    scope: Scope  # over the target's tables
    ledger: Ledger
    replica: bool  # session_replication_role may be set
    report: Reporter
    brake: Brake

    def tasks(self, recorded: Iterable[Recorded]) -> list[Task[Lane]]:
        """What is left to load, in an order that always finds something to do."""
        chunks = tuple(recorded)
        left = [each.chunk for each in chunks if each.content is None]
        return self._by_ways(left, closed_cycles(self.scope, chunks)) if self.replica else self._by_keys(left)

    def _by_ways(self, left: Sequence[Chunk], closed: frozenset[int]) -> list[Task[Lane]]:
        """A chunk after the tables that its rows are found through; a closed cycle, whose rows find each other, at once."""
        tasks: list[Task[Lane]] = []
        for unit, chunks in groupby(in_order(self.scope, left), key=lambda chunk: unit_of(self.scope, chunk.table, closed)):
            together = list(chunks)
            after = frozenset(need for chunk in together for need in self._needs(chunk, closed)) - {unit}
            pieces = [together] if isinstance(unit, int) else [[chunk] for chunk in together]
            tasks += [self._task(piece, unit, after) for piece in pieces]
        return tasks

    def _needs(self, chunk: Chunk, closed: frozenset[int]) -> frozenset[object]:
        """The units that must be there before, so that the chunk's rows can be found again."""
        table = self.scope.tables[chunk.table]
        if table.standing is Standing.REFERENCED:
            needed = {pointer.table for pointer in table.pointers} - {table.name}
        else:
            ways = table.ways if chunk.part == CLOSURE else table.ways[: chunk.part + 1]
            needed = {way.target for way in ways} - {table.name}
        return frozenset(unit_of(self.scope, name, closed) for name in needed)

    def _by_keys(self, left: Sequence[Chunk]) -> list[Task[Lane]]:
        """Strictly parents first by foreign keys; a circle (and a self-reference) is one task."""
        done: set[object] = set()
        tasks: list[Task[Lane]] = []
        for group, circle in groups_by_keys(self.scope):
            own = [chunk for chunk in left if chunk.table in group]
            if circle:
                tasks += [self._task(own, group, frozenset(done))] if own else []
            else:
                tasks += [self._task([chunk], group, frozenset(done)) for chunk in own]
            done.add(group)
        return tasks

    def _task(self, chunks: Sequence[Chunk], group: object, after: frozenset[object]) -> Task[Lane]:
        return Task(group=group, run=lambda lane: self.load(lane, chunks), after=after)

    def load(self, lane: Lane, chunks: Sequence[Chunk]) -> None:
        """One transaction in the target: the chunks' rows and their records."""
        self.brake.wait_for_standbys(lane.target)
        with reading(f"loading {_names(chunks)}"), lane.target.transaction():
            self.ledger.hold(lane.target)
            self._load(lane, chunks)

    def replace(self, lane: Lane, unloader: Unloader, recorded: Sequence[Recorded], stale: Sequence[Recorded]) -> None:
        """One transaction in the target: chunks that changed at the source go out, and come in as they are now.

        At no instant is a row there without those that it is found through, so that an abort finds all of them.
        """
        chunks = in_order(self.scope, [each.chunk for each in stale])
        with translated(f"copying {_names(chunks)} again"), lane.target.transaction():
            self.ledger.hold(lane.target)
            unloader.delete(lane.target, recorded, stale)
            for _, together in groupby(chunks, key=lambda chunk: unit_of(self.scope, chunk.table, closed_cycles(self.scope, recorded))):
                self._load(lane, list(together))

    def _load(self, lane: Lane, chunks: Sequence[Chunk]) -> None:
        circle = not self.replica and any(circle for group, circle in groups_by_keys(self.scope) if chunks[0].table in group)
        staged: list[tuple[Chunk, str]] = []
        for chunk in chunks:
            stream = self.feed.stream(lane, chunk)
            stage = f"orglift_stage_{next(_stages)}"
            if circle or self._is_staged(chunk.table):
                self._create_stage(lane, chunk.table, stage)
                rows = self._copy(lane, chunk, stream, sql.Identifier("pg_temp", stage))
                staged.append((chunk, stage))
            else:
                rows = self._copy(lane, chunk, stream, sql.Identifier(*chunk.table))
            content = stream.content_of(rows)
            if self.feed.stage_columns(chunk.table) is not None:
                content = self._staged_content(lane, chunk, stage, content)
            self.ledger.mark_loaded(lane.target, chunk, content)
        self._unstage(lane, staged)

    def _is_staged(self, name: TableName) -> bool:
        return self.scope.tables[name].standing is Standing.REFERENCED or self.feed.stage_columns(name) is not None

    def _copy(self, lane: Lane, chunk: Chunk, stream: Stream, into: sql.Composable) -> int:
        """The chunk's rows through this process, unparsed; how many they were."""
        statement = sql.SQL("COPY {into} ({columns}) FROM STDIN (FORMAT {form})").format(
            into=into,
            columns=sql.SQL(", ").join(map(sql.Identifier, self.feed.columns(chunk.table))),
            form=sql.SQL("BINARY" if self.feed.is_binary(chunk.table) else "TEXT"),
        )
        with lane.target.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for block in stream:
                    copy.write(block)
                    self.brake.sent(len(block))
            rows = cursor.rowcount
        self.report(Advanced("copying", rows))
        return rows

    def _create_stage(self, lane: Lane, name: TableName, stage: str) -> None:
        """A temporary table, which is gone with the transaction and writes no WAL."""
        columns = self.feed.stage_columns(name)
        if columns is not None:
            query = sql.SQL("CREATE TEMP TABLE {stage} ({columns}) ON COMMIT DROP").format(stage=sql.Identifier(stage), columns=columns)
        else:
            query = sql.SQL("CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {columns} FROM {table} AS t WITH NO DATA").format(
                stage=sql.Identifier(stage),
                columns=sql.SQL(", ").join(map(sql.Identifier, self.feed.columns(name))),
                table=table_sql(self.scope.table(name)),
            )
        lane.target.execute(query)

    def _staged_content(self, lane: Lane, chunk: Chunk, stage: str, expected: Content) -> Content:
        """The staged rows are what was sent (``expected``); what they are once rewritten is what the table must have."""
        sent = plain_list(self.feed.columns(chunk.table))
        table = sql.SQL("{} AS k").format(sql.Identifier("pg_temp", stage))
        found = read_content(lane.target, content_sql(sent.expressions, table, sql.SQL("true")))
        if found.rows != expected.rows or expected.hash not in (None, found.hash):
            raise DiffersError(f"{chunk.table}: what arrived in the target is not what was sent")
        chosen = self.feed.unstaged(chunk.table)
        rewritten = sql.SQL("{}{}").format(table, chosen.joins)
        return read_content(lane.target, content_sql(chosen.expressions, rewritten, sql.SQL("true")))

    def _unstage(self, lane: Lane, staged: Sequence[tuple[Chunk, str]]) -> None:
        """Referenced rows are merged; all others go in by one statement, at whose end the server checks keys."""
        inserts = []
        for chunk, stage in staged:
            if self.scope.tables[chunk.table].standing is Standing.REFERENCED:
                self._merge(lane, chunk.table, self._rewritten_stage(lane, chunk.table, stage))
            else:
                inserts.append(self._insert(chunk.table, stage))
        if inserts:
            ctes = [sql.SQL("{} AS ({})").format(sql.Identifier(f"i{n}"), each) for n, each in enumerate(inserts)]
            lane.target.execute(sql.SQL("WITH {} SELECT 1").format(sql.SQL(", ").join(ctes)))

    def _insert(self, name: TableName, stage: str) -> sql.Composed:
        chosen = self.feed.unstaged(name)
        return sql.SQL("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {stage} AS k{joins}").format(
            table=sql.Identifier(*name),
            columns=sql.SQL(", ").join(map(sql.Identifier, chosen.columns)),
            values=sql.SQL(", ").join(chosen.expressions),
            stage=sql.Identifier("pg_temp", stage),
            joins=chosen.joins,
        )

    def _rewritten_stage(self, lane: Lane, name: TableName, stage: str) -> str:
        """The stage itself where nothing has to be rewritten, else a second one."""
        if self.feed.stage_columns(name) is None:
            return stage
        chosen = self.feed.unstaged(name)
        named = [sql.SQL("{} AS {}").format(value, sql.Identifier(c)) for value, c in zip(chosen.expressions, chosen.columns, strict=True)]
        lane.target.execute(
            sql.SQL("CREATE TEMP TABLE {new} ON COMMIT DROP AS SELECT {values} FROM {stage} AS k{joins}").format(
                new=sql.Identifier(f"{stage}_new"),
                values=sql.SQL(", ").join(named),
                stage=sql.Identifier("pg_temp", stage),
                joins=chosen.joins,
            )
        )
        return f"{stage}_new"

    def _merge(self, lane: Lane, name: TableName, stage: str) -> None:
        """Referenced rows may be there already, from another organization that was moved: equal ones stay, others are a conflict."""
        table = self.scope.table(name)
        columns = self.feed.columns(name)
        key = table.identifying_key or columns
        same = sql.SQL(" AND ").join(
            sql.SQL("{a}::text IS NOT DISTINCT FROM {b}::text").format(a=sql.Identifier("t", c), b=sql.Identifier("s", c)) for c in key
        )
        whole = sql.SQL("ROW({t})::text IS DISTINCT FROM ROW({s})::text").format(
            t=sql.SQL(", ").join(sql.Identifier("t", c) for c in columns), s=sql.SQL(", ").join(sql.Identifier("s", c) for c in columns)
        )
        parts = {
            "table": table_sql(table),
            "into": sql.Identifier(*name),
            "stage": sql.Identifier("pg_temp", stage),
            "same": same,
            "whole": whole,
            "columns": sql.SQL(", ").join(sql.Identifier(c) for c in columns),
            "values": sql.SQL(", ").join(sql.Identifier("s", c) for c in columns),
            "key": sql.SQL(", ").join(sql.Identifier("s", c) for c in key),
        }
        differing = lane.target.execute(
            sql.SQL("SELECT ROW({key})::text FROM {stage} AS s JOIN {table} AS t ON {same} WHERE {whole} LIMIT 5").format(**parts)
        ).fetchall()
        if differing:
            keys = ", ".join(str(row[0]) for row in differing)
            raise Conflict(f"{name}: the target has other rows with the keys {keys}", hint="make both rows equal, or match them as shared")
        missing = sql.SQL("FROM {stage} AS s WHERE NOT EXISTS (SELECT FROM {table} AS t WHERE {same})").format(**parts)
        arrays = sql.SQL("SELECT to_jsonb(ARRAY[{key}]) {missing}").format(
            key=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier("s", c)) for c in key), missing=missing
        )
        self.ledger.note_inserted(lane.target, name, arrays)
        lane.target.execute(
            sql.SQL("INSERT INTO {into} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} {missing}").format(**parts, missing=missing)
        )


def closed_cycles(scope: Scope, recorded: Iterable[Recorded]) -> frozenset[int]:
    """The cycles of which some rows are reached by the cycle alone."""
    cycles = {scope.tables[each.chunk.table].cycle for each in recorded if each.chunk.part == CLOSURE}
    return frozenset(cycle for cycle in cycles if cycle is not None)


def unit_of(scope: Scope, name: TableName, closed: frozenset[int]) -> TableName | int:
    """What is loaded, or deleted, by itself: a table, or a closed cycle (its number), whose rows are found through each other."""
    cycle = scope.tables[name].cycle
    return cycle if cycle is not None and cycle in closed else name


def in_order(scope: Scope, chunks: Iterable[Chunk]) -> list[Chunk]:
    """Chunks in the scope's order: what rows are found through stands before them."""
    order = {name: position for position, name in enumerate(scope.tables)}
    return sorted(chunks, key=lambda chunk: (order[chunk.table], chunk.part, chunk.number))


def statements_for_deleting(scope: Scope, recorded: Sequence[Recorded], *, replica: bool) -> list[list[Recorded]]:
    """Loaded chunks of owned tables, those of one statement together, rows that hang on others first.

    Where the server checks keys (no replica mode) their order counts, and a circle of keys is one statement; else that of the ways.
    """
    owned = {(r.chunk.table, r.chunk.part, r.chunk.number): r for r in recorded if r.content and _is_owned(scope, r.chunk)}
    if not replica:
        groups: list[list[Recorded]] = []
        for group, circle in reversed(groups_by_keys(scope)):
            own = [each for each in owned.values() if each.chunk.table in group]
            groups += [own] if circle and own else [[one] for one in own]
        return groups
    closed = closed_cycles(scope, recorded)
    ordered = in_order(scope, [each.chunk for each in owned.values()])[::-1]
    result: list[list[Recorded]] = []
    for unit, chunks in groupby(ordered, key=lambda chunk: unit_of(scope, chunk.table, closed)):
        together = [owned[chunk.table, chunk.part, chunk.number] for chunk in chunks]
        result += [together] if isinstance(unit, int) else [[one] for one in together]
    return result


def _is_owned(scope: Scope, chunk: Chunk) -> bool:
    return scope.tables[chunk.table].standing is Standing.OWNED


def groups_by_keys(scope: Scope) -> list[tuple[tuple[TableName, ...], bool]]:
    """Exported tables, parents first by foreign keys and ways; True for those that refer to each other, or to themselves, in a circle."""
    exported = [table.name for table in scope.exported]
    above = {
        name: {
            reference.target
            for reference in scope.references_of(name)
            if reference.target in scope.tables and (reference.kind is Kind.HARD or reference in scope.tables[name].ways)
        }
        for name in exported
    }
    return [(group, len(group) > 1 or group[0] in above[group[0]]) for group in components(exported, lambda name: above[name])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unloader:
    """Takes loaded chunks out of the target again: exactly the row versions that this move inserted."""

    there: Membership
    ledger: Ledger
    target: Schema
    replica: bool

    def unload(self, target: Connection, recorded: Sequence[Recorded]) -> None:
        """Delete the rows of all loaded chunks, transaction by transaction; what is left can always be found again."""
        loaded = [each for each in recorded if each.content is not None]
        for together in statements_for_deleting(self.there.scope, loaded, replica=self.replica):
            with translated(f"deleting from {_names([each.chunk for each in together])} in the target"), target.transaction():
                self.ledger.hold(target)
                self._delete(target, together)
        for each in loaded:
            if not _is_owned(self.there.scope, each.chunk):
                with target.transaction():
                    self.ledger.hold(target)
                    self.ledger.mark_unloaded(target, each.chunk)

    def delete(self, target: Connection, recorded: Sequence[Recorded], stale: Sequence[Recorded]) -> None:
        """Delete the rows of some chunks in the transaction that is open; rows of referenced tables stay, others may hold on to them."""
        keys = {(each.chunk.table, each.chunk.part, each.chunk.number) for each in stale}
        for together in statements_for_deleting(self.there.scope, recorded, replica=self.replica):
            chosen = [each for each in together if (each.chunk.table, each.chunk.part, each.chunk.number) in keys]
            if chosen:
                self._delete(target, chosen)

    def _delete(self, target: Connection, together: Sequence[Recorded]) -> None:
        deletes = [
            sql.SQL("{name} AS ({delete} RETURNING 1)").format(name=sql.Identifier(f"d{n}"), delete=self._delete_sql(each))
            for n, each in enumerate(together)
        ]
        target.execute(sql.SQL("WITH {} SELECT 1").format(sql.SQL(", ").join(deletes)))
        for each in together:
            self.ledger.mark_unloaded(target, each.chunk)

    def _delete_sql(self, recorded: Recorded) -> sql.Composed:
        """Rows of the chunk's range whose version is of the transaction that loaded it."""
        chunk = recorded.chunk
        assert recorded.xid is not None
        # the range only leads to them faster: where it means nothing any more, the transaction alone tells
        bounds = chunk.target if chunk.target.holds_in(self.target.tables[chunk.table]) else Range(fixed=chunk.target.fixed)
        return sql.SQL("DELETE FROM {table} AS k WHERE {where} AND k.xmin = {xid}::xid").format(
            table=table_sql(self.target.tables[chunk.table]),
            where=chunk_where(self.there, chunk, bounds, "k"),
            xid=sql.Literal(str(recorded.xid % 2**32)),
        )


def _names(chunks: Iterable[Chunk]) -> str:
    return ", ".join(dict.fromkeys(str(chunk.table) for chunk in chunks))
