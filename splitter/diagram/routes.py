"""The line of each reference in a layout, from the table that holds it to the one whose key it holds, as SVG path data.

Lines bend only where no table is: between columns, and between the silos. Over columns they run level, in the lane below a row.
"""

from __future__ import annotations

from splitter.diagram.layout import COLUMN_GAP, PAD, Box, Layout
from splitter.diagram.model import Diagram
from splitter.silos import Silo

_ARROW = 7  # pixels that an arrow's head needs before its table
_GAP = COLUMN_GAP + 2 * PAD  # between the tables of two columns
_TURN = PAD + COLUMN_GAP // 2  # in which a line goes from its table to the lane


def find_routes(diagram: Diagram, layout: Layout) -> dict[int, str]:
    """By the number of the reference; of those both of whose tables are in the layout."""
    return {
        number: _route(layout, layout.tables[edge.child], layout.tables[edge.parent], edge.crosses)
        for number, edge in enumerate(diagram.references)
        if edge.child in layout.tables and edge.parent in layout.tables
    }


def _route(layout: Layout, child: Box, parent: Box, crosses: bool) -> str:
    if crosses:
        return _over_the_border(layout, child, parent)
    if child.x == parent.x:
        return _self(child) if child == parent else _beside(child, parent)
    return _across(child, parent)


def _over_the_border(layout: Layout, child: Box, parent: Box) -> str:
    """In the child's lane to the border of its silo, over to the parent's lane, and in that to the parent."""
    control, region = layout.silos[Silo.CONTROL], layout.silos[Silo.REGION]
    if child.x > parent.x:
        side, start, end, borders = -1, child.x, parent.right + _ARROW, (region.x, control.right)
    else:
        side, start, end, borders = 1, child.right, parent.x - _ARROW, (control.right, region.x)
    near, far = start + side * _TURN, end - side * (_TURN - _ARROW)
    return (
        f"M{start} {child.middle}{_bend(start, child.middle, near, child.lane)}H{borders[0]}"
        f"{_bend(borders[0], child.lane, borders[1], parent.lane)}H{far}{_bend(far, parent.lane, end, parent.middle)}"
    )


def _across(child: Box, parent: Box) -> str:
    """To the gap before the parent's column, in the child's lane where other columns are between them."""
    side = 1 if parent.x > child.x else -1
    start, end = (child.right, parent.x - _ARROW) if side > 0 else (child.x, parent.right + _ARROW)
    if abs(end - start) <= _GAP:
        return f"M{start} {child.middle}{_bend(start, child.middle, end, parent.middle)}"
    near, far = start + side * _TURN, end - side * (_GAP - _ARROW)
    turn = _bend(start, child.middle, near, child.lane)
    return f"M{start} {child.middle}{turn}H{far}{_bend(far, child.lane, end, parent.middle)}"


def _bend(x: int, y: int, to_x: int, to_y: int) -> str:
    """Leaves and arrives level."""
    half = (x + to_x) // 2
    return f"C{half} {y} {half} {to_y} {to_x} {to_y}"


def _beside(child: Box, parent: Box) -> str:
    """Out at the right side and back: the further apart, the further out, but not to the next column."""
    out = child.right + min(_GAP, 18 + abs(parent.middle - child.middle) // 10)
    return f"M{child.right} {child.middle}C{out} {child.middle} {out} {parent.middle} {parent.right + _ARROW} {parent.middle}"


def _self(box: Box) -> str:
    right, out = box.right, box.right + _GAP // 2
    return f"M{right} {box.middle - 5}C{out} {box.middle - 12} {out} {box.middle + 14} {right + _ARROW} {box.middle + 4}"
