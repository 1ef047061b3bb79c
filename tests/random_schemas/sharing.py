"""Shared rows: every region has them, under keys of its own; a natural key says which is which."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from random import Random

from tests.random_schemas.cells import Cell, Matched
from tests.random_schemas.minting import SOURCE, Side
from tests.random_schemas.names import TableName
from tests.random_schemas.shapes import Key, Shape, Standing, Table

COUNT = 5


@dataclass
class SharedRows:
    """For each shared table its keys in the source and in the target, in the order of the natural keys."""

    keys: dict[TableName, list[tuple[str, str]]]

    def cells(self, table: Table, side: Side) -> list[dict[str, Cell]]:
        """The rows as ``side`` has them."""
        source = side.name == SOURCE.name
        rows = []
        for number, (here, there) in enumerate(self.keys[table.name]):
            key = Matched(here, there) if source else Matched(there, here)
            rows.append({table.key_columns[0]: key, **_content(table, number, source)})
        return rows


def make_shared(shape: Shape, seed: int) -> SharedRows:
    rng = Random(f"{seed} shared")
    return SharedRows({table.name: _keys(table, rng) for table in shape.of(Standing.SHARED)})


def _keys(table: Table, rng: Random) -> list[tuple[str, str]]:
    if table.key is Key.UUID:
        return [(_uuid(rng), _uuid(rng)) for _ in range(COUNT)]
    here, there = rng.sample(range(1, 50), COUNT), rng.sample(range(1, 50), COUNT)
    return [(str(a), str(b)) for a, b in zip(here, there, strict=True)]


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))


def _content(table: Table, number: int, source: bool) -> dict[str, Cell]:
    """The natural key's columns come first after the key: vendor, label, and a code where there is one."""
    vendor, label, *rest = (column.name for column in table.written if column.name not in table.key_columns)
    cells: dict[str, Cell] = {vendor: f"vendor {number % 2}", label: f"label's {number}"}
    for name in rest:
        if name == table.ignored:
            cells[name] = "2024-01-01 00:00:00+00" if source else "2025-05-05 05:05:05+00"
        else:
            cells[name] = f"code {number}" if number % 2 else None
    return cells
