"""The shortest way from each table to the organization, over references that may decide who owns a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from splitter.graph import Reference
from splitter.ownership import Standing, is_way
from splitter.schema import TableName
from splitter.silos import SiloMap

_ENDS = frozenset({Standing.SHARED, Standing.REFERENCED})  # their rows are no organization's own


def find_ways(
    silos: SiloMap, references: Sequence[Reference], standings: Mapping[TableName, Standing]
) -> dict[TableName, tuple[int, ...]]:
    """For each table that reaches the organization, the numbers of the references on its way, in order; the organization has an empty one.

    Breadth first, and among equally short ways the first in the order of ``references``: the same for the same input.
    """
    incoming: dict[TableName, list[int]] = {}
    for number, reference in enumerate(references):
        if is_way(silos, reference):
            incoming.setdefault(reference.target, []).append(number)
    ways: dict[TableName, tuple[int, ...]] = {silos.organization.table: ()}
    frontier = [silos.organization.table]
    while frontier:
        reached = []
        for target in frontier:
            for number in incoming.get(target, ()):
                table = references[number].table
                if table not in ways and standings.get(table) not in _ENDS:
                    ways[table] = (number, *ways[target])
                    reached.append(table)
        # a way never leads through a table of control: its rows belong to nobody
        frontier = [table for table in reached if standings.get(table) is not Standing.CONTROL]
    return ways
