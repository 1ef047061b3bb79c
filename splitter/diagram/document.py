"""The diagram as JSON: `splitter graph --format json`, and what the HTML page knows. Its members are explained in docs/graph.md.
"""

from __future__ import annotations

from typing import Any

import orjson

from splitter.diagram.model import Diagram, Edge, TableNode
from splitter.json_path import spell_path
from splitter.silos import Silo

_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}


def render_json(diagram: Diagram) -> str:
    return orjson.dumps(make_document(diagram), option=orjson.OPT_INDENT_2).decode() + "\n"


def make_document(diagram: Diagram) -> dict[str, Any]:
    """The shape of the module's docstring, of plain dictionaries, lists, texts and numbers."""
    names = [str(table.name) for table in diagram.tables]
    return {
        "format": "orglift graph",
        "version": 1,
        "source": diagram.source,
        "organization": None if diagram.organization is None else names[diagram.organization],
        "counts": count_all(diagram),
        "domains": [
            {"silo": domain.silo.value, "name": domain.name, "tables": [names[number] for number in domain.tables]}
            for domain in diagram.domains
        ],
        "tables": [_table(diagram, number, table) for number, table in enumerate(diagram.tables)],
        "references": [_reference(edge, names) for edge in diagram.references],
        "findings": [finding.value() for finding in diagram.findings],
    }


def count_all(diagram: Diagram) -> dict[str, int]:
    crossing = [diagram.references[number] for number in diagram.crossings]
    hard = sum(edge.is_hard for edge in crossing)
    to_control = sum(diagram.tables[edge.parent].silo is Silo.CONTROL for edge in crossing)
    return {
        **{silo.value: sum(table.silo is silo for table in diagram.tables) for silo in Silo},
        "inside": len(diagram.references) - len(crossing),
        "hard": hard,
        "soft": len(crossing) - hard,
        "to_control": to_control,
        "to_region": len(crossing) - to_control,
    }


def _table(diagram: Diagram, number: int, table: TableNode) -> dict[str, Any]:
    return {
        "name": str(table.name),
        "silo": table.silo.value,
        "domain": table.domain,
        "standing": table.standing.value if table.standing else None,
        "read": table.read,
        "rows": table.rows if table.rows >= 0 else None,
        "columns": table.columns,
        "partitions": table.partitions,
        "way": list(table.way) if table.way or number == diagram.organization else None,
        "findings": list(table.findings),
    }


def _reference(edge: Edge, names: list[str]) -> dict[str, Any]:
    held = edge.reference
    declared = held.declared
    return {
        "text": str(held),
        "kind": held.kind.value,
        "table": names[edge.child],
        "columns": list(held.columns),
        "target": names[edge.parent],
        "target_columns": list(held.target_columns),
        "label": held.label,
        "type_column": held.type_column,
        "path": spell_path(declared.path) if declared and declared.json else None,
        "constraints": list(edge.constraints),
        "on_delete": _ACTIONS[held.foreign_key.on_delete] if held.foreign_key else declared.on_delete if declared else None,
        "nullable": held.nullable,
        "crosses": edge.crosses,
        "owns": edge.owns,
        "databases": list(edge.databases),
    }
