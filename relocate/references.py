"""Control's references to rows that move: which of the organization's ids it holds, what they become, how the switch rewrites them.

Control can't know whose ``project_id`` 5 is: its values are asked of the source, in the snapshot, and those that are the organization's are
staged, in ``orglift.moved_ids`` or, for keys of several columns, in ``orglift.moved_keys``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from psycopg import sql

from exports.ids import IdRules
from exports.json_sql import as_document, place_of, rewrite_document
from exports.key_sql import KeyType, all_sql, holds_sql, matches_sql
from exports.membership import Membership, column_sql, label_of, reference_values, table_sql
from exports.rows import newer_sql
from exports.scope import Scope
from exports.snapshot import Connection
from relocate.move import Move
from relocate.mover import Mover
from relocate.switch import add_moved_ids, add_moved_keys, stage_moved_ids, stage_moved_keys
from splitter.graph import Kind, Reference, build_graph, components
from splitter.layout import IdLayout
from splitter.ownership import EXPORTED
from splitter.schema import Column, Schema, Table, TableName
from splitter.silos import Silo, SiloMap, spell_column

BATCH = 10_000
_BIGINT, _TEXT = KeyType(base="bigint"), KeyType(base="text")
_LOCAL = "^(0|[1-9][0-9]{0,17})$"
Values = tuple[str, ...]  # of the columns of one key, as texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Columns of a region's table that control holds the values of; ``shifts``: which of them are ids that a move rewrites."""

    table: TableName
    columns: tuple[str, ...]
    shifts: tuple[bool, ...]
    primary: bool  # the table's primary key, which the table's name stands for

    def __str__(self) -> str:
        return str(self.table) if self.primary else ", ".join(spell_column(self.table, column) for column in self.columns)

    def shown(self, alias: str) -> list[sql.Composable]:
        """The columns on ``alias``, named c0, c1 ..."""
        return [sql.SQL("{} AS {}").format(column_sql(alias, name), sql.Identifier(f"c{n}")) for n, name in enumerate(self.columns)]

    def shifted(self, layout: IdLayout, values: Values, origin: int) -> Values:
        return tuple(str(layout.shift(int(v), origin)) if shifts else v for v, shifts in zip(values, self.shifts, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One reference of a control table, and the key that it holds."""

    reference: Reference
    key: Key

    def __str__(self) -> str:
        return str(self.reference)

    @property
    def scalar(self) -> bool:
        """Whether the row's columns are the key themselves; an array or a document holds several."""
        return self.reference.kind not in (Kind.ARRAY, Kind.JSON)

    @property
    def rewritten(self) -> tuple[str, ...]:
        """The columns of control that the switch changes."""
        if not self.scalar:
            return self.reference.columns
        return tuple(column for column, shifts in zip(self.reference.columns, self.key.shifts, strict=True) if shifts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReferences:
    """The references from tables of control to rows whose ids a move changes.

    A table that others of control refer to comes before them, so that ON UPDATE CASCADE takes them along. Of one table's, those of
    several columns come first: their values are only found as long as none of them has been rewritten by another.
    """

    schema: Schema  # control's
    held: tuple[Held, ...]
    layout: IdLayout

    @property
    def keys(self) -> tuple[Key, ...]:
        """Each once."""
        return tuple(dict.fromkeys(each.key for each in self.held))

    @property
    def none(self) -> ControlReferences:
        """Where no id changes: nothing is to be rewritten."""
        return replace(self, held=())

    def local_values(self, control: Connection, held: Held, *, since: int | None = None) -> Iterator[list[tuple[Values, int]]]:
        """The values with a local id that one reference holds, and in how many places, in batches.

        ``since``: only in row versions that may be younger than a snapshot with that oldest running transaction.
        """
        with control.cursor() as cursor:
            rows = cursor.stream(self._values(held, since))
            while batch := [(tuple(map(str, row[:-1])), int(str(row[-1]))) for row in islice(rows, BATCH)]:
                yield batch

    def _values(self, held: Held, since: int | None) -> sql.Composed:
        table = self._table(held)
        columns, source = reference_values(table, held.reference, "k", self.schema.server_version)
        names = [sql.Identifier("v", f"c{number}") for number in range(len(columns))]
        local = [self._is_local(name) for name, shifts in zip(names, held.key.shifts, strict=True) if shifts]
        return sql.SQL(
            "SELECT {names}, count(*) FROM (SELECT {values} FROM {table} AS k{lateral} WHERE {label}{newer}) AS v WHERE {set} AND ({local})"
            " GROUP BY {names}"
        ).format(
            names=sql.SQL(", ").join(names),
            values=sql.SQL(", ").join(sql.SQL("{}::text AS {}").format(each, sql.Identifier(f"c{n}")) for n, each in enumerate(columns)),
            table=table_sql(table),
            lateral=sql.SQL(" CROSS JOIN LATERAL {} AS x(id)").format(source) if source else sql.SQL(""),
            label=label_of(table, held.reference, "k"),
            newer=sql.SQL(" AND {}").format(newer_sql("k", since)) if since is not None else sql.SQL(""),
            set=all_sql([sql.SQL("{} IS NOT NULL").format(name) for name in names]),
            local=sql.SQL(" OR ").join(local),
        )

    def _is_local(self, value: sql.Composable) -> sql.Composed:
        return sql.SQL("CASE WHEN {canonical} THEN {value}::bigint < {limit} ELSE false END").format(
            canonical=matches_sql(value, _LOCAL), value=value, limit=sql.Literal(self.layout.serials)
        )

    def _table(self, held: Held) -> Table:
        return self.schema.tables[held.reference.table]

    def count(self, held: Held, relocation: UUID) -> sql.Composed:
        """A SELECT of how many rows of control the switch will change for one reference."""
        staged = sql.SQL(", {}").format(_staged(held.key)) if held.scalar else sql.SQL("")
        return sql.SQL("SELECT count(*) FROM {table} AS k{staged} WHERE {where}").format(
            table=table_sql(self._table(held)), staged=staged, where=self._where(held, relocation)
        )

    def statements(self, relocation: UUID) -> list[sql.Composed]:
        """The UPDATEs of the switch."""
        return [self._update(each, relocation) for each in self.held]

    def _update(self, held: Held, relocation: UUID) -> sql.Composed:
        staged = sql.SQL(" FROM {}").format(_staged(held.key)) if held.scalar else sql.SQL("")
        return sql.SQL("UPDATE {table} AS k SET {changes}{staged} WHERE {where}").format(
            table=table_sql(self._table(held)),
            changes=sql.SQL(", ").join(self._changes(held, relocation)),
            staged=staged,
            where=self._where(held, relocation),
        )

    def _where(self, held: Held, relocation: UUID) -> sql.Composed:
        """Of a scalar reference the join with what is staged for it, which an index of control's table may serve."""
        table = self._table(held)
        label = label_of(table, held.reference, "k")
        if held.scalar:
            return sql.SQL("{label} AND {ours} AND {same}").format(
                label=label, ours=_ours(held.key, relocation), same=all_sql(list(self._same(held)))
            )
        _, source = reference_values(table, held.reference, "k", self.schema.server_version)
        return sql.SQL("{label} AND EXISTS (SELECT FROM {source} AS x(id) WHERE {moved} IS NOT NULL)").format(
            label=label, source=source, moved=_moved(held.key, relocation, sql.SQL("x.id::text"))
        )

    def _same(self, held: Held) -> Iterator[sql.Composable]:
        """The row of control has the values of before."""
        for number, name in enumerate(held.reference.columns, 1):
            theirs = _BIGINT if held.key.shifts[number - 1] else _TEXT
            before: sql.Composable = sql.SQL("m.before")
            if len(held.key.columns) > 1:
                before = sql.SQL("m.before[{}]::{}").format(sql.Literal(number), sql.SQL(theirs.base))
            yield holds_sql(KeyType.of(self._table(held).column(name)), column_sql("k", name), theirs, before)

    def _changes(self, held: Held, relocation: UUID) -> Iterator[sql.Composable]:
        table = self._table(held)
        for name in held.rewritten:
            column = table.column(name)
            place = held.reference.columns.index(name) + 1
            staged: sql.Composable = sql.SQL("m.after")
            if len(held.key.columns) > 1:
                staged = sql.SQL("m.after[{}]").format(sql.Literal(place))
            value = staged if held.scalar else self._new_value(held, column, relocation)
            yield sql.SQL("{} = ({})::{}").format(sql.Identifier(name), value, sql.SQL(column.base_type))

    def _new_value(self, held: Held, column: Column, relocation: UUID) -> sql.Composable:
        """The array or the document with all of its ids rewritten."""
        value = column_sql("k", column.name)

        def renamed(text: sql.Composable) -> sql.Composable:
            return sql.SQL("COALESCE({}, {})").format(_moved(held.key, relocation, text), text)

        if held.reference.kind is Kind.ARRAY:
            item = sql.SQL("({})::{}").format(renamed(sql.SQL("x.id::text")), sql.SQL(column.base_type.removesuffix("[]")))
            return sql.SQL("(SELECT array_agg({} ORDER BY x.n) FROM unnest({}) WITH ORDINALITY AS x(id, n))").format(item, value)
        document, whole = as_document(self.schema.server_version, column, value)
        return rewrite_document(document, whole, place_of(held.reference), renamed)


def _staged(key: Key) -> sql.SQL:
    return sql.SQL("orglift.moved_ids AS m" if len(key.columns) == 1 else "orglift.moved_keys AS m")


def _ours(key: Key, relocation: UUID) -> sql.Composed:
    """Of what is staged, that of one relocation for one key."""
    name = "table_name" if len(key.columns) == 1 else "key_name"
    return sql.SQL("m.relocation = {} AND {} = {}").format(sql.Literal(relocation), sql.Identifier("m", name), sql.Literal(str(key)))


def _moved(key: Key, relocation: UUID, value: sql.Composable) -> sql.Composable:
    """The id that ``value`` (text) becomes; NULL where it isn't one of the organization's."""
    return sql.SQL(
        "(SELECT m.after::text FROM {staged} WHERE {ours} AND m.before = CASE WHEN {canonical} THEN ({value})::bigint END)"
    ).format(staged=_staged(key), ours=_ours(key, relocation), value=value, canonical=matches_sql(value, _LOCAL))


def find_control_references(move: Move, control: Schema) -> ControlReferences:
    """Those that silos.toml declares (or control's own foreign keys hold, in a monolith) to columns that the move rewrites."""
    return control_references(move.scope, move.source.rules, move.silos, control)


def control_references(scope: Scope, rules: IdRules, silos: SiloMap, control: Schema) -> ControlReferences:
    """References of tables outside the scope's exported ones to columns that hold shifted ids."""
    found, graph = [], build_graph(control, silos)
    for reference in graph.references:
        if scope.standing(reference.table) in EXPORTED or scope.standing(reference.target) not in EXPORTED:
            continue
        shifts = tuple(rules.shifts(reference.target, column) for column in reference.target_columns)
        if any(shifts) and silos.silo_of(reference.table) is Silo.CONTROL:
            primary = scope.table(reference.target).primary_key == reference.target_columns
            key = Key(table=reference.target, columns=reference.target_columns, shifts=shifts, primary=primary and len(shifts) == 1)
            found.append(Held(reference=reference, key=key))
    order = components(list(control.tables), lambda name: [each.target for each in graph.of(name) if each.foreign_key is not None])
    rank = {name: number for number, group in enumerate(order) for name in group}
    found.sort(key=lambda held: (rank[held.reference.table], -len(held.key.columns)))
    return ControlReferences(schema=control, held=tuple(found), layout=silos.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whom to ask which ids are the organization's: the source about ids of before, or the target about those of after."""

    membership: Membership
    connection: Connection
    after: bool  # the membership's side knows the ids of after

    def own(self, key: Key, values: Sequence[Values]) -> set[Values]:
        """Those of ``values`` that a row of the organization has."""
        rows = self.membership.rows(key.table, key.shown("k"))
        return find_held(self.connection, rows, self.membership.scope.table(key.table), key, values)


def find_held(connection: Connection, rows: sql.Composable, table: Table, key: Key, values: Sequence[Values]) -> set[Values]:
    """Those of ``values`` that one of ``rows`` has, a SELECT of what ``Key.shown`` gives."""
    types = [_BIGINT if shifts else _TEXT for shifts in key.shifts]
    names = [f"u{number}" for number in range(len(types))]
    same = [
        holds_sql(type_, sql.Identifier("u", name), KeyType.of(table.column(column)), sql.Identifier("r", f"c{n}"), seek_key=True)
        for n, (type_, name, column) in enumerate(zip(types, names, key.columns, strict=True))
    ]
    columns = ([value[n] for value in values] for n in range(len(types)))
    arrays = [sql.SQL("{}::{}[]").format(sql.Literal(held), sql.SQL(type_.base)) for held, type_ in zip(columns, types, strict=True)]
    query = sql.SQL("SELECT DISTINCT {shown} FROM ({rows}) AS r JOIN unnest({arrays}) AS u({names}) ON {same}").format(
        shown=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier("u", name)) for name in names),
        rows=rows,
        arrays=sql.SQL(", ").join(arrays),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        same=all_sql(same),
    )
    return {tuple(map(str, row)) for row in connection.execute(query).fetchall()}


Pair = tuple[Values, Values]  # before, after


def moved_pairs(
    references: ControlReferences, control: Connection, asker: Asker, held: Held, origin: int, *, since: int | None = None
) -> Iterator[tuple[Pair, int]]:
    """What becomes of the organization's ids that one reference of control holds, and in how many places each stands."""
    for batch in references.local_values(control, held, since=since):
        pairs = {values: held.key.shifted(references.layout, values, origin) for values, _ in batch}
        own = asker.own(held.key, list(pairs.values() if asker.after else pairs))
        for values, places in batch:
            if (pairs[values] if asker.after else values) in own:
                yield (values, pairs[values]), places


def stage_references(
    references: ControlReferences,
    control: Connection,
    asker: Asker,
    mover: Mover,
    origin: int | None,
    *,
    anew: bool = True,
) -> None:
    """Stage what control's references become, so that the switch is one join; ``anew``: in the place of what was staged before."""
    relocation, generation = mover.relocation.id, mover.generation
    for key in references.keys if origin else ():
        holding = (held for held in references.held if held.key == key)
        found = dict(pair for held in holding for pair, _ in moved_pairs(references, control, asker, held, origin or 0))
        if not anew:
            add_moved(control, relocation, key, found.items())
        elif len(key.columns) == 1:
            stage_moved_ids(control, relocation, generation, str(key), ((int(before[0]), int(after[0])) for before, after in found.items()))
        else:
            stage_moved_keys(control, relocation, generation, str(key), ((list(before), list(after)) for before, after in found.items()))


def add_moved(control: Connection, relocation: UUID, key: Key, pairs: Iterable[Pair]) -> None:
    """Stage more, beside what was staged before."""
    if len(key.columns) == 1:
        add_moved_ids(control, relocation, str(key), ((int(before[0]), int(after[0])) for before, after in pairs))
    else:
        add_moved_keys(control, relocation, str(key), ((list(before), list(after)) for before, after in pairs))
