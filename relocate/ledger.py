"""What a region knows of a move: the fence that keeps a superseded mover out, and a record for every chunk.

Every transaction that writes rows first holds the fence (``hold``): the row of ``orglift.moves`` with this mover's generation, FOR SHARE. A
new mover raises the generation, which waits for transactions under way; a mover that wakes up later finds no row and stops.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import orjson
from psycopg import sql

from exports.chunks import Chunk, range_from_json
from exports.snapshot import Connection
from exports.streams import Content
from splitter.apply import PATIENCE_MS, keep_plans_out
from splitter.errors import OtherMover
from splitter.schema import TableName, split_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A chunk as the target has recorded it; ``content`` is None until its rows are there."""

    chunk: Chunk
    content: Content | None = None
    xid: int | None = None  # the transaction that inserted its rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The records of one relocation, as one mover (``generation``) sees them."""

    relocation: UUID
    generation: int
    organization: str
    mover: str

    def enter(self, connection: Connection, role: str) -> None:
        """Take the fence: from now on no mover of an older generation can commit here, and no plan of splitter begins.

        Busy where one of those is still in a transaction and doesn't come to its end.
        """
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (str(PATIENCE_MS),))
            keep_plans_out(connection)
            self._enter(connection, role)

    def _enter(self, connection: Connection, role: str) -> None:
        row = connection.execute(
            "INSERT INTO orglift.moves AS m (relocation, generation, organization, role, mover) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (relocation) DO UPDATE SET generation = excluded.generation, mover = excluded.mover, finished_at = NULL"
            # one that died between leaving and saying so in control is followed: what is over there has no further mover
            " WHERE m.generation < excluded.generation OR m.generation = excluded.generation AND m.finished_at IS NULL RETURNING 1",
            (self.relocation, self.generation, self.organization, role, self.mover),
        ).fetchone()
        if row is None:
            raise self._superseded()

    def hold(self, connection: Connection) -> None:
        """At the beginning of a transaction: keep the fence until it ends, or stop."""
        row = connection.execute(
            "SELECT set_config('orglift.moving', 'on', true) FROM orglift.moves WHERE relocation = %s AND generation = %s"
            " AND finished_at IS NULL FOR SHARE",
            (self.relocation, self.generation),
        ).fetchone()
        if row is None:
            raise self._superseded()

    def _superseded(self) -> OtherMover:
        return OtherMover(
            f"another mover has taken over the relocation {self.relocation} (this one is of generation {self.generation})",
            hint="nothing more is written from here; see relocate status",
        )

    def leave(self, connection: Connection) -> None:
        """Remove the records of the relocation; the fence stays closed, for a mover that wakes up later."""
        with connection.transaction():
            self.hold(connection)
            connection.execute("DELETE FROM orglift.chunks WHERE relocation = %s", (self.relocation,))
            connection.execute("DELETE FROM orglift.inserted WHERE relocation = %s", (self.relocation,))
            connection.execute("UPDATE orglift.moves SET finished_at = now() WHERE relocation = %s", (self.relocation,))

    def write_chunks(self, connection: Connection, chunks: Iterable[Chunk]) -> None:
        """Record the chunks of a part before the first of them is loaded, so that every later run cuts it in the same places."""
        with connection.transaction():
            self.hold(connection)
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO orglift.chunks (relocation, table_name, part, number, bounds) VALUES (%s, %s, %s, %s, %s)",
                    [(self.relocation, str(c.table), c.part, c.number, orjson.dumps(c.bounds()).decode()) for c in chunks],
                )

    def read_chunks(self, connection: Connection) -> tuple[Recorded, ...]:
        rows = connection.execute(
            "SELECT table_name, part, number, bounds, rows, hash, xid, loaded_at IS NOT NULL FROM orglift.chunks"
            " WHERE relocation = %s ORDER BY table_name, part, number",
            (self.relocation,),
        ).fetchall()
        return tuple(_recorded(row) for row in rows)

    def mark_loaded(self, connection: Connection, chunk: Chunk, content: Content) -> None:
        """In the transaction that inserted the chunk's rows."""
        connection.execute(
            "UPDATE orglift.chunks SET rows = %s, hash = %s, xid = pg_current_xact_id()::text::bigint, loaded_at = now()"
            " WHERE relocation = %s AND table_name = %s AND part = %s AND number = %s",
            (content.rows, content.hash, self.relocation, str(chunk.table), chunk.part, chunk.number),
        )

    def mark_unloaded(self, connection: Connection, chunk: Chunk) -> None:
        """In the transaction that deleted the chunk's rows."""
        connection.execute(
            "UPDATE orglift.chunks SET rows = NULL, hash = NULL, xid = NULL, loaded_at = NULL"
            " WHERE relocation = %s AND table_name = %s AND part = %s AND number = %s",
            (self.relocation, str(chunk.table), chunk.part, chunk.number),
        )

    def forget_chunks(self, connection: Connection) -> None:
        """Remove the records of all chunks, so that the rows are cut anew; none of them may be loaded."""
        with connection.transaction():
            self.hold(connection)
            connection.execute("DELETE FROM orglift.chunks WHERE relocation = %s", (self.relocation,))

    def note_inserted(self, connection: Connection, table: TableName, keys: sql.Composable) -> None:
        """Remember rows of referenced or shared tables that this move inserted: ``keys`` is a SELECT of one jsonb column."""
        connection.execute(
            sql.SQL(
                "INSERT INTO orglift.inserted (relocation, table_name, key) SELECT {relocation}, {table}, x.key FROM ({keys}) AS x(key)"
            ).format(relocation=sql.Literal(self.relocation), table=sql.Literal(str(table)), keys=keys)
        )

    def inserted_tables(self, connection: Connection) -> tuple[TableName, ...]:
        rows = connection.execute("SELECT DISTINCT table_name FROM orglift.inserted WHERE relocation = %s", (self.relocation,)).fetchall()
        return tuple(_named(str(row[0])) for row in rows)


def _recorded(row: tuple[object, ...]) -> Recorded:
    name, part, number, bounds, rows, hash_, xid, loaded = row
    assert isinstance(bounds, dict)
    chunk = Chunk(
        table=_named(str(name)),
        part=int(str(part)),
        number=int(str(number)),
        source=range_from_json(bounds["source"]),
        target=range_from_json(bounds["target"]),
    )
    if not loaded:
        return Recorded(chunk=chunk)
    content = Content(rows=int(str(rows)), hash=None if hash_ is None else int(str(hash_)))
    return Recorded(chunk=chunk, content=content, xid=int(str(xid)))


def _named(text: str) -> TableName:
    parts = split_name(text)
    return TableName(*parts) if len(parts) == 2 else TableName("public", parts[0])
