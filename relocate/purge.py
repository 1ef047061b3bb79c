"""Deletes what was moved from the source, chunk by chunk, children first, and only if it still equals what was moved.

The comparison and the delete are one statement: the hash is of the very rows that it deletes. A chunk that isn't what it was is rolled
back and stops the purge.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from psycopg import sql

from exports.chunks import Chunk
from exports.membership import table_sql
from exports.rows import Source, hash_sql, newer_sql
from exports.snapshot import Connection
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

    def delete(self, connection: Connection, together: Sequence[Recorded], left: AbstractSet[TableName]) -> int:
        """One transaction: delete the chunks and compare; how many rows went. DiffersError: nothing was deleted; a refusal: neither,
        since rows that stay refer to these. ``left``: the tables that have chunks in this or a later transaction.

        A chunk that is empty already was deleted by a run before.
        """
        names = ", ".join(dict.fromkeys(str(each.chunk.table) for each in together))
        deletes, selects = [], []
        for number, each in enumerate(together):
            deletes.append(self._delete_sql(each.chunk, number))
            selects.append(self._compare_sql(each, number))
        query = sql.SQL("WITH {} {}").format(sql.SQL(", ").join(deletes), sql.SQL(" UNION ALL ").join(selects))
        with translated(f"purging {names}"), connection.transaction():
            self.ledger.hold(connection)
            found = {int(str(row[0])): row[1:] for row in connection.execute(query).fetchall()}
            for number, each in enumerate(together):
                self._require_same(each, *found[number])
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

    def _compare_sql(self, recorded: Recorded, number: int) -> sql.Composed:
        chosen = self.source.select_list(recorded.chunk.table)
        hashed = sql.SQL("COALESCE(sum({}), 0)::numeric").format(hash_sql(chosen.expressions))
        return sql.SQL("SELECT {n}, count(*), {hash}, COALESCE(bool_or(k.{flag}), false) FROM {gone} AS k{joins}").format(
            n=sql.Literal(number),
            hash=hashed if recorded.content and recorded.content.hash is not None else sql.SQL("NULL::numeric"),
            flag=sql.Identifier("orglift newer"),
            gone=sql.Identifier(f"gone{number}"),
            joins=chosen.joins,
        )

    def _require_same(self, recorded: Recorded, rows: object, hash_: object, newer: object) -> None:
        content = recorded.content
        assert content is not None
        count = int(str(rows))
        if count == 0:
            return
        # the hash may say no where a row of another table, deleted before, was part of the rewriting; a row version never lies
        same = not newer or (content.hash is not None and int(str(hash_)) == content.hash)
        if count != content.rows or not same:
            raise DiffersError(
                f"{recorded.chunk.table}: {count} rows at the source are not the {content.rows} that were moved",
                hint="somebody wrote to the source after the switch: bring those writes to the target by hand, then purge again",
            )


def standing_rows(source: Source, connection: Connection, names: Sequence[TableName]) -> dict[TableName, int]:
    """How many of the organization's rows each table still has at the source."""
    found = {}
    for name in names:
        query = sql.SQL("SELECT count(*) FROM ({}) AS r").format(source.membership.rows(name, [sql.SQL("1 AS one")]))
        row = connection.execute(query).fetchone()
        assert row is not None
        found[name] = int(str(row[0]))
    return found
