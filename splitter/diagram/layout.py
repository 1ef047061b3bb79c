"""Where everything is drawn: control at the left, the region at the right, domains as cards in columns, in whole pixels.

What crosses is near the border. Rows stand on one grid in all columns, so that a line may run between them, over cards but never over a
name. Nothing here is random or measured: the same diagram has the same layout everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import NamedTuple

from splitter.diagram.lettering import text_width, visible
from splitter.diagram.model import Diagram
from splitter.silos import Silo

FONT = 12  # pixels, of a table's name
ROW, ROW_GAP = 20, 4
PAD, TITLE, FOOT = 8, 26, 4  # of a card: at its sides, above its tables and below them
COLUMN_GAP, CARD_GAP = 34, 18  # TITLE, FOOT and CARD_GAP together are whole rows: the grid
EDGE, HEAD = 26, 64  # of a silo: its border, and the room for its title
MARGIN = 16
NAME_PAD = 26  # of a table: what its name does not fill
_WIDTHS = (120, 236)  # a table's least and largest
_FEW = 100  # tables of a small picture
_SHAPE = 1.4  # width to height that a picture should have
_LONGEST = 40  # tables of a card; a larger domain has several
_LEAST = 250  # of a silo: its title
_LANE_STEP = 97  # any number that spreads the columns over three lanes
_GUTTERS = (150, 300)  # between the silos, growing with what crosses


class Box(NamedTuple):
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> int:
        return self.y + self.height // 2

    @property
    def lane(self) -> int:
        """Below a table's row: where its lines run. Neighbouring columns have lanes of their own."""
        return self.bottom + 1 + (self.x // _LANE_STEP) % 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A domain, or a part of one (``part`` of ``parts``, from 1); ``tables`` are numbers, in their order."""

    domain: int
    part: int
    parts: int
    tables: tuple[int, ...]
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    width: int
    height: int
    silos: Mapping[Silo, Box]
    cards: tuple[Card, ...]
    tables: Mapping[int, Box]


class _Unplaced(NamedTuple):
    domain: int
    part: int
    parts: int
    tables: tuple[int, ...]

    @property
    def height(self) -> int:
        return TITLE + len(self.tables) * (ROW + ROW_GAP) + FOOT


def place(diagram: Diagram, shown: Collection[int] | None = None) -> Layout:
    """The layout of these tables (numbers); of all where ``shown`` is None."""
    chosen = frozenset(range(len(diagram.tables)) if shown is None else shown)
    width = _table_width(visible(str(diagram.tables[number].name)) for number in chosen)
    cards = {silo: _make_cards(diagram, chosen, silo) for silo in Silo}
    columns = _choose_columns(cards, width)
    gutter = min(_GUTTERS[1], _GUTTERS[0] + len(diagram.crossings))
    height = MARGIN * 2 + HEAD + EDGE + max(_height(column) for side in columns.values() for column in side)
    control = Box(MARGIN, MARGIN, _silo_width(columns[Silo.CONTROL], width), height - 2 * MARGIN)
    region = Box(control.right + gutter, MARGIN, _silo_width(columns[Silo.REGION], width), height - 2 * MARGIN)
    placed = [
        *_place_columns(columns[Silo.CONTROL][::-1], control, width),  # its first column is at its right side, at the border
        *_place_columns(columns[Silo.REGION], region, width),
    ]
    return Layout(
        width=region.right + MARGIN,
        height=height,
        silos={Silo.CONTROL: control, Silo.REGION: region},
        cards=tuple(placed),
        tables={number: _row(card, place) for card in placed for place, number in enumerate(card.tables)},
    )


def _table_width(names: Iterable[str]) -> int:
    """Wide enough for all names of a small picture, and for nine of ten in a large one."""
    widths = sorted(text_width(name, FONT) for name in names)
    usual = widths[len(widths) * 9 // 10 if len(widths) > _FEW else -1] if widths else 0.0
    return max(_WIDTHS[0], min(_WIDTHS[1], ceil(usual) + NAME_PAD))


def _make_cards(diagram: Diagram, chosen: frozenset[int], silo: Silo) -> list[_Unplaced]:
    """Those with the most crossings first, then the larger ones; a part follows the one before it."""
    crossing = [0] * len(diagram.tables)
    for number in diagram.crossings:
        edge = diagram.references[number]
        crossing[edge.child] += 1
        crossing[edge.parent] += 1
    found: list[tuple[int, int, list[_Unplaced]]] = []
    for number, domain in enumerate(diagram.domains):
        tables = tuple(table for table in domain.tables if table in chosen)
        if domain.silo is silo and tables:
            parts = ceil(len(tables) / _LONGEST)
            size = ceil(len(tables) / parts)
            pieces = [_Unplaced(number, part + 1, parts, tables[part * size : (part + 1) * size]) for part in range(parts)]
            found.append((-sum(crossing[table] for table in tables), -len(tables), pieces))
    return [piece for *_, pieces in sorted(found, key=lambda each: each[:2]) for piece in pieces]


def _choose_columns(cards: Mapping[Silo, Sequence[_Unplaced]], width: int) -> dict[Silo, list[list[_Unplaced]]]:
    """Of all heights that make whole columns, the one whose picture has the best shape."""
    all_cards = [card for side in cards.values() for card in side]
    least = max((card.height for card in all_cards), default=0)
    total = sum(card.height + CARD_GAP for card in all_cards)
    limits = sorted({max(least, ceil(total / count)) for count in range(1, len(all_cards) + 2)})
    tried = [{silo: _fill_columns(side, limit) for silo, side in cards.items()} for limit in limits]
    return min(tried, key=lambda columns: _misshapen(columns, width))


def _misshapen(columns: Mapping[Silo, Sequence[Sequence[_Unplaced]]], width: int) -> float:
    wide = sum(_silo_width(side, width) for side in columns.values()) + _GUTTERS[0]
    high = max(_height(column) for side in columns.values() for column in side) + HEAD + EDGE
    return abs(log(wide / high / _SHAPE))


def _fill_columns(cards: Iterable[_Unplaced], limit: int) -> list[list[_Unplaced]]:
    """Each card into the first column that has room for it; at least one column, if an empty one."""
    columns: list[list[_Unplaced]] = [[]]
    for card in cards:
        fitting = (column for column in columns if not column or _height(column) + CARD_GAP + card.height <= limit)
        column = next(fitting, None)
        if column is None:
            columns.append([card])
        else:
            column.append(card)
    return columns


def _height(column: Sequence[_Unplaced]) -> int:
    return sum(card.height for card in column) + CARD_GAP * max(0, len(column) - 1)


def _silo_width(columns: Sequence[object], width: int) -> int:
    return max(_LEAST, 2 * EDGE + len(columns) * (width + 2 * PAD) + (len(columns) - 1) * COLUMN_GAP)


def _place_columns(columns: Iterable[Iterable[_Unplaced]], silo: Box, width: int) -> list[Card]:
    placed = []
    for place, column in enumerate(columns):
        x, y = silo.x + EDGE + place * (width + 2 * PAD + COLUMN_GAP), silo.y + HEAD
        for card in column:
            box = Box(x, y, width + 2 * PAD, card.height)
            placed.append(Card(domain=card.domain, part=card.part, parts=card.parts, tables=card.tables, box=box))
            y = box.bottom + CARD_GAP
    return placed


def _row(card: Card, place: int) -> Box:
    y = card.box.y + TITLE + place * (ROW + ROW_GAP)
    return Box(card.box.x + PAD, y, card.box.width - 2 * PAD, ROW)
