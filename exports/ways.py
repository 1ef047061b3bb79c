"""The ways of a scope, written down, so that the numbers of parts mean the same in another process, archive or database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from exports.scope import Scope, TableScope
from splitter.errors import RefusedError
from splitter.graph import Reference


def note_ways(scope: Scope) -> list[JsonValue]:
    """Every exported table with its ways in order, as JSON; the tables in the scope's order."""
    return [
        {
            "table": str(table.name),
            "ways": [str(way) for way in table.ways],
            "back": [str(way) for way in table.back_ways],
            "pointers": [str(pointer) for pointer in table.pointers],
        }
        for table in scope.exported
    ]


def mirror_scope(scope: Scope, noted: Sequence[Mapping[str, object]]) -> Scope:
    """``scope`` (of another database) with exactly the noted tables exported, in their order and with their ways.

    RefusedError where it has a table or a reference not: the two were made for different schemas.
    """
    mirrored = {table.name: table for table in (_mirror(scope, entry) for entry in noted)}
    rest = {name: table for name, table in scope.tables.items() if name not in mirrored}
    return replace(scope, tables={**mirrored, **rest})


def _mirror(scope: Scope, entry: Mapping[str, object]) -> TableScope:
    found = next((table for table in scope.tables.values() if str(table.name) == entry["table"]), None)
    if found is None:
        raise _other_schema(f"there is no table {entry['table']}")
    known = {str(reference): reference for reference in (*scope.graph.of(found.name), *scope.graph.to(found.name))}

    def named(key: str) -> tuple[Reference, ...]:
        texts = entry.get(key, [])
        assert isinstance(texts, list)
        missing = [text for text in texts if text not in known]
        if missing:
            raise _other_schema(f"there is no reference {missing[0]}")
        return tuple(known[text] for text in texts)

    return replace(found, ways=named("ways"), back_ways=named("back"), pointers=named("pointers"))


def _other_schema(found: str) -> RefusedError:
    return RefusedError(
        f"the move was begun with another schema or silos.toml: {found}",
        hint="bring both databases and silos.toml to the same version",
    )
