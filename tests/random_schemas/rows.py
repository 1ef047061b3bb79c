"""The rows of one region, made from a seed for a given shape; every row knows which rows its references lead to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.random_schemas.cells import Cell, Doc, Id, Matched, Unset
from tests.random_schemas.documents import Part, document
from tests.random_schemas.minting import Mint, Side
from tests.random_schemas.names import TableName
from tests.random_schemas.shapes import INTEGER_KEYS, Column, Key, Kind, Reference, Shape, Standing, Table, Target
from tests.random_schemas.sharing import SharedRows
from tests.random_schemas.values import MAKERS, text_array

Place = tuple[TableName, int]
Options = list[tuple[Target, Sequence[int]]]  # only those that have rows
NOT_JSON = ("", "not json {", "{'single': 1}")


@dataclass
class Row:
    """``owner`` is what the row was made for; whose it is follows from ``ways`` alone (truth.py)."""

    cells: dict[str, Cell]
    owner: int | None
    ways: list[Place] = field(default_factory=list)
    carries: list[Place] = field(default_factory=list)  # referenced rows that travel along


@dataclass
class Contents:
    """All rows of one region."""

    side: Side
    rows: dict[TableName, list[Row]]


class Filling:
    def __init__(self, shape: Shape, side: Side, shared: SharedRows, accounts: dict[TableName, list[str]], seed: int) -> None:
        self.shape, self.side, self.shared, self.accounts = shape, side, shared, accounts
        self.rng = Random(f"{seed} {side.name}")
        self.mint = Mint(side, self.rng)
        self.rows: dict[TableName, list[Row]] = {table.name: [] for table in shape.tables}
        self.pool: dict[tuple[TableName, int | None], list[int]] = defaultdict(list)
        self.seen: set[tuple[TableName, tuple[Cell, ...]]] = set()
        self.counts: dict[tuple[TableName, int | None], int] = defaultdict(int)

    def fill(self, organizations: int, size: int) -> Contents:
        """``size`` scales the number of rows: 1 makes dozens, 10 hundreds."""
        for table in self.shape.of(Standing.SHARED):
            for cells in self.shared.cells(table, self.side):
                self._append(table, Row(cells, None))
        for table in self.shape.of(Standing.REFERENCED, Standing.LEFT):
            self._add_many(table, None, 4)
        for table in self.shape.of(Standing.OWNED):
            for owner in (*range(organizations), None):
                self._add_many(table, owner, self._wanted(table, owner, size))
        for table in self.shape.of(Standing.OWNED, Standing.REFERENCED):
            for reference in (each for each in table.references if each.late):
                for row in self.rows[table.name]:
                    self._fill_late(row, reference)
        return Contents(self.side, self.rows)

    def _wanted(self, table: Table, owner: int | None, size: int) -> int:
        if table is self.shape.root:
            return 0 if owner is None else 1
        if owner is None:
            return self.rng.randrange(4) if table.lost else 0
        scale = 6 * size if table.crowded else size
        least = 1 if self._is_needed(table, owner) else 0
        return max(least, self.rng.choice((0, 1, 2, 5, 9)) * scale)

    def _is_needed(self, table: Table, owner: int) -> bool:
        """Whether a NOT NULL cycle asks for at least one row."""
        late = (each for each in self.shape.references if each.late and not each.nullable and each.target.table == table.name)
        return any(each.table != table.name and self.pool[each.table, owner] for each in late)

    def _add_many(self, table: Table, owner: int | None, count: int) -> None:
        for _ in range(count):
            row = self._make(table, owner)
            if row is None:
                continue
            self._append(table, row)
            if table.key is Key.KEYLESS and self.rng.randrange(3) == 0:
                self._append(table, Row(dict(row.cells), owner, list(row.ways), list(row.carries)))

    def _append(self, table: Table, row: Row) -> None:
        rows = self.rows[table.name]
        self.pool[table.name, row.owner].append(len(rows))
        rows.append(row)

    def _make(self, table: Table, owner: int | None) -> Row | None:
        """None where there can't be such a row: a parent that it must have is not there, or its key is taken."""
        row = Row({}, owner)
        chosen = self._choose(table, owner)
        if chosen is None:
            return None
        for reference in (each for each in table.references if not each.late):
            self._point(row, reference, chosen.get(reference.columns))
        self._give_key(table, row)
        if table.key is Key.JOIN:
            key = tuple(row.cells[column] for column in table.key_columns)
            if (table.name, key) in self.seen:
                return None
            self.seen.add((table.name, key))
        for column in table.written:
            if column.name not in row.cells:
                row.cells[column.name] = self._payload(table, column)
        return row

    def _choose(self, table: Table, owner: int | None) -> dict[tuple[str, ...], tuple[Target, int]] | None:
        """Which references are set, and to which rows; for a row of an organization at least one way is."""
        early = [each for each in table.references if not each.late]
        options = {each.columns: self._options(each, owner) for each in early}
        firm = {each.columns for each in early if not each.nullable and each.none_value is None}
        if any(not options[columns] for columns in firm):
            return None
        chosen = {columns for columns in options if options[columns] and (columns in firm or self.rng.randrange(2))}
        ways = [each.columns for each in early if each.owns and options[each.columns]]
        if owner is not None and table is not self.shape.root and not chosen.intersection(ways):
            if not ways:
                return None
            chosen.add(self.rng.choice(ways))
        return {columns: self._draw(options[columns]) for columns in options if columns in chosen}

    def _draw(self, options: Options) -> tuple[Target, int]:
        target, numbers = self.rng.choice(options)
        return target, self.rng.choice(numbers)

    def _options(self, reference: Reference, owner: int | None) -> Options:
        return [(target, numbers) for target in reference.targets if (numbers := self._numbers(target, owner))]

    def _numbers(self, target: Target, owner: int | None) -> Sequence[int]:
        """The target's rows of that owner; of a table that nobody owns, all."""
        if target.table in self.accounts:
            return range(len(self.accounts[target.table]))
        owned = self.shape.table(target.table).standing is Standing.OWNED
        return self.pool[target.table, owner if owned else None]

    def _point(self, row: Row, reference: Reference, chosen: tuple[Target, int] | None) -> None:
        if chosen is None:
            cells = self._empty(reference)
            label = self.rng.choice((None, "unheard of"))
        else:
            target, number = chosen
            cells, label = self._values(target, number), target.label
            self._link(row, reference, target, number)
        for column, cell in zip(reference.columns, cells, strict=True):
            if reference.unset and cell is not None:
                cell = Unset(cell)
            row.cells.setdefault(column, cell)
        if reference.type_column:
            row.cells[reference.type_column] = label

    def _link(self, row: Row, reference: Reference, target: Target, number: int) -> None:
        standing = self.shape.table(target.table).standing
        owner = self.shape.table(reference.table).owner
        if standing is Standing.REFERENCED:
            row.carries.append((target.table, number))
        elif reference.owns and standing is Standing.OWNED and (not owner or owner == reference.columns):
            row.ways.append((target.table, number))

    def _values(self, target: Target, number: int) -> list[Cell]:
        if target.table in self.accounts:
            return [self.accounts[target.table][number]]
        return [self.rows[target.table][number].cells[column] for column in target.columns]

    def _empty(self, reference: Reference) -> list[Cell]:
        """NULL, the value that means nobody, or one that points nowhere."""
        if reference.none_value is not None and (not reference.nullable or self.rng.randrange(2)):
            return [reference.none_value]
        if reference.dangling and self.rng.randrange(2):
            numeric = self.shape.table(reference.target.table).key in INTEGER_KEYS and reference.target.columns != (self._code(reference),)
            lost: Cell = self.mint.nowhere() if numeric else self._no_such_key(reference)
            return [Unset(lost) if reference.dangling == "null" else lost]
        return [None] * len(reference.columns)

    def _code(self, reference: Reference) -> str | None:
        return self.shape.table(reference.target.table).code

    def _no_such_key(self, reference: Reference) -> str:
        is_uuid = self.shape.table(reference.target.table).key is Key.UUID and reference.target.columns != (self._code(reference),)
        return "00000000-0000-4000-8000-000000000000" if is_uuid else "nowhere"

    def _give_key(self, table: Table, row: Row) -> None:
        number = len(self.rows[table.name])
        if table.key is Key.NUMBERED:
            self.counts[table.name, row.owner] += 1
            row.cells[table.key_columns[1]] = str(self.counts[table.name, row.owner])
        elif table.key not in (Key.KEYLESS, Key.JOIN):
            row.cells[table.key_columns[-1]] = self.mint.single(table, number, root=table is self.shape.root)

    def _payload(self, table: Table, column: Column) -> Cell:
        if column.name == table.code or (table is self.shape.root and column.name == self.shape.slug):
            return f"{self.side.name}-{len(self.rows[table.name])}"
        if column.name == self.shape.hide and table is self.shape.root:
            return "0"
        if column.made is None or (not column.not_null and self.rng.randrange(5) == 0):
            return None
        return MAKERS[column.made](self.rng)

    def _fill_late(self, row: Row, reference: Reference) -> None:
        choices = self._options(reference, row.owner)
        if reference.kind is Kind.ARRAY:
            row.cells[reference.columns[0]] = self._array(reference, choices)
        elif reference.kind is Kind.JSON:
            row.cells[reference.columns[0]] = self._document(reference, choices)
        else:
            chosen = self._draw(choices) if choices and (not reference.nullable or self.rng.randrange(2)) else None
            for column in set(reference.columns) - self._kept(row, reference):
                del row.cells[column]
            self._point(row, reference, chosen)

    def _kept(self, row: Row, reference: Reference) -> set[str]:
        """The organization's column of a composite reference, which others share; it has its value already."""
        firm = {column for each in self.shape.table(reference.table).references if not each.late for column in each.columns}
        return firm.intersection(reference.columns, row.cells)

    def _parts(self, reference: Reference, choices: Options) -> list[Part]:
        """Some ids that may stand in a list, and one that points nowhere."""
        cells = [self._values(*self._draw(choices))[0] for _ in range(4)] if choices else []
        parts: list[Part] = [cell for cell in cells if isinstance(cell, (str, Id, Matched))]
        target = self.shape.table(reference.target.table)
        if target.standing is Standing.OWNED and target.key in INTEGER_KEYS:
            parts.append(self.mint.nowhere())
        return parts

    def _array(self, reference: Reference, choices: Options) -> Cell:
        if self.rng.randrange(8) == 0:
            return None
        parts = self._parts(reference, choices)
        items = [self.rng.choice(parts) for _ in range(self.rng.randrange(5))] if parts else []
        pieces: list[str | Id | Matched] = []
        for item in items:
            pieces += [",", "NULL" if self.rng.randrange(9) == 0 else _element(item)]
        return Doc((*self._bounds(len(items)), "{", *pieces[1:], "}"))

    def _bounds(self, count: int) -> tuple[str, ...]:
        """Now and then an array that starts to count at 0; PostgreSQL tells it from one that starts at 1."""
        return (f"[0:{count - 1}]=",) if count and self.rng.randrange(12) == 0 else ()

    def _document(self, reference: Reference, choices: Options) -> Cell:
        type_ = self.shape.table(reference.table).column(reference.columns[0]).type
        if self.rng.randrange(8) == 0:
            return None
        if type_ == "text" and self.rng.randrange(8) == 0:
            return self.rng.choice(NOT_JSON)
        return document(reference.form, self.rng, self._parts(reference, choices))


def _element(item: Part) -> str | Id | Matched:
    if isinstance(item, str):
        return text_array([item])[1:-1]
    return item
