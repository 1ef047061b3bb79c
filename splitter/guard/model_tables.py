"""An application's models, loaded by name (``app.models:Base``): which class maps which table, and which silo it says it is in.

Nothing here imports SQLAlchemy: what the application brings has all that is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitter.errors import OrgliftError, UsageError
from splitter.guard.models import silo_of
from splitter.nearest import nearest
from splitter.schema import TableName
from splitter.silos import Silo

_SPELLING = "name a module and its declarative base or MetaData: app.models:Base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One class and its table; ``cls`` None: a table that no class maps. ``silo`` None: nobody annotated it."""

    table: TableName
    cls: type | None
    silo: Silo | None

    @property
    def name(self) -> str:
        return f"Table {self.table}" if self.cls is None else f"{self.cls.__module__}.{self.cls.__qualname__}"


def load_models(spec: str) -> tuple[Model, ...]:
    """All models of a declarative base, registry or MetaData, by table and name. Imports the application's code, from where it is run.

    UsageError where there is no such module or object, where importing it fails, and where it has no table.
    """
    base = _find(spec)
    metadata = getattr(base, "metadata", base)
    if not hasattr(metadata, "tables"):
        raise UsageError(f"--models {spec}: it is {type(base).__name__}, which has no tables", hint=_SPELLING)
    models = tuple(sorted(_models(base, metadata), key=lambda model: (model.table, model.name)))
    if not models:
        raise UsageError(f"--models {spec}: it has no table", hint="name a module that imports all models")
    return models


def _find(spec: str) -> Any:
    module, _, name = spec.partition(":")
    if not module or not name:
        raise UsageError(f"--models {spec!r} names no object", hint=_SPELLING)
    found: Any = _import(module, spec)
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as exc:
            near = nearest(part, (known for known in vars(found) if not known.startswith("_")))
            hint = f"did you mean {near!r}?" if near else _SPELLING
            raise UsageError(f"--models {spec}: there is no {part!r}", hint=hint) from exc
    return found


def _import(module: str, spec: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:  # an application is often not installed where its repository is
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except OrgliftError:
        raise  # a wrong annotation says what is wrong
    except Exception as exc:  # the application's code may fail in any way
        told = f"{type(exc).__name__}: {exc}".partition("\n")[0]
        raise UsageError(f"--models {spec}: importing {module} fails: {told}", hint="run it where the application runs") from exc


def _models(base: Any, metadata: Any) -> Iterator[Model]:
    registry = getattr(base, "registry", base)
    mapped: set[int] = set()
    for mapper in getattr(registry, "mappers", ()):
        table = mapper.local_table
        if getattr(table, "metadata", None) is not None and hasattr(table, "info"):  # a join or subquery has no silo of its own
            mapped.add(id(table))
            yield Model(table=_name(table), cls=mapper.class_, silo=silo_of(mapper.class_))
    for table in metadata.tables.values():
        if id(table) not in mapped:
            yield Model(table=_name(table), cls=None, silo=silo_of(table))


def _name(table: Any) -> TableName:
    return TableName(table.schema or "public", table.name)
