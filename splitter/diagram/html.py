"""The diagram as one HTML page that needs nothing else: no network, no other file, no library.

The page is the SVG picture, the JSON document, and scripts that only choose, show and hide. Its Content-Security-Policy allows exactly
these scripts and styles, so that nothing a table is called could run or load anything.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from string import Template
from xml.etree.ElementTree import Element, tostring

import orjson

from splitter.diagram.document import make_document
from splitter.diagram.layout import Layout, place
from splitter.diagram.lettering import visible
from splitter.diagram.model import Diagram
from splitter.diagram.picture import add_far_names, make_markers, make_picture, style_text
from splitter.diagram.svg import title_of

_SCRIPTS = ("document", "view", "choice", "panel", "search", "page")  # in this order: a later one may use the earlier ones
_FULL, _CROSSING = "a", "c"  # what the ids of the two pictures begin with: of all tables, and of those alone that cross
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # in a script element, which ends at its first </script>


def render_html(diagram: Diagram) -> str:
    """The whole page, whatever the tables are called."""
    script = _script_text()
    style = style_text("palette", "dark", "picture", "page")
    full, crossing = place(diagram), place(diagram, diagram.crossing_tables)
    return Template(_read("page.html")).substitute(
        policy=f"default-src 'none'; img-src data:; script-src '{_digest(script)}'; style-src '{_digest(style)}'",
        title=escape(title_of(diagram)),
        source=escape(visible(diagram.source) or "Control and region"),
        style=style,
        markers=_markup(make_markers()),
        full=_markup(_picture(diagram, full, _FULL)),
        crossing=_markup(_picture(diagram, crossing, _CROSSING)) if diagram.crossings else "",
        document=_safe_json(make_document(diagram)),
        script=script,
    )


def _picture(diagram: Diagram, layout: Layout, view: str) -> Element:
    picture = make_picture(diagram, layout, inner=True, view=view)
    add_far_names(picture, diagram, layout)
    for name, value in (("width", layout.width), ("height", layout.height)):
        picture.set(f"data-{name}", str(value))
    return picture


def _markup(element: Element) -> str:
    return tostring(element, "unicode")


def _script_text() -> str:
    """One scope for all of them, and none of its names outside."""
    return '"use strict";\n(() => {\n' + "".join(_read(f"{name}.js") for name in _SCRIPTS) + "})();\n"


def _read(name: str) -> str:
    return files("splitter.diagram").joinpath("page", name).read_text("utf-8")


def _safe_json(value: object) -> str:
    text = orjson.dumps(value).decode()
    return "".join(_UNSAFE.get(character, character) for character in text) if any(each in text for each in _UNSAFE) else text


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
