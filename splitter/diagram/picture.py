"""A diagram in a layout as SVG elements: what the SVG file and the HTML page have in common.

From back to front: silos and cards, references inside a silo, tables, crossings, and the tables' names, which no line may cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement

from splitter.diagram.layout import FONT, NAME_PAD, Box, Layout
from splitter.diagram.lettering import fitted, text_width, visible
from splitter.diagram.model import Diagram
from splitter.diagram.routes import find_routes

_FAR = (14, 36)  # pixels of a card's name for a distant eye, least and largest
_BOLD = 1.15  # how much wider bold letters are
_MARKERS = ("line", "hard", "soft", "ink", "quiet")


def style_text(*names: str) -> str:
    """The style sheets of that name that travel with orglift, one after the other."""
    return "".join(files("splitter.diagram").joinpath("page", f"{name}.css").read_text("utf-8") for name in names)


def make_markers() -> Element:
    """The heads of arrows, one a colour."""
    defs = Element("defs")
    for name in _MARKERS:
        marker = SubElement(defs, "marker", id=f"arrow-{name}", viewBox="0 0 8 8", refX="1", refY="4", orient="auto")
        marker.set("markerUnits", "userSpaceOnUse")
        marker.set("markerWidth", "8")
        marker.set("markerHeight", "8")
        SubElement(marker, "path", {"class": f"arrow-{name}", "d": "M0 0L8 4L0 8z"})
    return defs


def make_picture(diagram: Diagram, layout: Layout, *, inner: bool, view: str = "") -> Element:
    """One group. ``inner``: with the references inside a silo. ``view`` comes before the ids of tables and lines."""
    routes = find_routes(diagram, layout)
    picture = Element("g", {"class": "picture", "id": f"{view}picture"})
    _add_silos(picture, diagram, layout)
    _add_cards(picture, diagram, layout)
    if inner:
        _add_lines(picture, diagram, routes, crossing=False, view=view)
    _add_plates(picture, diagram, layout)
    _add_lines(picture, diagram, routes, crossing=True, view=view)
    _add_tables(picture, diagram, layout, view)
    return picture


def _add_silos(picture: Element, diagram: Diagram, layout: Layout) -> None:
    for silo, box in layout.silos.items():
        group = SubElement(picture, "g", {"class": f"silo {silo.value}"})
        SubElement(group, "rect", _box(box))
        title = SubElement(group, "text", x=str(box.x + 24), y=str(box.y + 42))
        title.text = silo.value
        count = SubElement(title, "tspan", {"class": "count", "dx": "10"})
        shown = sum(diagram.tables[number].silo is silo for number in layout.tables)
        count.text = f"{shown:,} table{'s' if shown != 1 else ''}"


def _add_cards(picture: Element, diagram: Diagram, layout: Layout) -> None:
    for card in layout.cards:
        domain = diagram.domains[card.domain]
        group = SubElement(picture, "g", {"class": f"card {domain.silo.value}"})
        SubElement(group, "rect", _box(card.box))
        part = f" ({card.part} of {card.parts})" if card.parts > 1 else ""
        near = SubElement(group, "text", {"x": str(card.box.x + 12), "y": str(card.box.y + 19)})
        near.text = fitted(visible(domain.name), 12.5 * _BOLD, card.box.width - 50 - text_width(part, 12.5 * _BOLD)) + part
        count = SubElement(group, "text", {"class": "count", "x": str(card.box.right - 12), "y": str(card.box.y + 19)})
        count.set("text-anchor", "end")
        count.text = str(len(card.tables))


def add_far_names(picture: Element, diagram: Diagram, layout: Layout) -> None:
    """The names of the cards as large as they fit, for a page that shows them instead of the tables' from afar."""
    group = SubElement(picture, "g", {"class": "far-names", "aria-hidden": "true"})
    for card in layout.cards:
        name = visible(diagram.domains[card.domain].name)
        size = max(_FAR[0], min(_FAR[1], int((card.box.width - 12) / max(1.0, text_width(name, _BOLD))), card.box.height // 2))
        text = SubElement(group, "text", x=str(card.box.x + card.box.width // 2), y=str(card.box.middle + size // 3))
        text.set("font-size", str(size))
        text.text = fitted(name, size * _BOLD, card.box.width - 8)


def _add_plates(picture: Element, diagram: Diagram, layout: Layout) -> None:
    group = SubElement(picture, "g", {"class": "plates"})
    hard = {end for edge in (diagram.references[each] for each in diagram.crossings) if edge.is_hard for end in (edge.child, edge.parent)}
    for number, box in layout.tables.items():
        table = diagram.tables[number]
        marks = [table.silo.value]
        marks += ["hard"] if number in hard else ["soft"] if number in diagram.crossing_tables else []
        marks += [] if table.read else ["unread"]
        SubElement(group, "rect", {"class": " ".join(["plate", *marks]), **_box(box)})


def _add_lines(picture: Element, diagram: Diagram, routes: Mapping[int, str], *, crossing: bool, view: str) -> None:
    group = SubElement(picture, "g", {"class": f"lines {'crossings' if crossing else 'inner'}"})
    for number in (number for number in routes if diagram.references[number].crosses is crossing):
        edge = diagram.references[number]
        kind = f"line {'hard' if edge.is_hard else 'soft'}{' crossing' if edge.crosses else ''}"
        line = SubElement(group, "path", {"class": kind, "id": f"{view}r{number}", "d": routes[number]})
        if edge.crosses:
            SubElement(line, "title").text = visible(str(edge.reference))


def _add_tables(picture: Element, diagram: Diagram, layout: Layout, view: str) -> None:
    group = SubElement(picture, "g", {"class": "tables"})
    for number, box in layout.tables.items():
        table = diagram.tables[number]
        marks = " organization" if number == diagram.organization else ""
        entry = SubElement(group, "g", {"class": f"table {table.silo.value}{marks}", "id": f"{view}t{number}"})
        SubElement(entry, "title").text = describe(diagram, number)
        SubElement(entry, "rect", {"class": "hit", **_box(box)})
        name = SubElement(entry, "text", x=str(box.x + 8), y=str(box.middle + 4))
        name.text = fitted(visible(str(table.name)), FONT, box.width - NAME_PAD + 4)
        if table.findings:
            SubElement(entry, "circle", {"class": "mark", "cx": str(box.right - 9), "cy": str(box.middle), "r": "3"})


def describe(diagram: Diagram, number: int) -> str:
    """One line about a table: its name, where it stands, and how much there is to say of it."""
    table = diagram.tables[number]
    crossing = sum(number in (diagram.references[each].child, diagram.references[each].parent) for each in diagram.crossings)
    parts = [f"{visible(str(table.name))}: {table.silo.value}, {visible(diagram.domains[table.domain].name)}"]
    parts += ["the organization"] if number == diagram.organization else []
    parts += [_counted(crossing, "crossing"), _counted(len(table.findings), "finding")]
    return ", ".join(part for part in parts if part)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}" if count else ""


def _box(box: Box) -> dict[str, str]:
    return {"x": str(box.x), "y": str(box.y), "width": str(box.width), "height": str(box.height)}
