"""Which silo a model or table is in: two decorators, ``Table.info["silo"]``, and the one function that reads them.

    @control_silo_model
    class User(Base): ...

    tags = Table("tags", metadata, ..., info={"silo": "region"})

A decorated class writes its silo into its table's ``info`` too, so that the model and the table always say the same. Nothing here imports
SQLAlchemy: a model is known by its ``__table__``, a table by its ``info``.
"""

from __future__ import annotations

from typing import Any, TypeVar

from splitter.errors import ConfigError
from splitter.nearest import did_you_mean
from splitter.silos import Silo

Model = TypeVar("Model", bound=type)

INFO_KEY = "silo"
_ATTRIBUTE = "__silo__"  # inherited: a decorated abstract base speaks for all its models


def control_silo_model(model: Model) -> Model:
    """Puts a declarative class, or an abstract base and all its models, into the control silo; ConfigError where it is in the other."""
    return _assign(model, Silo.CONTROL)


def region_silo_model(model: Model) -> Model:
    """Puts a declarative class, or an abstract base and all its models, into the region silo; ConfigError where it is in the other."""
    return _assign(model, Silo.REGION)


def silo_of(model_or_table: object) -> Silo | None:
    """The silo that a model or table says it is in, None where it says nothing; ConfigError for a value that is no silo.

    A model's own decorator counts before its table's ``info``, and that before what it inherits from a base.
    """
    if not isinstance(model_or_table, type):
        return _noted(model_or_table)
    own = vars(model_or_table).get(_ATTRIBUTE)
    return own or _noted(getattr(model_or_table, "__table__", None)) or getattr(model_or_table, _ATTRIBUTE, None)


def _assign(model: Model, silo: Silo) -> Model:
    if not isinstance(model, type):
        found = f"@{silo.value}_silo_model is on {model!r}, which is no class"
        raise ConfigError(found, hint='a Table takes info={"silo": ...} instead')
    table = getattr(model, "__table__", None)
    for known, place in ((vars(model).get(_ATTRIBUTE), "another decorator"), (_noted(table), f"its table {_name(table)!r}")):
        if known not in (None, silo):
            found = f"model {model.__name__} is decorated as {silo.value}, and {place} says {known.value}"
            raise ConfigError(found, hint="a table is in exactly one silo: take out the one that is wrong")
    setattr(model, _ATTRIBUTE, silo)
    info = getattr(table, "info", None)
    if info is not None:
        info[INFO_KEY] = silo.value
    return model


def _noted(table: Any) -> Silo | None:
    """What ``info`` of a table says; a mapped join or subquery has none."""
    value = (getattr(table, "info", None) or {}).get(INFO_KEY)
    if value is None:
        return None
    try:
        return Silo(value)
    except ValueError as exc:
        known = [silo.value for silo in Silo]
        hint = did_you_mean(str(value), known, f"write one of: {', '.join(known)}")
        raise ConfigError(f"table {_name(table)!r} has info[{INFO_KEY!r}] = {value!r}, which is no silo", hint=hint) from exc


def _name(table: Any) -> str:
    return str(getattr(table, "fullname", None) or getattr(table, "name", table))
