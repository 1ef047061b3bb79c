"""A first silos.toml from annotated models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from splitter.errors import UsageError
from splitter.guard.model_tables import Model
from splitter.nearest import did_you_mean
from splitter.schema import TableName
from splitter.silos import Silo, Undecided
from splitter.silos_text import render_array, render_comment, render_section, render_undecided, spell_pattern

_HEAD = (
    "A first silos.toml, written by `splitter suggest` from the annotations of the models. Every table that control.tables does not match"
    " is a region table. References without a foreign key are seen with --url alone."
)
_CHOICES = ("annotate it with @control_silo_model and add it to control.tables", "annotate it with @region_silo_model")


def render_models(models: Iterable[Model], organization: TableName) -> str:
    """The whole file. UsageError where the organization's table is no region table of these."""
    tables = _by_table(models)
    _check(tables, organization)
    control = [(spell_pattern(name), _told(known)) for name, known in tables.items() if _silo(known) is Silo.CONTROL]
    blocks = [
        render_comment(_HEAD),
        render_section("[organization]", {"table": str(organization)}),
        [
            "[control]",
            '# url = "${CONTROL_URL}"   # once control is a database of its own',
            *(render_array("tables", control) if control else ["tables = []"]),
        ],
        render_section("[regions.main]", {"url": "${DATABASE_URL}"}),
        *(_open(name, known) for name, known in tables.items() if _silo(known) is None),
    ]
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def _by_table(models: Iterable[Model]) -> Mapping[TableName, tuple[Model, ...]]:
    tables: dict[TableName, tuple[Model, ...]] = {}
    for model in models:
        tables[model.table] = (*tables.get(model.table, ()), model)
    return tables


def _silo(models: Iterable[Model]) -> Silo | None:
    """Decorators see to it that the models of one table agree."""
    return next((model.silo for model in models if model.silo is not None), None)


def _told(models: Iterable[Model]) -> str:
    return ", ".join(model.name for model in models)


def _check(tables: Mapping[TableName, tuple[Model, ...]], organization: TableName) -> None:
    if organization not in tables:
        hint = did_you_mean(str(organization), map(str, tables), "name the tenant's root table as silos.toml does: schema.table")
        raise UsageError(f"no model has the table {str(organization)!r}", hint=hint)
    if _silo(tables[organization]) is Silo.CONTROL:
        hint = "annotate it with @region_silo_model: an organization's row lives with its rows; control has a mapping of its own"
        raise UsageError(f"the organization's table {str(organization)!r} is annotated as control", hint=hint)


def _open(name: TableName, models: tuple[Model, ...]) -> list[str]:
    return render_undecided(Undecided(table=name, evidence=f"{_told(models)} has no annotation", choices=_CHOICES))
