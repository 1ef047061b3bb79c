"""The diagram in DOT, for Graphviz: silos and domains as clusters, hard references solid, soft ones dashed, crossings in colour."""

from __future__ import annotations

from collections.abc import Iterator

from splitter.diagram.lettering import visible
from splitter.diagram.model import Diagram, Edge
from splitter.diagram.svg import title_of
from splitter.silos import Silo

_SILO_COLOURS = {Silo.CONTROL: ("#0a5ea8", "#e6f0fa"), Silo.REGION: ("#00745a", "#e8f3ef")}
_HARD, _SOFT, _INSIDE = "#c44601", "#8a3a94", "#8b949e"


def render_dot(diagram: Diagram) -> str:
    """The whole file; tables are t0, t1, ... by their numbers, references the edges from child to parent."""
    return "\n".join(_lines(diagram)) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    yield "digraph split {"
    yield f"  graph [label={_quoted(title_of(diagram))}, rankdir=LR, compound=true, fontname=Helvetica];"
    yield '  node [shape=box, style="filled,rounded", fillcolor=white, fontname=Helvetica, fontsize=11, height=0.3];'
    yield "  edge [arrowsize=0.7];"
    for silo in Silo:
        yield from _silo(diagram, silo)
    yield from (_edge(edge) for edge in diagram.references)
    yield "}"


def _silo(diagram: Diagram, silo: Silo) -> Iterator[str]:
    ink, tint = _SILO_COLOURS[silo]
    yield f"  subgraph cluster_{silo.value} {{"
    yield f'    label={silo.value}; color="{ink}"; fontcolor="{ink}"; bgcolor="{tint}"; style=rounded;'
    for number, domain in enumerate(diagram.domains):
        if domain.silo is silo:
            yield f"    subgraph cluster_d{number} {{"
            yield f'      label={_quoted(domain.name)}; color="#d5d9df"; fontcolor="#57606a"; bgcolor=white; style=rounded;'
            yield from (_node(diagram, table) for table in domain.tables)
            yield "    }"
    yield "  }"


def _node(diagram: Diagram, number: int) -> str:
    table = diagram.tables[number]
    extra = ', style="dashed,rounded"' if not table.read else ""
    extra += ", penwidth=2" if number == diagram.organization else ""
    return f"      t{number} [label={_quoted(str(table.name))}{extra}];"


def _edge(edge: Edge) -> str:
    colour = (_HARD if edge.is_hard else _SOFT) if edge.crosses else _INSIDE
    style = "solid" if edge.is_hard else "dashed"
    width = 2 if edge.crosses else 1
    tip = _quoted(str(edge.reference))
    return f'  t{edge.child} -> t{edge.parent} [style={style}, color="{colour}", penwidth={width}, edgetooltip={tip}];'


def _quoted(text: str) -> str:
    """A string of DOT. A backslash would begin an escape such as \\N, and ``&`` an entity of HTML."""
    shown = visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{shown}"'
