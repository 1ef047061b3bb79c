"""The layout of distributed ids: ``origin * 2^serial_bits + serial``.

It stands on the ground floor because plans for a region's sequences need it as much as the rewriting of rows does; the rules that
give an id to a row are in ``exports.ids``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IdLayout:
    """``bits`` in all (53: exact in JSON and JavaScript), of which the lower ``serial_bits`` count within an origin."""

    bits: int = 53
    serial_bits: int = 36

    @property
    def serials(self) -> int:
        """How many serials an origin has; also the first distributed id of origin 1. Ids below it are local."""
        return 1 << self.serial_bits

    @property
    def origins(self) -> int:
        """How many origins the layout has room for, 0 included."""
        return 1 << (self.bits - self.serial_bits)

    def first(self, origin: int) -> int:
        """The smallest id of an origin's range."""
        return origin << self.serial_bits

    def last(self, origin: int) -> int:
        """The largest id of an origin's range."""
        return self.first(origin + 1) - 1

    def origin_of(self, value: int) -> int:
        """The origin in the high bits; 0 for a local id."""
        return value >> self.serial_bits

    def is_local(self, value: int) -> bool:
        return 0 <= value < self.serials

    def shift(self, value: int, origin: int) -> int:
        """What ``value``, minted in the database that has ``origin``, is everywhere: design §4's formula.

        Raises ValueError for a negative id.
        """
        if value < 0:
            raise ValueError(f"id {value} is negative")
        return value if value >= self.serials else self.first(origin) + value
