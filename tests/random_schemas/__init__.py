"""Random applications: a schema, the rows of two regions and of control, silos.toml, and the truth about whose every row is.

``cases()`` is the strategy. All of it is plain values; ``databases`` puts them into servers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.random_schemas.cells import after, before
from tests.random_schemas.ddl import control_ddl, region_constraints, region_ddl
from tests.random_schemas.drawing import shapes
from tests.random_schemas.minting import SOURCE, TARGET
from tests.random_schemas.names import TableName
from tests.random_schemas.rows import Contents, Filling, Row
from tests.random_schemas.shapes import Shape
from tests.random_schemas.sharing import make_shared
from tests.random_schemas.silos_toml import render_silos
from tests.random_schemas.truth import Texts, check_owners, find_owned, find_travelling, rows_after, rows_before

__all__ = ["Case", "cases", "make_case"]
ORGANIZATIONS = 3  # in each region


@dataclass(frozen=True, eq=False)
class Case:
    """``mover`` is the organization that moves from us to de; ``seed`` and ``shape`` give all the rest."""

    shape: Shape
    seed: int
    mover: int
    source: Contents
    target: Contents
    control: Mapping[TableName, list[Row]]

    def __repr__(self) -> str:
        rows = sum(map(len, self.source.rows.values()))
        return f"<case of seed {self.seed}: {len(self.shape.tables)} tables, {rows} rows, {self.slug!r} moves>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would print every row

    @property
    def script(self) -> str:
        """All that a person needs to look at it: the schema and silos.toml."""
        urls = {name: f"${{{name.upper()}_URL}}" for name in ("control", "us", "de")}
        parts = (region_ddl(self.shape), region_constraints(self.shape), control_ddl(self.shape), self.silos(urls))
        return "\n".join((repr(self), *parts))

    def silos(self, urls: Mapping[str, str]) -> str:
        return render_silos(self.shape, urls)

    @property
    def slug(self) -> str:
        return str(before(self.source.rows[self.shape.root.name][self.mover].cells[self.shape.slug]))

    @property
    def owned(self) -> dict[TableName, set[int]]:
        """The numbers of the mover's rows in the source."""
        return find_owned(self.shape, self.source, self.mover)

    @property
    def moving(self) -> dict[TableName, list[Row]]:
        """The rows that the target gets: its own, and the referenced ones that travel along."""
        places = {**find_travelling(self.source, self.owned), **self.owned}
        return {name: [self.source.rows[name][number] for number in sorted(numbers)] for name, numbers in places.items()}

    def arriving(self, *, back: bool = False) -> dict[TableName, list[Texts]]:
        """Their texts after the move; ``back``: after they have come home again."""
        return {name: rows_after(self.shape, name, rows, back=back) for name, rows in self.moving.items()}

    def pins(self, *, moved: bool) -> dict[TableName, list[Texts]]:
        """The control tables' rows before the switch and after it."""
        return {name: [self._pin(name, row, moved and row.owner == self.mover) for row in rows] for name, rows in self.control.items()}

    def _pin(self, name: TableName, row: Row, moved: bool) -> Texts:
        return (rows_after if moved else rows_before)(self.shape, name, [row])[0]

    def homes(self, *, moved: bool) -> set[Texts]:
        """What the application's own mapping says: organization, slug, region."""
        lines: set[Texts] = set()
        root = self.shape.root
        for contents in (self.source, self.target):
            for number, row in enumerate(contents.rows[root.name]):
                went = moved and contents is self.source and number == self.mover
                key = (after if went else before)(row.cells[root.key_columns[0]])
                lines.add((key, before(row.cells[self.shape.slug]), TARGET.name if went else contents.side.name))
        return lines


def make_case(shape: Shape, seed: int, size: int = 3) -> Case:
    """The rows that ``seed`` gives; ``size`` 1 makes dozens, 10 a thousand."""
    shared = make_shared(shape, seed)
    accounts = {table.name: _account_keys(table.columns[0].type, seed) for table in shape.control if not table.references}
    target = TARGET if shape.own_mapping is None else type(TARGET)(TARGET.name, TARGET.origin, TARGET.other, True)
    source = Filling(shape, SOURCE, shared, accounts, seed).fill(ORGANIZATIONS, size)
    there = Filling(shape, target, shared, accounts, seed).fill(ORGANIZATIONS, size)
    for contents in (source, there):
        check_owners(shape, contents, ORGANIZATIONS)
    return Case(shape, seed, seed % ORGANIZATIONS, source, there, _control_rows(shape, source, accounts, seed))


def _account_keys(type_: str, seed: int) -> list[str]:
    if type_ == "uuid":
        return [f"00000000-0000-4000-8000-{number:012d}" for number in range(1, 6)]
    return [str(seed % 7 + number) for number in range(1, 6)]


def _control_rows(shape: Shape, source: Contents, accounts: Mapping[TableName, list[str]], seed: int) -> dict[TableName, list[Row]]:
    """Control's own ids stay; what refers to a region's row has that row's owner."""
    rng = Random(f"{seed} control")
    made: dict[TableName, list[Row]] = {}
    for table in shape.control:
        key, *others = (column.name for column in table.columns)
        if not table.references:
            made[table.name] = [Row({key: text, others[0]: f"{text}@example.org"}, None) for text in accounts[table.name]]
            continue
        target = table.references[0].target
        made[table.name] = [Row({key: "1", others[0]: None}, None)]
        for number, row in enumerate(source.rows[target.table]):
            if rng.randrange(2):
                made[table.name].append(Row({key: str(number + 2), others[0]: row.cells[target.columns[0]]}, row.owner))
    return made


@st.composite
def cases(draw: Callable[[st.SearchStrategy[Any]], Any], *, tables: tuple[int, int] = (2, 9), size: int = 3) -> Case:
    shape = draw(shapes(tables=tables))
    return make_case(shape, draw(st.integers(0, 2**20)), size)
