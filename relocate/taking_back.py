"""Takes the referenced and shared rows that a move inserted out of the target again, but for those that others use by now.

A row is used where a row that the move didn't insert refers to it, by a foreign key or as silos.toml says, and where a used one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import Rollback, sql

from exports.key_sql import all_sql, column_sql, label_conditions, points_at, reference_values, set_sql, table_sql
from exports.snapshot import Connection
from exports.survey import Survey
from relocate.ledger import Ledger
from splitter.db import translated
from splitter.errors import Busy
from splitter.events import Reporter, Warned
from splitter.graph import Reference
from splitter.schema import TableName

_TRIES = 5


def take_back_inserted(target: Survey, ledger: Ledger, connection: Connection, witness: Connection, report: Reporter) -> None:
    """Delete them. ``witness`` is a second session in the target, which sees what the first has not committed as it was."""
    inserted = _Inserted(target, ledger, ledger.inserted_tables(connection))
    if not inserted.names:
        return
    used: dict[TableName, int] = {}
    with translated(f"taking rows back from {', '.join(map(str, inserted.names))}"):
        for _ in range(_TRIES):
            for name, rows in inserted.release(connection).items():
                used[name] = used.get(name, 0) + rows
            if inserted.delete(connection, witness):
                break
        else:
            raise Busy("rows that the move inserted are used by more and more others", hint="run `relocate abort` again")
    for name, rows in used.items():
        shown = "1 row" if rows == 1 else f"{rows} rows"
        report(Warned(f"{shown} of {name} that the move inserted stay: others refer to them by now"))


@dataclass(frozen=True, slots=True)
class _Inserted:
    """What ``orglift.inserted`` has of one move."""

    target: Survey
    ledger: Ledger
    names: tuple[TableName, ...]

    def release(self, connection: Connection) -> dict[TableName, int]:
        """Forget those that are used: they are no longer this move's. How many of each table."""
        released: dict[TableName, int] = {}
        going_on = True
        while going_on:  # one that is used by another that was forgotten just now
            going_on = False
            for name in self.names:
                with connection.transaction():
                    self.ledger.hold(connection)
                    rows = sum(connection.execute(self._release(name, used)).rowcount for used in self._uses(name))
                if rows:
                    released[name] = released.get(name, 0) + rows
                    going_on = True
        return released

    def delete(self, connection: Connection, witness: Connection) -> bool:
        """Delete the rest, in one statement, for they may refer to each other in a circle.

        False: somebody has begun to refer to one, and nothing was deleted. Who wants to do so later waits, and finds it gone.
        """
        deletes = sql.SQL(", ").join(self._delete(number, name) for number, name in enumerate(self.names))
        unused = True
        with connection.transaction():
            self.ledger.hold(connection)
            connection.execute(sql.SQL("WITH {} SELECT").format(deletes))
            unused = not any(self._is_used(witness, name) for name in self.names)
            if not unused:
                raise Rollback
        return unused

    def _key(self, name: TableName) -> tuple[str, ...]:
        table = self.target.schema.tables[name]
        return table.identifying_key or tuple(column.name for column in table.stored_columns)

    def _recorded(self, name: TableName, alias: str, row: str) -> sql.Composed:
        """``row`` is the one that ``alias``, of ``orglift.inserted``, stands for."""
        same = (
            sql.SQL("{}::text IS NOT DISTINCT FROM {}.key ->> {}").format(column_sql(row, column), sql.Identifier(alias), sql.Literal(n))
            for n, column in enumerate(self._key(name))
        )
        return sql.SQL("{alias}.relocation = {relocation} AND {alias}.table_name = {name} AND {same}").format(
            alias=sql.Identifier(alias),
            relocation=sql.Literal(self.ledger.relocation),
            name=sql.Literal(str(name)),
            same=all_sql(list(same)),
        )

    def _release(self, name: TableName, used: sql.Composable) -> sql.Composed:
        return sql.SQL("DELETE FROM orglift.inserted AS i USING {table} AS t WHERE {recorded} AND {used}").format(
            table=self._table(name), recorded=self._recorded(name, "i", "t"), used=used
        )

    def _is_used(self, witness: Connection, name: TableName) -> bool:
        query = sql.SQL("SELECT 1 FROM orglift.inserted AS i JOIN {table} AS t ON {recorded} WHERE {used} LIMIT 1")
        table, recorded = self._table(name), self._recorded(name, "i", "t")
        return any(witness.execute(query.format(table=table, recorded=recorded, used=used)).fetchall() for used in self._uses(name))

    def _delete(self, number: int, name: TableName) -> sql.Composed:
        return sql.SQL("{gone} AS (DELETE FROM {table} AS t USING orglift.inserted AS i WHERE {recorded})").format(
            gone=sql.Identifier(f"gone{number}"), table=self._table(name), recorded=self._recorded(name, "i", "t")
        )

    def _table(self, name: TableName) -> sql.Composable:
        return table_sql(self.target.schema.tables[name])

    def _uses(self, name: TableName) -> Iterator[sql.Composed]:
        """A condition for each reference: a row that isn't recorded refers to t by it. One a statement: under OR they can't be joined."""
        for reference in self.target.scope.graph.to(name):
            if reference.table in self.target.schema.tables:
                yield sql.SQL("EXISTS (SELECT FROM ({held}) AS w WHERE {same})").format(
                    held=self._values(reference), same=points_at(self.target.scope, reference, "w", "t")
                )

    def _values(self, reference: Reference) -> sql.Composed:
        """What rows that aren't recorded hold in a reference, as v0, v1 ..."""
        schema = self.target.schema
        holder = schema.tables[reference.table]
        values, source = reference_values(holder, reference, "h", schema.server_version)
        where = [*label_conditions(holder, reference, "h"), *set_sql(reference, values)]
        if reference.table in self.names:
            recorded = self._recorded(reference.table, "j", "h")
            where.append(sql.SQL("NOT EXISTS (SELECT FROM orglift.inserted AS j WHERE {})").format(recorded))
        return sql.SQL("SELECT {values} FROM {holder} AS h{lateral} WHERE {where}").format(
            values=sql.SQL(", ").join(sql.SQL("{} AS {}").format(value, sql.Identifier(f"v{n}")) for n, value in enumerate(values)),
            holder=table_sql(holder),
            lateral=sql.SQL(" CROSS JOIN LATERAL {} AS x(id)").format(source) if source else sql.SQL(""),
            where=all_sql(where),
        )
