"""A shape as silos.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.random_schemas.documents import FORMS
from tests.random_schemas.names import quoted, spelled
from tests.random_schemas.shapes import Kind, Reference, Shape, Standing, Table, Target


def render_silos(shape: Shape, urls: Mapping[str, str]) -> str:
    """``urls``: control, us, de."""
    lines = list(_organization(shape))
    patterns = [spelled(table.name) for table in shape.control] + ([spelled(shape.own_mapping)] if shape.own_mapping else [])
    lines += ["[control]", f"url = {quoted(urls['control'])}", f"tables = [{', '.join(map(quoted, patterns))}]"]
    if shape.own_mapping:
        mapping = 'organization = "organization_id", slug = "slug", region = "region_name"'
        lines.append(f"mapping = {{ table = {quoted(spelled(shape.own_mapping))}, {mapping} }}")
    for region in ("us", "de"):
        lines += [f"[regions.{region}]", f"url = {quoted(urls[region])}"]
    for reference in shape.references:
        if reference.kind is not Kind.HARD:
            lines += _reference(reference)
    for table in shape.tables:
        lines += _table(table)
    lines += ["[[accept]]", 'code = "control-ids"', 'object = "us"', 'why = "de had a control of its own"']
    return "\n".join(lines) + "\n"


def _organization(shape: Shape) -> Iterator[str]:
    root = shape.root
    yield "[organization]"
    yield f"table = {quoted(spelled(root.name))}"
    yield f"slug = {quoted(shape.slug)}"
    if shape.hide:
        yield f"hide = {{ column = {quoted(shape.hide)}, live = 0, moving = 9 }}"


def _reference(reference: Reference) -> Iterator[str]:
    yield "[[references]]"
    yield f"from = {_columns(reference.table, reference.columns)}"
    if reference.type_column:
        yield f"type_column = {quoted(reference.type_column)}"
    if reference.form:
        form = FORMS[reference.form]
        yield f"path = {quoted(form.path)}"
        if form.keys:
            yield "keys = true"
        if form.type_path:
            yield f"type_path = {quoted(form.type_path)}"
    yield f"to = {_targets(reference.targets)}"
    if reference.none_value is not None:
        yield f"none_values = [{reference.none_value}]"
    if reference.dangling:
        yield f"dangling = {quoted(reference.dangling)}"
    if reference.unset:
        yield 'on_move = "null"'


def _targets(targets: tuple[Target, ...]) -> str:
    if targets[0].label is None:
        return _columns(targets[0].table, targets[0].columns)
    pairs = (f"{quoted(each.label)} = {quoted(spelled(each.table, each.columns[0]))}" for each in targets if each.label is not None)
    return "{ " + ", ".join(pairs) + " }"


def _columns(table: tuple[str, str], columns: tuple[str, ...]) -> str:
    names = [quoted(spelled(table, column)) for column in columns]  # type: ignore[arg-type]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _table(table: Table) -> Iterator[str]:
    lines = []
    if table.standing in (Standing.SHARED, Standing.REFERENCED, Standing.LEFT):
        lines.append(f"export = {quoted(table.standing.value)}")
    if table.standing is Standing.LEFT:
        lines.append('why = "machinery of one region"')
    if table.natural:
        alternatives = ", ".join(f"[{', '.join(map(quoted, columns))}]" for columns in table.natural)
        lines.append(f"match = [{alternatives}]")
    if table.ignored:
        lines.append(f"ignore = [{quoted(table.ignored)}]")
    if table.owner:
        names = [quoted(column) for column in table.owner]
        lines.append(f"owner = {names[0] if len(names) == 1 else '[' + ', '.join(names) + ']'}")
    if lines:
        yield f"[tables.{quoted(spelled(table.name))}]"
        yield from lines
