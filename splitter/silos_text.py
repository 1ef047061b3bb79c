"""Parts of silos.toml as text that ``silos_file`` reads back to the same values, whatever the names are."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from splitter.json_path import spell_path
from splitter.schema import TableName
from splitter.silos import Export, SoftReference, SoftTarget, TableRules, Undecided, spell_column

Toml: TypeAlias = "str | int | bool | Sequence[Toml] | Mapping[str, Toml]"

WIDTH = 140
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LETTERS = re.compile(r"([*?\[])")  # what a shell pattern takes for more than itself


def spell_text(text: str) -> str:
    """A basic string; a literal one where that spares a quoted text its backslashes."""
    if '"' in text and "'" not in text and "\\" not in text and not _CONTROL.search(text):
        return f"'{text}'"
    return '"' + "".join(_ESCAPES.get(letter) or _escape(letter) for letter in text) + '"'


def _escape(letter: str) -> str:
    return f"\\u{ord(letter):04X}" if _CONTROL.match(letter) else letter


def spell_name(text: str) -> str:
    """A key, bare where it may be."""
    return text if _BARE.fullmatch(text) else spell_text(text)


def spell_value(value: Toml) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return spell_text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{spell_name(name)} = {spell_value(each)}" for name, each in value.items()) + " }"
    return "[" + ", ".join(spell_value(each) for each in value) + "]"


def render_comment(text: str, *, indent: str = "") -> list[str]:
    """Lines of a comment; a name's line breaks and other control characters are shown, not done."""
    shown = _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)
    head = f"{indent}# "
    return textwrap.wrap(shown, WIDTH, initial_indent=head, subsequent_indent=head, break_long_words=False, break_on_hyphens=False) or [
        head.rstrip()
    ]


def spell_pattern(table: TableName) -> str:
    """The pattern of control.tables that matches this table alone."""
    return str(TableName(*(_LETTERS.sub(r"[\1]", part) for part in table)))


def render_section(head: str, keys: Mapping[str, Toml | None]) -> list[str]:
    """The head and its keys; those that are None are left out."""
    return [head, *(f"{spell_name(name)} = {spell_value(value)}" for name, value in keys.items() if value is not None)]


def reference_keys(reference: SoftReference) -> dict[str, Toml | None]:
    """The keys of an entry of ``[[references]]``; what is at its default is left out."""
    return {
        **_place_keys(reference),
        "to": _targets(reference.targets),
        "on_delete": reference.on_delete,
        "restrict_becomes": reference.restrict_becomes,
        "none_values": list(reference.none_values) or None,
        "dangling": _unless(reference.dangling, "keep"),
        "on_move": _unless(reference.on_move, "follow"),
    }


def _unless(value: str, default: str) -> str | None:
    return None if value == default else value


def _place_keys(place: SoftReference | Undecided) -> dict[str, Toml | None]:
    return {
        "from": _columns(place.table, place.columns),
        "path": spell_path(place.path) if place.json else None,
        "keys": True if place.keys else None,
        "type_column": place.type_column,
        "type_path": spell_path(place.type_path) if place.type_path else None,
    }


def _columns(table: TableName, columns: Sequence[str]) -> Toml:
    spelled = [spell_column(table, column) for column in columns]
    return spelled[0] if len(spelled) == 1 else spelled


def _targets(targets: Sequence[SoftTarget]) -> Toml:
    if targets[0].label is None:
        return _columns(targets[0].table, targets[0].columns)
    return {str(target.label): _columns(target.table, target.columns) for target in targets}


def render_reference(reference: SoftReference) -> list[str]:
    return render_section("[[references]]", reference_keys(reference))


def render_rules(rules: TableRules) -> list[str]:
    """A ``[tables.X]`` section: what becomes of the table's rows."""
    keys: dict[str, Toml | None] = {
        "export": None if rules.export is Export.ROWS else rules.export.value,
        "why": rules.why,
        "match": [list(columns) for columns in rules.match] or None,
    }
    return render_section(f"[tables.{spell_name(str(rules.table))}]", keys)


def render_undecided(undecided: Undecided) -> list[str]:
    place: dict[str, Toml | None] = _place_keys(undecided) if undecided.columns else {"table": str(undecided.table)}
    keys: dict[str, Toml | None] = {
        **place,
        "candidates": _candidates(undecided.targets) or None,
        "evidence": undecided.evidence,
        "choices": list(undecided.choices) or None,
    }
    return render_section("[[undecided]]", keys)


def _candidates(targets: Sequence[SoftTarget]) -> list[Toml]:
    plain: list[Toml] = [_columns(target.table, target.columns) for target in targets if target.label is None]
    return plain + [{target.label: _columns(target.table, target.columns)} for target in targets if target.label is not None]


def render_array(name: str, items: Iterable[tuple[str, str]]) -> list[str]:
    """A list of strings, one a line, each with a comment."""
    lines = [f"{name} = ["]
    for item, why in items:
        lines += [*render_comment(why, indent="    "), f"    {spell_text(item)},"]
    return [*lines, "]"]
