"""The ground truth: whose every row is, by reachability alone, and what it must look like after a move. Nothing here asks orglift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tests.random_schemas.cells import after, before
from tests.random_schemas.names import TableName
from tests.random_schemas.rows import Contents, Place, Row
from tests.random_schemas.shapes import Shape, Standing

Texts = tuple[str | None, ...]  # one row, its written columns in the source's order


def find_owned(shape: Shape, contents: Contents, organization: int) -> dict[TableName, set[int]]:
    """For each owned table the numbers of the rows from which a chain of references leads to the organization's row."""
    below: dict[Place, list[Place]] = defaultdict(list)
    for name, rows in contents.rows.items():
        for number, row in enumerate(rows):
            for way in row.ways if name != shape.root.name else ():
                below[way].append((name, number))
    reached = _closure([(shape.root.name, organization)], below)
    return _by_table(reached)


def find_travelling(contents: Contents, owned: Mapping[TableName, Iterable[int]]) -> dict[TableName, set[int]]:
    """The referenced rows that the organization's rows need, and those that they need in turn."""
    carried: dict[Place, list[Place]] = {(name, n): row.carries for name, rows in contents.rows.items() for n, row in enumerate(rows)}
    starts = [place for name, numbers in owned.items() for n in numbers for place in carried[name, n]]
    return _by_table(_closure(starts, carried))


def _closure(starts: Iterable[Place], edges: Mapping[Place, list[Place]]) -> set[Place]:
    reached = set(starts)
    frontier = list(reached)
    while frontier:
        for place in edges.get(frontier.pop(), ()):
            if place not in reached:
                reached.add(place)
                frontier.append(place)
    return reached


def _by_table(places: Iterable[Place]) -> dict[TableName, set[int]]:
    found: dict[TableName, set[int]] = defaultdict(set)
    for name, number in places:
        found[name].add(number)
    return dict(found)


def check_owners(shape: Shape, contents: Contents, organizations: int) -> None:
    """Every row belongs to exactly the organization that it was made for: the generator's own mistakes end here."""
    owner: dict[Place, int] = {}
    for organization in range(organizations):
        for name, numbers in find_owned(shape, contents, organization).items():
            for number in numbers:
                assert (name, number) not in owner, f"{name} row {number} belongs to two organizations"
                owner[name, number] = organization
    for table in shape.of(Standing.OWNED):
        for number, row in enumerate(contents.rows[table.name]):
            assert owner.get((table.name, number)) == row.owner, f"{table.name} row {number}"


def rows_before(shape: Shape, name: TableName, rows: Iterable[Row]) -> list[Texts]:
    columns = [column.name for column in shape.table(name).written]
    return [tuple(before(row.cells[column]) for column in columns) for row in rows]


def rows_after(shape: Shape, name: TableName, rows: Iterable[Row], *, back: bool = False) -> list[Texts]:
    """As the other region has them after a move, or this one (``back``) after a second move that brings them home."""
    columns = [column.name for column in shape.table(name).written]
    return [tuple(after(row.cells[column], back=back) for column in columns) for row in rows]
