"""The diagram as one SVG file: for paper and for documents, in light colours, with a legend, without scripts."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from splitter.diagram.layout import MARGIN, Layout, place
from splitter.diagram.lettering import visible
from splitter.diagram.model import Diagram
from splitter.diagram.picture import make_markers, make_picture, style_text

MANY = 250  # references inside a silo, from which on they are not drawn where nobody can choose a table
_LEGEND = 46
_VARIABLE = re.compile(r"var\((--[a-z-]+)\)")
_VALUE = re.compile(r"(--[a-z-]+):\s*([^;]+);")


def render_svg(diagram: Diagram) -> str:
    """The whole file, well-formed whatever the tables are called."""
    layout = place(diagram)
    inner = len(diagram.references) - len(diagram.crossings)
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {layout.width} {layout.height + _LEGEND}"})
    svg.set("width", str(layout.width))
    svg.set("height", str(layout.height + _LEGEND))
    SubElement(svg, "title").text = title_of(diagram)
    SubElement(svg, "style").text = _resolved(style_text("picture"), style_text("palette"))
    svg.append(make_markers())
    SubElement(svg, "rect", width="100%", height="100%", fill="#ffffff")
    svg.append(make_picture(diagram, layout, inner=inner <= MANY))
    svg.append(_make_legend(diagram, layout, inner))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(svg, "unicode") + "\n"


def title_of(diagram: Diagram) -> str:
    return f"Control and region: {visible(diagram.source)}" if diagram.source else "Control and region"


def _resolved(style: str, palette: str) -> str:
    """Without variables, which few programs but browsers know."""
    values = dict(_VALUE.findall(palette))
    return _VARIABLE.sub(lambda found: values[found[1]], style)


def _make_legend(diagram: Diagram, layout: Layout, inner: int) -> Element:
    hard = sum(diagram.references[number].is_hard for number in diagram.crossings)
    within = f"{inner:,} references inside a silo" + (", not drawn" if inner > MANY else "")
    entries = (
        ("line hard crossing", f"{hard:,} hard crossings (foreign keys)"),
        ("line soft crossing", f"{len(diagram.crossings) - hard:,} soft crossings"),
        ("line hard", within),
    )
    legend, x, y = Element("g", {"class": "picture legend"}), MARGIN, layout.height + _LEGEND // 2 - 4
    for kind, words in entries:
        SubElement(legend, "path", {"class": kind, "d": f"M{x} {y}H{x + 40}"})
        SubElement(legend, "text", x=str(x + 56), y=str(y + 5)).text = words
        x += 90 + 8 * len(words)
    return legend
