"""A component in parts that swap one after the other, so that no swap locks too many tables for too long.

Foreign keys that the twins have before the swap tie nothing together: wide columns refer to wide ones, whatever these are called. On the
way back each changes over with the table that it refers to, whose key's index the others' goes with: so that table's part comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from splitter.graph import components
from splitter.plans.widen_ids.component import Component, merge, sharing_domains, sharing_sequences
from splitter.plans.widen_ids.late_keys import goes_before
from splitter.schema import TableName

SWAPPED = 20  # tables of one swap, if nothing ties more of them together: some tens of milliseconds


def cut(component: Component) -> tuple[Component, ...]:
    """Each table in exactly one of them, in the order of their swaps. One that is small enough stays whole."""
    if len(component.tables) <= SWAPPED:
        return (component,)
    return tuple(component.part(group) for group in _packed(_in_order(component, merge(_tied(component)))))


def _tied(component: Component) -> Iterator[set[TableName]]:
    yield from map(set, component.trees)
    for bound in dict.fromkeys(bound for _, bound in component.found.bound):
        yield {table for table, other in component.found.bound if other == bound}
    yield from ({key.table, key.target} for key in component.keys if not goes_before(component, key))
    yield from sharing_sequences(component.found)
    yield from sharing_domains(component.found)


def _in_order(component: Component, groups: list[set[TableName]]) -> Iterator[set[TableName]]:
    """Those that refer to each other in a circle become one, after all that they refer to."""
    place = {table: number for number, group in enumerate(groups) for table in group}
    above: dict[int, set[int]] = {number: set() for number in range(len(groups))}
    for key in component.keys:
        if key.table in place and key.target in place:
            above[place[key.table]].add(place[key.target])
    for circle in components(tuple(above), above.__getitem__):
        yield set().union(*(groups[number] for number in circle))


def _packed(groups: Iterable[set[TableName]]) -> Iterator[set[TableName]]:
    packed: set[TableName] = set()
    for group in groups:
        if packed and len(packed) + len(group) > SWAPPED:
            yield packed
            packed = set()
        packed = packed | group
    yield packed
