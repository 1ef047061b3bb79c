"""Blocks of silos.toml for keys that the catalog will not know any more, as text to paste."""

from __future__ import annotations

import json
from collections.abc import Iterable

from splitter.schema import TableName
from splitter.silos import spell_column


def render_reference_block(reference: tuple[TableName, tuple[str, ...]], target: tuple[TableName, tuple[str, ...]], *more: str) -> str:
    """A ``[[references]]`` entry; ``more`` are its further lines."""
    return "\n".join(["[[references]]", f"from = {_columns(*reference)}", f"to = {_columns(*target)}", *more])


def toml_text(text: str) -> str:
    """A TOML string of one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _columns(table: TableName, columns: Iterable[str]) -> str:
    spelled = [toml_text(spell_column(table, column)) for column in columns]
    return spelled[0] if len(spelled) == 1 else f"[{', '.join(spelled)}]"
