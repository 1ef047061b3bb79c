"""Deletes what was moved from the source, chunk by chunk, children first, and only if it still equals what was moved.

The comparison and the delete are one statement: the hash is of the very rows that it deletes. A chunk that isn't what it was, nor what
the target has in its place now, is rolled back and stops the purge.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from psycopg import sql

from exports.chunks import Chunk
from exports.key_sql import raw
from exports.membership import Membership, column_sql, table_sql
from exports.rows import Source, chunk_where, content_sql, hash_sql, newer_sql, read_content
from exports.snapshot import Connection
from exports.streams import Content
from relocate.holders import require_unheld
from relocate.ledger import Ledger, Recorded
from splitter.db import translated
from splitter.errors import DiffersError
from splitter.events import Advanced, Reporter
from splitter.schema import TableName


@dataclass(frozen=True, slots=True, kw_only=True)
class Purger:
    """Deletes one organization's rows at the source."""

    source: Source
    ledger: Ledger
    xmin: int | None  # of the snapshot after which no row may have changed; None: only a hash can tell
    report: Reporter
    witness: Connection  # a second session at the source, which sees what the first has not committed as it was
    counterpart: Counterpart

    def delete(self, connection: Connection, together: Sequence[Recorded], left: AbstractSet[TableName]) -> int:
        """One transaction: delete the chunks and compare; how many rows went. DiffersError: nothing was deleted; a refusal: neither,
        since rows that stay refer to these. ``left``: the tables that have chunks in this or a later transaction.

        A chunk that is empty already was deleted by a run before. One that was written to since may go where the target has the same:
        nothing is lost with it.
        """
        try:
            return self._delete(connection, together, left, with_target=False)
        except DiffersError:
            return self._delete(connection, together, left, with_target=True)

    def _delete(self, connection: Connection, together: Sequence[Recorded], left: AbstractSet[TableName], *, with_target: bool) -> int:
        names = ", ".join(dict.fromkeys(str(each.chunk.table) for each in together))
        deletes, selects = [], []
        for number, each in enumerate(together):
            deletes.append(self._delete_sql(each.chunk, number))
            selects.append(self._compare_sql(each, number, hashed=with_target or _has_hash(each)))
        query = sql.SQL("WITH {} {}").format(sql.SQL(", ").join(deletes), sql.SQL(" UNION ALL ").join(selects))
        with translated(f"purging {names}"), connection.transaction():
            self.ledger.hold(connection)
            found = {int(str(row[0])): row[1:] for row in connection.execute(query).fetchall()}
            for number, each in enumerate(together):
                self._require_same(each, *found[number], with_target=with_target)
            require_unheld(self.source, self.witness, [each.chunk for each in together], left)
        gone = sum(int(str(row[0])) for row in found.values())
        self.report(Advanced("purging", gone))
        return gone

    def _delete_sql(self, chunk: Chunk, number: int) -> sql.Composed:
        table = self.source.membership.scope.table(chunk.table)
        columns = [sql.SQL("k.{}").format(sql.Identifier(column.name)) for column in table.stored_columns]
        return sql.SQL("{name} AS (DELETE FROM {table} AS k WHERE {where} RETURNING {columns}, {newer} AS {flag})").format(
            name=sql.Identifier(f"gone{number}"),
            table=table_sql(table),
            where=self.source.where(chunk),
            columns=sql.SQL(", ").join(columns),
            newer=newer_sql("k", self.xmin) if self.xmin is not None else sql.SQL("true"),
            flag=sql.Identifier("orglift newer"),
        )

    def _compare_sql(self, recorded: Recorded, number: int, *, hashed: bool) -> sql.Composed:
        chosen = self.source.select_list(recorded.chunk.table)
        hash_ = sql.SQL("COALESCE(sum({}), 0)::numeric").format(hash_sql(chosen.expressions))
        return sql.SQL("SELECT {n}, count(*), {hash}, COALESCE(bool_or(k.{flag}), false) FROM {gone} AS k{joins}").format(
            n=sql.Literal(number),
            hash=hash_ if hashed else sql.SQL("NULL::numeric"),
            flag=sql.Identifier("orglift newer"),
            gone=sql.Identifier(f"gone{number}"),
            joins=chosen.joins,
        )

    def _require_same(self, recorded: Recorded, rows: object, hash_: object, newer: object, *, with_target: bool) -> None:
        content = recorded.content
        assert content is not None
        count = int(str(rows))
        if count == 0:
            return
        # the hash may say no where a row of another table, deleted before, was part of the rewriting; a row version never lies
        same = not newer or (content.hash is not None and int(str(hash_)) == content.hash)
        if same and count == content.rows:
            return
        if with_target and self.counterpart.content(recorded.chunk) == Content(rows=count, hash=int(str(hash_))):
            return
        raise DiffersError(
            f"{recorded.chunk.table}: {count} rows at the source are neither the {content.rows} that were moved nor those of the target",
            hint="somebody wrote to the source after the switch: bring those writes to the target by hand, or put the rows back, so that"
            " both sides are the same; then purge again",
        )


def _has_hash(recorded: Recorded) -> bool:
    return recorded.content is not None and recorded.content.hash is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """The organization in the target, as the source's rewriting would make it."""

    there: Membership
    source: Source
    connection: Connection

    def content(self, chunk: Chunk) -> Content:
        """What stands in the chunk's place now; columns that the move gives a value of its own (``hide``) count as if they had it."""
        table = self.there.scope.table(chunk.table)
        constants = self.source.rewriter.constants
        columns: list[sql.Composable] = []
        for name in self.source.columns(chunk.table):
            given = constants.get((chunk.table, name))
            constant = sql.SQL("{}::{}").format(sql.Literal(given), raw(table.column(name).base_type))
            columns.append(column_sql("k", name) if given is None else constant)
        where = chunk_where(self.there, chunk, chunk.target, "k")
        return read_content(self.connection, content_sql(columns, sql.SQL("{} AS k").format(table_sql(table)), where))


def standing_rows(source: Source, connection: Connection, names: Sequence[TableName]) -> dict[TableName, int]:
    """How many of the organization's rows each table still has at the source."""
    found = {}
    for name in names:
        query = sql.SQL("SELECT count(*) FROM ({}) AS r").format(source.membership.rows(name, [sql.SQL("1 AS one")]))
        row = connection.execute(query).fetchone()
        assert row is not None
        found[name] = int(str(row[0]))
    return found
