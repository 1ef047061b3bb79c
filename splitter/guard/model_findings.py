"""Where the models' annotations and silos.toml disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from splitter.findings_kinds import MODEL_DISAGREES, MODEL_MISSING, MODEL_UNDECIDED, Finding, make_finding
from splitter.guard.model_tables import Model
from splitter.nearest import nearest
from splitter.schema import Schema, TableName
from splitter.silos import Silo, SiloMap


def find_model_findings(models: Iterable[Model], silos: SiloMap, schemas: Mapping[str, Schema]) -> Iterator[Finding]:
    """One for each model; several classes of one table are one model each, since each has its own line to be corrected."""
    roots = {name: schema.root_of(name) for schema in schemas.values() for name in schema.tables}
    for model in models:
        if model.table not in roots:
            yield _missing(model, roots)
        elif model.silo is None:
            yield _undecided(model, silos.silo_of(roots[model.table]))
        elif model.silo is not silos.silo_of(roots[model.table]):
            yield _disagreeing(model, silos.silo_of(roots[model.table]))


def _missing(model: Model, roots: Iterable[TableName]) -> Finding:
    near = nearest(str(model.table), map(str, roots))
    found = f"its table is {model.table}" + (f"; the nearest that there is: {near}" if near else "")
    return make_finding(MODEL_MISSING, model.name, found, "migrate the database, or correct the table's name or schema", [model.table])


def _undecided(model: Model, silo: Silo) -> Finding:
    found = f"its table {model.table} is a {silo.value} table by silos.toml"
    return make_finding(MODEL_UNDECIDED, model.name, found, "annotate it: `splitter annotate` proposes where", [model.table])


def _disagreeing(model: Model, silo: Silo) -> Finding:
    says = "annotated as" if model.cls is not None else "with info as"
    found = f"{says} {model.silo.value if model.silo else None}, and its table {model.table} is a {silo.value} table by silos.toml"
    change = "add it to control.tables" if silo is Silo.REGION else "take it out of control.tables"
    return make_finding(MODEL_DISAGREES, model.name, found, f"correct the annotation, or {change}", [model.table])
