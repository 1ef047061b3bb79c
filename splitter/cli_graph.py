"""``splitter graph``: the two silos as a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

import click

from splitter.console import Common, common_options, exclude
from splitter.diagram.document import render_json
from splitter.diagram.dot import render_dot
from splitter.diagram.html import render_html
from splitter.diagram.model import Diagram, make_diagram
from splitter.diagram.svg import render_svg
from splitter.errors import UsageError
from splitter.events import Warned
from splitter.findings import find_findings
from splitter.findings_kinds import Subject
from splitter.sight import look
from splitter.silos_file import load_silos


class Format(str, Enum):
    HTML = "html"  # one page that needs nothing else
    SVG = "svg"
    DOT = "dot"  # for Graphviz
    JSON = "json"


_RENDER: Mapping[Format, Callable[[Diagram], str]] = {
    Format.HTML: render_html,
    Format.SVG: render_svg,
    Format.DOT: render_dot,
    Format.JSON: render_json,
}


@click.command()
@click.option("--url", metavar="URL", help="Show this database alone.")
@click.option("--schema", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Show a dump, in our own server.")
@click.option("--format", "name", type=click.Choice([each.value for each in Format]), help="What to write to stdout; html if not given.")
@common_options
def graph(url: str | None, file: Path | None, name: str | None, common: Common) -> None:
    """Show the two silos, what crosses between them, and each table's way to the organization, as one page or picture."""
    exclude(("--url", url), ("--schema", file))
    chosen = _choose_format(name, as_json=common.json)
    silos = load_silos(common.config)
    with common.progress() as report:
        sight = look(silos, url, file, report=report)
        found = find_findings(silos, sight)
        if any(finding.kind.subject is Subject.FILE for finding in found):
            report(Warned(f"{silos.places.source} contradicts what was read: see the findings, or `splitter check`"))
    source = file.name if file is not None else ", ".join(sight.schemas)
    made = make_diagram(silos, sight.schemas, found, source=source)
    click.echo(_RENDER[chosen](made).encode(), nl=False)  # UTF-8, whatever the terminal's encoding is


def _choose_format(name: str | None, *, as_json: bool) -> Format:
    if as_json and name not in (None, Format.JSON.value):
        raise UsageError(f"--json and --format {name} exclude each other", hint="give one of them")
    return Format.JSON if as_json else Format(name or Format.HTML.value)
