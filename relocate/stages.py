"""The stages of a move between planning and the switch: load what is left, prove it, and look at the source once more.

Each may be repeated: what is there already is looked at, not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.chunks import Chunk
from exports.heaps import Heap, read_heaps
from exports.match import MissingRow, insert_missing
from exports.membership import Membership, column_sql, table_sql
from exports.rows import Source, chunk_where, content_sql, read_content
from exports.snapshot import Connection, Snapshot
from exports.streams import Content
from exports.survey import select_ways
from exports.workers import Workers
from relocate.drill import differing_rows
from relocate.feed import Lane, RegionFeed
from relocate.ledger import Ledger, Recorded
from relocate.load import Brake, Loader, Unloader, closed_cycles, unit_of
from relocate.move import Move, Options
from relocate.proof import Proof, run_counted, synchronized, task_of
from relocate.verify import Difference, Verifier
from splitter.db import translated
from splitter.events import Finished, Note, Reporter, Started
from splitter.schema import Schema, TableName

COPYING, HASHING, LOOKING = "copying", "hashing again what was copied before", "looking at the source again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What all stages work with."""

    move: Move
    options: Options
    ledger: Ledger
    reading: Source  # in ``snapshot``
    snapshot: Snapshot
    open_target: Callable[[], Connection]
    replica: bool
    report: Reporter

    @property
    def there(self) -> Membership:
        return self.move.there(self.reading.membership)

    def lane(self) -> Lane:
        return Lane(self.snapshot.enter(), self.open_target())

    def load(self, target: Connection, inserts: Sequence[MissingRow]) -> None:
        """Bring the target to what the snapshot has: chunks of before that differ go out again, the rest comes in."""
        with Workers(self.options.jobs, self.lane) as workers:
            recorded = self.ledger.read_chunks(target)
            insert_shared(self.ledger, target, self.move.target.schema, inserts)
            stale = self._find_stale(workers, [each for each in recorded if each.content is not None])
            self._renew(workers, target, recorded, stale)
            self._cut(workers, recorded)
            loader = self._loader()
            left = self.ledger.read_chunks(target)
            self.report(Started(COPYING, None))
            workers.run(loader.tasks(left))
            self.report(Finished(COPYING))

    def _loader(self) -> Loader:
        return Loader(
            feed=RegionFeed(source=self.reading, binary=self.move.binary, hashes=self.options.hashes),
            scope=self.move.mirrored,
            ledger=self.ledger,
            replica=self.replica,
            report=synchronized(self.report),
            brake=Brake(max_rate=self.options.max_rate, max_lag=self.options.max_lag),
        )

    def _find_stale(self, workers: Workers[Lane], loaded: Sequence[Recorded]) -> list[Recorded]:
        """The chunks whose rows at the source aren't any more what was copied."""
        stale: list[Recorded] = []

        def look(lane: Lane, each: Recorded) -> None:
            assert each.content is not None and lane.source is not None
            with translated(f"hashing {each.chunk.table} at the source"):
                now = read_content(lane.source, self.reading.content(each.chunk))
            before = each.content if each.content.hash is not None else self._loaded(lane.target, each)
            if now != before:
                stale.append(each)

        run_counted(workers, HASHING, [task_of(each, look) for each in loaded], self.report)
        return stale

    def _loaded(self, target: Connection, each: Recorded) -> Content:
        """A chunk that was copied without a hash: what its rows in the target are now.

        That no row of it has a newer version at the source would be cheaper to ask and is not enough: the snapshot that it was copied
        in is gone, and since then parents may have changed hands, labels their names, partitions their place, and a server that
        crashed or failed over may have given numbers of transactions anew.
        """
        columns = [column_sql("k", column) for column in self.reading.columns(each.chunk.table)]
        where = chunk_where(self.there, each.chunk, each.chunk.target, "k")
        with translated(f"hashing {each.chunk.table} in the target"):
            table = sql.SQL("{} AS k").format(table_sql(self.move.target.schema.tables[each.chunk.table]))
            return read_content(target, content_sql(columns, table, where))

    def _renew(self, workers: Workers[Lane], target: Connection, recorded: Sequence[Recorded], stale: Sequence[Recorded]) -> None:
        """Chunks that changed are replaced in one transaction; where most did, or keys are checked, everything goes out first."""
        if not stale:
            return
        self.report(Note(f"{len(stale)} chunks changed at the source since they were copied, and are copied again"))
        unloader = Unloader(there=self.there, ledger=self.ledger, target=self.move.target.schema, replica=self.replica)
        loaded = [each for each in recorded if each.content is not None]
        if not self.replica or 2 * len(stale) > len(loaded):
            unloader.unload(target, recorded)
            return
        closed = closed_cycles(self.move.scope, recorded)
        units = {unit_of(self.move.scope, each.chunk.table, closed) for each in stale} & closed
        together = [each for each in loaded if each in stale or unit_of(self.move.scope, each.chunk.table, closed) in units]
        lane = workers.take()
        self._loader().replace(lane, unloader, loaded, together)
        workers.give(lane)

    def _cut(self, workers: Workers[Lane], recorded: Sequence[Recorded]) -> None:
        """Record the chunks of parts that have none yet."""
        known = {(each.chunk.table, each.chunk.part) for each in recorded}
        membership = self.reading.membership
        names = [table.name for table in self.move.scope.exported]
        with translated(self.move.source.setting):
            heaps = read_heaps(self.snapshot.connection, names)

        def cut(lane: Lane, each: tuple[TableName, int]) -> None:
            assert lane.source is not None
            with translated(self.move.source.setting):
                chunks = self.move.cutter(membership, lane.source, self.options.chunk_rows).cut(*each, heaps.get(each[0], Heap()))
            self.ledger.write_chunks(lane.target, chunks)

        new = [(name, part) for name in names for part in membership.parts(name) if (name, part) not in known]
        new.sort(key=lambda each: heaps.get(each[0], Heap()).bytes, reverse=True)  # the largest first, so that all end together
        workers.run([task_of(each, cut) for each in new])

    def prove(self, target: Connection) -> tuple[Difference, ...]:
        """Compare every chunk, and check every reference and every key that the loading didn't."""
        proof = Proof(verifier=self.verifier(), jobs=self.options.jobs, open_lane=self.lane, report=self.report, drill=self._drill)
        return proof.run(self.ledger.read_chunks(target))

    def _drill(self, lane: Lane, chunk: Chunk) -> tuple[str, ...]:
        assert lane.source is not None
        return differing_rows(self.reading, self.there, lane.source, lane.target, chunk)

    def verifier(self) -> Verifier:
        return Verifier(
            there=self.there,
            columns={name: self.reading.columns(name) for name in self.reading.types},
            rules=self.move.source.rules,
            layout=self.move.minting.layout,
            local_ids_final=self.move.local_ids_final,
        )

    def still(self, target: Connection) -> tuple[Difference, ...]:
        """Whether the source is, in a snapshot of now, what was moved.

        A chunk with as many rows, none of them written since the first snapshot, is what it was: a row that came in has a new version,
        one that left is missing from the count, and for rows that came with a row of another table that one's version is new. What this
        can't tell apart is hashed in both snapshots.
        """
        recorded = self.ledger.read_chunks(target)
        found: list[Difference] = []
        with self.move.source.snapshot() as now:
            with translated(self.move.source.setting):
                membership = select_ways(self.move.scope, self.move.organization.key, now.connection)
            reading = self.move.reading(membership, self.reading.rewriter.maps)
            found += self._new_parts(membership, recorded, reading, now.connection)
            with Workers(self.options.jobs, lambda: Lane(self.snapshot.enter(), now.enter())) as workers:
                tasks = [task_of(each, lambda lane, one: self._look(lane, one, reading, found)) for each in recorded]
                run_counted(workers, LOOKING, tasks, self.report)
        return tuple(found)

    def _new_parts(
        self, membership: Membership, recorded: Sequence[Recorded], reading: Source, connection: Connection
    ) -> Iterable[Difference]:
        """Rows that came in by a way that had none before."""
        known = {(each.chunk.table, each.chunk.part) for each in recorded}
        for table in self.move.scope.exported:
            for part in membership.parts(table.name):
                if (table.name, part) not in known:
                    content = read_content(connection, reading.content(Chunk(table=table.name, part=part, number=0)))
                    if content.rows:
                        yield Difference(table=str(table.name), what=f"{content.rows} rows were added at the source")

    def _look(self, lane: Lane, each: Recorded, reading: Source, found: list[Difference]) -> None:
        """``lane.source`` is in the first snapshot, ``lane.target`` in the new one."""
        assert each.content is not None and lane.source is not None
        with translated(f"looking at {each.chunk.table} again"):
            row = lane.target.execute(sql.Composed([reading.newer(each.chunk, self.snapshot.view.xmin)])).fetchone()
            assert row is not None
            rows, newer = int(str(row[0])), bool(row[1])
            if rows == each.content.rows and not newer:
                return
            before = each.content if each.content.hash is not None else read_content(lane.source, self.reading.content(each.chunk))
            after = read_content(lane.target, reading.content(each.chunk))
        if before != after:
            what = f"the source changed during the move ({before.rows} rows before, {after.rows} now)"
            found.append(Difference(table=str(each.chunk.table), what=what))


def summarize(recorded: Iterable[Recorded]) -> list[dict[str, object]]:
    """Rows and hash of every table, as the commands print them."""
    totals: dict[TableName, Content] = {}
    for each in recorded:
        before = totals.get(each.chunk.table, Content(rows=0, hash=0))
        content = each.content or Content(rows=0, hash=None)
        hash_ = None if before.hash is None or content.hash is None else before.hash + content.hash
        totals[each.chunk.table] = Content(rows=before.rows + content.rows, hash=hash_)
    return [
        {"name": str(name), "rows": total.rows, "hash": None if total.hash is None else str(total.hash)} for name, total in totals.items()
    ]


def insert_shared(ledger: Ledger, target: Connection, schema: Schema, inserts: Sequence[MissingRow]) -> None:
    """Insert the shared rows that the target lacks, and remember that this move did."""
    for missing in inserts:
        key = [missing.values[column] for column in schema.tables[missing.table].identifying_key]
        with translated(f"inserting into {missing.table}"), target.transaction():
            ledger.hold(target)
            if insert_missing(target, schema, missing):
                ledger.note_inserted(target, missing.table, sql.SQL("SELECT to_jsonb({}::text[])").format(sql.Literal(key)))
