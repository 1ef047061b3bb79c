"""Keys for the rows of one region: local ids, ids of its own origin, ids from the other one; uuids and texts that don't collide."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from random import Random

from tests.random_schemas.cells import LIMIT, SOURCE_ORIGIN, TARGET_ORIGIN, Cell, Id
from tests.random_schemas.names import TableName
from tests.random_schemas.shapes import INTEGER_KEYS, Key, Standing, Table

# Serials far above any local one, so that the image of a local id never meets an id that was born, or arrived, distributed.
BORN_HERE, BORN_ELSEWHERE, NOWHERE = 10**7, 2 * 10**7, 2**35


@dataclass(frozen=True, slots=True)
class Side:
    """A region, as its rows show it."""

    name: str
    origin: int
    other: int
    distributed_organizations: bool = False  # its organizations have no local ids


SOURCE = Side("us", SOURCE_ORIGIN, TARGET_ORIGIN)
TARGET = Side("de", TARGET_ORIGIN, SOURCE_ORIGIN)


@dataclass
class Mint:
    side: Side
    rng: Random
    _starts: dict[TableName, int] = field(default_factory=dict)
    _mix: dict[TableName, int] = field(default_factory=dict)  # percent of ids that are distributed

    def single(self, table: Table, number: int, *, root: bool = False) -> Cell:
        """The key of a table's row of that number, where the key is one column or its second one an id."""
        if table.key is Key.UUID:
            return str(uuid.UUID(int=self.rng.getrandbits(128)))
        if table.key is Key.TEXT:
            return f"{self.side.name} {number}{self.rng.choice(('', ' é', chr(39), chr(34), ' %s'))}"
        assert table.key in INTEGER_KEYS
        return Id(self._integer(table, number, local=not (root and self.side.distributed_organizations)))

    def _integer(self, table: Table, number: int, *, local: bool) -> int:
        start = self._starts.setdefault(table.name, self.rng.choice((1, 1, 7, 2**31 + 5)))
        # A referenced row stays where it was: if it has a distributed id and refers to a local one, it comes home beside its older self.
        shares = (0, 100) if table.standing is Standing.REFERENCED else (0, 0, 30, 100)
        mix = self._mix.setdefault(table.name, self.rng.choice(shares))
        if local and self.rng.randrange(100) >= mix:
            return start + number
        if self.rng.randrange(3):
            return self.side.origin * LIMIT + BORN_HERE + number
        return self.side.other * LIMIT + BORN_ELSEWHERE + number

    def nowhere(self) -> Id:
        """An id that no row has."""
        return Id(NOWHERE + self.rng.randrange(10**6))
